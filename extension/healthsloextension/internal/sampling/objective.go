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
	seconds   float64  // since the pass before
	reading   *Reading // nil if there is none
	exporters map[ExporterKey]*exporter
	readiness Readiness
}

// Readiness is what the Collector's readiness is at a moment.
type Readiness int

// NotYetReady is the first start of the process, which no objective is about.
const (
	NotYetReady Readiness = iota
	Unready
	Ready
)

// indicator returns what a pass adds to the bad and to all that is counted, and whether the
// pass could tell.
type indicator func(o *objective, p *pass) (bad, total float64, known bool)

var indicators = map[string]indicator{
	"exporter_success_ratio": exporterSuccess,
	"queue_headroom":         byTime(queueHeadroom),
	"readiness":              byTime(readiness),
	"receiver_freshness":     byTime(receiverFreshness),
}

// level is what a pass found of something that is either good or bad.
type level struct {
	bad, known bool
}

// byTime counts seconds. Those since the pass before are that pass's: what a pass finds may
// have begun a moment ago.
func byTime(look func(*ObjectiveSettings, *pass) level) indicator {
	return func(o *objective, p *pass) (bad, total float64, known bool) {
		before := o.level
		o.level = look(&o.ObjectiveSettings, p)
		if !before.known {
			return 0, 0, o.level.known
		}
		if before.bad {
			bad = p.seconds
		}
		return bad, p.seconds, o.level.known
	}
}

// Indicators returns the names of all indicators, sorted.
func Indicators() []string {
	return slices.Sorted(maps.Keys(indicators))
}

func exporterSuccess(o *objective, p *pass) (bad, total float64, known bool) {
	if p.reading == nil {
		return 0, 0, false
	}
	for key := range p.reading.Exporters {
		if e := p.exporters[key]; o.selects(key.ID) {
			bad, total, known = bad+e.lastBad, total+e.lastTotal, true
		}
	}
	return bad, total, known
}

func queueHeadroom(set *ObjectiveSettings, p *pass) (queues level) {
	if p.reading == nil {
		return level{}
	}
	for key, c := range p.reading.Exporters {
		if c.QueueCapacity > 0 && set.selects(key.ID) {
			queues.known = true
			queues.bad = queues.bad || c.QueueSize/c.QueueCapacity > set.MaxDepthRatio
		}
	}
	return queues
}

func receiverFreshness(set *ObjectiveSettings, p *pass) (receivers level) {
	if p.reading == nil {
		return level{}
	}
	for id, last := range p.reading.LastActivity {
		if set.selects(id) {
			receivers.known = true
			receivers.bad = receivers.bad || p.now.Sub(last) > set.MaxAge
		}
	}
	return receivers
}

func readiness(_ *ObjectiveSettings, p *pass) level {
	return level{bad: p.readiness == Unready, known: p.readiness != NotYetReady}
}

func (set *ObjectiveSettings) selects(id string) bool {
	return len(set.Components) == 0 || slices.Contains(set.Components, id)
}

// objective follows one objective from pass to pass.
type objective struct {
	ObjectiveSettings
	interval   time.Duration  // between two passes
	rates      []*window.Rate // of Windows, the shortest first
	since      []time.Time    // since when each window is observed
	measured   time.Time      // the last pass that could tell
	bad, total float64
	level      level // of the pass before, for indicators that count time
}

func newObjective(set ObjectiveSettings, interval time.Duration, now time.Time) *objective {
	o := &objective{ObjectiveSettings: set, interval: interval, since: make([]time.Time, len(set.Windows))}
	o.Windows = slices.Sorted(slices.Values(set.Windows))
	for _, length := range o.Windows {
		rate := window.NewRate(length)
		rate.Observe(now, 0, 0)
		o.rates = append(o.rates, rate)
	}
	return o
}

func (o *objective) observe(p *pass) Objective {
	bad, total, known := indicators[o.Indicator](o, p)
	o.bad, o.total = o.bad+bad, o.total+total
	if known {
		o.watch(p.now)
	}
	state := Objective{Name: o.Name, Indicator: o.Indicator, Target: o.Target, Known: !o.measured.IsZero()}
	for i, rate := range o.rates {
		rate.Observe(p.now, o.bad, o.total)
		burn := rate.Ratio() / (1 - o.Target)
		if o.observed(i, p.now) {
			state.BurnRates = append(state.BurnRates, BurnRate{Window: o.Windows[i], Rate: burn})
		}
		// The longest window comes last: the budget is its.
		state.Current, state.BudgetRemaining = 1-rate.Ratio(), 1-burn
	}
	return state
}

// watch takes note of a pass that could tell. A window in which more than a tenth goes by
// without one is observed from anew.
func (o *objective) watch(now time.Time) {
	for i, length := range o.Windows {
		if now.Sub(o.measured) > max(maxIntervals*o.interval, length/10) {
			o.since[i] = now
		}
	}
	o.measured = now
}

// observed tells whether a whole window has been. Before that all windows are one and the
// same, and a single bad pass would burn in the long ones as in the short ones.
func (o *objective) observed(i int, now time.Time) bool {
	return !o.measured.IsZero() && now.Sub(o.since[i]) >= o.Windows[i]
}
