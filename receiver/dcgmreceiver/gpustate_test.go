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
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"
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
		r, err := newGPUReceiver(cfg, set, consumertest.NewNop())
		require.NoError(t, err)
		require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
		pass := func(events ...string) map[string]int64 {
			sim.Send(events...)
			sim.Advance(10 * time.Second)
			time.Sleep(10*time.Second + time.Millisecond)
			synctest.Wait()
			return gpusUp(t, tel)
		}
		require.Equal(t, map[string]int64{"nvidia0 ok": 1, "nvidia1 ok": 1}, pass("advance 1us"))
		require.Equal(t, map[string]int64{"nvidia0 ok": 1, "nvidia1 lost": 0}, pass("gpu_lost gpu=1"))
		require.Empty(t, pass("engine_dies"), "nothing is known")
		require.NoError(t, r.Shutdown(t.Context()))
	})
}

// gpusUp returns the points of tracecore.gpu.up by name and status.
func gpusUp(t *testing.T, tel *componenttest.Telemetry) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	m, err := tel.GetMetric("tracecore.gpu.up")
	if err != nil {
		return out // An instrument without points is not there.
	}
	for _, point := range m.Data.(metricdata.Gauge[int64]).DataPoints {
		name, _ := point.Attributes.Value("hw.name")
		status, _ := point.Attributes.Value("gpu.status")
		out[name.AsString()+" "+status.AsString()] = point.Value
	}
	return out
}
