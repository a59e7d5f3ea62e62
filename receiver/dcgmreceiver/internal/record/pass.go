// SPDX-License-Identifier: Apache-2.0

package record

import (
	"cmp"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/series"
)

// Pass is one pass over all that is to be emitted at an instant.
type Pass struct {
	Batch *Batch
	Tally *Tally

	Engine  int64             // the engine's time, in microseconds
	Now     pcommon.Timestamp // the Collector's
	Start   pcommon.Timestamp // of points that are of no total
	Enabled map[string]bool   // by metric
	// NewOnly leaves out a value whose sample has been emitted already.
	NewOnly bool
}

// Entity is what is recorded of one entity by the rows.
type Entity struct {
	Attrs  pcommon.Map // of every point about it
	Values *series.Set
	Has    series.Traits
}

// Group are entities of one kind.
type Group struct {
	Layout   *catalog.Layout
	Entities []Entity
}

// Rows writes what the rows of ranks from one to before another give of all groups, what matters most of all of them first.
func (p *Pass) Rows(from, to int, groups ...Group) {
	next := make([]int, len(groups)) // by group: rows that are done
	for i, g := range groups {
		next[i], _ = slices.BinarySearchFunc(g.Layout.Rows, from, func(row catalog.Placed, rank int) int { return cmp.Compare(row.Rank, rank) })
	}
	for rank := from; rank < to; rank++ {
		for i, g := range groups {
			if next[i] == len(g.Layout.Rows) || g.Layout.Rows[next[i]].Rank != rank {
				continue
			}
			for j := range g.Entities {
				p.row(&g.Layout.Rows[next[i]], next[i], &g.Entities[j])
			}
			next[i]++
		}
	}
}

// row writes one series of one entity, or counts why it has no value.
func (p *Pass) row(row *catalog.Placed, i int, e *Entity) {
	reading, ok, why := e.Values.Read(i, e.Has, p.Engine)
	switch {
	case why != dcgm.OK:
		p.Tally.Drop(why)
		return
	case !ok || !p.Tally.Take():
		return
	}
	if row.Tier == catalog.Normal {
		p.Tally.See(reading.At)
	}
	p.put(e.Attrs, row.Metric, &reading, row.Attrs...)
}

// Put writes the value of a metric, unless the limit of series is reached.
func (p *Pass) Put(entity pcommon.Map, m *catalog.Metric, reading *series.Reading, attrs ...catalog.Attr) {
	if p.Tally.Take() {
		p.put(entity, m, reading, attrs...)
	}
}

func (p *Pass) put(entity pcommon.Map, m *catalog.Metric, reading *series.Reading, attrs ...catalog.Attr) {
	if p.NewOnly && !reading.New {
		return
	}
	at := Micros(reading.At)
	start := min(p.Start, at) // Another client's watch may have sampled before this receiver started.
	if reading.Start != 0 {
		start = Micros(reading.Start)
	}
	p.Batch.AddOf(entity, m, Point{Value: reading.Value, At: at, Start: start}, attrs...)
}

// Wants reports whether one more point of a metric without rows may be emitted.
func (p *Pass) Wants(m *catalog.Metric) bool { return p.Enabled[m.Name] && p.Tally.Take() }

// Add writes a point of a metric of integers without rows about an entity, now.
func (p *Pass) Add(entity pcommon.Map, m *catalog.Metric, value int64, attrs ...string) {
	if p.Wants(m) {
		p.Batch.AddOf(entity, m, Point{Value: catalog.Number{I: value}, At: p.Now, Start: p.Start}, m.With(attrs...)...)
	}
}

// AddSelf writes a point that is of no entity, at an instant. The limit of series does not count it.
func (p *Pass) AddSelf(at pcommon.Timestamp, m *catalog.Metric, value catalog.Number, attrs ...string) {
	if p.Enabled[m.Name] {
		p.Batch.Add(m, Point{Value: value, At: at, Start: p.Start}, m.With(attrs...)...)
	}
}

// Micros turns a timestamp of DCGM's into one of a point.
func Micros(at int64) pcommon.Timestamp { return pcommon.Timestamp(at * 1000) } //nolint:gosec // DCGM's timestamps are positive.
