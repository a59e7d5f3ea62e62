// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

func TestGPUStatesAreAmongTheCollectorsOwnMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simtest.StartAt(t, steady, time.Now())
		tel := componenttest.NewTelemetry()
		defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
		cfg := createDefaultConfig().(*Config)
		cfg.CollectionInterval, cfg.InitialDelay = 10*time.Second, 0
		set := receivertest.NewNopSettings(metadata.Type)
		set.TelemetrySettings = tel.NewTelemetrySettings()
		r, err := newGPUReceiver(cfg, set)
		require.NoError(t, err)
		require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
		pass := func(events ...string) map[string]int64 {
			sim.Send(events...)
			sim.Advance(10 * time.Second)
			time.Sleep(10*time.Second + time.Millisecond)
			synctest.Wait()
			return gpuGauges(t, tel)
		}
		require.Equal(t, map[string]int64{
			"tracecore.gpu.up nvidia0": 1, "tracecore.gpu.status nvidia0 ok": 1, "tracecore.hw.status nvidia0 ok": 1,
			"tracecore.gpu.up nvidia1": 1, "tracecore.gpu.status nvidia1 ok": 1, "tracecore.hw.status nvidia1 ok": 1,
		}, pass("advance 1us"))
		require.Equal(t, map[string]int64{
			"tracecore.gpu.up nvidia0": 1, "tracecore.gpu.status nvidia0 ok": 1, "tracecore.hw.status nvidia0 predicted_failure": 1,
			"tracecore.gpu.condition nvidia0 row_remap_pending": 1,
			"tracecore.gpu.up nvidia1":                          0, "tracecore.gpu.status nvidia1 lost": 1, "tracecore.hw.status nvidia1 failed": 1,
		}, pass("gpu_lost gpu=1", "field id=396 gpu=0 value=1"))
		require.Equal(t, map[string]int64{
			"tracecore.gpu.up nvidia0": 1, "tracecore.gpu.status nvidia0 ok": 1, "tracecore.hw.status nvidia0 failed": 1,
			"tracecore.gpu.condition nvidia0 recovery_gpu_reset": 1, "tracecore.gpu.condition nvidia0 row_remap_failed": 1,
			"tracecore.gpu.condition nvidia0 row_remap_pending": 1,
			"tracecore.gpu.condition nvidia0 ecc_uncorrected":   1, "tracecore.gpu.condition nvidia0 hw_power_brake": 1,
			"tracecore.gpu.up nvidia1": 0, "tracecore.gpu.status nvidia1 lost": 1, "tracecore.hw.status nvidia1 failed": 1,
		}, pass("row_remap gpu=0 failed", "recovery gpu=0 action=gpu_reset", "ecc gpu=0 type=dbe", "throttle gpu=0 reason=hw_slowdown,hw_power_brake,power_cap", "throttle gpu=1 reason=hw_thermal"))
		pass("gpu_restored gpu=1")
		require.Contains(t, pass("advance 11s", "xid gpu=1 code=95"), "tracecore.gpu.condition nvidia1 xid RESET_GPU", "with the action of the XID")
		require.Empty(t, pass("engine_dies"), "nothing is known")
		require.NoError(t, r.Shutdown(t.Context()))
	})
}

// What a value made of a GPU ends with the value.
func TestConditionsOfStaleValuesDoNotHold(t *testing.T) {
	simulate(t, steady, func(cfg *Config) { cfg.HealthInterval = 0 }, func(s *simulation) {
		const failed = "hw.status{hw.name=nvidia0 hw.state=failed}"
		held := func() uint32 { return s.states.current.Load().of[0].conditions }
		s.sim.Send("throttle gpu=0 reason=hw_thermal", "row_remap gpu=0 failed")
		s.pass(interval)
		require.Contains(t, s.now()[failed], "1 ")
		require.NotZero(t, held())
		s.sim.Send("field id=112,395 gpu=0 value=stale")
		s.pass(interval)
		require.Contains(t, s.now()[failed], "1 ", "not stale yet")
		require.NotZero(t, held())
		for range 4 {
			s.pass(interval)
		}
		require.Contains(t, s.now()[failed], "0 ")
		require.Zero(t, held())
		s.sim.Send("unfield id=112,395 gpu=0")
		s.pass(interval)
		require.Contains(t, s.now()[failed], "1 ")
		require.NotZero(t, held())
	})
}

// gpuGauges returns the points of the gauges about GPUs by their names, and of states those
// that hold.
func gpuGauges(t *testing.T, tel *componenttest.Telemetry) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	for gauge, state := range map[string]attribute.Key{"tracecore.gpu.up": "", "tracecore.gpu.condition": "gpu.condition", "tracecore.gpu.status": "gpu.state", "tracecore.hw.status": "hw.state"} {
		m, err := tel.GetMetric(gauge)
		if err != nil {
			continue // An instrument without points is not there.
		}
		for _, point := range m.Data.(metricdata.Gauge[int64]).DataPoints {
			name, _ := point.Attributes.Value("hw.name")
			simulated, _ := point.Attributes.Value("tracecore.simulated")
			require.Equal(t, gauge == "tracecore.gpu.up", simulated.AsBool())
			value, isState := point.Attributes.Value(state)
			if !isState {
				out[gauge+" "+name.AsString()] = point.Value
			} else if point.Value == 1 {
				key := gauge + " " + name.AsString() + " " + value.AsString()
				if action, has := point.Attributes.Value("gpu.condition.action"); has {
					key += " " + action.AsString()
				}
				out[key] = point.Value
			}
		}
	}
	return out
}
