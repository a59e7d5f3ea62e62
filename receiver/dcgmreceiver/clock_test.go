// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// setClock is a host engine whose clock is set to another time: samples that it takes from then on have that time.
type setClock struct {
	dcgm.Source
	at time.Time // by the clock as it was
	by time.Duration
}

func (c *setClock) set(at time.Time, by time.Duration) { c.at, c.by = at, by }

func (c *setClock) shift(samples []dcgm.Sample) []dcgm.Sample {
	for i := range samples {
		if s := &samples[i]; s.TS > 0 && s.TS >= c.at.UnixMicro() {
			s.TS += c.by.Microseconds()
		}
	}
	return samples
}

func (c *setClock) Read(ctx context.Context, gpus []dcgm.Entity, fields []dcgm.FieldID, buf []dcgm.Sample) ([]dcgm.Sample, map[dcgm.Entity]error, error) {
	samples, unread, err := c.Source.Read(ctx, gpus, fields, buf)
	return c.shift(samples), unread, err
}

// ReadSince compares the instant with the times that the samples have now, as a host engine does.
func (c *setClock) ReadSince(ctx context.Context, group *dcgm.Group, i int, since time.Time) ([]dcgm.Sample, time.Time, error) {
	all, _, err := c.Source.ReadSince(ctx, group, i, time.UnixMicro(1))
	if err != nil {
		return nil, since, err
	}
	samples := slices.DeleteFunc(c.shift(all), func(s dcgm.Sample) bool { return s.TS < since.UnixMicro() })
	for _, s := range samples {
		since = time.UnixMicro(max(since.UnixMicro(), s.TS+1))
	}
	return samples, since, nil
}

func withClock(t *testing.T, by time.Duration, test func(s *steps, clock *setClock)) {
	t.Helper()
	clock := &setClock{by: by}
	stepwise(t, steady, func(src dcgm.Source) dcgm.Source {
		clock.Source = src
		return clock
	}, func(s *steps) { test(s, clock) })
}

const powerOf0 = "hw.power{hw.name=nvidia0}"

func TestEngineWithAnotherTimeGivesAllValues(t *testing.T) {
	for by, skew := range map[time.Duration]string{-40 * time.Second: "40 at", time.Hour: "-3600 at", 300 * time.Millisecond: "-0.3 at"} {
		withClock(t, by, func(s *steps, _ *setClock) {
			for range 5 {
				s.pass(interval)
				require.Regexp(s.t, "^"+skew, s.now()["dcgm.clock.skew{}"], by)
				require.Regexp(s.t, "^0 at", s.now()["dcgm.sample.age{}"], by)
				require.Contains(s.t, s.now()[powerOf0], " at "+offset(timestamp(time.Now().Add(by)), s.origin), "it has the engine's time")
				require.Regexp(s.t, "^0 at", s.now()["dcgm.values.dropped{dcgm.drop.reason=stale}"], by)
			}
			far := by.Abs() > time.Second
			require.Equal(s.t, far, s.logs.FilterMessageSnippet("clocks of the Collector and the host engine differ").Len() == 1, by)
		})
	}
}

func TestFrozenValueOfAnEngineAheadIsStale(t *testing.T) {
	withClock(t, time.Hour, func(s *steps, _ *setClock) {
		s.pass(interval)
		s.sim.Send("field id=155 gpu=0 value=stale")
		for range 5 {
			s.pass(interval)
		}
		require.NotContains(s.t, s.now(), powerOf0)
		require.Contains(s.t, s.now(), "hw.power{hw.name=nvidia1}")
	})
}

// An engine that samples nothing any more answers as before.
func TestFrozenEngineIsStale(t *testing.T) {
	withClock(t, 0, func(s *steps, _ *setClock) {
		for range 5 {
			time.Sleep(interval)
			s.collectOnce(s.t.Context())
		}
		require.NotContains(s.t, s.now(), powerOf0)
		require.Regexp(s.t, "^0 at", s.now()["dcgm.clock.skew{}"])
	})
}

const hotOf0 = "gpu.throttle.events{gpu.throttle.reason=hw_thermal hw.name=nvidia0}"

// An engine's time is the one from which its events count.
func TestEventsOfAnEngineWithAnotherTimeAreCounted(t *testing.T) {
	for _, by := range []time.Duration{-40 * time.Second, 0, time.Hour} {
		withClock(t, by, func(s *steps, _ *setClock) {
			s.pass(interval)
			require.Regexp(s.t, "^0 at", s.now()[hotOf0], by)
			s.sim.Send("throttle gpu=0 reason=hw_thermal for 2s")
			s.pass(interval)
			require.Regexp(s.t, "^1 at", s.now()[hotOf0], by)
		})
	}
}

func TestEventsGoOnWhenTheClockIsSetBack(t *testing.T) {
	withClock(t, 0, func(s *steps, clock *setClock) {
		hot := func() { s.sim.Send("throttle gpu=0 reason=hw_thermal for 2s") }
		s.pass(interval)
		hot()
		s.pass(interval)
		_, before := cutTimes(s.now()[hotOf0])
		clock.set(s.sim.Now().Add(time.Second), -time.Hour)
		s.pass(interval)
		value, since := cutTimes(s.now()[hotOf0])
		require.Equal(s.t, "0", value, "it counts from then on")
		require.NotEqual(s.t, before, since)
		for i := range 3 {
			hot()
			s.pass(interval)
			value, again := cutTimes(s.now()[hotOf0])
			require.Equal(s.t, strconv.Itoa(i+1), value)
			require.Equal(s.t, since, again)
		}
	})
}

func TestCountersGoOnWhenTheClockIsSetBack(t *testing.T) {
	withClock(t, 0, func(s *steps, clock *setClock) {
		s.pass(interval)
		_, before := cutTimes(s.now()[energyOf0])
		clock.set(s.sim.Now().Add(time.Second), -time.Hour)
		for range 3 {
			s.pass(interval)
			require.Contains(s.t, s.now(), powerOf0)
			value, since := cutTimes(s.now()[energyOf0])
			require.NotEmpty(s.t, value)
			require.NotEqual(s.t, before, since, "another start for another time")
			require.Regexp(s.t, "^3600 at", s.now()["dcgm.clock.skew{}"])
			require.Regexp(s.t, "^0 at", s.now()["dcgm.sample.age{}"])
			require.Contains(s.t, s.now(), "gpu.power.limit{gpu.power.limit.type=enforced hw.name=nvidia0}", "a sample of the future is emitted")
		}
		clock.set(s.sim.Now().Add(time.Second), 0)
		s.pass(interval)
		require.Regexp(s.t, "^0 at", s.now()["dcgm.clock.skew{}"])
		require.Equal(s.t, 1, s.logs.FilterMessageSnippet("differ").Len())
		require.Equal(s.t, 1, s.logs.FilterMessageSnippet("agree again").Len())
	})
}
