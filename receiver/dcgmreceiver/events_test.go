// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

const hwThermalOf1 = "gpu.throttle.events{gpu.throttle.reason=hw_thermal hw.name=nvidia1}"

func TestEventsOfOneGPUDoNotTakeTheOthersDown(t *testing.T) {
	simulate(t, steady, nil, func(s *simulation) {
		t := s.t
		s.pass(interval)
		s.sim.Send("gpu_detached gpu=0")
		for range 3 {
			s.pass(interval)
			s.requireUp(true)
			require.Contains(t, s.now(), "hw.power{hw.name=nvidia1}")
		}
		require.EqualValues(t, 6, s.self.Report().Errors[selftelemetry.KindRead], "those of XIDs and those of clocks")
		require.Equal(t, 1, s.logs.FilterMessageSnippet("events of some GPUs cannot be read").Len(), "said once")
		require.Empty(t, s.host.statuses())

		s.pass(slowPeriod)
		s.sim.Send("throttle gpu=1 reason=hw_thermal for 2s")
		s.pass(interval)
		require.Regexp(t, "^1 ", s.now()[hwThermalOf1], "events are there again after the next plan")
	})
}

// slowEvents lets something happen between the calls for two groups.
type slowEvents struct {
	dcgm.Source
	calls   int
	between func()
}

func (e *slowEvents) ReadSince(ctx context.Context, group *dcgm.Group, i int, since time.Time) ([]dcgm.Sample, time.Time, error) {
	e.calls++
	if e.calls == 2 && e.between != nil {
		e.between()
	}
	return e.Source.ReadSince(ctx, group, i, since)
}

func TestEventsBetweenTheCallsForTwoKindsOfGPUsAreCounted(t *testing.T) {
	slow := &slowEvents{}
	wrap := func(src dcgm.Source) dcgm.Source {
		slow.Source = src
		return slow
	}
	stepwise(t, "mixed", wrap, func(s *steps) {
		t := s.t
		require.Greater(t, len(s.collector.classes), 1)
		s.pass(interval)
		slow.calls, slow.between = 0, func() {
			s.sim.Send("throttle gpu=0 reason=hw_thermal for 1500ms")
			s.sim.Advance(3 * time.Second)
		}
		s.pass(interval)
		s.pass(interval)
		require.Regexp(t, "^1 ", s.now()["gpu.throttle.events{gpu.throttle.reason=hw_thermal hw.name=nvidia0}"])
	})
}

func TestEventsOfAGPUThatIsGoneAreNotRepeated(t *testing.T) {
	const events = "gpu.throttle.events{gpu.throttle.reason=hw_thermal hw.name=nvidia0}"
	for name, tt := range map[string]struct {
		begin, end string
		patience   time.Duration
	}{
		"a lost GPU":                      {"gpu_lost gpu=0", "gpu_restored gpu=0", interval},
		"a GPU that is no longer sampled": {"field gpu=0 id=112 value=stale", "unfield gpu=0 id=112", 4 * interval},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, steady, nil, func(s *simulation) {
				t := s.t
				s.pass(interval)
				require.Contains(t, s.now(), events)
				s.sim.Send(tt.begin)
				s.pass(tt.patience)
				for range 3 {
					require.NotContains(t, s.now(), events)
					require.Contains(t, s.now(), hwThermalOf1)
					s.pass(interval)
				}
				s.sim.Send(tt.end)
				s.pass(interval)
				s.pass(interval)
				require.Contains(t, s.now(), events)
			})
		})
	}
}

// setBack is a host engine whose clock has been set back.
type setBack struct {
	dcgm.Source
	by time.Duration
}

func (b *setBack) shift(samples []dcgm.Sample) {
	for i := range samples {
		samples[i].TS -= b.by.Microseconds()
	}
}

func (b *setBack) Read(ctx context.Context, entities []dcgm.Entity, fields []dcgm.FieldID, buf []dcgm.Sample) ([]dcgm.Sample, map[dcgm.Entity]error, error) {
	samples, unread, err := b.Source.Read(ctx, entities, fields, buf)
	b.shift(samples)
	return samples, unread, err
}

func (b *setBack) ReadSince(ctx context.Context, group *dcgm.Group, i int, since time.Time) ([]dcgm.Sample, time.Time, error) {
	samples, next, err := b.Source.ReadSince(ctx, group, i, since.Add(b.by))
	b.shift(samples)
	return samples, next.Add(-b.by), err
}

func TestEventsGoOnAfterTheClockHasBeenSetBack(t *testing.T) {
	clock := &setBack{}
	wrap := func(src dcgm.Source) dcgm.Source {
		clock.Source = src
		return clock
	}
	stepwise(t, steady, wrap, func(s *steps) {
		t := s.t
		const thermal = "gpu.throttle.events{gpu.throttle.reason=hw_thermal hw.name=nvidia0}"
		s.sim.Send("throttle gpu=0 reason=hw_thermal for 2s")
		s.pass(interval)
		require.Regexp(t, "^1 ", s.now()[thermal])
		clock.by = 25 * time.Second
		s.pass(interval)
		s.sim.Send("throttle gpu=0 reason=hw_thermal for 2s")
		s.pass(interval)
		require.Regexp(t, "^1 at -5s since -5s|^1 at 5s since ", s.now()[thermal], "counting has restarted, and goes on")
		s.sim.Send("throttle gpu=0 reason=hw_thermal for 2s")
		s.pass(interval)
		require.Regexp(t, "^2 ", s.now()[thermal])
	})
}
