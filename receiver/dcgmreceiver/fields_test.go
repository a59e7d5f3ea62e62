// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// recordedByCode are the metrics that are no series of the table.
var recordedByCode = []string{
	"dcgm.fields.refused", "dcgm.fields.unsupported", "dcgm.fields.watched", "dcgm.hostengine.cpu.utilization", "dcgm.hostengine.memory.usage", "dcgm.reconnects",
	"dcgm.sample.age", "dcgm.scrape.duration", "dcgm.up", "dcgm.values.dropped", "dcgm.watch.rebuilds",
	"gpu.fabric.info", "gpu.fallback.series", "gpu.info", "gpu.nvlink.links", "gpu.profiling.fields", "gpu.status", "gpu.throttle.events",
	"gpu.up", "hw.status",
}

func TestEveryMetricHasItsHome(t *testing.T) {
	metrics := map[string]bool{}
	for metric := range reflect.TypeFor[metadata.MetricsConfig]().Fields() {
		metrics[metric.Tag.Get("mapstructure")] = false
	}
	for _, name := range recordedByCode {
		require.Contains(t, metrics, name)
		metrics[name] = true
	}
	for _, s := range table {
		require.Contains(t, metrics, s.metric)
		require.NotContains(t, recordedByCode, s.metric)
		metrics[s.metric] = true
	}
	for name, has := range metrics {
		require.True(t, has, "%s is in metadata.yaml and nothing records it", name)
	}
}

func TestSeriesRecordIntoTheirMetric(t *testing.T) {
	mb := fullBuilder()
	seen := map[string]bool{}
	for i, s := range table {
		m := emit(t, mb, &s, number{i: 7, f: 2.5})
		require.Equal(t, s.metric, m.Name(), "row %d", i)
		points := dataPoints(m)
		require.Equal(t, 1, points.Len(), s.metric)
		p := points.At(0)
		require.Equal(t, pcommon.Timestamp(42), p.Timestamp())
		if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
			require.Equal(t, int64(7), p.IntValue(), s.metric)
		} else {
			require.Equal(t, 2.5, p.DoubleValue(), s.metric) //nolint:testifylint // No arithmetic is done on it.
		}
		attributes := p.Attributes().AsRaw()
		requireIdentity(t, attributes)
		key := fmt.Sprint(s.metric, attributes) // fmt sorts the keys.
		require.False(t, seen[key], "two series are %s", key)
		seen[key] = true
	}
}

func requireIdentity(t *testing.T, attributes map[string]any) {
	t.Helper()
	for key, want := range map[string]string{"hw.id": "GPU-1", "hw.name": "nvidia3", "hw.model": "H100", "hw.vendor": "nvidia"} {
		require.Equal(t, want, attributes[key])
	}
	for key, value := range attributes {
		require.NotEmpty(t, value, key)
	}
}

// Errors on links are rare, and on NVLink and PCIe each reading is a query of its own.
func TestErrorsOfLinksAreSampledSlowly(t *testing.T) {
	for _, s := range table {
		link := strings.HasPrefix(s.metric, "gpu.nvlink.") || strings.HasPrefix(s.metric, "gpu.pcie.") || strings.HasPrefix(s.metric, "gpu.c2c.")
		if link && (strings.HasSuffix(s.metric, "errors") || strings.HasSuffix(s.metric, "replays") || strings.HasSuffix(s.metric, "recoveries")) {
			require.Equal(t, slow, s.tier, s.metric)
		}
	}
}

var faultMetrics = []string{
	"hw.errors", "gpu.ecc.errors", "gpu.ecc.sram.threshold_exceeded", "gpu.memory.unrepairable", "gpu.memory.rows.remapped", "gpu.memory.rows.remap.failed",
	"gpu.memory.rows.remap.pending", "gpu.memory.pages.retired", "gpu.memory.pages.pending", "gpu.recovery.action",
}

func TestFaultsOfAGPUAreSampledEveryTime(t *testing.T) {
	for _, s := range table {
		if slices.Contains(faultMetrics, s.metric) {
			require.Equal(t, normal, s.tier, s.metric)
		}
	}
	for field, slot := range newLayout(nil, map[string]bool{metricHealth: true}, interval, 0).slots {
		require.Contains(t, append(statusInputs, fieldUUID), field)
		require.Equal(t, normal, newLayout(nil, map[string]bool{metricHealth: true}, interval, 0).tierOf[slot])
	}
}

