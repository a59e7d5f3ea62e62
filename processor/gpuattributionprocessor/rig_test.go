// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/metadata"
	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/podresources/kubelettest"
)

// epoch is when stories begin.
var epoch = time.Unix(1_700_000_000, 0)

func at(second float64) time.Time { return epoch.Add(time.Duration(second * float64(time.Second))) }

// rig is a processor in a metrics and a logs pipeline. Unless it is started, a test says who holds what.
type rig struct {
	*testing.T
	cfg     *Config
	set     processor.Settings
	metrics processor.Metrics
	logs    processor.Logs
	sink    *consumertest.MetricsSink
	records *consumertest.LogsSink
}

func newRig(t *testing.T, change func(*Config), settings ...func(*processor.Settings)) *rig {
	t.Helper()
	r := &rig{T: t, cfg: createDefaultConfig().(*Config), set: processortest.NewNopSettings(metadata.Type), sink: &consumertest.MetricsSink{}, records: &consumertest.LogsSink{}}
	r.cfg.Node = "gpu-017"
	r.cfg.MetricsBuilderConfig.Metrics.GpuAllocation.Enabled = false
	r.cfg.MetricsBuilderConfig.Metrics.GpuAllocationState.Enabled = false
	r.cfg.MetricsBuilderConfig.Metrics.GpuAllocationTime.Enabled = false
	r.cfg.MetricsBuilderConfig.Metrics.GpuIdleTime.Enabled = false
	r.cfg.MetricsBuilderConfig.Metrics.GpuStalled.Enabled = false
	if change != nil {
		change(r.cfg)
	}
	for _, set := range settings {
		set(&r.set)
	}
	return r.make()
}

func (r *rig) make() *rig {
	r.Helper()
	var err error
	r.metrics, err = NewFactory().CreateMetrics(r.Context(), r.set, r.cfg, r.sink)
	require.NoError(r, err)
	r.logs, err = NewFactory().CreateLogs(r.Context(), r.set, r.cfg, r.records)
	require.NoError(r, err)
	r.Cleanup(func() {
		require.NoError(r, r.metrics.Shutdown(r.Context()))
		require.NoError(r, r.logs.Shutdown(r.Context()))
	})
	return r
}

func (r *rig) shared() *attributor { return r.metrics.(*metricsProcessor).attributor }

func (r *rig) start() *rig {
	r.Helper()
	host := componenttest.NewNopHost()
	require.NoError(r, r.metrics.Start(r.Context(), host))
	require.NoError(r, r.logs.Start(r.Context(), host))
	return r
}

// held says who holds GPUs from a time on, as the kubelet and the job directory would.
type held map[holders.Ref][]holders.Holding

func (r *rig) says(second float64, kubernetes, jobs held) {
	r.Helper()
	book := r.shared().book
	book.Lock()
	defer book.Unlock()
	for source, holdings := range []held{kubernetes, jobs} {
		if holdings == nil {
			book.Forget(source, true, at(second))
			continue
		}
		book.Update(source, &holders.Answer{At: at(second), Holdings: holdings})
	}
}

// pods are one pod, or several that share, on one GPU.
func pods(gpu int, names ...string) held {
	h := held{}
	for _, name := range names {
		kind := holders.Exclusive
		if len(names) > 1 {
			kind = holders.Timeslice
		}
		ref := holders.UUIDRef(kubelettest.GPU(gpu))
		h[ref] = append(h[ref], holders.Holding{Holder: holders.Holder{Namespace: "ml", Pod: name, Container: "main"}, Kind: kind, Shares: 1})
	}
	return h
}

// value is a data point: name{key=value …} number, of the GPU of its batch.
type value struct {
	metric string
	attrs  string
	number any // int of a level, int64 or float64
	sum    bool
	start  float64
}

func gauge(metric, attrs string, number float64) value {
	return value{metric: metric, attrs: attrs, number: number}
}

