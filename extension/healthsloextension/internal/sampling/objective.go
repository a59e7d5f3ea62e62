// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"maps"
	"slices"
	"time"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/window"
)

// ObjectiveSettings says what an objective measures and wants.
type ObjectiveSettings struct {
	Name      string
	Indicator string
	Target    float64         // above 0 and below 1
	Windows   []time.Duration // at least one

	// Components narrows an indicator down to these exporters or receivers.
	Components []string

	// MaxAge is how long ago a fresh receiver's last success may be.
	MaxAge time.Duration

	// MaxDepthRatio is how full a queue with headroom may be.
	MaxDepthRatio float64
}

// pass is what one sampling pass knows when it comes to the objectives.
type pass struct {
	now       time.Time
	seconds   float64  // what the pass stands for
	reading   *Reading // nil if there is none
	exporters map[ExporterKey]*exporter
	ready     bool
}

// indicators return what a pass adds to the bad and to all that is counted, and whether the
// pass could tell. Those of levels count seconds.
var indicators = map[string]func(*ObjectiveSettings, *pass) (bad, total float64, known bool){
	"exporter_success_ratio": exporterSuccess,
	"queue_headroom":         queueHeadroom,
	"readiness":              readiness,
	"receiver_freshness":     receiverFreshness,
}

// Indicators returns the names of all indicators, sorted.
func Indicators() []string {
	return slices.Sorted(maps.Keys(indicators))
}

func exporterSuccess(set *ObjectiveSettings, p *pass) (bad, total float64, known bool) {
	if p.reading == nil {
		return 0, 0, false
	}
	for key := range p.reading.Exporters {
		if e := p.exporters[key]; set.selects(key.ID) {
			bad, total, known = bad+e.lastBad, total+e.lastTotal, true
		}
	}
	return bad, total, known
}

func queueHeadroom(set *ObjectiveSettings, p *pass) (bad, total float64, known bool) {
	if p.reading == nil {
		return 0, 0, false
	}
	full := false
	for key, c := range p.reading.Exporters {
		if c.QueueCapacity > 0 && set.selects(key.ID) {
			known = true
			full = full || c.QueueSize/c.QueueCapacity > set.MaxDepthRatio
		}
	}
	return p.spent(full), p.seconds, known
}

func receiverFreshness(set *ObjectiveSettings, p *pass) (bad, total float64, known bool) {
	if p.reading == nil {
		return 0, 0, false
	}
	stale := false
	for id, last := range p.reading.LastActivity {
		if set.selects(id) {
			known = true
			stale = stale || p.now.Sub(last) > set.MaxAge
		}
	}
	return p.spent(stale), p.seconds, known
}

func readiness(_ *ObjectiveSettings, p *pass) (bad, total float64, known bool) {
	return p.spent(!p.ready), p.seconds, true
}

// spent is how many seconds of the pass were bad.
func (p *pass) spent(bad bool) float64 {
	if bad {
		return p.seconds
	}
	return 0
}

func (set *ObjectiveSettings) selects(id string) bool {
	return len(set.Components) == 0 || slices.Contains(set.Components, id)
}

// objective follows one objective from pass to pass.
type objective struct {
	ObjectiveSettings
	rates      []*window.Rate // of Windows, the shortest first
	bad, total float64
	known      bool
}

func newObjective(set ObjectiveSettings, now time.Time) *objective {
	o := &objective{ObjectiveSettings: set}
	o.Windows = slices.Sorted(slices.Values(set.Windows))
	for _, length := range o.Windows {
		rate := window.NewRate(length)
		rate.Observe(now, 0, 0)
		o.rates = append(o.rates, rate)
	}
	return o
}

func (o *objective) observe(p *pass) Objective {
	if bad, total, known := indicators[o.Indicator](&o.ObjectiveSettings, p); known {
		o.bad, o.total, o.known = o.bad+bad, o.total+total, true
	}
	state := Objective{Name: o.Name, Indicator: o.Indicator, Target: o.Target, Known: o.known}
	for i, rate := range o.rates {
		rate.Observe(p.now, o.bad, o.total)
		burn := rate.Ratio() / (1 - o.Target)
		state.BurnRates = append(state.BurnRates, BurnRate{Window: o.Windows[i], Rate: burn})
		// The longest window comes last: the budget is its.
		state.Current, state.BudgetRemaining = 1-rate.Ratio(), 1-burn
	}
	return state
}
