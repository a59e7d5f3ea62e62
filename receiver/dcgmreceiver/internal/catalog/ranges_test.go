// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// ownMetrics are what the receiver counts and measures itself, or makes of DCGM's own states.
var ownMetrics = []string{
	"dcgm.clock.skew", "dcgm.fields.refused", "dcgm.fields.unsupported", "dcgm.fields.watched", "dcgm.reconnects", "dcgm.sample.age", "dcgm.scrape.duration", "dcgm.up",
	"dcgm.values.dropped", "dcgm.watch.rebuilds", "gpu.fabric.info", "gpu.fallback.series", "gpu.health", "gpu.info", "gpu.mig.instances", "gpu.nvswitch.info", "gpu.nvswitch.up", "gpu.profiling.fields", "gpu.status",
	"gpu.sxid.errors", "gpu.sxid.last", "gpu.up", "gpu.xid.errors", "gpu.xid.last", "hw.status",
}

func TestEveryMetricHasAPlausibleRange(t *testing.T) {
	for _, m := range metrics {
		name := m.Name
		require.NotEqual(t, slices.Contains(ownMetrics, name), rangeOf[name] != nil, name)
	}
	require.Len(t, rangeOf, len(ranges), "one range for a metric")
	require.True(t, slices.IsSortedFunc(ranges, func(a, b Range) int { return strings.Compare(a.Metric, b.Metric) }))
	for _, p := range ranges {
		require.Less(t, p.Min, p.Max, p.Metric)
		require.LessOrEqual(t, p.Max, MostInt, "%s: what is within fits int64", p.Metric)
		require.NotEmpty(t, p.Why, p.Metric)
	}
	for _, r := range layoutOf(allEnabled()).Rows {
		require.NotNil(t, r.Range, r.Name)
		for _, src := range r.Sources {
			if src.Kind == Rate {
				require.Positive(t, r.Range.Rate, r.Name)
			}
		}
	}
}

func allEnabled() map[string]bool {
	enabled := map[string]bool{}
	for _, s := range rows {
		enabled[s.Name] = true
	}
	return enabled
}

// give is what a source makes of equal samples of its fields, if it gives a point.
func give(r *Placed, src *Source, s dcgm.Sample) (Number, bool) {
	value, ok := src.Value(slices.Repeat([]dcgm.Sample{s}, len(src.Fields)))
	return value, ok && r.Range.Holds(src.Kind, value.F)
}

func TestWhatNoBoardCanHaveGivesNoPoint(t *testing.T) {
	everywhere := []dcgm.Sample{
		intSample(-1_000_000), intSample(math.MinInt64), intSample(math.MaxInt64 - 16), floatSample(-1e6), floatSample(-1e300), floatSample(1e300),
	}
	for i, r := range layoutOf(allEnabled()).Rows {
		for j := range r.Sources {
			for _, s := range everywhere {
				value, ok := give(&r, &r.Sources[j], s)
				require.False(t, ok, "row %d: %s gives %v", i, r.Name, value)
			}
		}
	}
}

// Where a metric is read as garbage: numbers that boards have answered, and neighbours of bounds.
func TestGarbageGivesNoPoint(t *testing.T) {
	const stuck, ones = 82505, 4278190080
	for metric, samples := range map[string][]dcgm.Sample{
		"hw.temperature":                {intSample(stuck), intSample(ones), intSample(255), intSample(-61)},
		"hw.temperature.limit":          {intSample(stuck), intSample(ones), intSample(255)},
		"gpu.temperature.margin":        {intSample(stuck), intSample(ones), intSample(255)},
		"hw.power":                      {floatSample(-0.001), floatSample(stuck), floatSample(ones)},
		"gpu.power.limit":               {floatSample(-5), floatSample(stuck), floatSample(ones)},
		"hw.gpu.memory.usage":           {intSample(-1), intSample(ones), intSample(1 << 43)},
		"hw.gpu.memory.limit":           {intSample(-1), intSample(ones), intSample(1 << 43)},
		"hw.gpu.utilization":            {floatSample(-0.01), floatSample(stuck), floatSample(ones)},
		"gpu.sm.utilization":            {floatSample(-0.01), floatSample(2.01), floatSample(ones)},
		"hw.fan.speed_ratio":            {intSample(-1), intSample(stuck), intSample(ones)},
		"gpu.performance_state":         {intSample(32), intSample(stuck), intSample(ones)},
		"gpu.pcie.link.width":           {intSample(-1), intSample(stuck), intSample(ones)},
		"gpu.pcie.link.generation":      {intSample(-1), intSample(stuck), intSample(ones)},
		"gpu.memory.rows.remap.failed":  {intSample(stuck), intSample(ones)},
		"gpu.memory.rows.remapped":      {intSample(-1), intSample(ones)},
		"gpu.memory.pages.pending":      {intSample(ones)},
		"gpu.recovery.action":           {intSample(stuck), intSample(ones)},
		"gpu.fabric.health":             {intSample(stuck), intSample(ones)},
		"gpu.fabric.condition":          {intSample(-1), intSample(ones)},
		"gpu.throttle.active":           {intSample(-1), intSample(stuck), intSample(ones)},
		"gpu.throttle.time":             {intSample(-1)},
		"gpu.ecc.errors":                {intSample(-1)},
		"gpu.nvlink.ber":                {floatSample(-1e-12), floatSample(stuck)},
		"gpu.power.smoothing.ramp_rate": {intSample(-1), intSample(ones)},
	} {
		found := false
		for _, r := range layoutOf(map[string]bool{metric: true}).Rows {
			for j := range r.Sources {
				for _, s := range samples {
					if r.Sources[j].Fields[0] == 1603 || r.Sources[j].Fields[0] == 1612 {
						continue // of another unit
					}
					value, ok := give(&r, &r.Sources[j], s)
					require.False(t, ok, "%s from %d of %v gives %v", metric, r.Sources[j].Fields[0], s.Float(), value)
					found = true
				}
			}
		}
		require.True(t, found, metric)
	}
}

