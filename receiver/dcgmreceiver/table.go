// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"cmp"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// series is one time series of every GPU: the one place that says which metric it belongs
// to, which fields it needs, how they become a value and how the value is recorded.
type series struct {
	metric  string   // as in metadata.yaml
	tier    tier     // how often its fields are watched and read
	sources []source // by preference; each GPU keeps the first one it supports
	record  recorder
	// gpm marks profiling that is wanted only where GPM provides it (Hopper and later).
	// Before Hopper every further profiling field is multiplexed with the others, which
	// costs accuracy.
	gpm bool
}

// tier is how often a field is watched and read.
type tier uint8

const (
	normal tier = iota // every collection
	slow               // what changes with settings and links: at most once a minute
	static             // identity: at most every five minutes
	tiers
)

// floors are the shortest periods of the tiers; the collection interval is another one.
var floors = [tiers]time.Duration{normal: 0, slow: time.Minute, static: 5 * time.Minute}

// source is one way to get a value.
type source struct {
	fields []dcgm.FieldID // read together
	kind   kind
	// value converts the samples of fields, all of which hold a value, to the unit of the
	// metric. It reports false where they give none.
	value func(samples []dcgm.Sample) (number, bool)
	// from is the first architecture that has it, where others answer 0 instead of not
	// supported.
	from architecture
}

// needsAny reports whether the source needs one of some fields.
func (s *source) needsAny(fields []dcgm.FieldID) bool {
	return slices.ContainsFunc(s.fields, func(f dcgm.FieldID) bool { return slices.Contains(fields, f) })
}

// kind says what the values of a source are.
type kind uint8

const (
	level   kind = iota // a level at an instant
	counter             // a total that only a reset decreases
	rate                // an average over the interval that ends at the timestamp, per second; its integral is the value
)

// number is a value in the unit of its metric. Metrics of integers take i, others f.
type number struct {
	i int64
	f float64
}

// recorder writes one data point.
type recorder func(mb *metadata.MetricsBuilder, p point)

// point is a value of a series for one GPU.
type point struct {
	number
	*identity
	ts pcommon.Timestamp
}

// identity is what every data point of a GPU carries.
type identity struct {
	id     string // hw.id: the UUID
	name   string // hw.name: the device file, such as nvidia0
	model  string // hw.model
	vendor string // hw.vendor
}

// or returns what is known, and of what is not, what was known before.
func (i identity) or(before identity) identity {
	return identity{cmp.Or(i.id, before.id), cmp.Or(i.name, before.name), cmp.Or(i.model, before.model), cmp.Or(i.vendor, before.vendor)}
}
