// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
)

// track is what a pipeline knows of a GPU beside its holders.
type track struct {
	gpu     *holders.GPU
	who     identity // as its data names it
	inBatch bool
	place   int   // in the batch
	first   int64 // time of its first data
	newest  int64 // time of its newest data
	before  int64 // the same, before this batch

	utilization, power, limit reading
	low, stalled              condition
	idle                      float64 // seconds

	time, idleTime series[float64]
}

// reading is the newest value of what derived metrics need. Where a GPU has several sources of it, the best ranks lowest.
type reading struct {
	at    int64
	rank  int
	value float64
}

func (l *ledgers) track(gpu *holders.GPU, who identity) *track {
	t := l.tracks[gpu]
	if t == nil {
		t = &track{gpu: gpu, who: who}
		l.tracks[gpu] = t
	}
	return t
}

func (t *track) see(at pcommon.Timestamp) {
	if t.first == 0 {
		t.first = int64(at)
	}
	t.newest = max(t.newest, int64(at))
}

// rankFor is how long a better source keeps a worse one from being taken.
const rankFor = int64(time.Minute)

func (r *reading) take(rank int, at int64, value float64) {
	if r.at == 0 || rank <= r.rank || at-r.at > rankFor {
		*r = reading{at: at, rank: rank, value: value}
	}
}

// measure takes a value that derived metrics need.
type measure func(t *track, point pmetric.NumberDataPoint)

// measures are the metrics of the DCGM receiver and of dcgm-exporter that derived metrics need.
var measures = map[string]measure{
	"hw.gpu.utilization":                  utilization(0, 1, "hw.gpu.task", "general"),
	"gpu.utilization.sampled":             utilization(1, 1, "", ""),
	"DCGM_FI_PROF_GR_ENGINE_ACTIVE":       utilization(2, 1, "", ""),
	"DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO":   utilization(2, 1, "", ""),
	"DCGM_FI_DEV_GPU_UTIL_RATIO":          utilization(3, 1, "", ""),
	"DCGM_FI_DEV_GPU_UTIL":                utilization(3, 100, "", ""),
	"hw.power":                            power(0),
	"DCGM_FI_DEV_POWER_USAGE":             power(1),
	"DCGM_FI_DEV_BOARD_POWER_WATTS":       power(1),
	"gpu.power.limit":                     powerLimit("gpu.power.limit.type", "enforced"),
	"DCGM_FI_DEV_ENFORCED_POWER_LIMIT":    powerLimit("", ""),
	"DCGM_FI_DEV_POWER_MGMT_LIMIT":        powerLimit("", ""),
	"DCGM_FI_DEV_BOARD_POWER_LIMIT_WATTS": powerLimit("", ""),
}

func utilization(rank int, whole float64, key, value string) measure {
	return func(t *track, point pmetric.NumberDataPoint) {
		if key == "" || str(point.Attributes(), key) == value {
			t.utilization.take(rank, int64(point.Timestamp()), valueOf(point)/whole)
		}
	}
}

func power(rank int) measure {
	return func(t *track, point pmetric.NumberDataPoint) {
		t.power.take(rank, int64(point.Timestamp()), valueOf(point))
	}
}

func powerLimit(key, value string) measure {
	return func(t *track, point pmetric.NumberDataPoint) {
		if key == "" || str(point.Attributes(), key) == value {
			t.limit.take(0, int64(point.Timestamp()), valueOf(point))
		}
	}
}

func valueOf(point pmetric.NumberDataPoint) float64 {
	if point.ValueType() == pmetric.NumberDataPointValueTypeInt {
		return float64(point.IntValue())
	}
	return point.DoubleValue()
}

// condition is something that has to last to count.
type condition struct {
	since int64 // of the first sample at which it was so; 0 while it is not
	at    int64 // of the last sample
}

// update takes the newest sample, of a holder that has the GPU since a time. It returns for how many seconds more the
// condition has lasted longer than it has to, and whether it has.
func (c *condition) update(at int64, holds bool, held, after int64) (seconds float64, lasts bool) {
	before := c.at
	if at <= before {
		return 0, c.since > 0 && before-c.since >= after
	}
	c.at = at
	if !holds {
		c.since = 0
		return 0, false
	}
	if c.since == 0 {
		c.since = at
	}
	c.since = max(c.since, min(held, at))
	counts := c.since + after
	if at < counts {
		return 0, false
	}
	return float64(at-max(before, counts)) / float64(time.Second), true
}
