// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestRetriesThatHardlyPauseAreNamed(t *testing.T) {
	const initial, largest, multiplier = `"initial_interval" (%s) is below %s`, `"max_interval" (%s) is below 10ms`, `"multiplier" (%s) is below 1`
	for settings, want := range map[string]string{
		"exporters: {e: {enabled: true, initial_interval: 5s, max_interval: 30s, multiplier: 1.5}}":                       "",
		"exporters: {e: {enabled: true, initial_interval: 5s, max_interval: 30s, multiplier: 1}}":                         "",
		"exporters: {e: {enabled: true, initial_interval: 1ms, max_interval: 30s, multiplier: 1.5}}":                      "",
		"exporters: {e: {enabled: false, initial_interval: 0s, max_interval: 0s, multiplier: 0}}":                         "",
		"exporters: {e: {enabled: true, initial_interval: 5s, max_interval: 30s, multiplier: 0.1, max_elapsed_time: 0s}}": fmt.Sprintf(multiplier, "0.1"),
		"exporters: {e: {enabled: true, initial_interval: 1ns, max_interval: 1ns, multiplier: 1.5}}":                      fmt.Sprintf(initial+" and "+largest, "1ns", "1ms", "1ns"),
		"exporters: {e: {enabled: true, initial_interval: 1ns, max_interval: 30s, multiplier: 1.5}}":                      fmt.Sprintf(initial, "1ns", "1ms"),
		"exporters: {e: {enabled: true, initial_interval: 2ms, max_interval: 30s, multiplier: 1}}":                        fmt.Sprintf(initial, "2ms", "10ms"),
		"exporters: {e: {enabled: true, initial_interval: 0s, max_interval: 0s, multiplier: 0}}":                          fmt.Sprintf(initial, "0s", "10ms"),
		"exporters: {e: {enabled: true, initial_interval: 5s, max_interval: 9ms, multiplier: 1.5}}":                       fmt.Sprintf(largest, "9ms"),
		"exporters: {e: {enabled: true, initial_interval: 5s, max_interval: 0s, multiplier: 1.5}}":                        "",
		"exporters: {e: {enabled: true, initial_interval: 5s, max_interval: 30s, multiplier: 0}}":                         "",
		"exporters: {e: {enabled: true, initial_interval: 0s, max_interval: 0s, max_retries: 3}}":                         "",
		"receivers: {e: {enabled: true, initial_interval: 5s, max_interval: 0s, multiplier: 0}}":                          fmt.Sprintf(largest+" and "+multiplier, "0s", "0"),
		"receivers: {e: {enabled: true, initial_interval: 0s, max_interval: 30s, max_elapsed_time: 0s}}":                  fmt.Sprintf(initial, "0s", "1ms"),
		"receivers: {e: {enabled: true, initial_interval: 1s, max_interval: 30s, max_elapsed_time: 0s}}":                  "",
		"receivers: {e: {enabled: true, initial_interval: 0s}}":                                                           "",
		"receivers: {e: {enabled: true}}": "",
	} {
		var config map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(settings), &config))
		found := hotRetries("", config)
		if want == "" {
			require.Empty(t, found, settings)
			continue
		}
		require.Equal(t, []string{fmt.Sprintf(`"%.9s::e": retries hardly pause, since %s: what cannot be delivered is sent in a loop`, settings, want)}, found, settings)
	}
}
