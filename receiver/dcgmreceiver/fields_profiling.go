// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

var utilizationSeries = []series{
	{metric: "hw.gpu.utilization", sources: []source{of(1001, ratio), of(203, percentBusy)}, record: with((*builder).RecordHwGpuUtilizationDataPoint, metadata.AttributeHwGpuTaskGeneral)},
	{metric: "hw.gpu.utilization", sources: []source{of(206, percentBusy)}, record: with((*builder).RecordHwGpuUtilizationDataPoint, metadata.AttributeHwGpuTaskEncoder)},
	{metric: "hw.gpu.utilization", sources: []source{of(207, percentBusy)}, record: with((*builder).RecordHwGpuUtilizationDataPoint, metadata.AttributeHwGpuTaskDecoder)},
	{metric: "gpu.sm.utilization", sources: []source{of(1002, ratio)}, record: plain((*builder).RecordGpuSmUtilizationDataPoint)},
	{metric: "gpu.sm.occupancy", sources: []source{of(1003, ratio)}, record: plain((*builder).RecordGpuSmOccupancyDataPoint)},
	{metric: "gpu.pipe.utilization", sources: []source{of(1004, ratio)}, record: with((*builder).RecordGpuPipeUtilizationDataPoint, metadata.AttributeGpuPipeTensor)},
}

var pipeDetails = []series{
	pipe(1006, metadata.AttributeGpuPipeFp64),
	pipe(1007, metadata.AttributeGpuPipeFp32),
	pipe(1008, metadata.AttributeGpuPipeFp16),
	pipe(1016, metadata.AttributeGpuPipeInt),
	pipe(1013, metadata.AttributeGpuPipeTensorImma),
	pipe(1014, metadata.AttributeGpuPipeTensorHmma),
	pipe(1015, metadata.AttributeGpuPipeTensorDfma),
	{metric: "gpu.utilization.sampled", sources: []source{of(203, percentBusy)}, record: plain((*builder).RecordGpuUtilizationSampledDataPoint)},
	{metric: "gpu.memory.copy.utilization", sources: []source{of(204, percentBusy)}, record: plain((*builder).RecordGpuMemoryCopyUtilizationDataPoint)},
}

func pipe(id dcgm.FieldID, name metadata.AttributeGpuPipe) series {
	return series{metric: "gpu.pipe.utilization", gpm: true, sources: []source{of(id, ratio)}, record: with((*builder).RecordGpuPipeUtilizationDataPoint, name)}
}

var engineDetails = []series{
	engine(1017, metadata.AttributeGpuEngineNvdec0),
	engine(1018, metadata.AttributeGpuEngineNvdec1),
	engine(1019, metadata.AttributeGpuEngineNvdec2),
	engine(1020, metadata.AttributeGpuEngineNvdec3),
	engine(1021, metadata.AttributeGpuEngineNvdec4),
	engine(1022, metadata.AttributeGpuEngineNvdec5),
	engine(1023, metadata.AttributeGpuEngineNvdec6),
	engine(1024, metadata.AttributeGpuEngineNvdec7),
	engine(1025, metadata.AttributeGpuEngineNvjpg0),
	engine(1026, metadata.AttributeGpuEngineNvjpg1),
	engine(1027, metadata.AttributeGpuEngineNvjpg2),
	engine(1028, metadata.AttributeGpuEngineNvjpg3),
	engine(1029, metadata.AttributeGpuEngineNvjpg4),
	engine(1030, metadata.AttributeGpuEngineNvjpg5),
	engine(1031, metadata.AttributeGpuEngineNvjpg6),
	engine(1032, metadata.AttributeGpuEngineNvjpg7),
	engine(1033, metadata.AttributeGpuEngineOfa0),
	engine(1034, metadata.AttributeGpuEngineOfa1),
}

func engine(id dcgm.FieldID, name metadata.AttributeGpuEngine) series {
	return series{metric: "gpu.engine.utilization", gpm: true, sources: []source{of(id, ratio)}, record: with((*builder).RecordGpuEngineUtilizationDataPoint, name)}
}

var cycleDetails = []series{
	cycles(1084, metadata.AttributeGpuCyclesTypeSmElapsed),
	cycles(1085, metadata.AttributeGpuCyclesTypeSmActive),
	cycles(1086, metadata.AttributeGpuCyclesTypeMma),
	cycles(1087, metadata.AttributeGpuCyclesTypeDmma),
	cycles(1088, metadata.AttributeGpuCyclesTypeHmma),
	cycles(1089, metadata.AttributeGpuCyclesTypeImma),
	cycles(1090, metadata.AttributeGpuCyclesTypeDfma),
	cycles(1093, metadata.AttributeGpuCyclesTypeInt),
	cycles(1094, metadata.AttributeGpuCyclesTypeFp64),
	cycles(1095, metadata.AttributeGpuCyclesTypeFp32),
	cycles(1096, metadata.AttributeGpuCyclesTypeFp16),
}

func cycles(id dcgm.FieldID, what metadata.AttributeGpuCyclesType) series {
	return series{metric: "gpu.cycles", gpm: true, sources: []source{counted(id, asIs)}, record: with((*builder).RecordGpuCyclesDataPoint, what)}
}
