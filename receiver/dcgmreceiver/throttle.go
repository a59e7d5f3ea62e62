// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	mathbits "math/bits"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// clocksEventReasons are the bits of field 112 (dcgm_fields.h, DCGM_CLOCKS_EVENT_REASON_*).
var clocksEventReasons = [...]struct {
	bit    uint
	reason metadata.AttributeGpuThrottleReason
}{
	{0, metadata.AttributeGpuThrottleReasonIdle},
	{1, metadata.AttributeGpuThrottleReasonClocksSetting},
	{2, metadata.AttributeGpuThrottleReasonSwPowerCap},
	{3, metadata.AttributeGpuThrottleReasonHwSlowdown},
	{4, metadata.AttributeGpuThrottleReasonSyncBoost},
	{5, metadata.AttributeGpuThrottleReasonSwThermal},
	{6, metadata.AttributeGpuThrottleReasonHwThermal},
	{7, metadata.AttributeGpuThrottleReasonHwPowerBrake},
	{8, metadata.AttributeGpuThrottleReasonDisplay},
}

// throttleEvents counts how often each bit of the clock event reasons has been set.
type throttleEvents struct {
	begun bool
	start int64 // timestamp of the first sample
	last  int64
	mask  uint64
	count [64]int64 // by bit
}

// observe takes samples of one GPU in the order of their timestamps. The first one tells
// what is set already, which is no event. It reports false for what can be no mask.
func (e *throttleEvents) observe(s dcgm.Sample) bool {
	if s.Reason != dcgm.OK || s.TS <= e.last {
		return true
	}
	if !isMask(s, clocksEventBits) {
		return false
	}
	mask := uint64(s.Int()) //nolint:gosec // It is a mask.
	if !e.begun {
		*e = throttleEvents{begun: true, start: s.TS, mask: mask}
	}
	for risen := mask &^ e.mask; risen != 0; risen &= risen - 1 {
		e.count[mathbits.TrailingZeros64(risen)]++
	}
	e.mask, e.last = mask, s.TS
	return true
}

func (r *recording) throttleEvents(g *gpu) {
	if !g.throttle.begun {
		return
	}
	if why := r.whySilent(g); why != dcgm.OK {
		for range clocksEventReasons {
			r.tally.drop(why)
		}
		return
	}
	r.since(pcommon.Timestamp(g.throttle.start * 1000)) //nolint:gosec // Timestamps are positive.
	at := pcommon.Timestamp(g.throttle.last * 1000)     //nolint:gosec // Timestamps are positive.
	for _, b := range clocksEventReasons {
		if r.wants(metricThrottleEvents) {
			r.mb.RecordGpuThrottleEventsDataPoint(at, g.throttle.count[b.bit], g.id, g.name, g.model, g.vendor, b.reason)
		}
	}
}

// whySilent says why the events of a GPU are not known to be all there are.
func (r *recording) whySilent(g *gpu) dcgm.Reason {
	switch {
	case !g.up():
		return dcgm.Blank
	case r.micros-g.throttle.last > r.silence:
		return dcgm.Stale
	default:
		return dcgm.OK
	}
}
