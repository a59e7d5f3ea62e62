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

// every has a request of 500 items every so many seconds; fails tells which of them fail.
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
func (s *story) play(end int, see func(second int, counted bool, o Objective)) {
	o := newObjective(ObjectiveSettings{Name: "export", Indicator: "exporter_success_ratio", Target: 0.999, Windows: threeWindows}, passSeconds*time.Second, epoch)
	e := newExporter(testKey, testWindow, passSeconds*time.Second, epoch.Add(-time.Second))
	counts := Counts{QueueCapacity: 1}
	elapsed := time.Duration(0)
	for second := 0; second <= end; second += passSeconds {
		good, bad := s.traffic(second)
		counts.Sent += good
		counts.SendFailed += bad
		e.observe(after(second), &counts, false)
		see(second, good+bad > 0, o.observe(&pass{
			now: after(second), elapsed: elapsed, exporters: map[ExporterKey]*exporter{testKey: e},
			reading: &Reading{Exporters: map[ExporterKey]*Counts{testKey: &counts}},
		}))
		elapsed = passSeconds * time.Second
	}
}

func TestNothingIsSpentWithoutEvents(t *testing.T) {
	for i := range stories {
		t.Run(stories[i].name, func(t *testing.T) {
			before := Objective{BudgetRemaining: 1, Current: 1, BurnRates: make([]BurnRate, len(threeWindows))}
			stories[i].play(stories[i].end(), func(second int, counted bool, o Objective) {
				require.True(t, o.Known)
				if !counted {
					require.GreaterOrEqual(t, o.BudgetRemaining, before.BudgetRemaining, second)
					require.GreaterOrEqual(t, o.Current, before.Current, second)
					for j, burn := range o.BurnRates {
						require.LessOrEqual(t, burn.Rate, before.BurnRates[j].Rate, "%v at %d s", burn.Window, second)
						require.LessOrEqual(t, burn.BadPasses, before.BurnRates[j].BadPasses, "%v at %d s", burn.Window, second)
					}
				}
				before = o
			})
		})
	}
}

// at returns what the objective of a story says at a second.
func (s *story) at(t *testing.T, second int) Objective {
	t.Helper()
	require.Zero(t, second%passSeconds)
	var last Objective
	s.play(second, func(_ int, _ bool, o Objective) { last = o })
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
func TestWindowsBeginAnewWhenTheLongestIsEmpty(t *testing.T) {
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
