// SPDX-License-Identifier: Apache-2.0

package series

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// on is a Set with the rows of some metrics.
type on struct {
	*Set
	t *testing.T
}

func newSet(t *testing.T, metrics ...string) on {
	t.Helper()
	enabled := map[string]bool{}
	for _, m := range metrics {
		enabled[m] = true
	}
	return on{NewSet(catalog.NewLayout(dcgm.GPU, catalog.Rows(), enabled, nil, catalog.NewPace(10*time.Second, 0))), t}
}

func (s on) give(field dcgm.FieldID, at, value int64) {
	slot, needed := s.layout.Slot(field)
	require.True(s.t, needed)
	s.put(slot, dcgm.SampleOf(field, at*second, value))
}

func (s on) drop(field dcgm.FieldID, why dcgm.Reason) {
	slot, _ := s.layout.Slot(field)
	s.Drop(slot, why)
}

// read reads the first row at a second.
func (s on) read(has Traits, now int64) (Reading, bool, dcgm.Reason) {
	return s.Read(0, has, now*second)
}

func (s on) requireNone(now int64, want dcgm.Reason) {
	s.t.Helper()
	_, ok, why := s.read(Traits{}, now)
	require.False(s.t, ok)
	require.Equal(s.t, want, why)
}

func TestValueHasTheTimeOfItsSampleAndIsNewOnce(t *testing.T) {
	s := newSet(t, "hw.power")
	s.requireNone(100, dcgm.Blank)
	s.give(155, 100, 400)
	got, ok, why := s.read(Traits{}, 101)
	require.True(t, ok)
	require.Equal(t, dcgm.OK, why)
	require.Equal(t, Reading{Value: catalog.Number{I: 400, F: 400}, At: 100 * second, New: true}, got)
	got, _, _ = s.read(Traits{}, 111)
	require.False(t, got.New)
	s.give(155, 110, 400)
	got, _, _ = s.read(Traits{}, 111)
	require.True(t, got.New, "an equal value of a new sample is new")
}

func TestStaleIsOlderThanItsLimitByTheEnginesClock(t *testing.T) {
	s := newSet(t, "hw.power")
	s.give(155, 100, 400)
	_, ok, _ := s.read(Traits{}, 130)
	require.True(t, ok)
	_, ok, why := s.Read(0, Traits{}, 130*second+1)
	require.False(t, ok)
	require.Equal(t, dcgm.Stale, why)
	_, ok, _ = s.read(Traits{}, 50)
	require.True(t, ok, "a sample of the future is not old")
}

func TestImplausibleAndImpossibleValues(t *testing.T) {
	s := newSet(t, "hw.power")
	s.give(155, 100, 20_000)
	_, ok, _ := s.read(Traits{}, 100)
	require.True(t, ok)
	s.give(155, 110, 20_001)
	s.requireNone(110, Implausible)

	states := newSet(t, "gpu.imex.daemon.status")
	states.give(1503, 100, -1)
	states.requireNone(100, dcgm.OK)
	states.give(1503, 110, 256)
	states.requireNone(110, Implausible)
}

func TestTotalGoesOnFromItsStart(t *testing.T) {
	s := newSet(t, "gpu.ecc.errors")
	for _, tt := range []struct{ at, value, want, start int64 }{{100, 5, 5, 100}, {110, 7, 7, 100}, {120, 1, 1, 120}, {130, 2, 2, 120}} {
		s.give(310, tt.at, tt.value)
		got, ok, _ := s.read(Traits{}, tt.at)
		require.True(t, ok)
		require.Equal(t, tt.want, got.Value.I)
		require.Equal(t, tt.start*second, got.Start)
	}
	s.give(310, 129, 9)
	s.requireNone(130, dcgm.Stale)
	s.give(310, 20, 9)
	got, ok, _ := s.read(Traits{}, 20)
	require.True(t, ok, "the clock was set back")
	require.Equal(t, int64(20*second), got.Start)
	s.SetBack()
	s.give(310, 15, 9)
	got, ok, _ = s.read(Traits{}, 15)
	require.True(t, ok, "by a little")
	require.Equal(t, int64(15*second), got.Start)
	s.Restart()
	s.give(310, 30, 9)
	got, _, _ = s.read(Traits{}, 30)
	require.Equal(t, int64(30*second), got.Start, "a reset restarts all totals")
}

