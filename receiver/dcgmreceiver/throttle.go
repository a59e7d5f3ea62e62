// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	mathbits "math/bits"

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
// what is set already, which is no event.
func (e *throttleEvents) observe(s dcgm.Sample) {
	if s.Reason != dcgm.OK || s.TS <= e.last {
		return
	}
	mask := uint64(s.Int()) //nolint:gosec // It is a mask.
	if !e.begun {
		*e = throttleEvents{begun: true, start: s.TS, mask: mask}
	}
	for risen := mask &^ e.mask; risen != 0; risen &= risen - 1 {
		e.count[mathbits.TrailingZeros64(risen)]++
	}
	e.mask, e.last = mask, s.TS
}
