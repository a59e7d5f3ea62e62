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
func byTime(look func(*objective, *pass) level) indicator {
	return func(o *objective, p *pass) (bad, total float64, known bool) {
		before := o.level
		o.level = look(o, p)
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
		if e := p.exporters[key]; o.measures(key.ID) {
			bad, total = bad+e.lastBad, total+e.lastTotal
		}
	}
	if !o.complete() {
		return 0, 0, false
	}
	return bad, total, true
}

func queueHeadroom(o *objective, p *pass) level {
	if p.reading == nil {
		return level{}
	}
	full := false
	for key, c := range p.reading.Exporters {
		if c.QueueCapacity > 0 && o.measures(key.ID) {
			full = full || c.QueueSize/c.QueueCapacity > o.MaxDepthRatio
		}
	}
	return level{bad: full, known: o.complete()}
}

func receiverFreshness(o *objective, p *pass) level {
	if p.reading == nil {
		return level{}
	}
	stale := false
	for id, last := range p.reading.LastActivity {
		if o.measures(id) {
			stale = stale || p.now.Sub(last) > o.MaxAge
		}
	}
	return level{bad: stale, known: o.complete()}
}

func readiness(_ *objective, p *pass) level {
	return level{bad: p.readiness == Unready, known: p.readiness != NotYetReady}
}

// measures tells whether the objective is about a component that the pass found, and takes
// note of it.
func (o *objective) measures(id string) bool {
	selected := len(o.Components) == 0 || slices.Contains(o.Components, id)
	if selected {
		o.found[id] = true
	}
	return selected
}

// complete tells whether the pass found each named component, or any where none is named: one
// that was not found may be what is bad.
func (o *objective) complete() bool {
	return len(o.found) > 0 && len(o.missing()) == 0
}

// missing are the named components that the pass did not find, by their index.
func (o *objective) missing() map[int]string {
	missing := map[int]string{}
	for i, id := range o.Components {
		if !o.found[id] {
			missing[i] = id
		}
	}
	return missing
}

// objective follows one objective from pass to pass.
type objective struct {
	ObjectiveSettings
	interval   time.Duration  // between two passes
	rates      []*window.Rate // of Windows, the shortest first
	since      []time.Time    // since when each window is observed
	measured   time.Time      // the last pass that could tell
	bad, total float64
	level      level           // of the pass before, for indicators that count time
	found      map[string]bool // components that the pass measured
	warned     bool            // about those it did not
}

func newObjective(set ObjectiveSettings, interval time.Duration, now time.Time) *objective {
	o := &objective{ObjectiveSettings: set, interval: interval, since: make([]time.Time, len(set.Windows)), found: map[string]bool{}}
	o.Windows = slices.Sorted(slices.Values(set.Windows))
	for _, length := range o.Windows {
		rate := window.NewRate(length)
		rate.Observe(now, 0, 0)
		o.rates = append(o.rates, rate)
	}
	return o
}

func (o *objective) observe(p *pass) Objective {
	clear(o.found)
	bad, total, known := indicators[o.Indicator](o, p)
	o.bad, o.total = o.bad+bad, o.total+total
	if known {
		o.watch(p.now)
	}
	state := Objective{Name: o.Name, Indicator: o.Indicator, Target: o.Target, Known: !o.measured.IsZero()}
	for i, rate := range o.rates {
		rate.Observe(p.now, o.bad, o.total)
		burn := rate.Ratio() / (1 - o.Target) * o.observed(i, p.now)
		state.BurnRates = append(state.BurnRates, BurnRate{Window: o.Windows[i], Rate: burn})
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

// observed is the share of a window that has been, and the weight of what was bad in it: the
// rest counts as good. Without it all windows of a young process would be one and the same, and
// a single bad pass would burn in the long ones as in the short ones.
func (o *objective) observed(i int, now time.Time) float64 {
	if o.measured.IsZero() {
		return 0
	}
	return min(1, now.Sub(o.since[i]).Seconds()/o.Windows[i].Seconds())
}
