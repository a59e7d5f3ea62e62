// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"slices"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

var fabricSeries = slices.Concat(fabricStates, fabricHealth, fabricConditions, imexStates)

// fabricStates are the values of dcgmFabricManagerStatus_t.
var fabricStates = stateSet("gpu.fabric.state", slow, 170, 0, (*builder).RecordGpuFabricStateDataPoint,
	metadata.AttributeGpuFabricStateNotSupported,
	metadata.AttributeGpuFabricStateNotStarted,
	metadata.AttributeGpuFabricStateInProgress,
	metadata.AttributeGpuFabricStateSuccess,
	metadata.AttributeGpuFabricStateFailure,
	metadata.AttributeGpuFabricStateUnrecognized,
	metadata.AttributeGpuFabricStateNvmlTooOld,
)

// fabricHealth are the values of NVML_GPU_FABRIC_HEALTH_SUMMARY_*, without 0 for not supported.
var fabricHealth = stateSet("gpu.fabric.health", slow, 175, 1, (*builder).RecordGpuFabricHealthDataPoint,
	metadata.AttributeGpuFabricHealthHealthy,
	metadata.AttributeGpuFabricHealthUnhealthy,
	metadata.AttributeGpuFabricHealthLimitedCapacity,
)

// fabricConditions are the parts of NVML's health mask. Its macro masks two bits with 0x11, where
// binary 11 is meant.
var fabricConditions = []series{
	fabricCondition(maskPart{0, 2}.isTrue, metadata.AttributeGpuFabricConditionDegradedBw),
	fabricCondition(maskPart{2, 2}.isTrue, metadata.AttributeGpuFabricConditionRouteRecovery),
	fabricCondition(maskPart{4, 2}.isTrue, metadata.AttributeGpuFabricConditionRouteUnhealthy),
	fabricCondition(maskPart{6, 2}.isTrue, metadata.AttributeGpuFabricConditionAccessTimeout),
	fabricCondition(maskPart{8, 4}.isNotNone, metadata.AttributeGpuFabricConditionIncorrectConfiguration),
}

func fabricCondition(convert converter, what metadata.AttributeGpuFabricCondition) series {
	return series{metric: "gpu.fabric.condition", tier: slow, sources: []source{of(174, convert)}, record: with((*builder).RecordGpuFabricConditionDataPoint, what)}
}

// imexStates are what nvidia-imex-ctl says of the daemon; DCGM has -1 where there is none.
var imexStates = stateSet("gpu.imex.daemon.status", slow, 1503, 0, (*builder).RecordGpuImexDaemonStatusDataPoint,
	metadata.AttributeGpuImexDaemonStateInitializing,
	metadata.AttributeGpuImexDaemonStateStartingAuthServer,
	metadata.AttributeGpuImexDaemonStateWaitingForPeers,
	metadata.AttributeGpuImexDaemonStateWaitingForRecovery,
	metadata.AttributeGpuImexDaemonStateInitGpu,
	metadata.AttributeGpuImexDaemonStateReady,
	metadata.AttributeGpuImexDaemonStateShuttingDown,
	metadata.AttributeGpuImexDaemonStateUnavailable,
)

var modeSeries = []series{
	{metric: "gpu.mig.mode", tier: slow, sources: []source{of(67, truth)}, record: plain((*builder).RecordGpuMigModeDataPoint)},
	{metric: "gpu.vgpu.license.status", tier: slow, sources: []source{vgpuLicense}, record: plain((*builder).RecordGpuVgpuLicenseStatusDataPoint)},
}

// vgpuLicense needs the virtualization mode beside the license, which is 0 on bare metal.
var vgpuLicense = source{
	fields: []dcgm.FieldID{526, 500},
	kind:   level,
	value: func(s []dcgm.Sample) (number, bool) {
		const vgpu = 2 // DCGM_GPU_VIRTUALIZATION_MODE_VGPU
		n, known := truth(s[0])
		return n, known && s[1].Int() == vgpu
	},
}