func TestStateSetsAndMasksAreComplete(t *testing.T) {
	metrics := map[string]int{}
	for _, s := range table {
		metrics[s.metric]++
	}
	for metric, want := range map[string]int{
		"gpu.recovery.action": 5, "gpu.fabric.state": 7, "gpu.fabric.health": 3, "gpu.fabric.condition": 5, "gpu.imex.daemon.status": 8,
		"gpu.throttle.active": 9, "gpu.throttle.time": 13, "gpu.ecc.location.errors": 32, "gpu.nvlink.fec.history": 16,
		"gpu.nvlink.errors": 14, "gpu.engine.utilization": 18, "gpu.pipe.utilization": 8, "gpu.cycles": 11,
	} {
		require.Equal(t, want, metrics[metric], metric)
	}
}

func TestKindsFollowTheMetric(t *testing.T) {
	mb := fullBuilder()
	for _, s := range table {
		m := emit(t, mb, &s, number{})
		cumulative := m.Type() == pmetric.MetricTypeSum && m.Sum().IsMonotonic()
		for _, src := range s.sources {
			require.Equal(t, cumulative, src.kind != level, s.metric)
		}
	}
}

func TestFlagsAreZeroOrOne(t *testing.T) {
	mb := fullBuilder()
	for _, s := range table {
		if !isFlag(emit(t, mb, &s, number{})) || len(s.sources[0].fields) > 1 {
			continue
		}
		values := map[int64]bool{}
		for v := range int64(4096) {
			if got, ok := s.sources[0].value([]dcgm.Sample{intSample(v)}); ok {
				values[got.i] = true
			}
		}
		require.Equal(t, map[int64]bool{0: true, 1: true}, values, s.metric)
	}
}

func TestProfilingIsClampedToOne(t *testing.T) {
	for _, s := range table {
		for _, src := range s.sources {
			id := src.fields[0]
			if id >= 1001 && id <= 1008 || id >= 1013 && id <= 1034 {
				got, ok := src.value([]dcgm.Sample{floatSample(1.25)})
				require.True(t, ok)
				require.Equal(t, number{i: 1, f: 1}, got, s.metric)
				got, _ = src.value([]dcgm.Sample{floatSample(7.5)})
				require.False(t, rangeOf[s.metric].holds(level, got.f), "%s: more than counters out of step explain", s.metric)
			}
		}
	}
}

func TestFurtherProfilingIsForGPM(t *testing.T) {
	for _, s := range table {
		first := s.sources[0].fields[0]
		core := first <= 1005 || first == 1091 || first == 1092
		require.Equal(t, dcgm.IsProfiling(first) && !core, s.gpm, "%s from %d", s.metric, first)
	}
}

func TestIdentityIsNoSeries(t *testing.T) {
	for _, s := range table {
		require.NotEqual(t, static, s.tier, s.metric)
	}
}

func TestConversionsAreExact(t *testing.T) {
	for name, c := range map[string]struct {
		convert converter
		sample  dcgm.Sample
		want    number
	}{
		"memory of an H100":   {mib, intSample(81559), number{i: 85520809984, f: 85520809984}},
		"counter beyond 2^53": {asIs, intSample(1<<53 + 1), number{i: 1<<53 + 1, f: 1 << 53}},
		"largest counter":     {asIs, intSample(math.MaxInt64 - 16), number{i: math.MaxInt64 - 16, f: 1 << 63}},
		"integer as double":   {asIs, floatSample(1980000000), number{i: 1980000000, f: 1980000000}},
		"millijoules":         {milli, intSample(123456789), number{i: 123456, f: 123456.789}},
		"percent":             {percent, intSample(29), number{f: 0.29}},
		"more than percent":   {percent, intSample(107), number{i: 1, f: 1.07}},
		"nanoseconds":         {nanoseconds, intSample(1234567891), number{i: 1, f: 1.234567891}},
		"megahertz":           {megahertz, intSample(1980), number{i: 1980000000, f: 1980000000}},
		"bit error ratio":     {asIs, floatSample(1.5e-12), number{f: 1.5e-12}},
	} {
		got, ok := c.convert(c.sample)
		require.True(t, ok, name)
		require.Equal(t, c.want, got, name)
	}
}

