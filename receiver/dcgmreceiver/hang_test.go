// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// Time in C does not stand still, so what hangs is tested on the real clock.
func TestHungCallIsNoticedAndSurvived(t *testing.T) {
	sim := simtest.Start(t, steady)
	cfg := createDefaultConfig().(*Config)
	cfg.CollectionInterval, cfg.InitialDelay, cfg.Timeout = 100*time.Millisecond, 0, time.Second
	s := &simulation{rig: newRig(t, cfg, nil), sim: sim, origin: time.Now()}
	s.start()
	defer s.stop()
	s.eventually(func() bool { return hasGPUs(s.now()) })

	sim.Send("hang 60s")
	s.eventually(func() bool { return !hasGPUs(s.now()) })
	batches := len(s.sink.AllMetrics())
	s.eventually(func() bool { return len(s.sink.AllMetrics()) > batches+5 }) // It goes on to say that DCGM is down.
	s.requireUp(false)
	require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, s.host.statuses())
	require.ErrorContains(t, s.host.firstError(), "has not returned within")
	require.Equal(t, 1, s.logs.FilterMessage("DCGM receiver is degraded").Len())

	sim.Send("unhang")
	s.eventually(func() bool { return hasGPUs(s.now()) })
	s.eventually(func() bool { return len(s.host.statuses()) == 2 })
}

func TestShutdownReturnsWhileACallHangs(t *testing.T) {
	sim := simtest.Start(t, steady)
	cfg := createDefaultConfig().(*Config)
	cfg.CollectionInterval, cfg.InitialDelay, cfg.Timeout = 100*time.Millisecond, 0, time.Minute
	s := &simulation{rig: newRig(t, cfg, nil), sim: sim, origin: time.Now()}
	s.start()
	s.eventually(func() bool { return hasGPUs(s.now()) })
	sim.Send("hang 60s")
	batches := len(s.sink.AllMetrics())
	s.eventually(func() bool { return len(s.sink.AllMetrics()) == batches })
	asked := time.Now()
	s.stop()
	require.Less(t, time.Since(asked), shutdownGrace)

	// What was started anew goes on with the connection that hangs, and never beside it.
	again := newRig(t, cfg, nil)
	again.start()
	sim.Send("unhang")
	again.eventually(func() bool { return len(again.sink.AllMetrics()) > 0 && hasGPUs(again.last(s.origin)) })
	again.stop()
}

func TestSlowHostEngineIsNoTrouble(t *testing.T) {
	sim := simtest.Start(t, steady)
	sim.Send("slow 20ms")
	cfg := createDefaultConfig().(*Config)
	cfg.CollectionInterval, cfg.InitialDelay = 100*time.Millisecond, 0
	s := &simulation{rig: newRig(t, cfg, nil), sim: sim, origin: time.Now()}
	s.start()
	defer s.stop()
	s.eventually(func() bool { return len(s.sink.AllMetrics()) > 3 && hasGPUs(s.now()) })
	require.Empty(t, s.host.statuses())
}

func (r *rig) eventually(condition func() bool) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return len(r.sink.AllMetrics()) > 0 && condition() }, 30*time.Second, 10*time.Millisecond)
}
