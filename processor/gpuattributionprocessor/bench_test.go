// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"fmt"
	"testing"
	"time"

	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/metadata"
	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/podresources/kubelettest"
)

const (
	benchGPUs   = 16
	benchPods   = 200
	benchPoints = 1000
)

// benchBatch is what the dcgm receiver sends of 16 GPUs: one point in five is a cumulative sum.
func benchBatch(second int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("host.name", "gpu-017")
	metrics := rm.ScopeMetrics().AppendEmpty().Metrics()
	for n := 0; n < benchPoints; n += benchGPUs {
		m := metrics.AppendEmpty()
		m.SetName(fmt.Sprintf("gpu.metric.%d", n/benchGPUs))
		var points pmetric.NumberDataPointSlice
		if n/benchGPUs%5 == 0 {
			m.SetEmptySum().SetIsMonotonic(true)
			m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			points = m.Sum().DataPoints()
		} else {
			points = m.SetEmptyGauge().DataPoints()
		}
		for gpu := range min(benchGPUs, benchPoints-n) {
			point := points.AppendEmpty()
			point.SetTimestamp(pcommon.NewTimestampFromTime(epoch.Add(time.Duration(second) * time.Second)))
			point.SetDoubleValue(float64(second))
			attrs := point.Attributes()
			attrs.EnsureCapacity(10) // As a receiver does that leaves room for processors.
			attrs.PutStr("hw.id", kubelettest.GPU(gpu))
			attrs.PutStr("hw.name", fmt.Sprintf("nvidia%d", gpu))
			attrs.PutStr("hw.model", "NVIDIA H100 80GB HBM3")
			attrs.PutStr("hw.vendor", "nvidia")
		}
	}
	return md
}

func benchProcessor(b *testing.B, derived bool) *metricsProcessor {
	b.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.MetricsBuilderConfig.Metrics.GpuAllocation.Enabled = derived
	cfg.MetricsBuilderConfig.Metrics.GpuAllocationState.Enabled = derived
	cfg.MetricsBuilderConfig.Metrics.GpuAllocationTime.Enabled = derived
	cfg.MetricsBuilderConfig.Metrics.GpuIdleTime.Enabled = derived
	cfg.MetricsBuilderConfig.Metrics.GpuStalled.Enabled = derived
	p, err := NewFactory().CreateMetrics(b.Context(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	if err != nil {
		b.Fatal(err)
	}
	m := p.(*metricsProcessor)
	m.node.configured = "gpu-017"
	answer := &holders.Answer{At: epoch, Holdings: map[holders.Ref][]holders.Holding{}}
	for i := range benchPods {
		ref := holders.UUIDRef(kubelettest.GPU(i))
		answer.Holdings[ref] = []holders.Holding{{
			Holder: holders.Holder{Namespace: "ml", Pod: fmt.Sprintf("train-%d", i), Container: "main"}, Kind: holders.Exclusive, Shares: 1,
		}}
	}
	m.book.Lock()
	m.book.Update(0, answer)
	m.book.Forget(1, true, epoch)
	m.book.Unlock()
	b.Cleanup(func() { _ = p.Shutdown(b.Context()) }) // Nothing was started.
	return m
}

// made is how many batches are made at a time, which is not measured.
const made = 64

// perBatch measures what is done with a batch of 1 000 points.
func perBatch(b *testing.B, do func(pmetric.Metrics)) {
	b.Helper()
	b.ReportAllocs()
	var batches []pmetric.Metrics
	for i := 0; b.Loop(); i++ {
		if i%made == 0 {
			b.StopTimer()
			batches = batches[:0]
			for j := range made {
				batches = append(batches, benchBatch(1+i+j))
			}
			b.StartTimer()
		}
		do(batches[i%made])
	}
}

// The first is what any processor pays to put three attributes onto each of 1 000 points, without knowing whose.
func BenchmarkBatch(b *testing.B) {
	b.Run("three attributes on each point alone", attributesAlone)
	b.Run("attribution", func(b *testing.B) { enrich(b, false) })
	b.Run("attribution and derived metrics", func(b *testing.B) { enrich(b, true) })
}

func enrich(b *testing.B, derived bool) {
	b.Helper()
	p := benchProcessor(b, derived)
	perBatch(b, func(md pmetric.Metrics) {
		if err := p.ConsumeMetrics(b.Context(), md); err != nil {
			b.Fatal(err)
		}
	})
}

func attributesAlone(b *testing.B) {
	someone := &person{attrs: []attr{{"k8s.namespace.name", "ml"}, {"k8s.pod.name", "train-0"}, {"k8s.container.name", "main"}}}
	perBatch(b, func(md pmetric.Metrics) {
		for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
			points := m.Gauge().DataPoints
			if m.Type() == pmetric.MetricTypeSum {
				points = m.Sum().DataPoints
			}
			for _, point := range points().All() {
				someone.put(point.Attributes())
			}
		}
	})
}
