// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"cmp"
	"math"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/tracecoreai/tracecore/internal/selftelemetry/gpureport"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/events"
)

// reported are the series whose values a report has, and where.
var reported = [...]struct {
	metric     *catalog.Metric
	attributes []string
	into       func(*gpureport.GPU) *float64
}{
	{catalog.Named("hw.temperature"), []string{"gpu", "gpu"}, func(g *gpureport.GPU) *float64 { return &g.Temperature }},
	{catalog.Named("hw.power"), []string{"gpu"}, func(g *gpureport.GPU) *float64 { return &g.Power }},
	{catalog.Named("hw.gpu.utilization"), []string{"general"}, func(g *gpureport.GPU) *float64 { return &g.Utilization }},
	{catalog.Named("hw.gpu.memory.usage"), nil, func(g *gpureport.GPU) *float64 { return &g.MemoryUsed }},
	{catalog.Named("hw.gpu.memory.limit"), nil, func(g *gpureport.GPU) *float64 { return &g.MemoryTotal }},
}

// reporter shows what was read of the GPUs to extensions that want it. It belongs to the goroutine that deals with the host engine.
type reporter struct {
	observers []gpureport.Observer
	report    gpureport.Report
	rows      [len(reported)]*catalog.Row
	scratch   []dcgm.Sample
}

func newReporter(id component.ID, interval time.Duration) *reporter {
	r := &reporter{report: gpureport.Report{Receiver: id.String(), Interval: interval}}
	rows := catalog.Rows()
	for i := range reported {
		attributes := reported[i].metric.With(reported[i].attributes...)
		r.rows[i] = &rows[slices.IndexFunc(rows, func(row catalog.Row) bool {
			return row.Metric == reported[i].metric && slices.Equal(row.Attrs, attributes)
		})]
	}
	return r
}

// show reports all GPUs that are known, at a time of the Collector. engine is the host engine's, in microseconds.
func (r *reporter) show(c *collector, now time.Time, engine int64) {
	if len(r.observers) == 0 {
		return
	}
	r.report.At, r.report.GPUs = now, r.report.GPUs[:0]
	for _, some := range [][]*gpu{shown(c.gpus), c.gone} {
		for _, g := range some {
			r.add(c, g, engine)
		}
	}
	for _, observer := range r.observers {
		observer.ObserveGPUs(&r.report)
	}
}

// add adds a GPU. Nothing is known of one that cannot be read but which XIDs it had.
func (r *reporter) add(c *collector, g *gpu, engine int64) {
	n := len(r.report.GPUs)
	r.report.GPUs = slices.Grow(r.report.GPUs, 1)[:n+1]
	into := &r.report.GPUs[n]
	*into = gpureport.GPU{ID: g.known.ID, ThrottleReasons: into.ThrottleReasons[:0], XIDs: into.XIDs[:0]}
	r.addValues(into, c, g, engine)
	if g.up() {
		addThrottle(into, c, g, engine)
	}
	c.xids.addLast(into, g)
}

func (r *reporter) addValues(into *gpureport.GPU, c *collector, g *gpu, engine int64) {
	var newest int64
	for i := range reported {
		*reported[i].into(into) = math.NaN()
		if value, at, ok := r.value(r.rows[i], c, g, engine); ok {
			*reported[i].into(into) = value
			newest = max(newest, at)
		}
	}
	if newest > 0 {
		into.At = time.UnixMicro(newest)
	}
}

// value returns the value of a row from the first of its sources that has one, whichever view or metric has it read, and its timestamp.
func (r *reporter) value(row *catalog.Row, c *collector, g *gpu, engine int64) (value float64, at int64, ok bool) {
	for i := range row.Sources {
		source := &row.Sources[i]
		if !g.up() || !r.gather(source, c, g, engine) {
			continue
		}
		number, ok := source.Value(r.scratch)
		return number.F, r.scratch[0].TS, ok && row.Range.Holds(source.Kind, number.F)
	}
	return 0, 0, false
}

// gather collects the samples of a source. It reports false where one is missing.
func (r *reporter) gather(source *catalog.Source, c *collector, g *gpu, engine int64) bool {
	r.scratch = r.scratch[:0]
	for _, field := range source.Fields {
		s, known := c.newest(g, field, engine)
		if !known {
			return false
		}
		r.scratch = append(r.scratch, s)
	}
	return true
}

// idle is what holds the clocks of a GPU without work down: no throttling.
const idle = "idle"

func addThrottle(into *gpureport.GPU, c *collector, g *gpu, engine int64) {
	s, known := c.newest(g, catalog.FieldClocksEventReasons, engine)
	if !known || !catalog.IsClocksEventMask(s.Int()) {
		return
	}
	into.ThrottleKnown = true
	for _, b := range catalog.ClocksEventReasons {
		if s.Int()>>b.Bit&1 == 1 && b.Reason != idle {
			into.ThrottleReasons = append(into.ThrottleReasons, b.Reason)
		}
	}
}

// addLast adds the last XIDs of a GPU and of its MIG instances, those included that are there no more, the newest first.
func (x *xidReader) addLast(into *gpureport.GPU, g *gpu) {
	if x.journal == nil || !x.journal.Counted() {
		return
	}
	for _, key := range x.journal.Numbers.Owners().Within(g.known.Key()) {
		counts, _, _ := x.journal.Counts(events.XIDs, key)
		for i := range counts {
			if !counts[i].Overflow {
				into.XIDs = addXID(into.XIDs, gpureport.XID{Code: counts[i].Code, Count: counts[i].Number, Last: time.UnixMicro(counts[i].Last)})
			}
		}
	}
	slices.SortFunc(into.XIDs, func(a, b gpureport.XID) int { return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.Code, b.Code)) })
	into.XIDs = into.XIDs[:min(len(into.XIDs), gpureport.MaxXIDs)]
	for i := range into.XIDs {
		into.XIDs[i].Mnemonic = x.table.XID(into.XIDs[i].Code).Mnemonic
	}
}

// addXID adds up what several entities had of one code.
func addXID(all []gpureport.XID, next gpureport.XID) []gpureport.XID {
	i := slices.IndexFunc(all, func(x gpureport.XID) bool { return x.Code == next.Code })
	if i < 0 {
		return append(all, next)
	}
	all[i].Count += next.Count
	if next.Last.After(all[i].Last) {
		all[i].Last = next.Last
	}
	return all
}
