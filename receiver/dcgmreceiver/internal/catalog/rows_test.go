// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// recordedByCode are the metrics that have no rows.
var recordedByCode = []string{
	"dcgm.clock.skew", "dcgm.fields.refused", "dcgm.fields.unsupported", "dcgm.fields.watched", "dcgm.hostengine.cpu.utilization", "dcgm.hostengine.memory.usage", "dcgm.reconnects",
	"dcgm.sample.age", "dcgm.scrape.duration", "dcgm.up", "dcgm.values.dropped", "dcgm.watch.rebuilds",
	"gpu.fabric.info", "gpu.fallback.series", "gpu.health", "gpu.info", "gpu.mig.instances", "gpu.nvlink.links", "gpu.nvswitch.info", "gpu.nvswitch.links", "gpu.nvswitch.up", "gpu.profiling.fields", "gpu.status", "gpu.throttle.events",
	"gpu.sxid.errors", "gpu.sxid.last", "gpu.up", "gpu.xid.errors", "gpu.xid.last", "hw.status",
}

func TestEveryMetricHasItsHome(t *testing.T) {
	homes := map[string]bool{}
	for _, m := range metrics {
		homes[m.Name] = false
	}
	for _, name := range recordedByCode {
		require.Contains(t, homes, name)
		homes[name] = true
	}
	for _, s := range rows {
		require.NotContains(t, recordedByCode, s.Name)
		homes[s.Name] = true
	}
	for name, has := range homes {
		require.True(t, has, "%s is in metadata.yaml and nothing records it", name)
	}
}

func TestRowsFitTheirMetric(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows {
		require.True(t, r.OfEntity, r.Name)
		require.Len(t, r.Attrs, len(r.Attributes), r.Name)
		for i, attr := range r.Attrs {
			require.Equal(t, r.Attributes[i], attr.Key, r.Name)
			require.Contains(t, States(attr.Key), attr.Value, "%s of %s", attr.Key, r.Name)
		}
		key := fmt.Sprint(r.Name, r.Attrs)
		require.False(t, seen[key], "two rows are %s", key)
		seen[key] = true
		require.NotZero(t, r.Kinds, r.Name)
		require.NotEmpty(t, r.Sources, r.Name)
	}
}

func TestMetricsAreFoundByTheirName(t *testing.T) {
	for i := range metrics {
		require.Equal(t, i, metrics[i].Index)
		require.Same(t, &metrics[i], Find(metrics[i].Name))
	}
	require.Nil(t, Find("gpu.none"))
	require.Nil(t, Find("zzz"))
	require.PanicsWithValue(t, "metadata.yaml has no metric gpu.none", func() { Named("gpu.none") })
}

// Errors on links are rare, and on NVLink and PCIe each reading is a query of its own.
func TestErrorsOfLinksAreSampledSlowly(t *testing.T) {
	for _, s := range rows {
		link := strings.HasPrefix(s.Name, "gpu.nvlink.") || strings.HasPrefix(s.Name, "gpu.pcie.") || strings.HasPrefix(s.Name, "gpu.c2c.")
		if link && (strings.HasSuffix(s.Name, "errors") || strings.HasSuffix(s.Name, "replays") || strings.HasSuffix(s.Name, "recoveries")) {
			require.Equal(t, Slow, s.Tier, s.Name)
		}
	}
}

var faultMetrics = []string{
	"hw.errors", "gpu.ecc.errors", "gpu.ecc.sram.threshold_exceeded", "gpu.memory.unrepairable", "gpu.memory.rows.remapped", "gpu.memory.rows.remap.failed",
	"gpu.memory.rows.remap.pending", "gpu.memory.pages.retired", "gpu.memory.pages.pending", "gpu.recovery.action",
}

func TestFaultsOfAGPUAreSampledEveryTime(t *testing.T) {
	for _, s := range rows {
		if slices.Contains(faultMetrics, s.Name) {
			require.Equal(t, Normal, s.Tier, s.Name)
		}
	}
}

