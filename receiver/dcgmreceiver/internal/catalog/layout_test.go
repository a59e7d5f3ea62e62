// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

func TestInstancesHaveWhatIsTheirOwn(t *testing.T) {
	enabled := map[string]bool{"hw.gpu.memory.usage": true, "hw.gpu.utilization": true, "gpu.memory.bandwidth.utilization": true, "hw.power": true}
	for kind, want := range map[dcgm.EntityKind][]dcgm.FieldID{
		dcgm.GPU:             {155, 203, 204, 206, 207, 252, 1001, 1005},
		dcgm.GPUInstance:     {252, 1001, 1005},
		dcgm.ComputeInstance: {252, 1001},
		dcgm.Switch:          nil,
	} {
		l := NewLayout(kind, rows, enabled, nil, NewPace(10*time.Second, 0))
		require.Equal(t, want, l.Fields(Normal, func(dcgm.FieldID) bool { return true }), kind.String())
		for _, r := range l.Rows {
			require.Len(t, r.Slots, len(r.Sources), r.Name)
			for i, src := range r.Sources {
				for j, field := range src.Fields {
					require.Equal(t, field, l.Field(r.Slots[i][j]), r.Name)
				}
			}
		}
	}
}

// A field that two need is watched once, in the faster of their tiers.
func TestNeedsShareFields(t *testing.T) {
	enabled := map[string]bool{"gpu.power.limit": true, "hw.power": true}
	needs := []Need{{164, Normal}, {155, Slow}, {54, Static}}
	l := NewLayout(dcgm.GPU, rows, enabled, needs, NewPace(10*time.Second, 0))
	all := func(dcgm.FieldID) bool { return true }
	require.Equal(t, []dcgm.FieldID{155, 164}, l.Fields(Normal, all))
	require.Equal(t, []dcgm.FieldID{160, 161, 162, 163}, l.Fields(Slow, all))
	require.Equal(t, []dcgm.FieldID{54}, l.Fields(Static, all))
	require.Equal(t, 7, l.Slots())
	_, needed := l.Slot(100)
	require.False(t, needed)
	require.Equal(t, []dcgm.FieldID{164}, l.Fields(Normal, func(f dcgm.FieldID) bool { return f != 155 }))
}

// What the host engine samples once a minute is not stale in between, however often it is asked for.
func TestStalenessOfWhatIsSampledSeldomIsThatOfTheSlowTier(t *testing.T) {
	pace := NewPace(10*time.Second, 0)
	require.Equal(t, pace.Limit(Slow), pace.Seldom().Limit(Normal))
	require.Equal(t, pace.Limit(Static), pace.Seldom().Limit(Static))
	require.Equal(t, 30*time.Second.Microseconds(), pace.Limit(Normal), "as it was")
}

func TestStalenessFollowsThePeriod(t *testing.T) {
	const s = int64(time.Second / time.Microsecond)
	for name, tt := range map[string]struct {
		interval, staleAfter time.Duration
		limits               [Tiers]int64
	}{
		"three periods, at least half a minute": {5 * time.Second, 0, [Tiers]int64{30 * s, 180 * s, 900 * s}},
		"three intervals":                       {20 * time.Second, 0, [Tiers]int64{60 * s, 180 * s, 900 * s}},
		"longer than a minute":                  {2 * time.Minute, 0, [Tiers]int64{360 * s, 360 * s, 900 * s}},
		"in proportion to what is set":          {10 * time.Second, 15 * time.Second, [Tiers]int64{15 * s, 90 * s, 450 * s}},
	} {
		l := NewLayout(dcgm.GPU, nil, nil, []Need{{1, Normal}, {2, Slow}, {3, Static}}, NewPace(tt.interval, tt.staleAfter))
		for slot := range l.Slots() {
			require.Equal(t, tt.limits[l.SlotTier(slot)], l.SlotLimit(slot), name)
		}
	}
}

func TestProfilingThatOnlyGPMGives(t *testing.T) {
	layout := func(metrics ...string) *Layout {
		enabled := map[string]bool{}
		for _, m := range metrics {
			enabled[m] = true
		}
		return layoutOf(enabled)
	}
	require.False(t, layout("hw.power").NeedsProfiling())
	require.Empty(t, layout("hw.power").GPMOnly())
	require.True(t, layout("gpu.sm.utilization").NeedsProfiling())
	require.Empty(t, layout("gpu.sm.utilization").GPMOnly())
	only := layout("gpu.pipe.utilization", "gpu.sm.utilization").GPMOnly()
	require.True(t, only[1006])
	require.False(t, only[1004], "the tensor pipe is wanted of all")
	require.False(t, only[1002])
}

func TestArchitectures(t *testing.T) {
	for a, want := range map[Architecture]struct {
		text string
		ok   bool
	}{0: {"", false}, Hopper: {"9.0", true}, 8<<16 | 9: {"8.9", true}, Blackwell | 3: {"10.3", true}, 99<<16 | 9: {"99.9", true}, 100 << 16: {"100.0", false}, 9<<16 | 10: {"9.10", false}, 5: {"0.5", false}} {
		require.Equal(t, want.text, a.String())
		require.Equal(t, want.ok, a.Plausible(), a)
	}
}

// A field that one row wants of all GPUs is watched on all, whatever another row wants.
func TestFieldsThatAnyRowWantsAreNoGPMs(t *testing.T) {
	both := []Row{onGPM(row("gpu.cycles", Normal, values{"sm_active"}, counted(1085, asIs), of(1006, asIs))), row("gpu.sm.utilization", Normal, nil, of(1006, ratio))}
	l := NewLayout(dcgm.GPU, both, map[string]bool{"gpu.cycles": true, "gpu.sm.utilization": true}, nil, NewPace(10*time.Second, 0))
	require.Equal(t, map[dcgm.FieldID]bool{1085: true}, l.GPMOnly())
}

func TestSourceHasTheKindsOfAllItsFields(t *testing.T) {
	for _, fields := range [][]dcgm.FieldID{{252, 155}, {155, 252}, {156}} {
		require.Equal(t, gpus, (&Source{Fields: fields}).kindsOf())
	}
	require.Equal(t, KindsOf(dcgm.GPU, dcgm.GPUInstance), (&Source{Fields: []dcgm.FieldID{1005, 1001}}).kindsOf())
}

func TestRatesHaveABoundOfTheirOwn(t *testing.T) {
	r := RangeOf("gpu.nvlink.io")
	require.True(t, r.Holds(Rate, mostBytes))
	require.False(t, r.Holds(Rate, mostBytes+1e6))
	require.True(t, r.Holds(Counter, mostBytes+1e6))
	require.False(t, r.Holds(Rate, -1))
}
