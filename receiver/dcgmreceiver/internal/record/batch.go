// SPDX-License-Identifier: Apache-2.0

// Package record turns values into data points.
package record

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
)

// Batch collects data points until they are emitted. mdatagen's builder gives all points one start timestamp, and this
// one each its own.
type Batch struct {
	scope, version string
	metrics        []catalog.Metric // by index
	points         []pending        // by index
	used           int              // metrics of the last batch
}

// pending are the points of one metric.
type pending struct {
	data     pmetric.NumberDataPointSlice
	begun    bool
	capacity int // points of the largest batch so far
}

// Point is one value.
type Point struct {
	Value catalog.Number
	At    pcommon.Timestamp
	Start pcommon.Timestamp
}

// NewBatch returns an empty batch of some metrics, each at the place of its index. scope and version are those of the scope.
func NewBatch(scope, version string, metrics []catalog.Metric) *Batch {
	return &Batch{scope: scope, version: version, metrics: metrics, points: make([]pending, len(metrics))}
}

// Add adds a point of a metric that belongs to no entity.
func (b *Batch) Add(m *catalog.Metric, p Point, attrs ...catalog.Attr) {
	put(b.append(m, p).Attributes(), attrs)
}

// AddOf adds a point about an entity, given the attributes of the entity.
func (b *Batch) AddOf(entity pcommon.Map, m *catalog.Metric, p Point, attrs ...catalog.Attr) {
	to := b.append(m, p).Attributes()
	to.EnsureCapacity(entity.Len() + len(attrs))
	entity.CopyTo(to)
	put(to, attrs)
}

// AddFilled adds a point about an entity, whose further attributes fill sets: those that are no texts.
func (b *Batch) AddFilled(entity pcommon.Map, m *catalog.Metric, p Point, fill func(pcommon.Map)) {
	to := b.append(m, p).Attributes()
	entity.CopyTo(to)
	fill(to)
}

func put(to pcommon.Map, attrs []catalog.Attr) {
	for _, attr := range attrs {
		to.PutStr(attr.Key, attr.Value)
	}
}

func (b *Batch) append(m *catalog.Metric, p Point) pmetric.NumberDataPoint {
	to := &b.points[m.Index]
	if !to.begun {
		to.data, to.begun = pmetric.NewNumberDataPointSlice(), true
		to.data.EnsureCapacity(to.capacity)
	}
	point := to.data.AppendEmpty()
	point.SetTimestamp(p.At)
	point.SetStartTimestamp(p.Start)
	if m.Int {
		point.SetIntValue(p.Value.I)
	} else {
		point.SetDoubleValue(p.Value.F)
	}
	return point
}

// Emit returns all points that were added to some batches since the last time, in the order of the metrics of each; no resource
// where there are none.
func Emit(resource pcommon.Resource, batches ...*Batch) pmetric.Metrics {
	out := pmetric.NewMetrics()
	rm := pmetric.NewResourceMetrics()
	for _, b := range batches {
		b.emit(rm.ScopeMetrics())
	}
	if rm.ScopeMetrics().Len() == 0 {
		return out
	}
	rm.SetSchemaUrl(catalog.SchemaURL)
	resource.MoveTo(rm.Resource())
	rm.MoveTo(out.ResourceMetrics().AppendEmpty())
	return out
}

func (b *Batch) emit(to pmetric.ScopeMetricsSlice) {
	sm := pmetric.NewScopeMetrics()
	sm.Metrics().EnsureCapacity(b.used)
	for i := range b.metrics {
		b.points[i].moveTo(&b.metrics[i], sm.Metrics())
	}
	if b.used = sm.Metrics().Len(); b.used == 0 {
		return
	}
	sm.Scope().SetName(b.scope)
	sm.Scope().SetVersion(b.version)
	sm.MoveTo(to.AppendEmpty())
}

func (p *pending) moveTo(m *catalog.Metric, metrics pmetric.MetricSlice) {
	if !p.begun {
		return
	}
	to := metrics.AppendEmpty()
	to.SetName(m.Name)
	to.SetDescription(m.Description)
	to.SetUnit(m.Unit)
	p.begun, p.capacity = false, max(p.capacity, p.data.Len())
	if !m.Sum {
		p.data.MoveAndAppendTo(to.SetEmptyGauge().DataPoints())
		return
	}
	sum := to.SetEmptySum()
	sum.SetIsMonotonic(m.Monotonic)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p.data.MoveAndAppendTo(sum.DataPoints())
}
