// SPDX-License-Identifier: Apache-2.0

package catalog

import "math"

// Range is the range of the values of a metric, in its unit. Boards and drivers have
// answered numbers that no board can have, such as 82505 and 4278190080 for a temperature
// (github.com/NVIDIA/dcgm-exporter/issues/312). Bounds are far from what is known, so that
// boards to come are within.
type Range struct {
	Metric   string
	Min, Max float64
	Rate     float64 // most per second of a source that is integrated; 0 where there is none
	Why      string
}

const (
	// MostInt is the largest float64 within int64.
	MostInt    = float64(1<<63 - 1024)
	mostMemory = float64(64 << 40)
	mostWatts  = 20e3
	mostJoules = 1e13
	mostHertz  = 100e9
	mostBytes  = 100e12 // a second
	mostFaults = 1e15
	mostRepair = 1e6
	mostLinks  = 1024

	whyFlag    = "0 and 1 by definition"
	whyRatio   = "a ratio by definition; profiling may show up to twice that for a busy engine, which is emitted as 1"
	whyCount   = "counters are 64 bits wide, and one that has passed half of that reads as negative"
	whyFaults  = "one in every nanosecond for eleven days"
	whyRepair  = "boards have 512 rows or 64 pages to repair (NVIDIA, GPU memory error management and dynamic page retirement)"
	whyMemory  = "160 times the 400 GB that a board is announced with"
	whyWatts   = "ten times a board of 2 kW"
	whySpeed   = "100 TB a second is 27 times two boards of NVLink 5 (1.8 TB/s each)"
	whyBytes   = whyCount + "; " + whySpeed
	whySilicon = "silicon is specified for -55 to 150 °C at the most, and boards shut down near 100 °C"
	whyLinks   = "28 times the 36 NVLinks that DCGM has room for (DCGM_NVLINK_MAX_LINKS_PER_GPU)"
)

