// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
)

// effective is a Collector's configuration as extensions are notified of it.
var effective = confmap.NewFromStringMap(map[string]any{
	"receivers": map[string]any{"dcgm": nil},
	"exporters": map[string]any{
		"otlp_grpc/waits":  map[string]any{"sending_queue": map[string]any{"wait_for_result": true}},
		"otlp_grpc/queues": map[string]any{"sending_queue": map[string]any{"wait_for_result": false}},
		"otlp_grpc":        map[string]any{"sending_queue": nil},
		"debug":            nil,
		"not/an/id/":       nil,
	},
})

func TestWaitingExporters(t *testing.T) {
	require.Equal(t, map[string]bool{"otlp_grpc/waits": true}, waitingExporters(effective))
	require.Empty(t, waitingExporters(confmap.New()))
}

func TestObjectivesNameWhatExists(t *testing.T) {
	f := func(want, indicator, name string) {
		t.Helper()
		var id component.ID
		require.NoError(t, id.UnmarshalText([]byte(name)))
		s := newSubject(t, func(cfg *Config) {
			cfg.Objectives = []ObjectiveConfig{{Indicator: indicator, Components: []component.ID{id}}}
		})
		err := s.NotifyConfig(t.Context(), effective)
		if want == "" {
			require.NoError(t, err)
			return
		}
		require.EqualError(t, err, "health_slo: "+want)
	}
	f("", "exporter_success_ratio", "otlp_grpc/queues")
	f("", "receiver_freshness", "dcgm")
	f(`"objectives::0::components::0": must be one of the exporters, got "otlp_gprc"`, "exporter_success_ratio", "otlp_gprc")
	f(`"objectives::0::components::0": must be one of the exporters, got "dcgm"`, "queue_headroom", "dcgm")
	f(`"objectives::0::components::0": must be one of the receivers, got "clock"`, "receiver_freshness", "clock")
}

func TestEveryComponentThatDoesNotExistIsNamed(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"objectives": []any{
		map[string]any{"indicator": "exporter_success_ratio", "components": []any{"debug", "x", "dcgm"}},
		map[string]any{"indicator": "receiver_freshness", "components": []any{"dcgm", "dcgm / a"}},
		map[string]any{"indicator": "readiness", "components": []any{"x"}}, // Validate refuses it.
	}}).Unmarshal(cfg))
	require.EqualError(t, cfg.ValidateWhole(effective), `"objectives::0::components::1": must be one of the exporters, got "x"
"objectives::0::components::2": must be one of the exporters, got "dcgm"
"objectives::1::components::1": must be one of the receivers, got "dcgm/a"`)
}
