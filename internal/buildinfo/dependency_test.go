// SPDX-License-Identifier: Apache-2.0

package buildinfo

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDependencyOf(t *testing.T) {
	info := &debug.BuildInfo{Deps: []*debug.Module{
		{Path: "a", Version: "v1.2.3"},
		{Path: "b", Version: "v1.0.0", Replace: &debug.Module{Path: "c", Version: "v2.0.0"}},
		{Path: "d", Version: "v0.1.0", Replace: &debug.Module{Path: "../d"}},
	}}
	for path, want := range map[string]string{"a": "v1.2.3", "b": "v2.0.0", "d": "v0.1.0", "e": "unknown"} {
		require.Equal(t, want, dependencyOf(info, path), path)
	}
	require.Equal(t, UnknownVersion, dependencyOf(nil, "a"))
}

func TestDependencyOfATestBinary(t *testing.T) {
	require.Regexp(t, `^(v1\.\d+\.\d+|unknown)$`, Dependency("github.com/stretchr/testify"))
}
