// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// table is every series of a GPU by importance: where the limit of series is reached, what
// is at its end is left out. Fields go by number, as in dcgm_fields.h; DCGM renames them.
var table = slices.Concat(
	powerSeries,
	temperatureSeries,
	utilizationSeries,
	memorySeries,
	pcieSeries,
	clockSeries,
	throttleSeries,
	errorSeries,
	repairSeries,
	nvlinkSeries,
	fabricSeries,
	c2cSeries,
	modeSeries,
	pipeDetails,
	temperatureDetails,
	memoryDetails,
	clockDetails,
	errorDetails,
	nvlinkDetails,
	engineDetails,
	cycleDetails,
	smoothingDetails,
)

// of is a level at an instant.
func of(id dcgm.FieldID, convert converter) source { return single(level, id, convert) }

// counted is a counter that the GPU, the driver or DCGM keeps.
func counted(id dcgm.FieldID, convert converter) source { return single(counter, id, convert) }

// integral is the integral of a rate.
func integral(id dcgm.FieldID, convert converter) source { return single(rate, id, convert) }

func single(k kind, id dcgm.FieldID, convert converter) source {
	return source{
		fields: []dcgm.FieldID{id},
		kind:   k,
		value:  func(samples []dcgm.Sample) (number, bool) { return convert(samples[0]) },
	}
}

type builder = metadata.MetricsBuilder

// numeric are the types of values that metrics have.
type numeric interface{ int64 | float64 }

func pick[V numeric](n number) V {
	if _, isInt := any(V(0)).(int64); isInt {
		return V(n.i)
	}
	return V(n.f)
}

// plain records into a metric without attributes beyond the identity.
func plain[V numeric](record func(*builder, pcommon.Timestamp, V, string, string, string, string)) recorder {
	return func(mb *builder, p point) { record(mb, p.ts, pick[V](p.number), p.id, p.name, p.model, p.vendor) }
}

// with records into a metric with one more attribute; with2 and with3 do so with two and three.
func with[V numeric, A any](record func(*builder, pcommon.Timestamp, V, string, string, string, string, A), a A) recorder {
	return func(mb *builder, p point) { record(mb, p.ts, pick[V](p.number), p.id, p.name, p.model, p.vendor, a) }
}

func with2[V numeric, A, B any](record func(*builder, pcommon.Timestamp, V, string, string, string, string, A, B), a A, b B) recorder {
	return func(mb *builder, p point) { record(mb, p.ts, pick[V](p.number), p.id, p.name, p.model, p.vendor, a, b) }
}

func with3[V numeric, A, B, C any](record func(*builder, pcommon.Timestamp, V, string, string, string, string, A, B, C), a A, b B, c C) recorder {
	return func(mb *builder, p point) {
		record(mb, p.ts, pick[V](p.number), p.id, p.name, p.model, p.vendor, a, b, c)
	}
}

// stateSet returns a series for each state of an enumeration. The one that the field is in is
// 1 and the others are 0; where it is in none of them there are no points. first is the
// number of the first state.
func stateSet[A any](metric string, t tier, id dcgm.FieldID, first int64, record func(*builder, pcommon.Timestamp, int64, string, string, string, string, A), states ...A) []series {
	last := first + int64(len(states)) - 1
	var out []series
	for i, state := range states {
		sources := []source{of(id, is(first+int64(i), first, last))}
		out = append(out, series{metric: metric, tier: t, sources: sources, record: with(record, state)})
	}
	return out
}
