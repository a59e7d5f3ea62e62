// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const passSeconds = 5

var threeWindows = []time.Duration{5 * time.Minute, time.Hour, 6 * time.Hour}

// traffic is what an exporter finishes in the seconds before a pass.
type traffic func(second int) (good, bad float64)

// story is one exporter's traffic, and what a page alert makes of it.
type story struct {
	name    string
	traffic traffic
	minutes int

	// pages is the minute from which the page alert of the README fires, at a target of 99.9 %.
	// 0 if it never does.
	pages int
	// until is the last minute in which it may fire.
	until int
}

func once(at int, good, bad float64) traffic {
	return func(second int) (float64, float64) {
		if second == at {
			return good, bad
		}
		return 0, 0
	}
}

// every has a request of 500 items every so many seconds; fails says which of them fail.
func every(seconds int, fails func(second int) bool) traffic {
	return func(second int) (float64, float64) {
		switch {
		case second == 0 || second%seconds != 0:
			return 0, 0
		case fails(second):
			return 0, 500
		default:
			return 500, 0
		}
	}
}

func between(from, to int) func(int) bool {
	return func(second int) bool { return second >= from && second < to }
}

const minute, hour, never = 60, 3600, 1 << 30

var stories = []story{
	{name: "idle", traffic: once(-1, 0, 0), minutes: 30},
	{name: "one bad of one", traffic: once(10, 0, 1), minutes: 30},
	{name: "one request, and it fails", traffic: once(10, 0, 8192), minutes: 30},
	{name: "one bad of a million", traffic: once(10, 999_999, 1), minutes: 30},
	{name: "failures, a pause, and a good one", traffic: each(first(3, 0, 1), once(300, 1, 0)), minutes: 30},
	{name: "failures, a long pause, and a good one", traffic: each(first(3, 0, 1), once(5*hour, 1, 0)), minutes: 310},
	{name: "failures, a pause, and much good", traffic: each(first(3, 0, 1), once(300, 8192, 0)), minutes: 30},
	{name: "large failures, and small good ones", traffic: each(first(3, 0, 8192), mixed(1, 0).from(60)), minutes: 30},
	{name: "much good that leaves before a failure does", traffic: each(once(5, 1e6, 0), once(50*minute, 0, 1), once(70*minute, 1, 0)), minutes: 120},
	{name: "traffic that starts late, with a failure", traffic: once(2*hour, 0, 8192), minutes: 150},
	{name: "traffic that starts late, and fails", traffic: every(10, between(2*hour, never)).from(2 * hour), minutes: 150, pages: 121, until: 150},
	{name: "traffic that stops, with a failure", traffic: every(10, between(hour, hour+1)).until(hour), minutes: 150},
	{name: "traffic that stops, after an outage", traffic: every(10, between(hour-5*minute, never)).until(hour), minutes: 150, pages: 56, until: 64},
	{name: "a young process whose first requests fail", traffic: every(5, between(0, 20)), minutes: 60},
	{name: "a young process in an outage", traffic: every(5, between(0, never)), minutes: 30, pages: 1, until: 30},
	{name: "an outage", traffic: every(5, between(hour, never)), minutes: 90, pages: 61, until: 90},
	{name: "an outage that ends", traffic: every(5, between(hour, hour+10*minute)), minutes: 90, pages: 61, until: 74},
	{name: "an outage with a request a minute", traffic: every(60, between(2*hour, never)), minutes: 150, pages: 122, until: 150},
	{name: "an outage with a request in five minutes", traffic: every(300, between(2*hour, never)), minutes: 150, pages: 130, until: 150},
	{name: "one failure with three requests an hour", traffic: every(1200, between(2*hour, 2*hour+1)), minutes: 180},
	{name: "one failure in a day of steady traffic", traffic: every(5, between(2*hour, 2*hour+1)), minutes: 180},
	{name: "1 % fails", traffic: mixed(99, 1), minutes: 180},
	{name: "2 % fail", traffic: mixed(98, 2), minutes: 180, pages: 44, until: 180},
}

func mixed(good, bad float64) traffic {
	return func(int) (float64, float64) { return good, bad }
}

// first has a request with each of the first passes after the start.
func first(passes int, good, bad float64) traffic {
	return mixed(good, bad).from(passSeconds).until(passes * passSeconds)
}

func each(all ...traffic) traffic {
	return func(second int) (good, bad float64) {
		for _, f := range all {
			g, b := f(second)
			good, bad = good+g, bad+b
		}
		return good, bad
	}
}

func (f traffic) from(begin int) traffic {
	return func(second int) (float64, float64) {
		if second < begin {
			return 0, 0
		}
		return f(second)
	}
}

func (f traffic) until(end int) traffic {
	return func(second int) (float64, float64) {
		if second > end {
			return 0, 0
		}
		return f(second)
	}
}

func (s *story) end() int { return s.minutes * minute }

// play samples a story up to a second and hands each pass to see.
func (s *story) play(end int, see func(second int, good, bad float64, o Objective)) {
	o := newObjective(ObjectiveSettings{Name: "export", Indicator: "exporter_success_ratio", Target: 0.999, Windows: threeWindows}, passSeconds*time.Second, epoch)
	e := newExporter(testKey, testWindow, passSeconds*time.Second, epoch.Add(-time.Second))
	counts := Counts{QueueCapacity: 1}
	elapsed := time.Duration(0)
	for second := 0; second <= end; second += passSeconds {
		good, bad := s.traffic(second)
		counts.Sent += good
		counts.SendFailed += bad
		e.observe(after(second), &counts, false)
		see(second, good, bad, o.observe(&pass{
			now: after(second), elapsed: elapsed, exporters: map[ExporterKey]*exporter{testKey: e},
			reading: &Reading{Exporters: map[ExporterKey]*Counts{testKey: &counts}},
		}))
		elapsed = passSeconds * time.Second
	}
}

