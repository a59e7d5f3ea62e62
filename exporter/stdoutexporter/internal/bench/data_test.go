// SPDX-License-Identifier: Apache-2.0

//go:build unix

package bench

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// A batch is what one node with eight GPUs has to say: 480 items.
const (
	gpus         = 8
	itemsPerGPU  = 60
	batchedItems = gpus * itemsPerGPU

	now = pcommon.Timestamp(1_700_000_000_123_456_789)
)

func node(r pcommon.Resource) {
	r.Attributes().PutStr("host.name", "gpu-node-017")
	r.Attributes().PutStr("service.name", "otelcol-tracecore")
	r.Attributes().PutStr("os.type", "linux")
}

func gpu(m pcommon.Map, i int) {
	m.PutStr("hw.id", fmt.Sprintf("GPU-5fd4f087-86f3-7a43-b711-4771313afc%02d", i))
	m.PutStr("hw.name", "NVIDIA H100 80GB HBM3")
	m.PutInt("gpu.index", int64(i))
}

func metrics() pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	node(rm.Resource())
	sm := rm.ScopeMetrics().AppendEmpty()
	sm.Scope().SetName("github.com/tracecoreai/tracecore/receiver/dcgmreceiver")
	for n := range itemsPerGPU {
		m := sm.Metrics().AppendEmpty()
		m.SetName(fmt.Sprintf("hw.gpu.metric_%02d", n))
		m.SetDescription("A quantity of a GPU.")
		m.SetUnit("By")
		points := m.SetEmptyGauge().DataPoints()
		for i := range gpus {
			dp := points.AppendEmpty()
			gpu(dp.Attributes(), i)
			dp.SetTimestamp(now)
			if n%2 == 0 {
				dp.SetIntValue(int64(n*i) << 20)
			} else {
				dp.SetDoubleValue(float64(n) + float64(i)*0.125)
			}
		}
	}
	return md
}

func logs() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	node(rl.Resource())
	sl := rl.ScopeLogs().AppendEmpty()
	for n := range batchedItems {
		lr := sl.LogRecords().AppendEmpty()
		lr.SetTimestamp(now)
		lr.SetObservedTimestamp(now)
		lr.SetSeverityNumber(plog.SeverityNumberError)
		lr.SetSeverityText("ERROR")
		lr.Body().SetStr("NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, name=python, GPU has fallen off the bus.")
		gpu(lr.Attributes(), n%gpus)
	}
	return ld
}

func traces() ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	node(rs.Resource())
	ss := rs.ScopeSpans().AppendEmpty()
	for n := range batchedItems {
		span := ss.Spans().AppendEmpty()
		span.SetTraceID(pcommon.TraceID{0: 1, 15: byte(n)})
		span.SetSpanID(pcommon.SpanID{0: 1, 7: byte(n)})
		span.SetParentSpanID(pcommon.SpanID{1})
		span.SetName("all_reduce")
		span.SetKind(ptrace.SpanKindInternal)
		span.SetStartTimestamp(now)
		span.SetEndTimestamp(now + 1_234_567)
		gpu(span.Attributes(), n%gpus)
	}
	return td
}
