// SPDX-License-Identifier: Apache-2.0

package main

// limitRules are about temperature, clocks, power and use.
var limitRules = []rule{
	{
		Name: "GPUThrottled", Condition: "A12", Severity: ticket, For: "5m",
		Expr: over("avg_over_time", "15m", onBoard(`gpu_throttle_active{gpu_throttle_reason=~"hw_thermal|hw_power_brake|hw_slowdown"}`, "gpu_throttle_reason")) + ` > 0.2`,
		Exporter: over("avg_over_time", "15m", onExported(`(floor(DCGM_FI_DEV_CLOCK_THROTTLE_REASONS / 8) % 2 + floor(DCGM_FI_DEV_CLOCK_THROTTLE_REASONS / 64) % 2`+
			` + floor(DCGM_FI_DEV_CLOCK_THROTTLE_REASONS / 128) % 2) > bool 0`)) + ` > 0.2`,
		Summary:   "the hardware lowers the clocks of a GPU",
		Threshold: "a fifth of the last 15m, for 5m", Source: "Oracle oci-hpc: above 20 % of the time; Azure cyclecloud-healthagent: reasons & 0xE8; power cap and idle never alert",
		Action: "CHECK_COOLING, or CHECK_POWER for hw_power_brake",
		Tests:  level(thermalSeries),
		ExporterTests: []testCase{
			fire("40m", gpu("DCGM_FI_DEV_CLOCK_THROTTLE_REASONS", "", "1x5 72x40")),
			keepQuiet("40m", gpu("DCGM_FI_DEV_CLOCK_THROTTLE_REASONS", "", "37x45")), // idle, power cap, software thermal
			firstFires("40m", gpu("DCGM_FI_DEV_CLOCK_THROTTLE_REASONS", "", "_x5 72x40")),
		},
	},
	{
		Name: "GPUThrottledBySoftware", Condition: "A12", Severity: info, For: "5m",
		Expr:      over("avg_over_time", "15m", onBoard(`gpu_throttle_active{gpu_throttle_reason="sw_thermal"}`, "gpu_throttle_reason")) + ` > 0.2`,
		Exporter:  over("avg_over_time", "15m", onExported(`floor(DCGM_FI_DEV_CLOCK_THROTTLE_REASONS / 32) % 2`)) + ` > 0.2`,
		Summary:   "the driver lowers the clocks of a GPU for heat",
		Threshold: "a fifth of the last 15m, for 5m", Source: "Oracle oci-hpc: above 20 % of the time; Azure cyclecloud-healthagent: reasons & 0xE8",
		Action: "CHECK_COOLING",
		Off:    "boards at their power limit do this in normal work",
		Tests: level(func(v string) series {
			return gpu("gpu_throttle_active", `gpu_throttle_reason="sw_thermal"`, v)
		}),
		ExporterTests: []testCase{
			fire("40m", gpu("DCGM_FI_DEV_CLOCK_THROTTLE_REASONS", "", "1x5 32x40")),
			keepQuiet("40m", gpu("DCGM_FI_DEV_CLOCK_THROTTLE_REASONS", "", "68x45")),
			firstFires("40m", gpu("DCGM_FI_DEV_CLOCK_THROTTLE_REASONS", "", "_x5 32x40")),
		},
	},
	{
		Name: "GPUTemperatureHigh", Condition: "A11", Severity: ticket, For: "15m",
		Expr: onBoard(`hw_temperature_celsius{hw_sensor_location="gpu"}`) + ` > 0.98 * ` +
			onBoard(`hw_temperature_limit_celsius{hw_sensor_location="gpu", hw_limit_type="high.degraded"}`),
		Exporter:  onExported(`DCGM_FI_DEV_GPU_TEMP / DCGM_FI_DEV_SLOWDOWN_TEMP > 0.98`),
		Summary:   "a GPU is about as hot as where it slows down",
		Threshold: "0.98 of the slowdown temperature, for 15m", Source: "Oracle oci-hpc: GPU_TEMP / SLOWDOWN_TEMP > 0.98 for 15m",
		Action: "CHECK_COOLING",
		Off:    "GPUThrottled says when it matters",
		Tests: []testCase{
			fire("40m", hotSeries("60x5 89x50")...),
			keepQuiet("40m", hotSeries("88x55")...),
			firstFires("40m", hotSeries("_x5 89x50")...),
		},
		ExporterTests: []testCase{
			fire("40m", exporterHotSeries("60x5 89x50")...),
			keepQuiet("40m", exporterHotSeries("88x55")...),
			firstFires("40m", exporterHotSeries("_x5 89x50")...),
		},
	},
	{
		Name: "GPUTemperatureMargin", Condition: "A11", Severity: ticket, For: "5m",
		Expr:      onBoard(`gpu_temperature_margin_celsius <= 0`),
		Exporter:  onExported(`DCGM_FI_DEV_GPU_TEMP_LIMIT <= 0`),
		Summary:   "a GPU has no margin to the temperature that slows it down",
		Threshold: "0 degrees, for 5m", Source: "gpud: margin of 0 or less",
		Action: "CHECK_COOLING",
		Off:    "gpu.temperature.margin is off by default",
		Tests: []testCase{
			fire("20m", gpu("gpu_temperature_margin_celsius", "", "20x5 0x20")),
			keepQuiet("20m", gpu("gpu_temperature_margin_celsius", "", "1x25")),
			firstFires("20m", gpu("gpu_temperature_margin_celsius", "", "_x5 0x20")),
		},
		ExporterTests: []testCase{
			fire("20m", gpu("DCGM_FI_DEV_GPU_TEMP_LIMIT", "", "20x5 0x20")),
			keepQuiet("20m", gpu("DCGM_FI_DEV_GPU_TEMP_LIMIT", "", "1x25")),
			firstFires("20m", gpu("DCGM_FI_DEV_GPU_TEMP_LIMIT", "", "_x5 0x20")),
		},
	},
	{
		Name: "GPUPowerOutOfRange", Condition: "A20", Severity: ticket, For: "15m",
		Expr:      onBoard(`hw_power_watts < 65 or hw_power_watts > 1500`),
		Exporter:  onExported(`DCGM_FI_DEV_POWER_USAGE < 65 or DCGM_FI_DEV_POWER_USAGE > 1500`),
		Summary:   "a GPU draws less or more power than its model can",
		Threshold: "65 to 1500 W, for 15m", Source: "NVIDIA Health Validation for GB200 and GB300, a web page, not confirmed; to be set for each fleet",
		Action:        "CHECK_POWER",
		Off:           "the range is one model's",
		Tests:         powerCases("hw_power_watts"),
		ExporterTests: powerCases("DCGM_FI_DEV_POWER_USAGE"),
	},
	{
		Name: "GPUPersistenceModeOff", Condition: "A21", Severity: ticket, For: "15m",
		Exporter:  onExported(`DCGM_FI_DEV_PERSISTENCE_MODE != 1`),
		Summary:   "the driver is unloaded while nobody uses a GPU",
		Threshold: "off, for 15m", Source: "Azure cyclecloud-healthagent: error",
		Action: "systemctl enable --now nvidia-persistenced",
		ExporterTests: []testCase{
			fire("30m", gpu("DCGM_FI_DEV_PERSISTENCE_MODE", "", "1x5 0x40")),
			keepQuiet("30m", gpu("DCGM_FI_DEV_PERSISTENCE_MODE", "", "1x45")),
			firstFires("30m", gpu("DCGM_FI_DEV_PERSISTENCE_MODE", "", "_x5 0x40")),
		},
	},
	{
		Name: "GPUMemoryFull", Condition: "A23", Severity: info, For: "15m",
		Expr:       onBoard(`hw_gpu_memory_utilization_ratio{hw_parent=""} > 0.95`),
		Exporter:   memoryUsed,
		Exporter49: renamed(memoryUsed),
		Summary:    "memory of a GPU is nearly full",
		Threshold:  "95 %, for 15m", Source: "common on the web; no published fleet alerts on it",
		Off: "frameworks take all memory on purpose",
		Tests: []testCase{
			fire("30m", gpu("hw_gpu_memory_utilization_ratio", "", "0.5x5 0.97x40")),
			keepQuiet("30m", gpu("hw_gpu_memory_utilization_ratio", "", "0.9x45")),
			firstFires("30m", gpu("hw_gpu_memory_utilization_ratio", "", "_x5 0.97x40")),
		},
		ExporterTests: []testCase{
			fire("30m", gpu("DCGM_FI_DEV_FB_USED", "", "10x5 97x40"), gpu("DCGM_FI_DEV_FB_FREE", "", "3x45")),
			keepQuiet("30m", gpu("DCGM_FI_DEV_FB_USED", "", "90x45"), gpu("DCGM_FI_DEV_FB_FREE", "", "10x45")),
			firstFires("30m", gpu("DCGM_FI_DEV_FB_USED", "", "_x5 97x40"), gpu("DCGM_FI_DEV_FB_FREE", "", "_x5 3x40")),
		},
	},
}

var memoryUsed = onExported(`DCGM_FI_DEV_FB_USED / (DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE) > 0.95`)

func thermalSeries(v string) series {
	return gpu("gpu_throttle_active", `gpu_throttle_reason="hw_thermal"`, v)
}

func hotSeries(v string) []series {
	return []series{
		gpu("hw_temperature_celsius", `hw_sensor_location="gpu"`, v),
		gpu("hw_temperature_limit_celsius", `hw_sensor_location="gpu",hw_limit_type="high.degraded"`, "90x60"),
	}
}

func exporterHotSeries(v string) []series {
	return []series{gpu("DCGM_FI_DEV_GPU_TEMP", "", v), gpu("DCGM_FI_DEV_SLOWDOWN_TEMP", "", "90x60")}
}

func powerCases(metric string) []testCase {
	return []testCase{
		fire("30m", gpu(metric, "", "300x5 20x40")),
		keepQuiet("30m", gpu(metric, "", "300x45")),
		firstFires("30m", gpu(metric, "", "_x5 1600x40")),
	}
}
