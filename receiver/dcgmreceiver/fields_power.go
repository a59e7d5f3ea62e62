// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import "github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"

const (
	gpuType    = metadata.AttributeHwTypeGpu
	onGPU      = metadata.AttributeHwSensorLocationGpu
	onMemory   = metadata.AttributeHwSensorLocationMemory
	byProfile  = metadata.AttributeGpuPowerSmoothingSettingProfile
	byOverride = metadata.AttributeGpuPowerSmoothingSettingOverride
	rampUp     = metadata.AttributeGpuPowerSmoothingRampUp
	rampDown   = metadata.AttributeGpuPowerSmoothingRampDown
)

var powerSeries = []series{
	{metric: "hw.energy", sources: []source{counted(1611, asIs), counted(156, milli), integral(155, asIs)}, record: with((*builder).RecordHwEnergyDataPoint, gpuType)},
	{metric: "hw.power", sources: []source{of(155, asIs)}, record: with((*builder).RecordHwPowerDataPoint, gpuType)},
	{metric: "gpu.power.limit", tier: slow, sources: []source{of(164, asIs)}, record: with((*builder).RecordGpuPowerLimitDataPoint, metadata.AttributeGpuPowerLimitTypeEnforced)},
	{metric: "gpu.power.limit", tier: slow, sources: []source{of(160, asIs)}, record: with((*builder).RecordGpuPowerLimitDataPoint, metadata.AttributeGpuPowerLimitTypeRequested)},
	{metric: "gpu.power.limit", tier: slow, sources: []source{of(163, asIs)}, record: with((*builder).RecordGpuPowerLimitDataPoint, metadata.AttributeGpuPowerLimitTypeDefault)},
	{metric: "gpu.power.limit", tier: slow, sources: []source{of(161, asIs)}, record: with((*builder).RecordGpuPowerLimitDataPoint, metadata.AttributeGpuPowerLimitTypeMin)},
	{metric: "gpu.power.limit", tier: slow, sources: []source{of(162, asIs)}, record: with((*builder).RecordGpuPowerLimitDataPoint, metadata.AttributeGpuPowerLimitTypeMax)},
}

var temperatureSeries = []series{
	{metric: "hw.temperature", sources: []source{of(150, asIs)}, record: with2((*builder).RecordHwTemperatureDataPoint, gpuType, onGPU)},
	{metric: "hw.temperature", sources: []source{of(140, asIs)}, record: with2((*builder).RecordHwTemperatureDataPoint, gpuType, onMemory)},
	{metric: "hw.temperature.limit", tier: slow, sources: []source{of(158, asIs)}, record: with3((*builder).RecordHwTemperatureLimitDataPoint, gpuType, onGPU, metadata.AttributeHwLimitTypeHighDegraded)},
	{metric: "hw.temperature.limit", tier: slow, sources: []source{of(159, asIs)}, record: with3((*builder).RecordHwTemperatureLimitDataPoint, gpuType, onGPU, metadata.AttributeHwLimitTypeHighCritical)},
	{metric: "hw.temperature.limit", tier: slow, sources: []source{of(152, asIs)}, record: with3((*builder).RecordHwTemperatureLimitDataPoint, gpuType, onGPU, metadata.AttributeHwLimitTypeMax)},
	{metric: "hw.temperature.limit", tier: slow, sources: []source{of(151, asIs)}, record: with3((*builder).RecordHwTemperatureLimitDataPoint, gpuType, onMemory, metadata.AttributeHwLimitTypeMax)},
	{metric: "hw.fan.speed_ratio", sources: []source{of(1612, asIs), of(191, percent)}, record: with((*builder).RecordHwFanSpeedRatioDataPoint, gpuType)},
}

var temperatureDetails = []series{
	{metric: "gpu.power.instant", sources: []source{of(157, asIs)}, record: plain((*builder).RecordGpuPowerInstantDataPoint)},
	{metric: "gpu.temperature.margin", sources: []source{of(153, asIs)}, record: plain((*builder).RecordGpuTemperatureMarginDataPoint)},
}

