// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

const (
	energyOf0      = "hw.energy{hw.name=nvidia0}"
	clockOf0       = "gpu.clock.frequency{gpu.clock.domain=sm hw.name=nvidia0}"
	utilizationOf0 = "hw.gpu.utilization{hw.gpu.task=general hw.name=nvidia0}"
)

// fallbacksOf0 is how many series of a metric do not come from their first choice on GPU 0.
func (s *simulation) fallbacksOf0(metric string) string {
	value, _ := cutTimes(s.now()["gpu.fallback.series{gpu.fallback.metric="+metric+" hw.name=nvidia0}"])
	return value
}

func TestSourcesThatADowngradedEngineLacksAreReplaced(t *testing.T) {
	simulate(t, "engine 4.6.1\n"+steady, nil, func(s *simulation) {
		t := s.t
		s.pass(interval)
		require.Empty(t, s.fallbacksOf0("hw.energy"))
		_, before := cutTimes(s.now()[energyOf0])
		require.NotEmpty(t, before)
		clock, _ := cutTimes(s.now()[clockOf0])

		s.sim.Send("engine_dies", "unknown_field 1600-1612")
		s.pass(interval)
		s.sim.Send("engine_returns")
		s.pass(2 * lastBackoff)
		s.requireUp(true)
		require.Equal(t, "3", s.fallbacksOf0("gpu.clock.frequency"))
		require.Equal(t, "1", s.fallbacksOf0("hw.energy"))
		again, _ := cutTimes(s.now()[clockOf0])
		require.Equal(t, clock, again)
		require.Contains(t, s.now(), energyOf0)
		_, after := cutTimes(s.now()[energyOf0])
		require.NotEqual(t, before, after, "another source counts from another start")
	})
}

// busy has a kernel on every GPU all the time, which field 203 calls full utilization.
const busy = steady + "field 203 * const 100\n"

// requireUtilization tells by the value whether field 1001 or 203 is in use.
func (s *simulation) requireUtilization(want string) {
	s.t.Helper()
	value, _ := cutTimes(s.now()[utilizationOf0])
	require.Equal(s.t, want, value)
	require.Equal(s.t, want == "1", s.fallbacksOf0("hw.gpu.utilization") == "1")
}

func TestProfilingThatIsNotToBeHadAtTheStartIsTakenLater(t *testing.T) {
	for name, trouble := range map[string]string{
		"what a GPU has cannot be asked for": "at 0s call call=dcgmProfGetSupportedMetricGroups status=-3 for 30s\n",
		"another client has paused it":       "at 0s profiling_paused for 2m\n",
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, busy+trouble, nil, func(s *simulation) {
				s.requireUtilization("")
				for range 5 {
					s.pass(interval)
				}
				s.requireUtilization("1")
				for range 12 {
					s.pass(interval)
				}
				s.requireUtilization("0.5")
				s.sim.Send("profiling_paused for 5m")
				for range 15 {
					s.pass(interval)
				}
				s.requireUtilization("") // The choice stays.
			})
		})
	}
}

func TestProfilingThatCannotBeAskedForIsReported(t *testing.T) {
	simulate(t, busy+"at 0s call call=dcgmProfGetSupportedMetricGroups status=-3\n", nil, func(s *simulation) {
		t := s.t
		require.EqualValues(t, 2, s.self.Report().Errors[selftelemetry.KindEnumerate])
		s.pass(2 * slowPeriod)
		s.pass(interval)
		require.Greater(t, s.self.Report().Errors[selftelemetry.KindEnumerate], int64(2))
		require.Equal(t, 2, s.logs.FilterMessageSnippet("does not tell what profiling it has").Len(), "once for each GPU")
	})
}

// heldProfiling refuses to watch profiling while another client holds it.
type heldProfiling struct {
	dcgm.Source
	until time.Time
}

func (h heldProfiling) Watch(ctx context.Context, group *dcgm.Group, watch dcgm.Watch) ([]dcgm.Refusal, error) {
	if time.Now().Before(h.until) && slices.ContainsFunc(watch.Fields, dcgm.IsProfiling) {
		var refused []dcgm.Refusal
		for _, field := range watch.Fields {
			refused = append(refused, dcgm.Refusal{Field: field, Name: "profiling", Why: errors.New("resource is in use")})
		}
		return refused, nil
	}
	return h.Source.Watch(ctx, group, watch)
}

func TestProfilingThatAnotherClientHoldsIsTakenWhenItIsFree(t *testing.T) {
	hold := func(src dcgm.Source) dcgm.Source { return heldProfiling{src, time.Now().Add(5 * time.Minute)} }
	stepwise(t, busy, hold, func(s *steps) {
		for range 3 {
			s.requireUtilization("")
			s.pass(interval)
		}
		for range 20 { // Plans that are refused again change nothing.
			s.requireUtilization("1")
			s.pass(interval)
		}
		for range 30 {
			s.pass(interval)
		}
		s.requireUtilization("0.5")
	})
}

func TestCounterOfABetterSourceHasItsOwnStart(t *testing.T) {
	simulate(t, "engine 4.6.1\n"+steady+"at 0s field id=1611 value=blank for 90s\n", nil, func(s *simulation) {
		t := s.t
		for range 5 {
			s.pass(interval)
		}
		_, first := cutTimes(s.now()[energyOf0])
		require.Equal(t, "1", s.fallbacksOf0("hw.energy"))
		for range 5 {
			s.pass(interval)
		}
		_, second := cutTimes(s.now()[energyOf0])
		require.Empty(t, s.fallbacksOf0("hw.energy"))
		require.NotEqual(t, first, second)
		s.pass(interval)
		_, third := cutTimes(s.now()[energyOf0])
		require.Equal(t, second, third)
	})
}
