// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/events"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/record"
)

// xids records the counts of entities, be they there or not: what has happened stays true. Those of an entity that is known no more go on
// as long as it is remembered that it had a number.
func (r *recording) xids(some []*gpu) {
	x := r.collector.xids
	if x.journal == nil || !x.journal.Counted() {
		return
	}
	done := map[inventory.Key]bool{}
	for _, g := range slices.Concat(r.present(), r.gone) { // Those that are not shown yet have no series.
		done[g.known.Key()] = true
	}
	for _, g := range some {
		r.xidsOf(g.known.Key(), g.attributes())
	}
	owners := x.journal.Numbers.Owners()
	for i := range owners {
		if owner := &owners[i]; !done[owner.Key] {
			done[owner.Key] = true
			r.xidsOf(owner.Key, owner.Subject().Attributes)
		}
	}
}

// codeMetrics are those of the codes of a kind of entity.
func codeMetrics(kind dcgm.EntityKind) (errors, last *catalog.Metric) {
	if kind == dcgm.Switch {
		return metricSXIDErrors, metricSXIDLast
	}
	return metricXIDErrors, metricXIDLast
}

func (r *recording) xidsOf(key inventory.Key, attributes pcommon.Map) {
	history := events.XIDs
	if key.Kind == dcgm.Switch {
		history = events.SXIDs
	}
	counts, since, until := r.collector.xids.journal.Counts(history, key)
	at, start := timestamp(time.UnixMicro(until)), timestamp(time.UnixMicro(since))
	errors, last := codeMetrics(key.Kind)
	for i := range counts {
		count := &counts[i]
		fill := func(to pcommon.Map) { fillCode(to, key.Kind, count) }
		if r.Wants(errors) {
			r.Batch.AddFilled(attributes, errors, record.Point{Value: catalog.Number{I: count.Number}, At: at, Start: start}, fill)
		}
		if r.Wants(last) {
			r.Batch.AddFilled(attributes, last, record.Point{Value: catalog.Number{F: float64(count.Last) / 1e6}, At: at, Start: at}, fill)
		}
	}
}

func fillCode(to pcommon.Map, kind dcgm.EntityKind, count *events.Count) {
	switch {
	case count.Overflow:
		to.PutBool("otel.metric.overflow", true)
	case kind == dcgm.Switch:
		to.PutInt("gpu.sxid.code", int64(count.Code))
		to.PutBool("gpu.sxid.fatal", count.Fatal)
	default:
		to.PutInt("gpu.xid.code", int64(count.Code))
	}
}
