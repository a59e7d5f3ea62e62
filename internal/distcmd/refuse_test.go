// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func TestSettingsThatProtectNothingAreRefused(t *testing.T) {
	headers := map[string]any{"webhook": map[string]any{"required_headers": map[string]any{"X-Key": "key"}}}
	for name, tt := range map[string]struct {
		receivers map[string]any
		want      string
	}{
		"set":             {map[string]any{"github/a": headers}, `receivers::github/a: "webhook::required_headers": must not be set: githubreceiver 0.150.0 does not check the headers (GO-2026-5690)`},
		"set twice":       {map[string]any{"github": headers, "github/a": headers}, "receivers::github: "},
		"another setting": {map[string]any{"github": map[string]any{"webhook": map[string]any{"secret": "secret"}}}, ""},
		"empty":           {map[string]any{"github": map[string]any{"webhook": map[string]any{"required_headers": map[string]any{}}}}, ""},
		"without any":     {map[string]any{"github": nil}, ""},
		"elsewhere":       {map[string]any{"webhookevent": headers}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := refusal{}.Convert(t.Context(), confmap.NewFromStringMap(map[string]any{"receivers": tt.receivers}))
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestCommandsRefuseSettingsThatProtectNothing(t *testing.T) {
	_, err := execute("validate", "--config", "yaml:"+good, "--config", "yaml:receivers::github::webhook::required_headers: {X-Key: key}")
	require.ErrorContains(t, err, `"webhook::required_headers": must not be set`)
}
