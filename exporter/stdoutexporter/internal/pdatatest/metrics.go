// SPDX-License-Identifier: Apache-2.0

package pdatatest

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Metrics generates a batch of metrics.
func (g *Generator) Metrics() pmetric.Metrics {
	md := pmetric.NewMetrics()
	g.repeat(func() {
		rm := md.ResourceMetrics().AppendEmpty()
		g.resource(rm.Resource())
		rm.SetSchemaUrl(g.text())
		g.repeat(func() {
			sm := rm.ScopeMetrics().AppendEmpty()
			g.scope(sm.Scope())
			sm.SetSchemaUrl(g.text())
			g.repeat(func() { g.metric(sm.Metrics().AppendEmpty()) })
		})
	})
	return md
}

func (g *Generator) metric(m pmetric.Metric) {
	m.SetName(g.text())
	m.SetDescription(g.text())
	m.SetUnit(g.text())
	g.attributes(m.Metadata())
	switch g.random.IntN(6) {
	case 0: // unset
	case 1:
		points := m.SetEmptyGauge().DataPoints()
		g.repeat(func() { g.number(points.AppendEmpty()) })
	case 2:
		sum := m.SetEmptySum()
		sum.SetIsMonotonic(g.chance())
		sum.SetAggregationTemporality(g.temporality())
		g.repeat(func() { g.number(sum.DataPoints().AppendEmpty()) })
	case 3:
		histogram := m.SetEmptyHistogram()
		histogram.SetAggregationTemporality(g.temporality())
		g.repeat(func() { g.histogram(histogram.DataPoints().AppendEmpty()) })
	case 4:
		histogram := m.SetEmptyExponentialHistogram()
		histogram.SetAggregationTemporality(g.temporality())
		g.repeat(func() { g.exponential(histogram.DataPoints().AppendEmpty()) })
	case 5:
		points := m.SetEmptySummary().DataPoints()
		g.repeat(func() { g.summary(points.AppendEmpty()) })
	}
}

func (g *Generator) temporality() pmetric.AggregationTemporality {
	return pmetric.AggregationTemporality(g.random.IntN(4))
}

// point is what all kinds of data points share.
type point interface {
	Attributes() pcommon.Map
	SetStartTimestamp(pcommon.Timestamp)
	SetTimestamp(pcommon.Timestamp)
	SetFlags(pmetric.DataPointFlags)
}

func (g *Generator) point(p point) {
	g.attributes(p.Attributes())
	p.SetStartTimestamp(g.time())
	p.SetTimestamp(g.time())
	p.SetFlags(pmetric.DataPointFlags(g.uint32()))
}

func (g *Generator) number(dp pmetric.NumberDataPoint) {
	g.point(dp)
	switch g.random.IntN(3) {
	case 0: // unset
	case 1:
		dp.SetIntValue(g.int64())
	case 2:
		dp.SetDoubleValue(g.float64())
	}
	g.repeat(func() { g.exemplar(dp.Exemplars().AppendEmpty()) })
}

func (g *Generator) exemplar(e pmetric.Exemplar) {
	g.attributes(e.FilteredAttributes())
	e.SetTimestamp(g.time())
	switch g.random.IntN(3) {
	case 0: // unset
	case 1:
		e.SetIntValue(g.int64())
	case 2:
		e.SetDoubleValue(g.float64())
	}
	e.SetTraceID(g.traceID())
	e.SetSpanID(g.spanID())
}

// statistics is what both kinds of histogram share.
type statistics interface {
	point
	SetCount(uint64)
	SetSum(float64)
	SetMin(float64)
	SetMax(float64)
	Exemplars() pmetric.ExemplarSlice
}

func (g *Generator) statistics(s statistics) {
	g.point(s)
	s.SetCount(g.uint64())
	if g.chance() {
		s.SetSum(g.float64())
	}
	if g.chance() {
		s.SetMin(g.float64())
	}
	if g.chance() {
		s.SetMax(g.float64())
	}
	g.repeat(func() { g.exemplar(s.Exemplars().AppendEmpty()) })
}

func (g *Generator) histogram(dp pmetric.HistogramDataPoint) {
	g.statistics(dp)
	g.repeat(func() { dp.BucketCounts().Append(g.uint64()) })
	g.repeat(func() { dp.ExplicitBounds().Append(g.float64()) })
}

func (g *Generator) exponential(dp pmetric.ExponentialHistogramDataPoint) {
	g.statistics(dp)
	dp.SetScale(g.int32())
	dp.SetZeroCount(g.uint64())
	dp.SetZeroThreshold(g.float64())
	g.buckets(dp.Positive())
	g.buckets(dp.Negative())
}

func (g *Generator) buckets(b pmetric.ExponentialHistogramDataPointBuckets) {
	b.SetOffset(g.int32())
	g.repeat(func() { b.BucketCounts().Append(g.uint64()) })
}

func (g *Generator) summary(dp pmetric.SummaryDataPoint) {
	g.point(dp)
	dp.SetCount(g.uint64())
	dp.SetSum(g.float64())
	g.repeat(func() {
		q := dp.QuantileValues().AppendEmpty()
		q.SetQuantile(g.float64())
		q.SetValue(g.float64())
	})
}
