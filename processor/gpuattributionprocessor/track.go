// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
)

// track is what a pipeline knows of a GPU beside its holders.
type track struct {
	gpu     *holders.GPU
	who     identity // as its data names it
	inBatch bool
	reads   bool      // this batch has a reading of it
	data    bool      // this batch has a value of it
	came    time.Time // when its newest data did
	place   int       // in the batch
	first   int64     // time of its first data
	newest  int64     // time of its newest data
	before  int64     // the same, before this batch
	derived int64     // time of its newest derived metrics

	home     uint64    // hash of the resource that gets its derived metrics
	homeCame time.Time // when that last had data of it
	measured bool      // that resource has the readings

	utilization, power, limit reading
	low, stalled              condition
	idle                      float64 // seconds

	time, idleTime series[float64]
}

// settle reports whether derived metrics belong to this resource: to one at a time, and rather to that of the readings.
func (t *track) settle(resource uint64, measured bool, now time.Time) bool {
	silent := now.Sub(t.homeCame) > time.Duration(freshFor)
	if t.home != resource && !silent && (t.measured || !measured) {
		return false
	}
	t.measured = measured || (t.home == resource && t.measured)
	t.home, t.homeCame = resource, now
	return true
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

// see takes note of a value.
func (t *track) see(at int64, now time.Time) {
	if t.first == 0 {
		t.first = at
	}
	t.newest, t.came, t.data = max(t.newest, at), now, true
}

// freshFor is how long a reading counts, and the longest time between two readings of which anything is known.
const freshFor = int64(5 * time.Minute)

// fresh reports whether a reading is there, of about that time.
func (r *reading) fresh(at int64) bool { return r.at != 0 && at-r.at <= freshFor }

// rankFor is how long a better source keeps a worse one from being taken.
const rankFor = int64(time.Minute)

func (r *reading) take(rank int, at int64, value float64) {
	if r.at == 0 || rank <= r.rank || at-r.at > rankFor {
		*r = reading{at: at, rank: rank, value: value}
	}
}

// measure takes a value that derived metrics need.
type measure func(t *track, at int64, point pmetric.NumberDataPoint)

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
	return func(t *track, at int64, point pmetric.NumberDataPoint) {
		if key == "" || str(point.Attributes(), key) == value {
			t.utilization.take(rank, at, valueOf(point)/whole)
		}
	}
}

func power(rank int) measure {
	return func(t *track, at int64, point pmetric.NumberDataPoint) {
		t.power.take(rank, at, valueOf(point))
	}
}

func powerLimit(key, value string) measure {
	return func(t *track, at int64, point pmetric.NumberDataPoint) {
		if key == "" || str(point.Attributes(), key) == value {
			t.limit.take(0, at, valueOf(point))
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
	if at-before > freshFor {
		c.since = 0
	}
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
