// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// recordSelf writes what is known of DCGM itself.
func (c *collector) recordSelf(mb *metadata.MetricsBuilder, now time.Time) {
	ts := timestamp(now)
	for reason := dcgm.Blank; reason < dropReasons; reason++ {
		mb.RecordDcgmValuesDroppedDataPoint(ts, c.tally.dropped[reason], dropAttributes[reason])
	}
	mb.RecordDcgmFieldsWatchedDataPoint(ts, c.watched)
	mb.RecordDcgmFieldsUnsupportedDataPoint(ts, c.unsupported)
	mb.RecordDcgmFieldsRefusedDataPoint(ts, c.countRefused())
	mb.RecordDcgmWatchRebuildsDataPoint(ts, max(0, c.plans-1))
	if c.tally.oldest > 0 {
		// Where the host engine's clock is ahead of this one, the age is not known to be more than 0.
		age := max(0, c.readAt.Sub(time.UnixMicro(c.tally.oldest)))
		mb.RecordDcgmSampleAgeDataPoint(ts, age.Seconds())
	}
	if c.used != nil {
		c.recordUsage(mb, timestamp(c.used.at))
	}
}

func (c *collector) recordUsage(mb *metadata.MetricsBuilder, ts pcommon.Timestamp) {
	if c.plausibly(metricEngineMemory, float64(c.used.MemoryBytes)) {
		mb.RecordDcgmHostengineMemoryUsageDataPoint(ts, c.used.MemoryBytes)
	}
	if c.plausibly(metricEngineCPU, c.used.CPU) {
		mb.RecordDcgmHostengineCPUUtilizationDataPoint(ts, c.used.CPU)
	}
}

// plausibly reports whether a level may be emitted, or counts it.
func (c *collector) plausibly(metric string, value float64) bool {
	ok := rangeOf[metric].holds(level, value)
	if !ok {
		c.tally.drop(implausible)
	}
	return ok
}
