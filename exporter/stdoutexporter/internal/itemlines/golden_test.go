// SPDX-License-Identifier: Apache-2.0

package itemlines

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

var update = flag.Bool("update", false, "write the golden files")

func TestGoldenLines(t *testing.T) {
	for name, got := range map[string][]byte{
		"metrics":  AppendMetrics(nil, metrics()),
		"logs":     AppendLogs(nil, logs()),
		"traces":   AppendTraces(nil, traces()),
		"profiles": AppendProfiles(nil, profiles()),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".jsonl")
			if *update {
				require.NoError(t, os.WriteFile(path, got, 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
		})
	}
}

func TestReadmeShowsRealLines(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for _, name := range []string{"metrics", "logs", "traces", "profiles"} {
		golden, err := os.ReadFile(filepath.Join("testdata", name+".jsonl"))
		require.NoError(t, err)
		line, _, _ := bytes.Cut(golden, []byte("\n"))
		require.Contains(t, string(readme), string(line), name)
	}
}

const (
	begin = pcommon.Timestamp(1_767_225_600_000_000_000)
	now   = begin + 15_250_000_000
)

var (
	traceID = pcommon.TraceID{0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03, 0xd2, 0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6, 0x0c}
	spanID  = pcommon.SpanID{0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74}
)

func describe(resource pcommon.Resource, scope pcommon.InstrumentationScope) {
	resource.Attributes().PutStr("host.name", "gpu-017")
	scope.SetName("dcgm")
	scope.SetVersion("0.1.0")
}

func metrics() pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	sm := rm.ScopeMetrics().AppendEmpty()
	describe(rm.Resource(), sm.Scope())
	number(sm.Metrics().AppendEmpty())
	sum(sm.Metrics().AppendEmpty())
	histogram(sm.Metrics().AppendEmpty())
	exponential(sm.Metrics().AppendEmpty())
	summary(sm.Metrics().AppendEmpty())
	sm.Metrics().AppendEmpty().SetName("no data")
	return md
}

func number(m pmetric.Metric) {
	m.SetName("hw.temperature")
	m.SetUnit("Cel")
	m.SetDescription("left out")
	dp := m.SetEmptyGauge().DataPoints().AppendEmpty()
	dp.SetTimestamp(now)
	dp.SetDoubleValue(41.5)
	dp.Attributes().PutStr("hw.id", "GPU-5fd4f087")
}

func sum(m pmetric.Metric) {
	m.SetName("hw.errors")
	s := m.SetEmptySum()
	s.SetIsMonotonic(true)
	s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	dp := s.DataPoints().AppendEmpty()
	dp.SetStartTimestamp(begin)
	dp.SetTimestamp(now)
	dp.SetIntValue(3)
	e := dp.Exemplars().AppendEmpty()
	e.SetTimestamp(now)
	e.SetIntValue(1)
	e.SetTraceID(traceID)
	e.SetSpanID(spanID)
	e.FilteredAttributes().PutInt("xid", 79)
	gone := s.DataPoints().AppendEmpty()
	gone.SetTimestamp(now)
	gone.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
}

func histogram(m pmetric.Metric) {
	m.SetName("step.duration")
	m.SetUnit("s")
	h := m.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	dp := h.DataPoints().AppendEmpty()
	dp.SetTimestamp(now)
	dp.SetCount(3)
	dp.SetSum(0)
	dp.SetMin(-1)
	dp.SetMax(1)
	dp.ExplicitBounds().FromRaw([]float64{0, 10})
	dp.BucketCounts().FromRaw([]uint64{1, 2, 0})
}

func exponential(m pmetric.Metric) {
	m.SetName("step.duration.exponential")
	dp := m.SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
	dp.SetTimestamp(now)
	dp.SetCount(4)
	dp.SetScale(2)
	dp.SetZeroCount(1)
	dp.SetZeroThreshold(0.001)
	dp.Positive().SetOffset(-1)
	dp.Positive().BucketCounts().FromRaw([]uint64{1, 2})
}

func summary(m pmetric.Metric) {
	m.SetName("request.duration")
	dp := m.SetEmptySummary().DataPoints().AppendEmpty()
	dp.SetTimestamp(now)
	dp.SetCount(2)
	dp.SetSum(5)
	q := dp.QuantileValues().AppendEmpty()
	q.SetQuantile(0.5)
	q.SetValue(2.5)
}