func TestStatesOutsideTheSetGiveNoPoint(t *testing.T) {
	for name, c := range map[string]struct {
		metric string
		value  int64
		ones   int // states that are 1; -1 for no points
	}{
		"IMEX not installed":       {"gpu.imex.daemon.status", -1, -1},
		"IMEX ready":               {"gpu.imex.daemon.status", 5, 1},
		"state of a later version": {"gpu.recovery.action", 5, -1},
		"no recovery needed":       {"gpu.recovery.action", 0, 1},
		"no fabric":                {"gpu.fabric.health", 0, -1},
		"healthy fabric":           {"gpu.fabric.health", 1, 1},
		"no fabric conditions":     {"gpu.fabric.condition", 0, -1},
		"all conditions false":     {"gpu.fabric.condition", 0b0001_10_10_10_10, 0},
		"all conditions true":      {"gpu.fabric.condition", 0b0111_01_01_01_01, 5},
		"idle":                     {"gpu.throttle.active", 0x1, 1},
		"hot":                      {"gpu.throttle.active", 0x48, 2},
		"not known":                {"gpu.mig.mode", -1, -1},
	} {
		points, ones := 0, 0
		for _, s := range table {
			if s.metric != c.metric {
				continue
			}
			if got, ok := s.sources[0].value([]dcgm.Sample{intSample(c.value)}); ok {
				points, ones = points+1, ones+int(got.i)
			}
		}
		require.Equal(t, c.ones >= 0, points > 0, name)
		require.Equal(t, max(c.ones, 0), ones, name)
	}
}

func TestSourcesOfSeveralFields(t *testing.T) {
	for name, c := range map[string]struct {
		src    source
		values []int64
		want   number
		ok     bool
	}{
		"used of usable memory": {usedOfUsable, []int64{100, 500, 100}, number{f: 0.25}, true},
		"all memory reserved":   {usedOfUsable, []int64{0, 100, 100}, number{}, false},
		"licensed vGPU":         {vgpuLicense, []int64{1, 2}, number{i: 1, f: 1}, true},
		"bare metal":            {vgpuLicense, []int64{0, 0}, number{}, false},
		"C2C rate":              {c2cRate(1076), []int64{5, 10}, number{i: 5, f: 5}, true},
		"rate without links":    {c2cRate(1076), []int64{0, 0}, number{}, false},
		"active links":          {c2cLinks(1), []int64{10, 1}, number{i: 10, f: 10}, true},
		"no inactive links":     {c2cLinks(0), []int64{10, 1}, number{}, true},
		"no links":              {c2cLinks(1), []int64{0, 0}, number{}, false},
		"status of links":       {c2cLinks(1), []int64{10, 7}, number{}, false},
	} {
		require.Len(t, c.src.fields, len(c.values), name)
		var samples []dcgm.Sample
		for _, v := range c.values {
			samples = append(samples, intSample(v))
		}
		got, ok := c.src.value(samples)
		require.Equal(t, c.ok, ok, name)
		if ok {
			require.Equal(t, c.want, got, name)
		}
	}
}

// isFlag says whether a metric is a state, 0 or 1.
func isFlag(m pmetric.Metric) bool { return m.Type() == pmetric.MetricTypeSum && m.Unit() == "1" }

// fullBuilder has all metrics switched on.
func fullBuilder() *metadata.MetricsBuilder {
	config := metadata.DefaultMetricsBuilderConfig()
	for _, metric := range reflect.ValueOf(&config.Metrics).Elem().Fields() {
		metric.FieldByName("Enabled").SetBool(true)
	}
	return metadata.NewMetricsBuilder(config, receivertest.NewNopSettings(metadata.Type))
}

// emit records one point of a series and returns the only metric that comes of it.
func emit(t *testing.T, mb *metadata.MetricsBuilder, s *series, n number) pmetric.Metric {
	t.Helper()
	s.record(mb, point{number: n, identity: &identity{id: "GPU-1", name: "nvidia3", model: "H100", vendor: "nvidia"}, ts: 42})
	metrics := mb.Emit().ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	require.Equal(t, 1, metrics.Len(), s.metric)
	return metrics.At(0)
}

func dataPoints(m pmetric.Metric) pmetric.NumberDataPointSlice {
	if m.Type() == pmetric.MetricTypeGauge {
		return m.Gauge().DataPoints()
	}
	return m.Sum().DataPoints()
}

func intSample(v int64) dcgm.Sample { return dcgm.SampleOf(0, 1, v) }

func floatSample(v float64) dcgm.Sample { return dcgm.SampleOf(0, 1, v) }
