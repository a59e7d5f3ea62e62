// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var twoWindows = []time.Duration{time.Hour, 5 * time.Minute}

func requireObjective(t *testing.T, got Objective, good, short, long float64) {
	t.Helper()
	require.True(t, got.Known)
	require.InDelta(t, good, got.Current, 1e-9)
	require.InDelta(t, 1-long, got.BudgetRemaining, 1e-9)
	require.Equal(t, 5*time.Minute, got.BurnRates[0].Window)
	require.InDelta(t, short, got.BurnRates[0].Rate, 1e-9)
	require.Equal(t, time.Hour, got.BurnRates[1].Window)
	require.InDelta(t, long, got.BurnRates[1].Rate, 1e-9)
}

// The example of the workbook's chapter on alerting: at a target of 99.9 %, an error rate of
// 1.44 % is a burn rate of 14.4.
func TestBurnRateOfTheWorkbook(t *testing.T) {
	o := newObjective(ObjectiveSettings{Name: "export", Indicator: "exporter_success_ratio", Target: 0.999, Windows: twoWindows}, epoch)
	e := newExporter(testKey, testWindow, testWindow/2, epoch.Add(-time.Second))
	var got Objective
	observe := func(second int, counts Counts) {
		e.observe(after(second), &counts, false)
		got = o.observe(&pass{
			now: after(second), seconds: 5, exporters: map[ExporterKey]*exporter{testKey: e},
			reading: &Reading{Exporters: map[ExporterKey]*Counts{testKey: &counts}},
		})
	}
	for s := 0; s <= 3600; s += 5 {
		observe(s, Counts{Sent: float64(s) * 9856, SendFailed: float64(s) * 144})
	}
	requireObjective(t, got, 0.9856, 14.4, 14.4)
	for s := 3605; s <= 3600+300; s += 5 {
		observe(s, Counts{Sent: 3600*9856 + float64(s-3600)*10000, SendFailed: 3600 * 144})
	}
	require.Zero(t, got.BurnRates[0].Rate, "five minutes later the short window has forgotten")
	require.InDelta(t, 14.4*55/60, got.BurnRates[1].Rate, 14.4/60, "the long one has not; it is exact to a 60th")
}

// level is what a pass of five seconds finds, for indicators that count time.
func level(second int, change func(*pass)) *pass {
	p := &pass{now: after(second), seconds: 5, reading: newReading(), ready: true}
	change(p)
	return p
}

func TestLevelIndicatorsCountTime(t *testing.T) {
	f := func(set ObjectiveSettings, good, bad func(*pass)) {
		t.Helper()
		set.Target, set.Windows = 0.9, twoWindows
		o := newObjective(set, epoch)
		var got Objective
		for s := 5; s <= 600; s += 5 {
			change := good
			if s > 450 {
				change = bad
			}
			got = o.observe(level(s, change))
		}
		requireObjective(t, got, 0.75, 5, 2.5)
	}
	queue := func(id string, size float64) func(*pass) {
		return func(p *pass) {
			p.reading.Exporters[ExporterKey{"other", "logs"}] = &Counts{QueueSize: 10, QueueCapacity: 10}
			p.reading.Exporters[ExporterKey{id, "logs"}] = &Counts{QueueSize: size, QueueCapacity: 10}
		}
	}
	f(ObjectiveSettings{Indicator: "queue_headroom", MaxDepthRatio: 0.8, Components: []string{"mine"}}, queue("mine", 8), queue("mine", 9))
	f(ObjectiveSettings{Indicator: "readiness"}, func(p *pass) { p.ready = true }, func(p *pass) { p.ready = false })
	age := func(age time.Duration) func(*pass) {
		return func(p *pass) {
			p.reading.LastActivity["dcgm"] = p.now.Add(-age)
			p.reading.LastActivity["clock"] = p.now
		}
	}
	f(ObjectiveSettings{Indicator: "receiver_freshness", MaxAge: time.Minute}, age(time.Minute), age(time.Minute+time.Second))
}

func TestObjectiveThatWasNeverMeasuredIsUnknown(t *testing.T) {
	f := func(set ObjectiveSettings, change func(*pass), want bool) {
		t.Helper()
		set.Target, set.Windows = 0.9, twoWindows
		require.Equal(t, want, newObjective(set, epoch).observe(level(5, change)).Known, set.Indicator)
	}
	noReading := func(p *pass) { p.reading = nil }
	nothing := func(*pass) {}
	for _, indicator := range Indicators() {
		f(ObjectiveSettings{Indicator: indicator}, noReading, indicator == "readiness")
		f(ObjectiveSettings{Indicator: indicator}, nothing, indicator == "readiness")
	}
	f(ObjectiveSettings{Indicator: "queue_headroom"}, func(p *pass) { p.reading.Exporters[testKey] = &Counts{Sent: 1} }, false)
	f(ObjectiveSettings{Indicator: "receiver_freshness", Components: []string{"dcgm"}},
		func(p *pass) { p.reading.LastActivity["clock"] = p.now }, false)
}