func logs() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	sl := rl.ScopeLogs().AppendEmpty()
	describe(rl.Resource(), sl.Scope())
	lr := sl.LogRecords().AppendEmpty()
	lr.SetTimestamp(begin)
	lr.SetObservedTimestamp(now)
	lr.SetSeverityNumber(plog.SeverityNumberError)
	lr.SetSeverityText("err")
	lr.SetEventName("xid")
	lr.Body().SetStr("NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.")
	lr.Attributes().PutInt("xid", 79)
	lr.SetTraceID(traceID)
	lr.SetSpanID(spanID)
	body := sl.LogRecords().AppendEmpty().Body().SetEmptyMap()
	body.PutEmpty("unset")
	body.PutBool("bool", true)
	body.PutEmptyBytes("bytes").FromRaw([]byte{0xff})
	body.PutEmptySlice("slice").AppendEmpty().SetDouble(1.5)
	body.PutEmptyMap("map")
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	return ld
}

func traces() ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	ss := rs.ScopeSpans().AppendEmpty()
	describe(rs.Resource(), ss.Scope())
	span := ss.Spans().AppendEmpty()
	span.SetTraceID(traceID)
	span.SetSpanID(spanID)
	span.SetParentSpanID(pcommon.SpanID{1})
	span.TraceState().FromRaw("vendor=1")
	span.SetName("all_reduce")
	span.SetKind(ptrace.SpanKindInternal)
	span.SetStartTimestamp(begin)
	span.SetEndTimestamp(now)
	span.Status().SetCode(ptrace.StatusCodeError)
	span.Status().SetMessage("timeout")
	span.Attributes().PutInt("rank", 3)
	event := span.Events().AppendEmpty()
	event.SetTimestamp(now)
	event.SetName("retry")
	event.Attributes().PutInt("attempt", 2)
	link := span.Links().AppendEmpty()
	link.SetTraceID(traceID)
	link.SetSpanID(spanID)
	ss.Spans().AppendEmpty().SetStartTimestamp(now)
	return td
}

func profiles() pprofile.Profiles {
	pd := pprofile.NewProfiles()
	d := pd.Dictionary()
	d.StringTable().Append("", "cpu", "nanoseconds", "main.train", "train.go", "thread", "[kernel]")
	d.LinkTable().AppendEmpty()
	link := d.LinkTable().AppendEmpty()
	link.SetTraceID(traceID)
	link.SetSpanID(spanID)
	function := d.FunctionTable().AppendEmpty()
	function.SetNameStrindex(3)
	function.SetFilenameStrindex(4)
	d.FunctionTable().AppendEmpty().SetNameStrindex(6)
	line := d.LocationTable().AppendEmpty().Lines().AppendEmpty()
	line.SetLine(42)
	d.LocationTable().AppendEmpty().SetAddress(0x7f10)
	d.LocationTable().AppendEmpty().Lines().AppendEmpty().SetFunctionIndex(1)
	d.StackTable().AppendEmpty()
	d.StackTable().AppendEmpty().LocationIndices().FromRaw([]int32{2, 1, 0, 99})
	attribute := d.AttributeTable().AppendEmpty()
	attribute.SetKeyStrindex(5)
	attribute.Value().SetInt(7)

	rp := pd.ResourceProfiles().AppendEmpty()
	sp := rp.ScopeProfiles().AppendEmpty()
	describe(rp.Resource(), sp.Scope())
	profile := sp.Profiles().AppendEmpty()
	profile.SetTime(begin)
	profile.SetDurationNano(1e9)
	profile.SetProfileID(pprofile.ProfileID(traceID))
	profile.SampleType().SetTypeStrindex(1)
	profile.SampleType().SetUnitStrindex(2)
	sample := profile.Samples().AppendEmpty()
	sample.SetStackIndex(1)
	sample.SetLinkIndex(1)
	sample.AttributeIndices().Append(0, 99)
	sample.Values().Append(20_000_000)
	sample.TimestampsUnixNano().Append(uint64(now))
	profile.Samples().AppendEmpty().Values().Append(1)
	return pd
}
