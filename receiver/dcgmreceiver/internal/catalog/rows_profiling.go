// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

var utilizationSeries = []Row{
	row("hw.gpu.utilization", Normal, values{"general"}, of(1001, ratio), of(203, percentBusy)),
	row("hw.gpu.utilization", Normal, values{"encoder"}, of(206, percentBusy)),
	row("hw.gpu.utilization", Normal, values{"decoder"}, of(207, percentBusy)),
	row("gpu.sm.utilization", Normal, nil, of(1002, ratio)),
	row("gpu.sm.occupancy", Normal, nil, of(1003, ratio)),
	row("gpu.pipe.utilization", Normal, values{"tensor"}, of(1004, ratio)),
}

var pipeDetails = []Row{
	pipe(1006, "fp64"),
	pipe(1007, "fp32"),
	pipe(1008, "fp16"),
	pipe(1016, "int"),
	pipe(1013, "tensor_imma"),
	pipe(1014, "tensor_hmma"),
	pipe(1015, "tensor_dfma"),
	row("gpu.utilization.sampled", Normal, nil, of(203, percentBusy)),
	row("gpu.memory.copy.utilization", Normal, nil, of(204, percentBusy)),
}

func pipe(id dcgm.FieldID, name string) Row {
	return onGPM(row("gpu.pipe.utilization", Normal, values{name}, of(id, ratio)))
}

var engineDetails = []Row{
	engine(1017, "nvdec0"),
	engine(1018, "nvdec1"),
	engine(1019, "nvdec2"),
	engine(1020, "nvdec3"),
	engine(1021, "nvdec4"),
	engine(1022, "nvdec5"),
	engine(1023, "nvdec6"),
	engine(1024, "nvdec7"),
	engine(1025, "nvjpg0"),
	engine(1026, "nvjpg1"),
	engine(1027, "nvjpg2"),
	engine(1028, "nvjpg3"),
	engine(1029, "nvjpg4"),
	engine(1030, "nvjpg5"),
	engine(1031, "nvjpg6"),
	engine(1032, "nvjpg7"),
	engine(1033, "ofa0"),
	engine(1034, "ofa1"),
}

func engine(id dcgm.FieldID, name string) Row {
	return onGPM(row("gpu.engine.utilization", Normal, values{name}, of(id, ratio)))
}

var cycleDetails = []Row{
	cycles(1084, "sm_elapsed"),
	cycles(1085, "sm_active"),
	cycles(1086, "mma"),
	cycles(1087, "dmma"),
	cycles(1088, "hmma"),
	cycles(1089, "imma"),
	cycles(1090, "dfma"),
	cycles(1093, "int"),
	cycles(1094, "fp64"),
	cycles(1095, "fp32"),
	cycles(1096, "fp16"),
}

func cycles(id dcgm.FieldID, what string) Row {
	return onGPM(row("gpu.cycles", Normal, values{what}, counted(id, asIs)))
}
