// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"slices"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

var fabricSeries = slices.Concat(fabricStates, fabricHealth, fabricConditions, imexStates)

// fabricStates are the values of dcgmFabricManagerStatus_t.
var fabricStates = stateSet("gpu.fabric.state", Slow, 170, 0,
	"not_supported",
	"not_started",
	"in_progress",
	"success",
	"failure",
	"unrecognized",
	"nvml_too_old",
)

// fabricHealth are the values of NVML_GPU_FABRIC_HEALTH_SUMMARY_*, without 0 for not supported.
var fabricHealth = stateSet("gpu.fabric.health", Slow, 175, 1,
	"healthy",
	"unhealthy",
	"limited_capacity",
)

// fabricConditions are the parts of NVML's health mask. Its macro masks two bits with 0x11, where
// binary 11 is meant.
var fabricConditions = []Row{
	fabricCondition(maskPart{0, 2}.isTrue, "degraded_bw"),
	fabricCondition(maskPart{2, 2}.isTrue, "route_recovery"),
	fabricCondition(maskPart{4, 2}.isTrue, "route_unhealthy"),
	fabricCondition(maskPart{6, 2}.isTrue, "access_timeout"),
	fabricCondition(maskPart{8, 4}.isNotNone, "incorrect_configuration"),
}

func fabricCondition(convert converter, what string) Row {
	return row("gpu.fabric.condition", Slow, values{what}, of(174, convert))
}

// imexStates are what nvidia-imex-ctl says of the daemon; DCGM has -1 where there is none.
var imexStates = stateSet("gpu.imex.daemon.status", Slow, 1503, 0,
	"initializing",
	"starting_auth_server",
	"waiting_for_peers",
	"waiting_for_recovery",
	"init_gpu",
	"ready",
	"shutting_down",
	"unavailable",
)

var modeSeries = []Row{
	row("gpu.mig.mode", Slow, nil, of(67, truth)),
	row("gpu.vgpu.license.status", Slow, nil, vgpuLicense),
}

// vgpuLicense needs the virtualization mode beside the license, which is 0 on bare metal.
var vgpuLicense = Source{
	Fields: []dcgm.FieldID{526, 500},
	Kind:   Level,
	Value: func(s []dcgm.Sample) (Number, bool) {
		const vgpu = 2 // DCGM_GPU_VIRTUALIZATION_MODE_VGPU
		n, known := truth(s[0])
		return n, known && s[1].Int() == vgpu
	},
}
