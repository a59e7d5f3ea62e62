// SPDX-License-Identifier: Apache-2.0

package window

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/benchtest"
)

var epoch = time.Unix(1_700_000_000, 0)

// after is one observation and what the rate is afterwards.
type after struct {
	seconds    float64
	bad, total float64
	want       float64
}

func TestRatio(t *testing.T) {
	f := func(name string, steps ...after) {
		t.Helper()
		rate := NewRate(time.Minute)
		require.Zero(t, rate.Ratio(), name)
		for i, step := range steps {
			rate.Observe(at(step.seconds), step.bad, step.total)
			require.InDelta(t, step.want, rate.Ratio(), 1e-12, "%s, step %d", name, i)
		}
	}
	f("the first sample is a base line, whatever it says", after{0, 50, 100, 0})
	f("warm-up covers what was observed", after{0, 50, 100, 0}, after{5, 51, 110, 0.1}, after{10, 51, 120, 0.05})
	f("nothing counted", after{0, 0, 0, 0}, after{5, 0, 0, 0}, after{65, 0, 0, 0})
	f("nothing counted any more", after{0, 0, 0, 0}, after{5, 5, 5, 1}, after{65, 5, 5, 0})
	f("one failure long ago", after{0, 0, 0, 0}, after{5, 1, 1, 1}, after{30, 1, 2, 0.5}, after{64, 1, 3, 1.0 / 3}, after{65, 1, 3, 0})
	f("only what lies in the window counts", after{0, 0, 0, 0}, after{30, 30, 30, 1}, after{60, 30, 60, 0.5}, after{90, 30, 90, 0})
	f("all counters went backwards", after{0, 10, 10, 0}, after{5, 20, 20, 1}, after{10, 1, 1, 0}, after{15, 1, 2, 0})
	f("bad alone went backwards", after{0, 10, 10, 0}, after{5, 0, 20, 0}, after{10, 5, 30, 0.5})
	f("total alone went backwards", after{0, 1, 10, 0}, after{5, 2, 5, 0}, after{10, 3, 6, 1})
	f("a gap longer than the window", after{0, 0, 0, 0}, after{600, 5, 10, 0.5}, after{660, 5, 20, 0})
	f("bad without a total", after{0, 0, 0, 0}, after{5, 3, 0, 1})
	f("what is exactly a slot away has one of its own", after{0, 0, 0, 0}, after{29, 0, 29, 0}, after{29.5, 1, 30, 1.0 / 30},
		after{30, 1, 31, 1.0 / 31}, after{89.4, 1, 32, 1.0 / 3}, after{89.5, 1, 33, 0})
	f("nothing counted after a failure", after{0, 0, 0, 0}, after{30, 0, 30, 0}, after{59, 1, 31, 1.0 / 31},
		after{100, 1, 31, 1.0 / 31}, after{118.9, 1, 31, 1.0 / 31}, after{119, 1, 31, 0})
	f("more bad than total", after{0, 0, 0, 0}, after{5, 3, 2, 1})
}

func at(seconds float64) time.Time {
	return epoch.Add(time.Duration(seconds * float64(time.Second)))
}

func TestObserveReturnsTheGrowth(t *testing.T) {
	rate := NewRate(time.Minute)
	f := func(seconds, bad, total, wantBad, wantTotal float64) {
		t.Helper()
		gotBad, gotTotal := rate.Observe(at(seconds), bad, total)
		require.Equal(t, []float64{wantBad, wantTotal}, []float64{gotBad, gotTotal})
	}
	f(0, 5, 9, 0, 0)
	f(5, 6, 11, 1, 2)
	f(5.001, 6, 12, 0, 1)
	f(10, 0, 3, 0, 0)
	f(15, 1, 3, 1, 0)
}

// A sample every millisecond for five minutes, failures only in the 30th second of each minute.
func TestMemoryIsBoundedUnderAFastScrape(t *testing.T) {
	rate := NewRate(time.Minute)
	capacity := cap(rate.samples)
	var bad, total float64
	for ms := range 300_000 {
		total++
		if ms%60_000/1000 == 30 {
			bad++
		}
		rate.Observe(epoch.Add(time.Duration(ms)*time.Millisecond), bad, total)
		require.LessOrEqual(t, len(rate.samples), slots+3)
	}
	require.Equal(t, capacity, cap(rate.samples), "nothing was allocated")
	require.InDelta(t, 1.0/60, rate.Ratio(), 1.0/60/slots)
}

// FuzzRate states that a ratio stays within 0 and 1 and that growth is never negative, whatever
// the counters do.
func FuzzRate(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 1, 2, 1, 0, 5, 200, 3, 3})
	f.Fuzz(func(t *testing.T, steps []byte) {
		rate := NewRate(time.Minute)
		now := epoch
		for ; len(steps) >= 3; steps = steps[3:] {
			now = now.Add(time.Duration(steps[0]) * time.Second)
			bad, total := rate.Observe(now, float64(steps[1]), float64(steps[2]))
			require.GreaterOrEqual(t, bad, 0.0)
			require.GreaterOrEqual(t, total, 0.0)
			require.GreaterOrEqual(t, rate.Ratio(), 0.0)
			require.LessOrEqual(t, rate.Ratio(), 1.0)
			require.LessOrEqual(t, len(rate.samples), slots+3)
		}
	})
}

func BenchmarkObserve(b *testing.B) {
	rate, now := NewRate(time.Minute), epoch
	benchtest.ReportCPU(b)
	for b.Loop() {
		now = now.Add(5 * time.Second)
		rate.Observe(now, 0, float64(now.Unix()))
	}
}