// ranges has one row for every metric that the receiver makes of what DCGM says.
var ranges = []Range{
	{"dcgm.hostengine.cpu.utilization", 0, 2, 0, "a ratio of the host by definition, from two readings"},
	{"dcgm.hostengine.memory.usage", 0, mostMemory, 0, "no host has 64 TiB for one process"},
	{"gpu.bar1.limit", 0, mostMemory, 0, whyMemory},
	{"gpu.bar1.usage", 0, mostMemory, 0, whyMemory},
	{"gpu.c2c.errors", 0, mostFaults, 0, whyFaults},
	{"gpu.c2c.io", 0, MostInt, mostBytes, whyBytes},
	{"gpu.c2c.links", 0, mostLinks, 0, whyLinks},
	{"gpu.clock.frequency", 0, mostHertz, 0, "seven times the 14 GHz that is shown for GDDR7"},
	{"gpu.clock.limit", 0, mostHertz, 0, "seven times the 14 GHz that is shown for GDDR7"},
	{"gpu.cycles", 0, MostInt, 0, whyCount},
	{"gpu.ecc.errors", 0, mostFaults, 0, whyFaults},
	{"gpu.ecc.location.errors", 0, mostFaults, 0, whyFaults},
	{"gpu.ecc.mode", 0, 1, 0, whyFlag},
	{"gpu.ecc.sram.threshold_exceeded", 0, 1, 0, whyFlag},
	{"gpu.engine.utilization", 0, 1, 0, whyRatio},
	{"gpu.fabric.condition", 0, 1, 0, whyFlag + "; NVML defines 12 bits of the mask, and 24 are taken"},
	{"gpu.fabric.health", 0, 1, 0, whyFlag + "; states up to 255 may come"},
	{"gpu.fabric.state", 0, 1, 0, whyFlag + "; states up to 255 may come"},
	{"gpu.imex.daemon.status", 0, 1, 0, whyFlag + "; states up to 255 may come"},
	{"gpu.memory.bandwidth.utilization", 0, 1, 0, whyRatio},
	{"gpu.memory.copy.utilization", 0, 1, 0, whyRatio},
	{"gpu.memory.pages.pending", 0, 1, 0, whyFlag},
	{"gpu.memory.pages.retired", 0, mostRepair, 0, whyRepair},
	{"gpu.memory.rows.remap.banks", 0, mostRepair, 0, whyRepair},
	{"gpu.memory.rows.remap.failed", 0, 1, 0, whyFlag},
	{"gpu.memory.rows.remap.pending", 0, 1, 0, whyFlag},
	{"gpu.memory.rows.remapped", 0, mostRepair, 0, whyRepair},
	{"gpu.memory.unrepairable", 0, 1, 0, whyFlag},
	{"gpu.memory.usage", 0, mostMemory, 0, whyMemory},
	{"gpu.mig.mode", 0, 1, 0, whyFlag},
	{"gpu.nvlink.ber", 0, 1, 0, "a ratio by definition"},
	{"gpu.nvlink.errors", 0, MostInt, 0, whyCount},
	{"gpu.nvlink.fec.history", 0, MostInt, 0, whyCount},
	{"gpu.nvlink.io", 0, MostInt, mostBytes, whyBytes},
	{"gpu.nvlink.links", 0, mostLinks, 0, whyLinks},
	{"gpu.nvlink.packets", 0, MostInt, 0, whyCount},
	{"gpu.nvlink.recoveries", 0, mostFaults, 0, whyFaults},
	{"gpu.nvlink.throughput", 0, mostBytes, 0, whySpeed},
	{"gpu.nvswitch.links", 0, mostLinks, 0, "four times the 256 NVLinks that DCGM has room for (DCGM_NVLINK_MAX_LINKS_PER_NVSWITCH)"},
	{"gpu.nvswitch.power", 0, mostWatts, 0, whyWatts},
	{"gpu.nvswitch.reset.required", 0, 1, 0, whyFlag},
	{"gpu.nvswitch.temperature", -60, 200, 0, whySilicon},
	{"gpu.nvswitch.temperature.limit", -60, 200, 0, whySilicon},
	{"gpu.pcie.errors.correctable", 0, mostFaults, 0, whyFaults},
	{"gpu.pcie.link.generation", 0, 16, 0, "generation 7 is specified"},
	{"gpu.pcie.link.width", 0, 64, 0, "PCI Express has up to 32 lanes"},
	{"gpu.pcie.replays", 0, mostFaults, 0, whyFaults},
	{"gpu.performance_state", 0, 15, 0, "nvmlPstates_t, where 32 is unknown (nvml.h)"},
	{"gpu.pipe.utilization", 0, 1, 0, whyRatio},
	{"gpu.power.instant", 0, mostWatts, 0, whyWatts},
	{"gpu.power.limit", 0, mostWatts, 0, whyWatts},
	{"gpu.power.smoothing.enabled", 0, 1, 0, whyFlag},
	{"gpu.power.smoothing.floor", 0, 2, 0, "a ratio of the module power, with as much again"},
	{"gpu.power.smoothing.immediate_ramp_down", 0, 1, 0, whyFlag},
	{"gpu.power.smoothing.lifetime.remaining", 0, 1, 0, "a ratio by definition"},
	{"gpu.power.smoothing.limit", 0, mostWatts, 0, whyWatts},
	{"gpu.power.smoothing.privilege_level", 0, 255, 0, "a number of eight bits; there are a handful of levels"},
	{"gpu.power.smoothing.profile.active", 0, 255, 0, "a number of eight bits; boards have a handful of profiles"},
	{"gpu.power.smoothing.profile.limit", 0, 255, 0, "a number of eight bits; boards have a handful of profiles"},
	{"gpu.power.smoothing.ramp_down.hysteresis", 0, 86400, 0, "a day; it is set in milliseconds"},
	{"gpu.power.smoothing.ramp_rate", 0, 1e6, 0, "a board of 20 kW within 20 ms"},
	{"gpu.recovery.action", 0, 1, 0, whyFlag + "; states up to 255 may come"},
	{"gpu.sm.occupancy", 0, 1, 0, whyRatio},
	{"gpu.sm.utilization", 0, 1, 0, whyRatio},
	{"gpu.temperature.margin", -200, 250, 0, "a difference of two temperatures of 0 to 150 °C, with as much again"},
	{"gpu.throttle.active", 0, 1, 0, whyFlag + "; NVML defines 9 bits of the mask, and 16 are taken"},
	{"gpu.throttle.events", 0, MostInt, 0, "counted here; NVML defines 9 bits of the mask, and 16 are taken"},
	{"gpu.throttle.time", 0, 1e9, 0, "31 years; it begins with the driver"},
	{"gpu.utilization.sampled", 0, 1, 0, whyRatio},
	{"gpu.vgpu.license.status", 0, 1, 0, whyFlag},
	{"hw.energy", 0, mostJoules, mostWatts, "20 kW for 15 years; it begins with the driver"},
	{"hw.errors", 0, mostFaults, 0, whyFaults},
	{"hw.fan.speed_ratio", 0, 3, 0, "a ratio of what noise tolerance allows, which it may exceed (NVML, nvmlDeviceGetFanSpeed)"},
	{"hw.gpu.io", 0, MostInt, mostBytes, whyBytes},
	{"hw.gpu.memory.limit", 0, mostMemory, 0, whyMemory},
	{"hw.gpu.memory.usage", 0, mostMemory, 0, whyMemory},
	{"hw.gpu.memory.utilization", 0, 1.1, 0, "a ratio by definition, of values that are not read at the same instant"},
	{"hw.gpu.utilization", 0, 1, 0, whyRatio},
	{"hw.power", 0, mostWatts, 0, whyWatts},
	{"hw.temperature", -60, 200, 0, whySilicon},
	{"hw.temperature.limit", -60, 200, 0, whySilicon},
}

var rangeOf = func() map[string]*Range {
	byMetric := map[string]*Range{}
	for i := range ranges {
		byMetric[ranges[i].Metric] = &ranges[i]
	}
	return byMetric
}()

// RangeOf returns the range of a metric, nil if it has none.
func RangeOf(metric string) *Range { return rangeOf[metric] }

// Ranges returns all ranges in the order of their metrics.
func Ranges() []Range { return ranges }

// Holds reports whether a value that a source of the kind gives can be. What is not a number
// cannot.
func (p *Range) Holds(k Kind, value float64) bool {
	if k == Rate {
		return value >= 0 && value <= p.Rate
	}
	return value >= p.Min && value <= p.Max
}

// impossible is what converters return for a sample that cannot be.
func impossible() (Number, bool) { return Number{F: math.NaN()}, true }
