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
	elapsed   time.Duration // since the pass before
	reading   *Reading      // nil if there is none
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

// indicator is what an objective counts.
type indicator struct {
	// look returns what a pass adds to the bad and to all that is counted, and whether the pass
	// could measure.
	look func(o *objective, p *pass) (bad, total float64, known bool)

	// events means that it counts events, and not time.
	events bool
}

var indicators = map[string]indicator{
	"exporter_success_ratio": {exporterSuccess, true},
	"queue_headroom":         {byTime(queueHeadroom), false},
	"readiness":              {byTime(readiness), false},
	"receiver_freshness":     {byTime(receiverFreshness), false},
}

// level is what a pass found of something that is either good or bad.
type level struct {
	bad, known bool
}

// byTime counts seconds. Those since the pass before are that pass's: what a pass finds may
// have begun a moment ago.
func byTime(look func(*objective, *pass) level) func(*objective, *pass) (bad, total float64, known bool) {
	return func(o *objective, p *pass) (bad, total float64, known bool) {
		before := o.level
		o.level = look(o, p)
		if !before.known {
			return 0, 0, o.level.known
		}
		seconds := p.elapsed.Seconds()
		if before.bad {
			bad = seconds
		}
		return bad, seconds, o.level.known
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

// measures reports whether the objective is about a component that the pass found, and takes
// note of it.
func (o *objective) measures(id string) bool {
	selected := len(o.Components) == 0 || slices.Contains(o.Components, id)
	if selected {
		o.found[id] = true
	}
	return selected
}

// complete reports whether the pass found each named component, or any where none is named: one
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
	indicator
	interval   time.Duration // between two passes
	windows    []objectiveWindow
	known      bool      // a pass could measure it
	measured   time.Time // the last pass that counted anything
	bad, total float64
	badPasses  float64         // that counted anything bad
	level      level           // of the pass before, for indicators that count time
	found      map[string]bool // components that the pass measured
	warned     bool            // about those it did not
}

// objectiveWindow is one of the objective's windows, the shortest first.
type objectiveWindow struct {
	length time.Duration
	since  time.Time    // since when it is measured
	ratio  *window.Rate // of bad to all that is counted
	passes *window.Rate // counts passes that found anything bad
	weight float64      // of one bad item, or second: its share of a window that is measured whole
}

func newObjective(set ObjectiveSettings, interval time.Duration, now time.Time) *objective {
	o := &objective{ObjectiveSettings: set, indicator: indicators[set.Indicator], interval: interval, found: map[string]bool{}}
	for _, length := range slices.Sorted(slices.Values(set.Windows)) {
		w := objectiveWindow{length: length, ratio: window.NewRate(length), passes: window.NewRate(length)}
		w.ratio.Observe(now, 0, 0)
		w.passes.Observe(now, 0, 0)
		o.windows = append(o.windows, w)
	}
	return o
}

func (o *objective) observe(p *pass) Objective {
	clear(o.found)
	bad, total, known := o.look(o, p)
	o.known = o.known || known
	o.bad, o.total = o.bad+bad, o.total+total
	if bad > 0 {
		o.badPasses++
	}
	switch {
	case !o.events && known:
		o.watch(p.now, p.now)
	case total > 0 && o.events:
		o.watch(p.now.Add(-p.elapsed), p.now)
	}
	return o.state(p.now, bad > 0 || !o.events)
}

// state is what the objective says after a pass. settle means that the pass settles again what bad
// is compared with.
func (o *objective) state(now time.Time, settle bool) Objective {
	state := Objective{Name: o.Name, Indicator: o.Indicator, Target: o.Target, Known: o.known}
	for i := range o.windows {
		w := &o.windows[i]
		w.ratio.Observe(now, o.bad, o.total)
		w.passes.Observe(now, o.badPasses, o.badPasses)
		o.weigh(w, settle)
		ratio, burn := w.ratio.Ratio(), w.ratio.Bad()*w.weight/(1-o.Target)
		state.BurnRates = append(state.BurnRates, BurnRate{Window: w.length, Rate: burn, BadPasses: int64(w.passes.Bad())})
		// The longest window comes last: the budget is its.
		state.Current, state.BudgetRemaining = 1-ratio, 1-burn
	}
	return state
}

// weigh settles what each bad item, or second, of a window weighs. Good items alone only lower it:
// they come with time that has been measured and with older good ones leaving the window, and
// neither is a reason to burn more.
func (o *objective) weigh(w *objectiveWindow, settle bool) {
	total := w.ratio.Total()
	if total == 0 {
		return
	}
	weight := o.observed(w) / total
	if !settle {
		weight = min(weight, w.weight)
	}
	w.weight = weight
}

// watch takes note of a pass that counted, from begin to now. A window is measured from the start again
// after a gap.
func (o *objective) watch(begin, now time.Time) {
	for i := range o.windows {
		if w := &o.windows[i]; now.Sub(o.measured) > o.gap(w) {
			w.since = begin
		}
	}
	o.measured = now
}

// gap is what may lie between two passes that counted. Time that could not be measured may have
// been bad. A pause of events is none, until the longest window has forgotten them all.
func (o *objective) gap(w *objectiveWindow) time.Duration {
	if o.events {
		return o.windows[len(o.windows)-1].length
	}
	return max(maxIntervals*o.interval, w.length/10)
}

// observed is the share of a window that has been measured, and the weight of what was bad in
// it: what was before counts as good. Without it all windows of a young process would be one and
// the same, and a single bad pass would burn in the long ones as in the short ones. It grows
// with what is measured and not with time, so nothing burns while nothing is counted.
func (o *objective) observed(w *objectiveWindow) float64 {
	if o.measured.IsZero() {
		return 0
	}
	return min(1, o.measured.Sub(w.since).Seconds()/w.length.Seconds())
}