// smoothingDetails are in percent, milliwatts per second and milliseconds, whatever the type.
var smoothingDetails = []series{
	{metric: "gpu.power.smoothing.enabled", tier: slow, sources: []source{of(1425, truth)}, record: plain((*builder).RecordGpuPowerSmoothingEnabledDataPoint)},
	{metric: "gpu.power.smoothing.privilege_level", tier: slow, sources: []source{of(1426, asIs)}, record: plain((*builder).RecordGpuPowerSmoothingPrivilegeLevelDataPoint)},
	{metric: "gpu.power.smoothing.immediate_ramp_down", tier: slow, sources: []source{of(1427, truth)}, record: plain((*builder).RecordGpuPowerSmoothingImmediateRampDownDataPoint)},
	{metric: "gpu.power.smoothing.limit", tier: slow, sources: []source{of(1428, asIs)}, record: with((*builder).RecordGpuPowerSmoothingLimitDataPoint, metadata.AttributeGpuPowerSmoothingBoundCeiling)},
	{metric: "gpu.power.smoothing.limit", tier: slow, sources: []source{of(1429, asIs)}, record: with((*builder).RecordGpuPowerSmoothingLimitDataPoint, metadata.AttributeGpuPowerSmoothingBoundFloor)},
	{metric: "gpu.power.smoothing.floor", tier: slow, sources: []source{of(1434, percent)}, record: with((*builder).RecordGpuPowerSmoothingFloorDataPoint, byProfile)},
	{metric: "gpu.power.smoothing.floor", tier: slow, sources: []source{of(1439, percent)}, record: with((*builder).RecordGpuPowerSmoothingFloorDataPoint, byOverride)},
	{metric: "gpu.power.smoothing.floor", tier: slow, sources: []source{of(1431, percent)}, record: with((*builder).RecordGpuPowerSmoothingFloorDataPoint, metadata.AttributeGpuPowerSmoothingSettingMin)},
	{metric: "gpu.power.smoothing.floor", tier: slow, sources: []source{of(1430, percent)}, record: with((*builder).RecordGpuPowerSmoothingFloorDataPoint, metadata.AttributeGpuPowerSmoothingSettingMax)},
	{metric: "gpu.power.smoothing.ramp_rate", tier: slow, sources: []source{of(1435, milli)}, record: with2((*builder).RecordGpuPowerSmoothingRampRateDataPoint, byProfile, rampUp)},
	{metric: "gpu.power.smoothing.ramp_rate", tier: slow, sources: []source{of(1436, milli)}, record: with2((*builder).RecordGpuPowerSmoothingRampRateDataPoint, byProfile, rampDown)},
	{metric: "gpu.power.smoothing.ramp_rate", tier: slow, sources: []source{of(1440, milli)}, record: with2((*builder).RecordGpuPowerSmoothingRampRateDataPoint, byOverride, rampUp)},
	{metric: "gpu.power.smoothing.ramp_rate", tier: slow, sources: []source{of(1441, milli)}, record: with2((*builder).RecordGpuPowerSmoothingRampRateDataPoint, byOverride, rampDown)},
	{metric: "gpu.power.smoothing.ramp_down.hysteresis", tier: slow, sources: []source{of(1437, milli)}, record: with((*builder).RecordGpuPowerSmoothingRampDownHysteresisDataPoint, byProfile)},
	{metric: "gpu.power.smoothing.ramp_down.hysteresis", tier: slow, sources: []source{of(1442, milli)}, record: with((*builder).RecordGpuPowerSmoothingRampDownHysteresisDataPoint, byOverride)},
	{metric: "gpu.power.smoothing.lifetime.remaining", tier: slow, sources: []source{of(1432, percent)}, record: plain((*builder).RecordGpuPowerSmoothingLifetimeRemainingDataPoint)},
	{metric: "gpu.power.smoothing.profile.active", tier: slow, sources: []source{of(1438, asIs)}, record: plain((*builder).RecordGpuPowerSmoothingProfileActiveDataPoint)},
	{metric: "gpu.power.smoothing.profile.limit", tier: slow, sources: []source{of(1433, asIs)}, record: plain((*builder).RecordGpuPowerSmoothingProfileLimitDataPoint)},
}