func TestStateSetsAndMasksAreComplete(t *testing.T) {
	metrics := map[string]int{}
	for _, s := range rows {
		metrics[s.Name]++
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
	for _, r := range rows {
		for _, src := range r.Sources {
			require.Equal(t, r.Monotonic, src.Kind != Level, r.Name)
		}
	}
}

func TestFlagsAreZeroOrOne(t *testing.T) {
	for _, s := range rows {
		if !isFlag(s.Metric) || len(s.Sources[0].Fields) > 1 {
			continue
		}
		values := map[int64]bool{}
		for v := range int64(4096) {
			if got, ok := s.Sources[0].Value([]dcgm.Sample{intSample(v)}); ok {
				values[got.I] = true
			}
		}
		require.Equal(t, map[int64]bool{0: true, 1: true}, values, s.Name)
	}
}

func TestProfilingIsClampedToOne(t *testing.T) {
	for _, s := range rows {
		for _, src := range s.Sources {
			id := src.Fields[0]
			if id >= 1001 && id <= 1008 || id >= 1013 && id <= 1034 {
				got, ok := src.Value([]dcgm.Sample{floatSample(1.25)})
				require.True(t, ok)
				require.Equal(t, Number{I: 1, F: 1}, got, s.Name)
				got, _ = src.Value([]dcgm.Sample{floatSample(7.5)})
				require.False(t, rangeOf[s.Name].Holds(Level, got.F), "%s: more than counters out of step explain", s.Name)
			}
		}
	}
}

func TestFurtherProfilingIsForGPM(t *testing.T) {
	for _, s := range rows {
		first := s.Sources[0].Fields[0]
		core := first <= 1005 || first == 1091 || first == 1092
		require.Equal(t, dcgm.IsProfiling(first) && !core, s.GPM, "%s from %d", s.Name, first)
	}
}

func TestIdentityIsNoSeries(t *testing.T) {
	for _, s := range rows {
		require.NotEqual(t, Static, s.Tier, s.Name)
	}
}

func TestConversionsAreExact(t *testing.T) {
	for name, c := range map[string]struct {
		convert converter
		sample  dcgm.Sample
		want    Number
	}{
		"memory of an H100":   {mib, intSample(81559), Number{I: 85520809984, F: 85520809984}},
		"counter beyond 2^53": {asIs, intSample(1<<53 + 1), Number{I: 1<<53 + 1, F: 1 << 53}},
		"largest counter":     {asIs, intSample(math.MaxInt64 - 16), Number{I: math.MaxInt64 - 16, F: 1 << 63}},
		"integer as double":   {asIs, floatSample(1980000000), Number{I: 1980000000, F: 1980000000}},
		"millijoules":         {milli, intSample(123456789), Number{I: 123456, F: 123456.789}},
		"percent":             {percent, intSample(29), Number{F: 0.29}},
		"more than percent":   {percent, intSample(107), Number{I: 1, F: 1.07}},
		"nanoseconds":         {nanoseconds, intSample(1234567891), Number{I: 1, F: 1.234567891}},
		"megahertz":           {megahertz, intSample(1980), Number{I: 1980000000, F: 1980000000}},
		"bit error ratio":     {asIs, floatSample(1.5e-12), Number{F: 1.5e-12}},
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
		for _, s := range rows {
			if s.Name != c.metric {
				continue
			}
			if got, ok := s.Sources[0].Value([]dcgm.Sample{intSample(c.value)}); ok {
				points, ones = points+1, ones+int(got.I)
			}
		}
		require.Equal(t, c.ones >= 0, points > 0, name)
		require.Equal(t, max(c.ones, 0), ones, name)
	}
}

func TestSourcesOfSeveralFields(t *testing.T) {
	for name, c := range map[string]struct {
		src    Source
		values []int64
		want   Number
		ok     bool
	}{
		"used of usable memory": {usedOfUsable, []int64{100, 500, 100}, Number{F: 0.25}, true},
		"all memory reserved":   {usedOfUsable, []int64{0, 100, 100}, Number{}, false},
		"licensed vGPU":         {vgpuLicense, []int64{1, 2}, Number{I: 1, F: 1}, true},
		"bare metal":            {vgpuLicense, []int64{0, 0}, Number{}, false},
		"C2C rate":              {c2cRate(1076), []int64{5, 10}, Number{I: 5, F: 5}, true},
		"rate without links":    {c2cRate(1076), []int64{0, 0}, Number{}, false},
		"active links":          {c2cLinks(1), []int64{10, 1}, Number{I: 10, F: 10}, true},
		"no inactive links":     {c2cLinks(0), []int64{10, 1}, Number{}, true},
		"no links":              {c2cLinks(1), []int64{0, 0}, Number{}, false},
		"status of links":       {c2cLinks(1), []int64{10, 7}, Number{}, false},
	} {
		require.Len(t, c.src.Fields, len(c.values), name)
		var samples []dcgm.Sample
		for _, v := range c.values {
			samples = append(samples, intSample(v))
		}
		got, ok := c.src.Value(samples)
		require.Equal(t, c.ok, ok, name)
		if ok {
			require.Equal(t, c.want, got, name)
		}
	}
}

// isFlag says whether a metric is a state, 0 or 1.
func isFlag(m *Metric) bool { return m.Sum && m.Unit == "1" }

// layoutOf lays out the rows of GPUs whose metrics are enabled.
func layoutOf(enabled map[string]bool) *Layout {
	return NewLayout(dcgm.GPU, rows, enabled, nil, NewPace(10*time.Second, 0))
}

func intSample(v int64) dcgm.Sample { return dcgm.SampleOf(0, 1, v) }

func floatSample(v float64) dcgm.Sample { return dcgm.SampleOf(0, 1, v) }
