// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"slices"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

const (
	corrected   = metadata.AttributeErrorTypeCorrected
	uncorrected = metadata.AttributeErrorTypeUncorrected
	volatile    = metadata.AttributeGpuEccLifetimeVolatile
	aggregate   = metadata.AttributeGpuEccLifetimeAggregate
	everywhere  = metadata.AttributeGpuMemoryLocationTotal
)

// errorSeries never adds up volatile and aggregate, which count the same errors. Faults are
// sampled with the fastest: who waits a minute for them loses a minute of a job.
var errorSeries = []series{
	{metric: "hw.errors", sources: []source{counted(312, asIs)}, record: with2((*builder).RecordHwErrorsDataPoint, gpuType, corrected)},
	{metric: "hw.errors", sources: []source{counted(313, asIs)}, record: with2((*builder).RecordHwErrorsDataPoint, gpuType, uncorrected)},
	{metric: "gpu.ecc.errors", sources: []source{counted(310, asIs)}, record: with3((*builder).RecordGpuEccErrorsDataPoint, corrected, volatile, everywhere)},
	{metric: "gpu.ecc.errors", sources: []source{counted(311, asIs)}, record: with3((*builder).RecordGpuEccErrorsDataPoint, uncorrected, volatile, everywhere)},
	{metric: "gpu.ecc.errors", sources: []source{counted(312, asIs)}, record: with3((*builder).RecordGpuEccErrorsDataPoint, corrected, aggregate, everywhere)},
	{metric: "gpu.ecc.errors", sources: []source{counted(313, asIs)}, record: with3((*builder).RecordGpuEccErrorsDataPoint, uncorrected, aggregate, everywhere)},
	{metric: "gpu.ecc.mode", tier: slow, sources: []source{of(300, truth)}, record: with((*builder).RecordGpuEccModeDataPoint, metadata.AttributeGpuEccStateCurrent)},
	{metric: "gpu.ecc.mode", tier: slow, sources: []source{of(301, truth)}, record: with((*builder).RecordGpuEccModeDataPoint, metadata.AttributeGpuEccStatePending)},
	{metric: "gpu.ecc.sram.threshold_exceeded", sources: []source{of(346, truth)}, record: plain((*builder).RecordGpuEccSramThresholdExceededDataPoint)},
	{metric: "gpu.memory.unrepairable", sources: []source{of(1507, truth)}, record: plain((*builder).RecordGpuMemoryUnrepairableDataPoint)},
}

// repairSeries is what repairs itself and what has to be done: rows are remapped from Ampere
// on, and pages retired before.
var repairSeries = slices.Concat([]series{
	{metric: "gpu.memory.rows.remapped", sources: []source{counted(394, asIs)}, record: with((*builder).RecordGpuMemoryRowsRemappedDataPoint, corrected)},
	{metric: "gpu.memory.rows.remapped", sources: []source{counted(393, asIs)}, record: with((*builder).RecordGpuMemoryRowsRemappedDataPoint, uncorrected)},
	{metric: "gpu.memory.rows.remap.failed", sources: []source{of(395, truth)}, record: plain((*builder).RecordGpuMemoryRowsRemapFailedDataPoint)},
	{metric: "gpu.memory.rows.remap.pending", sources: []source{of(396, truth)}, record: plain((*builder).RecordGpuMemoryRowsRemapPendingDataPoint)},
	{metric: "gpu.memory.pages.retired", sources: []source{counted(390, asIs)}, record: with((*builder).RecordGpuMemoryPagesRetiredDataPoint, corrected)},
	{metric: "gpu.memory.pages.retired", sources: []source{counted(391, asIs)}, record: with((*builder).RecordGpuMemoryPagesRetiredDataPoint, uncorrected)},
	{metric: "gpu.memory.pages.pending", sources: []source{of(392, some)}, record: plain((*builder).RecordGpuMemoryPagesPendingDataPoint)},
}, recoverySeries)

// recoverySeries are the states of nvmlDeviceGpuRecoveryAction_t.
var recoverySeries = stateSet("gpu.recovery.action", normal, 1523, 0, (*builder).RecordGpuRecoveryActionDataPoint,
	metadata.AttributeGpuRecoveryActionNone,
	metadata.AttributeGpuRecoveryActionGpuReset,
	metadata.AttributeGpuRecoveryActionNodeReboot,
	metadata.AttributeGpuRecoveryActionDrainP2p,
	metadata.AttributeGpuRecoveryActionDrainAndReset,
)

var errorDetails = slices.Concat(bankSeries,
	located(metadata.AttributeGpuMemoryLocationDevice, 318, 319, 328, 329),
	located(metadata.AttributeGpuMemoryLocationSram, 342, 343, 344, 345),
	located(metadata.AttributeGpuMemoryLocationL2, 316, 317, 326, 327),
	located(metadata.AttributeGpuMemoryLocationL1, 314, 315, 324, 325),
	located(metadata.AttributeGpuMemoryLocationRegister, 320, 321, 330, 331),
	located(metadata.AttributeGpuMemoryLocationTexture, 322, 323, 332, 333),
	located(metadata.AttributeGpuMemoryLocationShared, 334, 335, 338, 339),
	located(metadata.AttributeGpuMemoryLocationCbu, 336, 337, 340, 341),
)

// located are the errors of one location by lifetime and type: volatile corrected, volatile
// uncorrected, aggregate corrected and aggregate uncorrected.
func located(at metadata.AttributeGpuMemoryLocation, volatileCorrected, volatileUncorrected, aggregateCorrected, aggregateUncorrected dcgm.FieldID) []series {
	return []series{
		{metric: "gpu.ecc.location.errors", tier: slow, sources: []source{counted(volatileCorrected, asIs)}, record: with3((*builder).RecordGpuEccLocationErrorsDataPoint, corrected, volatile, at)},
		{metric: "gpu.ecc.location.errors", tier: slow, sources: []source{counted(volatileUncorrected, asIs)}, record: with3((*builder).RecordGpuEccLocationErrorsDataPoint, uncorrected, volatile, at)},
		{metric: "gpu.ecc.location.errors", tier: slow, sources: []source{counted(aggregateCorrected, asIs)}, record: with3((*builder).RecordGpuEccLocationErrorsDataPoint, corrected, aggregate, at)},
		{metric: "gpu.ecc.location.errors", tier: slow, sources: []source{counted(aggregateUncorrected, asIs)}, record: with3((*builder).RecordGpuEccLocationErrorsDataPoint, uncorrected, aggregate, at)},
	}
}

var bankSeries = []series{
	banks(385, metadata.AttributeGpuMemoryRemapAvailabilityMax),
	banks(386, metadata.AttributeGpuMemoryRemapAvailabilityHigh),
	banks(387, metadata.AttributeGpuMemoryRemapAvailabilityPartial),
	banks(388, metadata.AttributeGpuMemoryRemapAvailabilityLow),
	banks(389, metadata.AttributeGpuMemoryRemapAvailabilityNone),
}

func banks(id dcgm.FieldID, left metadata.AttributeGpuMemoryRemapAvailability) series {
	return series{metric: "gpu.memory.rows.remap.banks", tier: slow, sources: []source{of(id, asIs)}, record: with((*builder).RecordGpuMemoryRowsRemapBanksDataPoint, left)}
}
