// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

var memorySeries = []series{
	{metric: "hw.gpu.memory.usage", sources: []source{of(252, mib)}, record: plain((*builder).RecordHwGpuMemoryUsageDataPoint)},
	{metric: "hw.gpu.memory.limit", tier: slow, sources: []source{of(250, mib)}, record: plain((*builder).RecordHwGpuMemoryLimitDataPoint)},
	{metric: "hw.gpu.memory.utilization", sources: []source{of(254, asIs), usedOfUsable}, record: plain((*builder).RecordHwGpuMemoryUtilizationDataPoint)},
	{metric: "gpu.memory.usage", sources: []source{of(252, mib)}, record: with((*builder).RecordGpuMemoryUsageDataPoint, metadata.AttributeGpuMemoryStateUsed)},
	{metric: "gpu.memory.usage", sources: []source{of(251, mib)}, record: with((*builder).RecordGpuMemoryUsageDataPoint, metadata.AttributeGpuMemoryStateFree)},
	{metric: "gpu.memory.usage", sources: []source{of(253, mib)}, record: with((*builder).RecordGpuMemoryUsageDataPoint, metadata.AttributeGpuMemoryStateReserved)},
	{metric: "gpu.memory.bandwidth.utilization", sources: []source{of(1005, ratio), of(204, percentBusy)}, record: plain((*builder).RecordGpuMemoryBandwidthUtilizationDataPoint)},
}

// usedOfUsable is what field 254 is in later versions.
var usedOfUsable = source{
	fields: []dcgm.FieldID{252, 250, 253},
	kind:   level,
	value: func(s []dcgm.Sample) (number, bool) {
		for _, size := range s {
			if n, _ := mib(size); n.f < 0 || n.f > mostMemory {
				return impossible()
			}
		}
		used, usable := s[0].Float(), s[1].Float()-s[2].Float()
		if usable <= 0 {
			return number{}, false
		}
		return float(used / usable)
	},
}

var memoryDetails = []series{
	{metric: "gpu.bar1.usage", sources: []source{of(1601, asIs), of(92, mib)}, record: plain((*builder).RecordGpuBar1UsageDataPoint)},
	{metric: "gpu.bar1.limit", tier: slow, sources: []source{of(1600, asIs), of(90, mib)}, record: plain((*builder).RecordGpuBar1LimitDataPoint)},
	{metric: "gpu.pcie.errors.correctable", tier: slow, sources: []source{counted(1501, asIs)}, record: plain((*builder).RecordGpuPcieErrorsCorrectableDataPoint)},
}
