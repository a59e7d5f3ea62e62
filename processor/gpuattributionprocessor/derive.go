// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/ledger"
	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/metadata"
)

// derivation makes the derived metrics of one resource's GPUs. Metrics without a point are left out.
type derivation struct {
	*metricsProcessor
	to      pmetric.ResourceMetrics
	scope   pmetric.MetricSlice
	scoped  bool
	metrics map[string]pmetric.NumberDataPointSlice
	enabled metadata.MetricsConfig
}

// derive adds the derived metrics of each GPU once for a time, in one of the resources that have data of it.
func (p *metricsProcessor) derive(to pmetric.ResourceMetrics, w *pass) {
	d := &derivation{
		metricsProcessor: p, to: to, metrics: map[string]pmetric.NumberDataPointSlice{}, enabled: p.cfg.MetricsBuilderConfig.Metrics,
	}
	for _, t := range w.seen {
		if t.data && t.newest > t.derived && t.settle(w.origin, t.reads, w.now) {
			d.gpu(t)
			t.derived = t.newest
		}
		t.inBatch, t.data, t.reads, t.before = false, false, false, t.newest
	}
}

func (d *derivation) gpu(t *track) {
	state, _ := t.gpu.At(t.newest)
	since := t.gpu.HeldSince(t.newest)
	v := d.view(state)
	if d.enabled.GpuAllocation.Enabled {
		d.allocation(t, state, v)
	}
	if d.enabled.GpuAllocationState.Enabled {
		for _, status := range []holders.Status{holders.Allocated, holders.Free, holders.Unknown} {
			point := d.point(derivedMetrics["gpu.allocation.state"], t, t.newest)
			point.SetIntValue(flag(status == state.Status))
			point.Attributes().PutStr("gpu.allocation.state", string(status))
		}
	}
	if d.enabled.GpuAllocationTime.Enabled {
		d.time(derivedMetrics["gpu.allocation.time"], t, &t.time, float64(t.newest-t.first)/1e9)
	}
	d.idle(t, since)
	d.stalled(t, state, v, since)
}

func (d *derivation) allocation(t *track, state *holders.State, v *view) {
	for i, h := range state.Holdings {
		point := d.point(derivedMetrics["gpu.allocation"], t, t.newest)
		point.SetIntValue(1)
		attrs := point.Attributes()
		attrs.PutStr("gpu.allocation.kind", string(h.Kind))
		attrs.PutInt("gpu.allocation.shares", int64(h.Shares))
		attrs.PutInt("gpu.allocation.share_count", int64(state.ShareCount))
		v.people[i].put(attrs)
	}
}

// time divides seconds between those who hold the GPU, by their shares, and drops nobody's.
func (d *derivation) time(m *derived, t *track, s *series[float64], seconds float64) {
	sample := ledger.Sample[float64]{Start: t.first, At: t.newest, Value: seconds}
	var parts []ledger.Point[*person, float64]
	switch {
	case !s.Seen():
		state, _ := t.gpu.At(sample.At)
		s.place = t.gpu.Place(sample.At)
		parts = s.Begin(nil, sample, d.view(state).shares)
	case sample.At <= s.LastAt():
		parts = s.Add(nil, sample, nil)
	default:
		parts = s.Add(nil, sample, d.spans(t.gpu, &s.place, sample.At))
	}
	for _, part := range parts {
		if part.Key == nil {
			continue
		}
		point := d.point(m, t, part.At)
		point.SetStartTimestamp(pcommon.Timestamp(part.Start))
		point.SetDoubleValue(part.Value)
		part.Key.put(point.Attributes())
	}
}

// spans are changes of those who share a GPU's time.
func (d *derivation) spans(gpu *holders.GPU, place *int, until int64) []ledger.Change[*person] {
	var spans []ledger.Change[*person]
	var changes []holders.Change
	changes, *place = gpu.Changes(nil, *place, until)
	for _, change := range changes {
		spans = append(spans, ledger.Change[*person]{At: change.At, Owners: d.view(change.State).shares})
	}
	return spans
}

func (d *derivation) idle(t *track, held int64) {
	if t.utilization.at == 0 { // Of old readings there is nothing to add, and the time so far stands.
		return
	}
	idle := t.utilization.value <= d.cfg.Idle.Utilization
	seconds, _ := t.low.update(t.utilization.at, idle, held, int64(d.cfg.Idle.After))
	t.idle += seconds
	if d.enabled.GpuIdleTime.Enabled {
		d.time(derivedMetrics["gpu.idle.time"], t, &t.idleTime, t.idle)
	}
}

func (d *derivation) stalled(t *track, state *holders.State, v *view, held int64) {
	known := t.utilization.fresh(t.newest) && t.power.fresh(t.newest) && t.limit.fresh(t.newest) && t.limit.value > 0
	if !known || !d.enabled.GpuStalled.Enabled || len(state.Holdings) == 0 {
		return
	}
	busy := t.utilization.value >= d.cfg.Stalled.Utilization && t.power.value <= d.cfg.Stalled.Power*t.limit.value
	_, lasts := t.stalled.update(t.utilization.at, busy, held, int64(d.cfg.Stalled.After))
	point := d.point(derivedMetrics["gpu.stalled"], t, t.newest)
	point.SetIntValue(flag(lasts))
	v.single.put(point.Attributes())
}

func flag(set bool) int64 {
	if set {
		return 1
	}
	return 0
}

// point returns a new point of a derived metric, with what names the GPU.
func (d *derivation) point(m *derived, t *track, at int64) pmetric.NumberDataPoint {
	points, made := d.metrics[m.name]
	if !made {
		points = d.metric(m)
		d.metrics[m.name] = points
	}
	point := points.AppendEmpty()
	point.SetTimestamp(pcommon.Timestamp(at))
	attrs := point.Attributes()
	attrs.EnsureCapacity(12)
	attrs.PutStr(attrID, t.gpu.ID())
	if t.who.exporter {
		attrs.PutStr(labelID, t.gpu.ID())
	}
	if instance := t.gpu.Instance(); instance != "" {
		attrs.PutStr(labelGI, instance)
	}
	return point
}

func (d *derivation) metric(m *derived) pmetric.NumberDataPointSlice {
	if !d.scoped {
		scope := d.to.ScopeMetrics().AppendEmpty()
		scope.Scope().SetName(metadata.ScopeName)
		scope.Scope().SetVersion(d.set.BuildInfo.Version)
		d.scope, d.scoped = scope.Metrics(), true
	}
	metric := d.scope.AppendEmpty()
	metric.SetName(m.name)
	metric.SetDescription(m.description)
	metric.SetUnit(m.unit)
	if !m.sum {
		return metric.SetEmptyGauge().DataPoints()
	}
	sum := metric.SetEmptySum()
	sum.SetIsMonotonic(m.monotonic)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return sum.DataPoints()
}
