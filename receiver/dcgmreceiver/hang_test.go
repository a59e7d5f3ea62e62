// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"

	"github.com/tracecoreai/tracecore/internal/receiverloop"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
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
	s.eventually(func() bool { return len(s.host.statuses()) == 1 })
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
	s.eventually(func() bool { return !hasGPUs(s.now()) })
	asked := time.Now()
	s.stop()
	require.Less(t, time.Since(asked), receiverloop.PushGrace)

	// What was started again goes on with the connection that hangs, and never beside it.
	again := newRig(t, cfg, nil)
	again.start()
	sim.Send("unhang")
	again.eventually(func() bool { return len(again.sink.AllMetrics()) > 0 && hasGPUs(again.last(s.origin)) })
	again.stop()
}

// downFor is true once the newest batches say that DCGM is down.
func (s *simulation) downFor(batches int) bool {
	all := s.sink.AllMetrics()
	if len(all) < batches {
		return false
	}
	for _, md := range all[len(all)-batches:] {
		if text := render(md, s.origin); !strings.HasPrefix(text["dcgm.up{}"], "0 ") {
			return false
		}
	}
	return true
}

// The timeout of the call is far away, so nothing is known to hang, and nothing is reported.
func TestUpIsEmittedAtEveryTickWhileACallIsOut(t *testing.T) {
	for name, call := range map[string]string{
		"reading":                     "dcgmEntitiesGetLatestValues",
		"connecting":                  "dcgmConnect_v2",
		"asking for the version":      "dcgmHostengineVersionInfo",
		"watching":                    "dcgmWatchFields",
		"asking for the GPUs' status": "dcgmGetAllSupportedDevices",
	} {
		t.Run(name, func(t *testing.T) {
			sim := simtest.Start(t, steady)
			sim.Send("hang 60s call=" + call)
			cfg := createDefaultConfig().(*Config)
			cfg.CollectionInterval, cfg.InitialDelay, cfg.Timeout = 100*time.Millisecond, 0, time.Hour
			s := &simulation{rig: newRig(t, cfg, nil), sim: sim, origin: time.Now()}
			s.start()
			s.eventually(func() bool { return s.downFor(10) })
			require.Empty(t, s.host.statuses())
			require.Empty(t, s.self.Report().Errors)

			sim.Send("unhang")
			s.eventually(func() bool { return hasGPUs(s.now()) })
			s.stop()
		})
	}
}

// hungSession is a session whose every attempt finds that an earlier call has not returned.
type hungSession struct {
	dcgm.Session
	mu       sync.Mutex
	out      chan struct{} // closed when that call has returned
	attempts []time.Time
}

func (h *hungSession) Connect(context.Context) (dcgm.Source, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.attempts = append(h.attempts, time.Now())
	return nil, dcgm.ErrHung
}

func (h *hungSession) Returned() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.out
}

func (h *hungSession) Close(context.Context) error { return nil }

// giveBack lets the call return, and the next one hang.
func (h *hungSession) giveBack() {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.out)
	h.out = make(chan struct{})
}

func (h *hungSession) attempted() []time.Time {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.attempts)
}

func TestReconnectsAtOnceWhenAHungCallHasReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, createDefaultConfig().(*Config), nil)
		session := &hungSession{out: make(chan struct{})}
		r.session, r.linkErr = session, errNotConnected
		r.loop.Start(r.host)
		ctx, cancel := context.WithCancel(t.Context())
		go r.serve(ctx)
		defer synctest.Wait()
		defer cancel()
		time.Sleep(time.Hour)
		before := len(session.attempted())
		require.Less(t, before, 130, "up to a minute between two attempts")

		session.giveBack()
		attempts := session.attempted()
		require.Len(t, attempts, before+1)
		require.Equal(t, time.Now(), attempts[before])
		time.Sleep(firstBackoff)
		require.Len(t, session.attempted(), before+2, "pauses start over")
	})
}

func TestTickAfterAFailedCollectionSaysOnceThatDCGMIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, createDefaultConfig().(*Config), nil)
		r.session, r.linkErr = &hungSession{out: make(chan struct{})}, dcgm.ErrHung
		r.retryAt = time.Now().Add(time.Hour)
		r.loop.Start(r.host)
		failed := r.collection(t.Context(), time.Now())
		require.ErrorIs(t, failed.err, dcgm.ErrHung)
		r.desk.asked = true
		r.desk.answers <- failed
		ctx, cancel := context.WithCancel(t.Context())
		go r.serve(ctx)
		defer synctest.Wait()
		defer cancel()

		r.tick(ctx)
		ups := 0
		for _, batch := range r.sink.AllMetrics() {
			for m := range points(batch) {
				if m.Name() == "dcgm.up" {
					ups++
				}
			}
		}
		require.Equal(t, 1, ups)
		require.Len(t, r.sink.AllMetrics(), 1)
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, r.host.statuses())
	})
}

func TestCorrectedEndpointIsTakenUpOnceTheCallToTheWrongOneReturns(t *testing.T) {
	const notTakenBack = "host engine did not take back everything"
	for name, tt := range map[string]struct {
		before, while []string // what hangs, sent before the start or to a receiver that collects
		warnings      int
	}{
		"connecting": {before: []string{"hang 60s call=dcgmConnect_v2"}},
		"reading":    {while: []string{"hang 60s"}, warnings: 1},
	} {
		t.Run(name, func(t *testing.T) {
			sim := simtest.Start(t, steady)
			sim.Send(tt.before...)
			cfg := createDefaultConfig().(*Config)
			cfg.CollectionInterval, cfg.InitialDelay, cfg.Timeout = 100*time.Millisecond, 0, time.Second
			cfg.Endpoint = "wrong:5555"
			wrong := newRig(t, cfg, nil)
			wrong.start()
			if tt.while != nil {
				wrong.eventually(func() bool { return hasGPUs(wrong.last(time.Now())) })
				sim.Send(tt.while...)
			}
			wrong.eventually(func() bool { return len(wrong.host.statuses()) == 1 })
			require.ErrorContains(t, wrong.host.firstError(), "has not returned within")
			wrong.stop()
			require.Equal(t, tt.warnings, wrong.logs.FilterMessage(notTakenBack).Len())

			corrected := *cfg
			corrected.Endpoint = "localhost:5555"
			right := newRig(t, &corrected, nil)
			right.start()
			defer right.stop()
			require.ErrorContains(t, right.host.firstError(), "cannot connect to tcp://localhost:5555 yet: an earlier connection of this process has not ended: a call to tcp://wrong:5555 is out")
			sim.Send("unhang")
			right.eventually(func() bool { return hasGPUs(right.last(time.Now())) })
			right.eventually(func() bool { return len(right.host.statuses()) == 2 })
			require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, right.host.statuses())
		})
	}
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