func TestValueOfSeveralFieldsIsAsOldAsTheOldest(t *testing.T) {
	s := newSet(t, "hw.gpu.memory.utilization")
	s.drop(254, dcgm.NotSupported)
	s.give(252, 100, 50)
	s.give(250, 98, 110)
	s.requireNone(100, dcgm.OK) // What it never had is no loss.
	s.give(253, 99, 10)
	got, ok, _ := s.read(Traits{}, 100)
	require.True(t, ok)
	require.Equal(t, int64(98*second), got.At)
	require.InDelta(t, 0.5, got.Value.F, 0)
}

func TestSourcesFollowTheArchitecture(t *testing.T) {
	for name, tt := range map[string]struct {
		has  Traits
		want int64
	}{
		"before NVLink 5":    {Traits{Architecture: catalog.Hopper}, 0},
		"with NVLink 5":      {Traits{Architecture: catalog.Blackwell}, 42},
		"unknown, as it was": {Traits{}, 42},
	} {
		s := newSet(t, "gpu.nvlink.io")
		s.give(1201, 100, 42)
		s.give(1011, 100, 7)
		got, ok, _ := s.read(tt.has, 100)
		require.True(t, ok, name)
		require.Equal(t, tt.want, got.Value.I, name)
	}
}

func TestProfilingOfGPMNeedsIt(t *testing.T) {
	s := newSet(t, "gpu.cycles")
	s.give(1084, 100, 42)
	_, ok, why := s.read(Traits{}, 100)
	require.False(t, ok)
	require.Equal(t, dcgm.OK, why, "it is no loss")
	_, ok, _ = s.read(Traits{GPM: true}, 100)
	require.True(t, ok)
}

func TestFallbacksAreCountedByMetric(t *testing.T) {
	s := newSet(t, "gpu.clock.frequency", "hw.power")
	for _, field := range []dcgm.FieldID{1603, 1604} {
		s.drop(field, dcgm.NotSupported)
	}
	s.give(1605, 100, 1)
	for _, field := range []dcgm.FieldID{100, 101, 102, 155} {
		s.give(field, 100, 1)
	}
	readAll := func() {
		for row := range s.layout.Rows {
			_, ok, _ := s.Read(row, Traits{}, 100*second)
			require.True(t, ok)
		}
	}
	readAll()
	require.Equal(t, []Fallback{{"gpu.clock.frequency", 2}}, s.Fallbacks())

	live := map[dcgm.FieldID]bool{}
	s.AddLive(live)
	require.Equal(t, map[dcgm.FieldID]bool{100: true, 101: true, 1605: true, 155: true}, live)

	s.ForgetChoices([]dcgm.FieldID{1605})
	s.drop(1605, dcgm.NotSupported)
	require.Equal(t, []Fallback{{"gpu.clock.frequency", 2}}, s.Fallbacks())
	readAll()
	require.Equal(t, []Fallback{{"gpu.clock.frequency", 3}}, s.Fallbacks())
}

func TestUndecidedSeriesNeedWhatMayStillCome(t *testing.T) {
	s := newSet(t, "gpu.clock.frequency")
	s.drop(1603, dcgm.NotSupported)
	live := map[dcgm.FieldID]bool{}
	s.AddLive(live)
	require.False(t, live[1603])
	require.True(t, live[100])
	require.True(t, live[1604])
}

func TestForgottenSamplesGiveNothingAndKeepWhyTheyNeverDid(t *testing.T) {
	s := newSet(t, "gpu.clock.frequency")
	s.give(1603, 100, 1)
	s.drop(1604, dcgm.NotSupported)
	s.Forget()
	for field, want := range map[dcgm.FieldID]dcgm.Reason{1603: dcgm.Blank, 1604: dcgm.NotSupported, 1605: dcgm.Blank} {
		slot, _ := s.layout.Slot(field)
		require.Equal(t, want, s.At(slot).Reason)
	}
	slot, _ := s.layout.Slot(1603)
	isNew, _ := s.put(slot, dcgm.SampleOf(1603, 100*second, int64(1)))
	require.False(t, isNew, "it is the same sample")
	isNew, _ = s.put(slot, dcgm.SampleOf(1603, 101*second, int64(1)))
	require.True(t, isNew)
	s.Blank(slot)
	require.Equal(t, dcgm.Blank, s.At(slot).Reason)
	require.Equal(t, int64(101*second), s.At(slot).TS)
}
