// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"slices"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

const (
	smClock     = metadata.AttributeGpuClockDomainSm
	memoryClock = metadata.AttributeGpuClockDomainMemory
	videoClock  = metadata.AttributeGpuClockDomainVideo
	maxClock    = metadata.AttributeGpuClockLimitTypeMax
	appClock    = metadata.AttributeGpuClockLimitTypeApplication
)

var clockSeries = []series{
	{metric: "gpu.clock.frequency", sources: []source{of(1603, asIs), of(100, megahertz)}, record: with((*builder).RecordGpuClockFrequencyDataPoint, smClock)},
	{metric: "gpu.clock.frequency", sources: []source{of(1604, asIs), of(101, megahertz)}, record: with((*builder).RecordGpuClockFrequencyDataPoint, memoryClock)},
	{metric: "gpu.clock.frequency", sources: []source{of(1605, asIs), of(102, megahertz)}, record: with((*builder).RecordGpuClockFrequencyDataPoint, videoClock)},
	{metric: "gpu.performance_state", sources: []source{of(190, asIs)}, record: plain((*builder).RecordGpuPerformanceStateDataPoint)},
}

var clockDetails = []series{
	{metric: "gpu.clock.limit", tier: slow, sources: []source{of(1608, asIs), of(113, megahertz)}, record: with2((*builder).RecordGpuClockLimitDataPoint, smClock, maxClock)},
	{metric: "gpu.clock.limit", tier: slow, sources: []source{of(1609, asIs), of(114, megahertz)}, record: with2((*builder).RecordGpuClockLimitDataPoint, memoryClock, maxClock)},
	{metric: "gpu.clock.limit", tier: slow, sources: []source{of(1610, asIs), of(115, megahertz)}, record: with2((*builder).RecordGpuClockLimitDataPoint, videoClock, maxClock)},
	{metric: "gpu.clock.limit", tier: slow, sources: []source{of(1606, asIs), of(110, megahertz)}, record: with2((*builder).RecordGpuClockLimitDataPoint, smClock, appClock)},
	{metric: "gpu.clock.limit", tier: slow, sources: []source{of(1607, asIs), of(111, megahertz)}, record: with2((*builder).RecordGpuClockLimitDataPoint, memoryClock, appClock)},
}

// throttleSeries has what holds the clocks down now, then for how long: violations, and the
// reasons that newer drivers time.
var throttleSeries = slices.Concat(throttleStates(), []series{
	throttleTime(240, metadata.AttributeGpuThrottleReasonPower),
	throttleTime(241, metadata.AttributeGpuThrottleReasonThermal),
	throttleTime(242, metadata.AttributeGpuThrottleReasonSyncBoost),
	throttleTime(243, metadata.AttributeGpuThrottleReasonBoardLimit),
	throttleTime(244, metadata.AttributeGpuThrottleReasonLowUtil),
	throttleTime(245, metadata.AttributeGpuThrottleReasonReliability),
	throttleTime(246, metadata.AttributeGpuThrottleReasonAppClock),
	throttleTime(247, metadata.AttributeGpuThrottleReasonBaseClock),
	throttleTime(1420, metadata.AttributeGpuThrottleReasonSwPowerCap),
	throttleTime(1421, metadata.AttributeGpuThrottleReasonSyncBoostEvent),
	throttleTime(1422, metadata.AttributeGpuThrottleReasonSwThermal),
	throttleTime(1423, metadata.AttributeGpuThrottleReasonHwThermal),
	throttleTime(1424, metadata.AttributeGpuThrottleReasonHwPowerBrake),
})

func throttleStates() []series {
	var out []series
	for _, r := range clocksEventReasons {
		out = append(out, series{metric: "gpu.throttle.active", sources: []source{of(fieldClocksEventReasons, bit(r.bit))}, record: with((*builder).RecordGpuThrottleActiveDataPoint, r.reason)})
	}
	return out
}

func throttleTime(id dcgm.FieldID, reason metadata.AttributeGpuThrottleReason) series {
	return series{metric: "gpu.throttle.time", sources: []source{counted(id, nanoseconds)}, record: with((*builder).RecordGpuThrottleTimeDataPoint, reason)}
}
