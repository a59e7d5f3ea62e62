// SPDX-License-Identifier: Apache-2.0

package statuspage

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAge(t *testing.T) {
	f := func(want string, d time.Duration) {
		t.Helper()
		require.Equal(t, want, age(d))
	}
	f("0 s", 0)
	f("0 s", -time.Hour) // the clock was set back
	f("59 s", 59*time.Second+400*time.Millisecond)
	f("1 min", 60*time.Second)
	f("1 min 35 s", 95*time.Second)
	f("1 h", time.Hour)
	f("3 h 12 min", 3*time.Hour+12*time.Minute+40*time.Second)
	f("1 d 3 h", 27*time.Hour+20*time.Minute)
	f("400 d", 400*24*time.Hour)
}

func TestPercent(t *testing.T) {
	f := func(want string, ratio float64) {
		t.Helper()
		require.Equal(t, want, percent(ratio))
	}
	f("0 %", 0)
	f("100 %", 1)
	f("42 %", 0.42)
	f("2.5 %", 0.025)
	f("0.12 %", 0.0012)
	f("< 0.0001 %", 1e-9)
	f("99.9 %", 0.999)
	f("99.95 %", 0.9995)
	f("99.951 %", 0.99951)
	f("99.999 %", 0.99999)
	f("> 99.9999 %", 1-1e-9)
	f("-188 %", -1.88)
	f("110 %", 1.1)
}

func TestBudget(t *testing.T) {
	f := func(want string, remaining float64) {
		t.Helper()
		require.Equal(t, want, budget(remaining))
	}
	f("100 %", 1)
	f("51 %", 0.51)
	f("spent", 0)
	f("spent 1.0×", -1e-9)
	f("spent 2.9×", -1.88)
	f("unknown", math.NaN())
	f("unknown", math.Inf(-1))
}

func TestChartShowsGapsAndWorst(t *testing.T) {
	e := &Exporter{ID: "x", Signal: "logs", History: []Point{
		{At: ago(2 * time.Hour), FailureRate: 1, Stalled: true}, // out of sight
		{At: ago(30 * time.Minute), FailureRate: 0.5, Stalled: true},
		{At: ago(30*time.Minute - 30*time.Second), FailureRate: 1, Stalled: true},
		{At: ago(30 * time.Second)},
	}}
	got := newCharts(e, now, 30*time.Second)
	require.Equal(t, "Failure rate of x, logs, in the last hour: now 0 %, at most 100 %", got.Failure.Label)
	require.Equal(t, 3, strings.Count(got.Failure.Line, "M"), got.Failure.Line)
	require.Contains(t, got.Failure.Line, "M118.0 24.0H120.0V1.0H122.0M")
	require.Equal(t, "Stalls of x, logs, in the last hour: 1 min", got.Stall.Label)
	require.Equal(t, "M0.0 0H0.0V48H0.0ZM118.0 0H122.0V48H118.0Z", got.Stall.Area)
	require.Empty(t, got.Stall.Line)
	require.Empty(t, got.Queue, "there is no queue")
}

func TestChartOfNothing(t *testing.T) {
	got := newCharts(&Exporter{ID: "x", Signal: "logs", QueueRatio: new(2.0)}, now, 30*time.Second)
	require.Equal(t, "Stalls of x, logs, in the last hour: none", got.Stall.Label)
	require.Equal(t, "M238.0 1.0H240.0", got.Queue.Line)
}

// A Collector that is sampled every four minutes has a point every four minutes, and no gaps.
func TestChartOfSparsePointsHasNoGaps(t *testing.T) {
	e := &Exporter{ID: "x", Signal: "logs"}
	for i := range 15 {
		e.History = append(e.History, Point{At: ago(time.Duration(56-4*i) * time.Minute), Stalled: true, FailureRate: 1})
	}
	e.Stalled, e.FailureRate = true, 1
	f := func(step time.Duration, begins int, stalls string) {
		t.Helper()
		got := newCharts(e, now, step)
		require.Equal(t, begins, strings.Count(got.Failure.Line, "M"))
		require.Equal(t, "Stalls of x, logs, in the last hour: "+stalls, got.Stall.Label)
	}
	f(4*time.Minute, 1, "1 h")
	f(80*time.Second, 1, "57 min 20 s")
	f(80*time.Second-1, 15, "20 min")
	f(time.Minute, 15, "15 min")
}