func TestBoardsOfTodayAndTomorrowArePlausible(t *testing.T) {
	for metric, values := range map[string][]float64{
		"hw.power":               {0, 75, 700, 1400, 2500, 3600, 10_000},
		"gpu.power.limit":        {0, 1000, 3600},
		"hw.temperature":         {-40, 0, 35, 95, 110, 130},
		"hw.temperature.limit":   {0, 85, 105, 128},
		"gpu.temperature.margin": {-60, 0, 55, 120},
		"hw.gpu.memory.limit":    {4 << 30, 288e9, 400e9, 1 << 40, 4 << 40},
		"gpu.bar1.limit":         {256 << 20, 512 << 30, 1 << 40},
		"gpu.clock.frequency":    {0, 345e6, 2.6e9, 14e9},
		"gpu.nvlink.links":       {0, 18, 36, 72},
		"gpu.c2c.links":          {10, 72},
		"gpu.pcie.link.width":    {1, 16, 32},
		"hw.energy":              {0, 1400 * 86400 * 365 * 5},
		"gpu.nvlink.io":          {0, 1.8e12 * 86400 * 30},
		"gpu.ecc.errors":         {0, 4294967296},
		"gpu.throttle.time":      {0, 86400 * 365 * 10},
		"hw.fan.speed_ratio":     {0, 1.07},
	} {
		for _, value := range values {
			require.True(t, rangeOf[metric].Holds(Level, value), "%s of %v", metric, value)
		}
	}
	for metric, perSecond := range map[string]float64{"gpu.nvlink.io": 2 * 1.8e12, "gpu.c2c.io": 1.8e12, "hw.gpu.io": 256e9, "hw.energy": 3600} {
		require.True(t, rangeOf[metric].Holds(Rate, perSecond), metric)
	}
}

func TestWhatARealHostEngineAnsweredIsPlausible(t *testing.T) {
	file, err := os.Open("../dcgm/testdata/dcgm-4.6.0-h100x8.recording.jsonl")
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	rows := layoutOf(allEnabled()).Rows
	points := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var r struct {
			Kind, Type, Phase string
			Field             dcgm.FieldID
			Status            int
			Value             any
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &r))
		s, isValue := recorded(r.Type, r.Value)
		if !isValue || r.Status != 0 {
			continue
		}
		for i := range rows {
			for j, src := range rows[i].Sources {
				if len(src.Fields) > 1 || src.Fields[0] != r.Field {
					continue
				}
				value, ok := src.Value([]dcgm.Sample{s})
				require.True(t, !ok || rows[i].Range.Holds(src.Kind, value.F), "%s from %d: %v", rows[i].Name, rows[i].Sources[j].Fields[0], value)
				points++
			}
		}
	}
	require.Greater(t, points, 1000)
}

// recorded is a value of a recording, without those that stand for none.
func recorded(kind string, value any) (dcgm.Sample, bool) {
	const blanks = 1 << 47
	switch v := value.(type) {
	case float64:
		return floatSample(v), v < blanks
	case string:
		i, err := strconv.ParseInt(v, 10, 64)
		return intSample(i), kind == "int64" && err == nil && i < math.MaxInt64-16 && (i < math.MaxInt32-16 || i > math.MaxInt32)
	default:
		return dcgm.Sample{}, false
	}
}

func TestRangesAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Plausible ranges\n\nA value outside the range of its metric is not emitted, and is counted in `dcgm.values.dropped` as `implausible`.\n" +
		"Per second is the bound of a source that is a rate and is integrated. `go test -run " + t.Name() + " -update` writes this table.\n\n" +
		"| metric | unit | least | most | per second | why |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, p := range ranges {
		perSecond := ""
		if p.Rate > 0 {
			perSecond = fmt.Sprint(p.Rate)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %v | %v | %s | %s |\n", p.Metric, Find(p.Metric).Unit, p.Min, p.Max, perSecond, p.Why)
	}
	requireFile(t, "../../ranges.md", b.String())
}

var update = flag.Bool("update", false, "write the files")

// requireFile compares with a file, or writes it when asked to.
func requireFile(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test -run '%s' -update rewrites it", t.Name())
}
