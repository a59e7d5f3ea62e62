// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"math"
	"slices"
	"time"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Row is one time series of every entity of some kinds.
type Row struct {
	*Metric

	Attrs   []Attr   // beyond those of the entity
	Kinds   Kinds    // of the entities of which some source has a value
	Tier    Tier     // how often its fields are watched and read
	Sources []Source // by preference; each entity keeps the first one it supports
	Range   *Range
	// GPM marks profiling that is wanted only where GPM provides it (Hopper and later).
	// Before Hopper every further profiling field is multiplexed with the others, which
	// costs accuracy.
	GPM bool
}

// Tier is how often a field is watched and read.
type Tier uint8

// The tiers, fastest first.
const (
	Normal Tier = iota // every collection
	Slow               // what changes with settings and links: at most once a minute
	Static             // identity: at most every five minutes
	Tiers
)

// floors are the shortest periods of the tiers; the collection interval is another one.
var floors = [Tiers]time.Duration{Normal: 0, Slow: time.Minute, Static: 5 * time.Minute}

// Source is one way to get a value.
type Source struct {
	Fields []dcgm.FieldID // read together
	Kind   Kind
	// Value converts the samples of Fields, all of which hold a value, to the unit of the
	// metric. It reports false where they give none.
	Value func(samples []dcgm.Sample) (Number, bool)
	// From is the first architecture that has it, where others answer 0 instead of not
	// supported.
	From Architecture
}

// NeedsAny reports whether the source needs one of some fields.
func (s *Source) NeedsAny(fields []dcgm.FieldID) bool {
	return slices.ContainsFunc(s.Fields, func(f dcgm.FieldID) bool { return slices.Contains(fields, f) })
}

// Kind says what the values of a source are.
type Kind uint8

// The kinds of values.
const (
	Level   Kind = iota // a level at an instant
	Counter             // a total that only a reset decreases
	Rate                // an average over the interval that ends at the timestamp, per second; its integral is the value
)

// Number is a value in the unit of its metric. Metrics of integers take I, others F.
type Number struct {
	I int64
	F float64
}

// values are those of a row's attributes, in the order of its metric's keys.
type values = []string

// row returns a row whose kinds of entities are those of its sources.
func row(metric string, tier Tier, attrs values, sources ...Source) Row {
	m := Named(metric)
	r := Row{Metric: m, Attrs: m.With(attrs...), Tier: tier, Sources: sources, Range: RangeOf(metric)}
	for i := range sources {
		r.Kinds |= sources[i].kindsOf()
	}
	return r
}

// RowOf returns a row of a metric that another view has, of those among some kinds of entities that have values of their own.
func RowOf(m *Metric, among Kinds, tier Tier, sources ...Source) Row {
	r := Row{Metric: m, Tier: tier, Sources: sources, Range: &Range{Min: math.Inf(-1), Max: math.Inf(1)}}
	for i := range sources {
		r.Kinds |= sources[i].kindsOf() & among
	}
	return r
}

// onGPM restricts a row to GPUs with GPM.
func onGPM(r Row) Row {
	r.GPM = true
	return r
}

// of is a level at an instant.
func of(id dcgm.FieldID, convert converter) Source { return single(Level, id, convert) }

// counted is a counter that the GPU, the driver or DCGM keeps.
func counted(id dcgm.FieldID, convert converter) Source { return single(Counter, id, convert) }

// integral is the integral of a rate.
func integral(id dcgm.FieldID, convert converter) Source { return single(Rate, id, convert) }

func single(k Kind, id dcgm.FieldID, convert converter) Source {
	return Source{
		Fields: []dcgm.FieldID{id},
		Kind:   k,
		Value:  func(samples []dcgm.Sample) (Number, bool) { return convert(samples[0]) },
	}
}

// stateSet returns a row for each state of an enumeration. The one that the field is in is
// 1 and the others are 0; where it is in none of them there are no points. first is the
// number of the first state.
func stateSet(metric string, t Tier, id dcgm.FieldID, first int64, states ...string) []Row {
	last := first + int64(len(states)) - 1
	var out []Row
	for i, state := range states {
		out = append(out, row(metric, t, values{state}, of(id, is(first+int64(i), first, last))))
	}
	return out
}
