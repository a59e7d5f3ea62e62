// SPDX-License-Identifier: Apache-2.0

package catalog

var powerSeries = []Row{
	row("hw.energy", Normal, values{"gpu"}, counted(1611, asIs), counted(156, milli), integral(155, asIs)),
	row("hw.power", Normal, values{"gpu"}, of(155, asIs)),
	row("gpu.power.limit", Slow, values{"enforced"}, of(164, asIs)),
	row("gpu.power.limit", Slow, values{"requested"}, of(160, asIs)),
	row("gpu.power.limit", Slow, values{"default"}, of(163, asIs)),
	row("gpu.power.limit", Slow, values{"min"}, of(161, asIs)),
	row("gpu.power.limit", Slow, values{"max"}, of(162, asIs)),
}

var temperatureSeries = []Row{
	row("hw.temperature", Normal, values{"gpu", "gpu"}, of(150, asIs)),
	row("hw.temperature", Normal, values{"gpu", "memory"}, of(140, asIs)),
	row("hw.temperature.limit", Slow, values{"gpu", "gpu", "high.degraded"}, of(158, asIs)),
	row("hw.temperature.limit", Slow, values{"gpu", "gpu", "high.critical"}, of(159, asIs)),
	row("hw.temperature.limit", Slow, values{"gpu", "gpu", "max"}, of(152, asIs)),
	row("hw.temperature.limit", Slow, values{"gpu", "memory", "max"}, of(151, asIs)),
	row("hw.fan.speed_ratio", Normal, values{"gpu"}, of(1612, asIs), of(191, percent)),
}

var temperatureDetails = []Row{
	row("gpu.power.instant", Normal, nil, of(157, asIs)),
	row("gpu.temperature.margin", Normal, nil, of(153, asIs)),
}

// smoothingDetails are in percent, milliwatts per second and milliseconds, whatever the type.
var smoothingDetails = []Row{
	row("gpu.power.smoothing.enabled", Slow, nil, of(1425, truth)),
	row("gpu.power.smoothing.privilege_level", Slow, nil, of(1426, asIs)),
	row("gpu.power.smoothing.immediate_ramp_down", Slow, nil, of(1427, truth)),
	row("gpu.power.smoothing.limit", Slow, values{"ceiling"}, of(1428, asIs)),
	row("gpu.power.smoothing.limit", Slow, values{"floor"}, of(1429, asIs)),
	row("gpu.power.smoothing.floor", Slow, values{"profile"}, of(1434, percent)),
	row("gpu.power.smoothing.floor", Slow, values{"override"}, of(1439, percent)),
	row("gpu.power.smoothing.floor", Slow, values{"min"}, of(1431, percent)),
	row("gpu.power.smoothing.floor", Slow, values{"max"}, of(1430, percent)),
	row("gpu.power.smoothing.ramp_rate", Slow, values{"profile", "up"}, of(1435, milli)),
	row("gpu.power.smoothing.ramp_rate", Slow, values{"profile", "down"}, of(1436, milli)),
	row("gpu.power.smoothing.ramp_rate", Slow, values{"override", "up"}, of(1440, milli)),
	row("gpu.power.smoothing.ramp_rate", Slow, values{"override", "down"}, of(1441, milli)),
	row("gpu.power.smoothing.ramp_down.hysteresis", Slow, values{"profile"}, of(1437, milli)),
	row("gpu.power.smoothing.ramp_down.hysteresis", Slow, values{"override"}, of(1442, milli)),
	row("gpu.power.smoothing.lifetime.remaining", Slow, nil, of(1432, percent)),
	row("gpu.power.smoothing.profile.active", Slow, nil, of(1438, asIs)),
	row("gpu.power.smoothing.profile.limit", Slow, nil, of(1433, asIs)),
}
