// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// metricsProcessor is the part of one metrics pipeline.
type metricsProcessor struct {
	*member
	next    consumer.Metrics
	ledgers *ledgers
}

// Capabilities says that data is changed.
func (*metricsProcessor) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// ConsumeMetrics adds holders to what is known of GPUs of this node, and passes everything on.
func (p *metricsProcessor) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	n := &tally{}
	p.book.Lock()
	for i := range md.ResourceMetrics().Len() {
		p.resource(md.ResourceMetrics().At(i), n)
	}
	p.book.Unlock()
	p.self.countLookups(ctx, n)
	return p.next.ConsumeMetrics(ctx, md)
}

// pass is the work on the data of one resource.
type pass struct {
	*metricsProcessor
	n       *tally
	now     time.Time
	foreign bool // the resource names another node
	seen    []*track

	metric   string
	origin   uint64 // hash of the resource
	scope    uint64 // hash of the resource and the scope
	hash     uint64 // hash of the resource, the scope and the metric's name
	ofDevice bool   // the metric describes the board
	next     int    // where in seen the GPU of the next point is expected: receivers keep an order
}

func (p *metricsProcessor) resource(rm pmetric.ResourceMetrics, n *tally) {
	w := &pass{metricsProcessor: p, n: n, now: time.Now(), foreign: p.node.foreign(rm.Resource().Attributes())}
	w.origin = p.ledgers.seriesHash(0, rm.Resource().Attributes())
	p.ledgers.begin(p.book, w.now)
	for i := range rm.ScopeMetrics().Len() {
		scope, metrics := rm.ScopeMetrics().At(i).Scope(), rm.ScopeMetrics().At(i).Metrics()
		w.scope = p.ledgers.seriesHash(w.origin*3+p.ledgers.hash(scope.Name()), scope.Attributes())
		if !w.foreign {
			p.learn(metrics, w.now)
		}
		for j := range metrics.Len() {
			w.one(metrics.At(j))
		}
	}
	p.derive(rm, w)
}

func (w *pass) one(m pmetric.Metric) {
	w.metric, w.next = m.Name(), 0
	w.hash = w.scope*3 + w.ledgers.hash(w.metric) // Different factors keep what is named alike apart.
	w.ofDevice = w.describesBoard(w.metric)
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		w.levels(m.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		sum := m.Sum()
		if sum.IsMonotonic() && sum.AggregationTemporality() == pmetric.AggregationTemporalityCumulative {
			w.sums(sum.DataPoints())
			return
		}
		w.levels(sum.DataPoints())
	case pmetric.MetricTypeEmpty, pmetric.MetricTypeHistogram, pmetric.MetricTypeExponentialHistogram, pmetric.MetricTypeSummary:
		// Distributions of GPUs stay with the device: there is no way to divide one at a change of its holder.
	}
}

// target returns the GPU of a data point, nil if it is of none or of another node.
func (w *pass) target(attrs pcommon.Map) *track {
	who, is := identify(attrs)
	if !is {
		return nil
	}
	if w.foreign || (who.exporter && w.node.foreignPoint(attrs)) {
		w.n[wrongNode]++
		return nil
	}
	if w.next < len(w.seen) && w.seen[w.next].who == who {
		w.next++
		return w.seen[w.next-1]
	}
	return w.find(who, attrs)
}

// find returns the GPU of an identity that is not the expected one.
func (w *pass) find(who identity, attrs pcommon.Map) *track {
	w.learnParent(who, attrs, w.now)
	gpu := w.gpuOf(who, attrs, w.now)
	if gpu == nil {
		w.n[unknown]++
		return nil
	}
	t := w.ledgers.track(gpu, who)
	if !t.inBatch {
		t.inBatch, t.place = true, len(w.seen)
		w.seen = append(w.seen, t)
	}
	w.next = t.place + 1
	return t
}

// ahead is how far in the future data may be.
const ahead = time.Minute

// timeOf is the time of a data point. One without a time, or of a clock that is ahead, is of the time when it came.
func (w *pass) timeOf(at pcommon.Timestamp) int64 {
	if at == 0 || int64(at) > w.now.Add(ahead).UnixNano() {
		return w.now.UnixNano()
	}
	return int64(at)
}

// see takes note of a point, and reports whether it has a value.
func (w *pass) see(t *track, at int64, point pmetric.NumberDataPoint) bool {
	if point.Flags().NoRecordedValue() {
		return false
	}
	t.see(at, w.now)
	return true
}

// lastXID is the time of an XID: whoever held the GPU then has it, and not who came after.
const lastXID = "gpu.xid.last"

// levels adds the holder to values that are as they are at their time: gauges, sums that fall, and differences.
func (w *pass) levels(points pmetric.NumberDataPointSlice) {
	measure := measures[w.metric]
	for i := range points.Len() {
		point := points.At(i)
		t := w.target(point.Attributes())
		if t == nil {
			continue
		}
		at := w.timeOf(point.Timestamp())
		if w.see(t, at, point) && measure != nil {
			measure(t, at, point)
			t.reads = true
		}
		if w.metric == lastXID && !point.Flags().NoRecordedValue() {
			at = int64(point.DoubleValue() * 1e9)
		}
		state, _ := t.gpu.At(at)
		v := w.view(state)
		w.n[v.result]++
		if !w.ofDevice {
			v.single.put(point.Attributes())
		}
	}
}

// sums divides cumulative sums between holders.
func (w *pass) sums(points pmetric.NumberDataPointSlice) {
	for i := range points.Len() { // Points that are added lie behind.
		point := points.At(i)
		t := w.target(point.Attributes())
		if t == nil {
			continue
		}
		at := w.timeOf(point.Timestamp())
		w.see(t, at, point)
		state, _ := t.gpu.At(at)
		v := w.view(state)
		w.n[v.result]++
		switch {
		case w.ofDevice:
		case point.Flags().NoRecordedValue():
			v.single.put(point.Attributes())
		case point.ValueType() == pmetric.NumberDataPointValueTypeInt:
			divide(w, w.ledgers.ints, ints{}, t, v, points, point)
		default:
			divide(w, w.ledgers.doubles, doubles{}, t, v, points, point)
		}
	}
}

// describesBoard reports whether a metric is none of a holder's.
func (a *attributor) describesBoard(name string) bool {
	if known, seen := a.boardMetrics[name]; seen {
		return known
	}
	if len(a.boardMetrics) >= maxPeople {
		clear(a.boardMetrics)
	}
	describes := false
	for _, pattern := range a.deviceNames {
		describes = describes || pattern.MatchString(name)
	}
	a.boardMetrics[name] = describes
	return describes
}
