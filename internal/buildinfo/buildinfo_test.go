// SPDX-License-Identifier: Apache-2.0

package buildinfo

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRevisionOf(t *testing.T) {
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0a1b2c"}
	for _, tt := range []struct {
		name string
		info *debug.BuildInfo
		want string
	}{
		{"no build info", nil, "unknown"},
		{"modified, but of unknown revision", &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.modified", Value: "true"}}}, "unknown"},
		{"no repository", &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "GOOS", Value: "linux"}}}, "unknown"},
		{"clean", &debug.BuildInfo{Settings: []debug.BuildSetting{revision, {Key: "vcs.modified", Value: "false"}}}, "0a1b2c"},
		{"modified", &debug.BuildInfo{Settings: []debug.BuildSetting{revision, {Key: "vcs.modified", Value: "true"}}}, "0a1b2c+dirty"},
	} {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, revisionOf(tt.info)) })
	}
}

func TestRevisionOfATestBinary(t *testing.T) {
	require.Equal(t, UnknownRevision, Revision(), "go test stamps no revision")
}
