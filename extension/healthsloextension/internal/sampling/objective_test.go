// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var twoWindows = []time.Duration{time.Hour, 5 * time.Minute}

// requireObjective takes the burn rates of five minutes and of an hour.
func requireObjective(t *testing.T, got Objective, good, budget float64, burn ...float64) {
	t.Helper()
	require.True(t, got.Known)
	require.InDelta(t, good, got.Current, 1e-9)
	require.InDelta(t, budget, got.BudgetRemaining, 1e-9)
	require.Len(t, got.BurnRates, len(burn))
	for i, want := range burn {
		require.Equal(t, []time.Duration{5 * time.Minute, time.Hour}[i], got.BurnRates[i].Window)
		require.InDelta(t, want, got.BurnRates[i].Rate, 1e-9)
	}
}

// The example of the workbook's chapter on alerting: at a target of 99.9 %, an error rate of
// 1.44 % is a burn rate of 14.4.
func TestBurnRateOfTheWorkbook(t *testing.T) {
	o := newObjective(ObjectiveSettings{Name: "export", Indicator: "exporter_success_ratio", Target: 0.999, Windows: twoWindows}, 5*time.Second, epoch)
	e := newExporter(testKey, testWindow, testWindow/2, epoch.Add(-time.Second))
	var got Objective
	observe := func(second int, counts Counts) {
		e.observe(after(second), &counts, false)
		got = o.observe(&pass{
			now: after(second), elapsed: 5 * time.Second, exporters: map[ExporterKey]*exporter{testKey: e},
			reading: &Reading{Exporters: map[ExporterKey]*Counts{testKey: &counts}},
		})
	}
	for s := 0; s <= 3600; s += 5 {
		observe(s, Counts{Sent: float64(s) * 9856, SendFailed: float64(s) * 144})
	}
	requireObjective(t, got, 0.9856, 1-14.4, 14.4, 14.4)
	for s := 3605; s <= 3600+300; s += 5 {
		observe(s, Counts{Sent: 3600*9856 + float64(s-3600)*10000, SendFailed: 3600 * 144})
	}
	require.Zero(t, got.BurnRates[0].Rate, "five minutes later the short window has forgotten")
	require.InDelta(t, 14.4*55/60, got.BurnRates[1].Rate, 14.4/60, "the long one has not; it is exact to a 60th")
}

// lookAt is what a pass of five seconds finds, for indicators that count time.
func lookAt(second int, change func(*pass)) *pass {
	p := &pass{now: after(second), elapsed: 5 * time.Second, reading: newReading(), readiness: Ready}
	change(p)
	return p
}

func TestLevelIndicatorsCountTime(t *testing.T) {
	f := func(set ObjectiveSettings, good, bad func(*pass)) {
		t.Helper()
		set.Target, set.Windows = 0.9, twoWindows
		o := newObjective(set, 5*time.Second, epoch)
		var got Objective
		for s := 0; s <= 600; s += 5 {
			change := good
			if s >= 450 {
				change = bad
			}
			got = o.observe(lookAt(s, change))
		}
		requireObjective(t, got, 0.75, 1-2.5/6, 5, 2.5/6) // ten minutes of the hour have been
	}
	queue := func(id string, size float64) func(*pass) {
		return func(p *pass) {
			p.reading.Exporters[ExporterKey{"other", "logs"}] = &Counts{QueueSize: 10, QueueCapacity: 10}
			p.reading.Exporters[ExporterKey{id, "logs"}] = &Counts{QueueSize: size, QueueCapacity: 10}
		}
	}
	f(ObjectiveSettings{Indicator: "queue_headroom", MaxDepthRatio: 0.8, Components: []string{"mine"}}, queue("mine", 8), queue("mine", 9))
	f(ObjectiveSettings{Indicator: "readiness"}, func(p *pass) { p.readiness = Ready }, func(p *pass) { p.readiness = Unready })
	age := func(age time.Duration) func(*pass) {
		return func(p *pass) {
			p.reading.LastActivity["dcgm"] = p.now.Add(-age)
			p.reading.LastActivity["clock"] = p.now
		}
	}
	f(ObjectiveSettings{Indicator: "receiver_freshness", MaxAge: time.Minute}, age(time.Minute), age(time.Minute+time.Second))
}

