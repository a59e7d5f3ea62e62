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
		"gpu.dcgm.sm.utilization":            `use gpu.sm.utilization, or add google to "views"`,
		"gpu.dcgm.memory.bytes_used":         `use gpu.memory.usage and hw.gpu.memory.usage, or add google to "views"`,
		"gpu.dcgm.codec.encoder.utilization": `use hw.gpu.utilization, points with hw.gpu.task=encoder, or add google to "views"`,
		"gpu.dcgm.xid_errors":                `use gpu.xid.errors, or add google to "views"`,
		"dcgm.gpu.profiling.sm_utilization":  `use gpu.sm.utilization`,
	} {
		_, err := unmarshalled(map[string]any{"views": []any{viewOTel}}, name)
		require.Regexp(t, regexp.QuoteMeta(`"metrics::`+name+`": is a metric of Google's dcgmreceiver: `+want)+"$", err)
	}
}

func TestEveryGoogleMetricSwitchIsNamedAtOnce(t *testing.T) {
	_, err := unmarshalled(map[string]any{"views": "otel,dcgm_exporter"}, append(slices.Collect(maps.Keys(googleMetrics)), "hw.power")...)
	for name := range googleMetrics {
		require.ErrorContains(t, err, `"metrics::`+name+`"`)
	}
	require.NotContains(t, err.Error(), `"metrics::hw.power"`)
}

// As it stands in the configuration of an Ops Agent.
func TestConfigurationOfGooglesReceiverIsTaken(t *testing.T) {
	for name, tt := range map[string]struct {
		more  map[string]any
		views []string
	}{
		"as it is":                {nil, []string{viewGoogle}},
		"with its view":           {map[string]any{"views": []any{viewGoogle}}, []string{viewGoogle}},
		"with its view as a text": {map[string]any{"views": "otel,google"}, []string{viewOTel, viewGoogle}},
	} {
		t.Run(name, func(t *testing.T) {
			more := map[string]any{"endpoint": "localhost:5555", "collection_interval": "20s", "resource_attributes": map[string]any{"gpu.model": map[string]any{"enabled": false}}}
			maps.Copy(more, tt.more)
			cfg, err := unmarshalled(more, "gpu.dcgm.temperature")
			require.NoError(t, err)
			require.NoError(t, cfg.Validate())
			require.Equal(t, tt.views, cfg.Views)
			require.Equal(t, map[string]bool{"gpu.dcgm.temperature": false}, cfg.google.metrics)
			require.Equal(t, map[string]bool{"gpu.model": false}, cfg.google.resource)
			require.Equal(t, tt.more == nil, cfg.google.isImplied)
		})
	}
}

// The resource alone may be switched, too.
func TestSwitchedResourceImpliesItsView(t *testing.T) {
	cfg, err := unmarshalled(map[string]any{"resource_attributes": map[string]any{"gpu.uuid": map[string]any{"enabled": false}}})
	require.NoError(t, err)
	require.Equal(t, []string{viewGoogle}, cfg.Views)
	require.True(t, cfg.google.isImplied)
	require.Equal(t, map[string]bool{"gpu.uuid": false}, cfg.google.resource)
}

// A switch that says nothing leaves what is the default, as in every receiver.
func TestEmptySwitchesAreTheDefault(t *testing.T) {
	for name, empty := range map[string]any{"nothing": nil, "a section": map[string]any{}, "no value": map[string]any{"enabled": nil}} {
		t.Run(name, func(t *testing.T) {
			cfg, err := unmarshalled(map[string]any{"views": []any{viewGoogle}, "metrics": map[string]any{"gpu.dcgm.temperature": empty, "gpu.dcgm.sm.occupancy": empty}})
			require.NoError(t, err)
			require.Equal(t, map[string]bool{"gpu.dcgm.temperature": true, "gpu.dcgm.sm.occupancy": false}, cfg.google.metrics)
		})
	}
}

func TestWrongSwitchesOfGooglesReceiverAreErrors(t *testing.T) {
	_, err := unmarshalled(nil, "gpu.dcgm.temperature", "dcgm.gpu.utilization")
	require.ErrorContains(t, err, `"metrics::dcgm.gpu.utilization"`, "an older metric")
	_, err = unmarshalled(map[string]any{"views": []any{viewGoogle}}, "gpu.dcgm.nonsense")
	require.ErrorContains(t, err, "gpu.dcgm.nonsense")
	_, err = unmarshalled(map[string]any{"views": "otel", "resource_attributes": map[string]any{"gpu.uuid": map[string]any{"enabled": false}}})
	require.ErrorContains(t, err, `"resource_attributes::gpu.uuid": is an attribute of Google's dcgmreceiver: points of this receiver have hw.id, hw.name and hw.model, or add google to "views"`)
	for want, wrong := range map[string]any{
		"must be a section with the key enabled, got true": true,
		`has no key "on", only enabled`:                    map[string]any{"on": true},
		"enabled must be true or false, got maybe":         map[string]any{"enabled": "maybe"},
	} {
		_, err := unmarshalled(map[string]any{
			"views": []any{viewGoogle}, "metrics": map[string]any{"gpu.dcgm.temperature": wrong}, "resource_attributes": map[string]any{"gpu.uuid": wrong},
		})
		require.ErrorContains(t, err, `"metrics::gpu.dcgm.temperature": `+want)
		require.ErrorContains(t, err, `"resource_attributes::gpu.uuid": `+want)
	}
}

func TestSettingsOfAViewThatIsNotEmittedAreAnError(t *testing.T) {
	section := map[string]any{"names": "4.9"}
	for _, views := range []any{nil, "otel", []any{viewOTel, viewGoogle}} {
		more := map[string]any{"dcgm_exporter": section}
		if views != nil {
			more["views"] = views
		}
		_, err := unmarshalled(more)
		require.ErrorContains(t, err, `"dcgm_exporter": has no effect without dcgm_exporter in "views"`)
	}
	_, err := unmarshalled(map[string]any{"dcgm_exporter": section, "views": "otel,dcgm_exporter"})
	require.NoError(t, err)
	_, err = unmarshalled(map[string]any{"dcgm_exporter": nil})
	require.NoError(t, err)
}

// unmarshalled is a configuration with some metrics switched off.
func unmarshalled(more map[string]any, names ...string) (*Config, error) {
	switches := map[string]any{}
	for _, name := range names {
		switches[name] = map[string]any{"enabled": false}
	}
	all := map[string]any{"metrics": switches}
	maps.Copy(all, more)
	cfg := createDefaultConfig().(*Config)
	return cfg, confmap.NewFromStringMap(all).Unmarshal(cfg)
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