func counter(metric, attrs string, number any) value {
	return value{metric: metric, attrs: attrs, number: number, sum: true}
}

// batch is data of GPUs, all of one second.
func batch(second float64, resource string, values ...value) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	put(rm.Resource().Attributes(), resource)
	metrics := rm.ScopeMetrics().AppendEmpty().Metrics()
	for _, v := range values {
		m := metrics.AppendEmpty()
		m.SetName(v.metric)
		var point pmetric.NumberDataPoint
		if v.sum {
			m.SetEmptySum().SetIsMonotonic(true)
			m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			point = m.Sum().DataPoints().AppendEmpty()
			point.SetStartTimestamp(pcommon.NewTimestampFromTime(at(v.start)))
		} else {
			point = m.SetEmptyGauge().DataPoints().AppendEmpty()
		}
		put(point.Attributes(), v.attrs)
		point.SetTimestamp(pcommon.NewTimestampFromTime(at(second)))
		switch number := v.number.(type) {
		case int:
			point.SetIntValue(int64(number))
		case float64:
			point.SetDoubleValue(number)
		}
	}
	return md
}

func put(to pcommon.Map, attrs string) {
	for pair := range strings.FieldsSeq(attrs) {
		key, value, _ := strings.Cut(pair, "=")
		to.PutStr(key, value)
	}
}

// of is the attribute that names a GPU.
func of(gpu int) string { return "hw.id=" + kubelettest.GPU(gpu) }

// send sends a batch and returns what comes out, a line for each point, in order of time within a metric.
func (r *rig) send(md pmetric.Metrics) []string {
	r.Helper()
	r.sink.Reset()
	require.NoError(r, r.metrics.ConsumeMetrics(r.Context(), md))
	return render(r.sink.AllMetrics()[0])
}

func render(md pmetric.Metrics) []string {
	var lines []string
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				lines = append(lines, renderMetric(m)...)
			}
		}
	}
	return lines
}

func renderMetric(m pmetric.Metric) []string {
	points := pmetric.NewNumberDataPointSlice()
	switch m.Type() {
	case pmetric.MetricTypeSum:
		points = m.Sum().DataPoints()
	case pmetric.MetricTypeGauge:
		points = m.Gauge().DataPoints()
	}
	all := slices.Collect(func(yield func(pmetric.NumberDataPoint) bool) {
		for _, point := range points.All() {
			if !yield(point) {
				return
			}
		}
	})
	slices.SortStableFunc(all, func(a, b pmetric.NumberDataPoint) int { return int(int64(a.Timestamp()) - int64(b.Timestamp())) })
	var lines []string
	for _, point := range all {
		lines = append(lines, m.Name()+renderPoint(point))
	}
	return lines
}

func renderPoint(point pmetric.NumberDataPoint) string {
	var attrs []string
	for key, value := range point.Attributes().All() {
		if key == attrID && isGPU(value.Str()) {
			key, value = "gpu", pcommon.NewValueStr(strings.TrimLeft(value.Str()[4:12], "0"))
		}
		attrs = append(attrs, key+"="+value.AsString())
	}
	slices.Sort(attrs)
	text := fmt.Sprintf("{%s} %v at %v", strings.Join(attrs, " "), valueOf(point), seconds(point.Timestamp()))
	if point.StartTimestamp() != 0 {
		text += fmt.Sprintf(" since %v", seconds(point.StartTimestamp()))
	}
	return text
}

func seconds(ts pcommon.Timestamp) float64 { return ts.AsTime().Sub(epoch).Seconds() }

// log sends a record of a second and returns its attributes.
func (r *rig) log(second float64, resource, attrs string) map[string]any {
	r.Helper()
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	put(rl.Resource().Attributes(), resource)
	record := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.SetTimestamp(pcommon.NewTimestampFromTime(at(second)))
	put(record.Attributes(), attrs)
	r.records.Reset()
	require.NoError(r, r.logs.ConsumeLogs(r.Context(), ld))
	return r.records.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().AsRaw()
}