// An alert on a long and a short window together has to distinguish a lasting failure from a moment's.
func TestOneBadPassBurnsNoMoreInAYoungProcess(t *testing.T) {
	o := newObjective(ObjectiveSettings{Indicator: "readiness", Target: 0.999, Windows: twoWindows}, 5*time.Second, epoch)
	for s := 0; s <= 2*3600; s += 5 {
		requireFiveBadSeconds(t, o.observe(lookAt(s, func(p *pass) {
			if s == 30 {
				p.readiness = Unready
			}
		})))
	}
}

// requireFiveBadSeconds takes at most the burn rates of five bad seconds, at a target of 99.9 %.
func requireFiveBadSeconds(t *testing.T, got Objective) {
	t.Helper()
	require.Len(t, got.BurnRates, len(twoWindows))
	for _, burn := range got.BurnRates {
		require.LessOrEqual(t, burn.Rate, 5/burn.Window.Seconds()/0.001+1e-9, burn.Window)
	}
}

func TestLastingFailureBurnsFromTheStart(t *testing.T) {
	o := newObjective(ObjectiveSettings{Indicator: "readiness", Target: 0.999, Windows: twoWindows}, 5*time.Second, epoch)
	var got Objective
	for s := 0; s <= 60; s += 5 {
		got = o.observe(lookAt(s, func(p *pass) { p.readiness = Unready }))
	}
	requireObjective(t, got, 0, 1-1000.0/60, 1000.0/5, 1000.0/60)
}

func TestWindowsRestartAfterAGap(t *testing.T) {
	o := newObjective(ObjectiveSettings{Indicator: "readiness", Target: 0.999, Windows: twoWindows}, 5*time.Second, epoch)
	for s := 0; s <= 3600; s += 5 {
		o.observe(lookAt(s, func(*pass) {}))
	}
	for s := 4325; s <= 4330; s += 5 {
		requireFiveBadSeconds(t, o.observe(lookAt(s, func(p *pass) { p.readiness = Unready })))
	}
}

// What a pass finds may have begun right before it.
func TestTimeIsThatOfThePassBefore(t *testing.T) {
	o := newObjective(ObjectiveSettings{Indicator: "readiness", Target: 0.9, Windows: twoWindows}, 5*time.Second, epoch)
	f := func(second int, readiness Readiness, bad, total float64) {
		t.Helper()
		o.observe(lookAt(second, func(p *pass) { p.readiness = readiness }))
		require.Equal(t, []float64{bad, total}, []float64{o.bad, o.total})
	}
	f(0, NotYetReady, 0, 0)
	f(5, NotYetReady, 0, 0)
	f(10, Ready, 0, 0)
	f(15, Unready, 0, 5)
	f(20, Ready, 5, 10)
	f(25, NotYetReady, 5, 15)
	f(30, Ready, 5, 15)
}

func TestObjectiveThatWasNeverMeasuredIsUnknown(t *testing.T) {
	f := func(set ObjectiveSettings, change func(*pass), want bool) {
		t.Helper()
		set.Target, set.Windows = 0.9, twoWindows
		require.Equal(t, want, newObjective(set, 5*time.Second, epoch).observe(lookAt(5, change)).Known, set.Indicator)
	}
	noReading := func(p *pass) { p.reading = nil }
	nothing := func(*pass) {}
	for _, indicator := range Indicators() {
		f(ObjectiveSettings{Indicator: indicator}, noReading, indicator == "readiness")
		f(ObjectiveSettings{Indicator: indicator}, nothing, indicator == "readiness")
	}
	f(ObjectiveSettings{Indicator: "readiness"}, func(p *pass) { p.readiness = NotYetReady }, false)
	f(ObjectiveSettings{Indicator: "queue_headroom"}, func(p *pass) { p.reading.Exporters[testKey] = &Counts{Sent: 1} }, false)
	f(ObjectiveSettings{Indicator: "receiver_freshness", Components: []string{"dcgm"}},
		func(p *pass) { p.reading.LastActivity["clock"] = p.now }, false)
}

