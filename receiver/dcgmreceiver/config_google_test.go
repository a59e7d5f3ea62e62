// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

func TestGoogleMetricSwitchesNameTheirCounterparts(t *testing.T) {
	for name, want := range map[string]string{
		"gpu.dcgm.sm.utilization":            `use gpu.sm.utilization`,
		"gpu.dcgm.memory.bytes_used":         `use gpu.memory.usage and hw.gpu.memory.usage`,
		"gpu.dcgm.codec.encoder.utilization": `use hw.gpu.utilization, points with hw.gpu.task=encoder`,
		"gpu.dcgm.xid_errors":                `remove it, this receiver has no counterpart`,
		"dcgm.gpu.profiling.sm_utilization":  `use gpu.sm.utilization`,
	} {
		require.Regexp(t, regexp.QuoteMeta(`"metrics::`+name+`": is a metric of Google's dcgmreceiver: `+want)+"$", unmarshalSwitches(name))
	}
}

func TestEveryGoogleMetricSwitchIsNamedAtOnce(t *testing.T) {
	err := unmarshalSwitches(append(slices.Collect(maps.Keys(googleMetrics)), "hw.power")...)
	for name := range googleMetrics {
		require.ErrorContains(t, err, `"metrics::`+name+`"`)
	}
	require.NotContains(t, err.Error(), `"metrics::hw.power"`)
}

func unmarshalSwitches(names ...string) error {
	switches := map[string]any{}
	for _, name := range names {
		switches[name] = map[string]any{"enabled": false}
	}
	return confmap.NewFromStringMap(map[string]any{"metrics": switches}).Unmarshal(createDefaultConfig())
}

func TestCounterpartsOfGoogleMetricsAreInMetadata(t *testing.T) {
	described, err := confmaptest.LoadConf("metadata.yaml")
	require.NoError(t, err)
	metrics := described.Get("metrics").(map[string]any)

	for google, here := range googleMetrics {
		t.Run(google, func(t *testing.T) {
			require.NotContains(t, metrics, google)
			for _, name := range here.metrics {
				require.Contains(t, metrics, name)
				if key, value, narrowed := strings.Cut(here.points, "="); narrowed {
					require.Contains(t, metrics[name].(map[string]any)["attributes"], key)
					require.Contains(t, described.Get("attributes::"+key+"::enum"), value)
				}
			}
		})
	}
}