// at returns what the objective of a story says at a second.
func (s *story) at(t *testing.T, second int) Objective {
	t.Helper()
	require.Zero(t, second%passSeconds)
	var last Objective
	s.play(second, func(_ int, _, _ float64, o Objective) { last = o })
	return last
}

func named(t *testing.T, name string) *story {
	t.Helper()
	for i := range stories {
		if stories[i].name == name {
			return &stories[i]
		}
	}
	require.Fail(t, "no such story", name)
	return nil
}

func TestBurnRatesOfEvents(t *testing.T) {
	f := func(name string, second int, good, budget float64, burn ...float64) {
		t.Helper()
		got := named(t, name).at(t, second)
		require.InDelta(t, good, got.Current, 1e-9, "good ratio")
		require.InDelta(t, budget, got.BudgetRemaining, 1e-3, "budget")
		for i, want := range burn {
			require.InDelta(t, want, got.BurnRates[i].Rate, max(1e-6, want/60), got.BurnRates[i].Window)
		}
	}
	f("idle", 1800, 1, 1, 0, 0, 0)
	// A failed request of a process that did nothing else stands for one pass, now and later.
	onePass := []float64{1000 * 5.0 / 300, 1000 * 5.0 / 3600, 1000 * 5.0 / 21600}
	for _, name := range []string{"one bad of one", "one request, and it fails"} {
		f(name, 10, 0, 1-onePass[2], onePass...)
		f(name, 305, 0, 1-onePass[2], onePass...)
		f(name, 310, 0, 1-onePass[2], 0, onePass[1], onePass[2])
		f(name, 1800, 0, 1-onePass[2], 0, onePass[1], onePass[2])
	}
	f("traffic that starts late, with a failure", 2*hour, 0, 1-onePass[2], onePass...)
	f("one bad of a million", 10, 0.999999, 1-onePass[2]*1e-6, 1e-6*onePass[0], 1e-6*onePass[1])
	// So do three, whatever good comes after a pause.
	threePasses := []float64{3 * onePass[0], 3 * onePass[1], 3 * onePass[2]}
	f("failures, a pause, and a good one", 295, 0, 1-threePasses[2], threePasses...)
	f("failures, a pause, and a good one", 300, 0.25, 1-threePasses[2], threePasses...)
	f("failures, a long pause, and a good one", 5*hour, 0.25, 1-threePasses[2], 0, 0, threePasses[2])
	f("failures, a pause, and much good", 300, 1-3.0/8195, 1-1000*3.0/8195*300/21600, 1000*3.0/8195, 1000*3.0/8195*300/3600, 1000*3.0/8195*300/21600)
	f("much good that leaves before a failure does", 70*minute, 1-1/1000002.0, 1, 0, 1000/1000001.0*50/60, 1000/1000001.0*50/360)
	// Ratios of windows that are measured whole are bad events ÷ all events.
	f("an outage", hour, 1-1.0/720, 1-1000.0/720/6, 1000.0/60, 1000.0/720, 1000.0/720/6)
	f("an outage", 5395, 1-360.0/1079, 1-1000*360.0/1079*5395/21600, 1000, 500, 1000*360.0/1079*5395/21600)
	f("2 % fail", 3*hour, 0.98, 1-10, 20, 20, 10)
	f("traffic that stops, with a failure", hour, 1-1.0/360, 1-1000.0/360/6, 1000.0/30, 1000.0/360, 1000.0/360/6)
	f("traffic that stops, with a failure", hour+295, 1-1.0/360, 1-1000.0/360/6, 1000.0/30, 1000.0/360, 1000.0/360/6)
	f("traffic that stops, with a failure", hour+300, 1-1.0/360, 1-1000.0/360/6, 0, 1000.0/360, 1000.0/360/6)
	f("traffic that stops, with a failure", 2*hour, 1-1.0/360, 1-1000.0/360/6, 0, 0, 1000.0/360/6)
}

func TestBadPassesCountMomentsAndNotItems(t *testing.T) {
	f := func(name string, second int, want ...int64) {
		t.Helper()
		for i, burn := range named(t, name).at(t, second).BurnRates {
			require.Equal(t, want[i], burn.BadPasses, burn.Window)
		}
	}
	f("idle", 600, 0, 0, 0)
	f("one request, and it fails", 10, 1, 1, 1)
	f("one request, and it fails", 310, 0, 1, 1)
	f("a young process whose first requests fail", 60, 3, 3, 3)
	f("an outage that ends", hour+10*minute-5, 60, 120, 120)
}

// After a pause as long as the longest window nothing is left to compare with, as in a young process.
func TestWindowsRestartWhenTheLongestIsEmpty(t *testing.T) {
	f := func(pause int, wantHour float64) {
		t.Helper()
		s := story{traffic: func(second int) (float64, float64) {
			switch {
			case second > 0 && second <= 2*hour:
				return 1, 0
			case second == 2*hour+pause:
				return 0, 1
			}
			return 0, 0
		}}
		require.InDelta(t, wantHour, s.at(t, 2*hour+pause).BurnRates[1].Rate, 1e-6)
	}
	f(6*hour+passSeconds, 1000*5.0/3600)
	f(6*hour, 1000)
}