func TestObjectiveIsKnownOnceEachNamedComponentWasSeen(t *testing.T) {
	f := func(indicator string, see func(p *pass, id string)) {
		t.Helper()
		set := ObjectiveSettings{Indicator: indicator, Components: []string{"a", "b"}, Target: 0.9, Windows: twoWindows}
		o := newObjective(set, 5*time.Second, epoch)
		require.False(t, o.observe(lookAt(5, func(p *pass) { see(p, "a") })).Known)
		require.False(t, o.observe(lookAt(10, func(p *pass) { see(p, "b") })).Known)
		require.Zero(t, o.total)
		require.True(t, o.observe(lookAt(15, func(p *pass) { see(p, "a"); see(p, "b") })).Known)
	}
	sees := func(p *pass, id string) {
		key := ExporterKey{id, "logs"}
		p.reading.Exporters[key] = &Counts{QueueCapacity: 1}
		if p.exporters == nil {
			p.exporters = map[ExporterKey]*exporter{}
		}
		p.exporters[key] = &exporter{lastTotal: 1}
	}
	f("exporter_success_ratio", sees)
	f("queue_headroom", sees)
	f("receiver_freshness", func(p *pass, id string) { p.reading.LastActivity[id] = p.now })
}

// The worst of several components is what counts, in whatever order they come.
func TestOneBadComponentOfSeveralIsBad(t *testing.T) {
	for range 20 {
		p := lookAt(5, func(p *pass) {
			for _, id := range []string{"a", "b", "c"} {
				p.reading.Exporters[ExporterKey{id, "logs"}] = &Counts{QueueSize: 1, QueueCapacity: 10}
				p.reading.LastActivity[id] = p.now
			}
			p.reading.Exporters[ExporterKey{"b", "logs"}].QueueSize = 10
			p.reading.LastActivity["b"] = p.now.Add(-time.Hour)
		})
		for _, set := range []ObjectiveSettings{{Indicator: "queue_headroom", MaxDepthRatio: 0.8}, {Indicator: "receiver_freshness", MaxAge: time.Minute}} {
			o := newObjective(set, 5*time.Second, epoch)
			o.observe(p)
			require.Equal(t, level{bad: true, known: true}, o.level, set.Indicator)
		}
	}
}

func TestItemsOfAllExportersCount(t *testing.T) {
	a, b := ExporterKey{"a", "logs"}, ExporterKey{"b", "traces"}
	o := newObjective(ObjectiveSettings{Indicator: "exporter_success_ratio", Target: 0.9, Windows: twoWindows}, 5*time.Second, epoch)
	o.observe(lookAt(5, func(p *pass) {
		p.reading.Exporters = map[ExporterKey]*Counts{a: {}, b: {}}
		p.exporters = map[ExporterKey]*exporter{a: {lastBad: 1, lastTotal: 10}, b: {lastBad: 2, lastTotal: 20}}
	}))
	require.Equal(t, []float64{3, 30}, []float64{o.bad, o.total})
}

func TestAnObjectiveStaysKnown(t *testing.T) {
	o := newObjective(ObjectiveSettings{Indicator: "exporter_success_ratio", Target: 0.9, Windows: twoWindows}, 5*time.Second, epoch)
	require.True(t, o.observe(lookAt(5, func(p *pass) {
		p.reading.Exporters[testKey], p.exporters = &Counts{}, map[ExporterKey]*exporter{testKey: {}}
	})).Known)
	require.True(t, o.observe(lookAt(10, func(p *pass) { p.reading = nil })).Known)
}

// A tenth of a window may go by unmeasured: six minutes of an hour.
func TestAShortGapDoesNotRestartAWindow(t *testing.T) {
	f := func(gap int, want time.Time) {
		t.Helper()
		o := newObjective(ObjectiveSettings{Indicator: "readiness", Target: 0.9, Windows: twoWindows}, 5*time.Second, epoch)
		for _, second := range []int{0, 5, 5 + gap} {
			o.observe(lookAt(second, func(*pass) {}))
		}
		require.Equal(t, want, o.windows[1].since)
	}
	f(360, epoch)
	f(361, after(366))
}
