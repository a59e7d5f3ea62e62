// SPDX-License-Identifier: Apache-2.0

package main

func gpu() board {
	return board{
		file: "gpu", title: "GPU",
		about:     "One GPU: its state, what limits it, and what its board, memory and links have been through.",
		variables: []variable{clusterVariable, nodeVariable, gpuVariable},
		sections: []section{
			{"Status", []panel{
				{kind: stat, title: "Readable", unit: "none", about: "Whether the host engine can read the GPU.", width: 4, queries: one(`min(gpu_up{@gpu})`, ""), states: noYes, thresholds: present, runbook: "gpudown"},
				{kind: stat, title: "Status", unit: "none", about: "hw.status of the GPU.", width: 4, queries: one("max("+gpuState("@gpu")+")", ""), states: gpuStates, runbook: "a-gpu-is-unfit-or-degraded"},
				{kind: stat, title: "Recovery action", unit: "none", about: "What the driver asks for to bring the GPU back.", width: 4, queries: one(`max by (gpu_recovery_action) (gpu_recovery_action{@gpu}) == 1`, "{{gpu_recovery_action}}"), runbook: "gpurecoveryaction"},
				{kind: stat, title: "Uncorrected memory errors", unit: "none", about: "Since the driver was loaded.", width: 4, queries: one(`sum(gpu_ecc_errors_total{@gpu, error_type="uncorrected", gpu_ecc_lifetime="volatile"})`, ""), thresholds: bad("red"), runbook: "gpueccuncorrected"},
				{kind: stat, title: "Energy", unit: "joule", about: "Energy used within the time range.", width: 4, queries: one(`sum(increase(hw_energy_joules_total{@gpu}[$__range]))`, "")},
				{kind: stat, title: "Performance state", unit: "none", about: "0 is full performance; a busy GPU in another state is held back.", width: 4, queries: one(`max(gpu_performance_state{@gpu})`, ""), thresholds: []threshold{{0, "green"}, {2, "orange"}}},
				{kind: table, title: "Identity", unit: "none", about: "Model, serial number, PCI address, driver and VBIOS, as a ticket at the vendor needs them.", width: 24, height: 4, queries: one(`gpu_info{@gpu}`, "")},
			}},
			{"Saturation", []panel{
				{kind: graph, title: "Activity", unit: "percentunit", about: "Engine busy, multiprocessors with work, warps resident.", width: 8, min: new(0.0), max: new(1.0), queries: []query{
					{expr: perGPU(`hw_gpu_utilization_ratio{@gpu, hw_gpu_task="general"}`, "engine"), legend: "engine"},
					{expr: perGPU(`gpu_sm_utilization_ratio{@gpu}`, "SM"), legend: "SM"},
					{expr: perGPU(`gpu_sm_occupancy_ratio{@gpu}`, "occupancy"), legend: "occupancy"},
				}},
				{kind: graph, title: "Pipes", unit: "percentunit", about: "Share of cycles that each pipe was active.", width: 8, min: new(0.0), max: new(1.0), queries: each(`gpu_pipe_utilization_ratio{@gpu}`, "{{gpu_pipe}}")},
				{kind: graph, title: "Memory", unit: "bytes", about: "Memory by state.", width: 8, min: new(0.0), stack: true, queries: each(`gpu_memory_usage_bytes{@gpu}`, "{{gpu_memory_state}}")},
				{kind: graph, title: "Memory bandwidth", unit: "percentunit", about: "Share of cycles that the memory interface was active.", width: 8, min: new(0.0), max: new(1.0), queries: each(`gpu_memory_bandwidth_utilization_ratio{@gpu}`, "bandwidth")},
				{kind: graph, title: "Power", unit: "watt", about: "Power beside the limit that is enforced.", width: 8, min: new(0.0), queries: []query{
					{expr: perGPU(`hw_power_watts{@gpu}`, "power"), legend: "power"},
					{expr: perGPU(`gpu_power_limit_watts{@gpu, gpu_power_limit_type="enforced"}`, "limit"), legend: "limit"},
				}},
				{kind: graph, title: "Temperature", unit: "celsius", about: "GPU and memory beside the temperatures at which the GPU slows down or ends.", width: 8, runbook: "gputemperaturehigh", queries: []query{
					{expr: perGPU(`hw_temperature_celsius{@gpu}`, "{{hw_sensor_location}}"), legend: "{{hw_sensor_location}}"},
					{expr: perGPU(`hw_temperature_limit_celsius{@gpu}`, "{{hw_sensor_location}} {{hw_limit_type}}"), legend: "{{hw_sensor_location}} {{hw_limit_type}}"},
				}},
				{kind: graph, title: "Clocks", unit: "hertz", about: "Frequencies of the clock domains.", width: 8, queries: each(`gpu_clock_frequency_hertz{@gpu}`, "{{gpu_clock_domain}}")},
				{kind: graph, title: "Time with clocks held down", unit: "percentunit", about: "Share of time by reason. Reasons overlap.", width: 8, queries: each(`rate(gpu_throttle_time_seconds_total{@gpu}[$__rate_interval])`, "{{gpu_throttle_reason}}"), runbook: "gputhrottled"},
				{kind: graph, title: "Traffic", unit: "Bps", about: "Bytes over PCIe and NVLink.", width: 8, queries: []query{
					{expr: perGPU(`rate(hw_gpu_io_bytes_total{@gpu}[$__rate_interval])`, "PCIe {{network_io_direction}}"), legend: "PCIe {{network_io_direction}}"},
					{expr: perGPU(`rate(gpu_nvlink_io_bytes_total{@gpu}[$__rate_interval])`, "NVLink {{network_io_direction}}"), legend: "NVLink {{network_io_direction}}"},
				}},
			}},
			{"Detail", []panel{
				{kind: table, title: "XIDs", unit: "none", about: "XIDs of the GPU by code, as DCGM counted them.", width: 8, queries: one(`sum by (instance, hw_name, gpu_xid_code) (gpu_xid_errors_total{@gpu})`, ""), runbook: "a-gpu-reports-an-xid"},
				{kind: graph, title: "Memory errors over the life of the GPU", unit: "none", about: "From the InfoROM.", width: 8, queries: each(`hw_errors_total{@gpu}`, "{{error_type}}"), runbook: "gpuecccorrectedrate"},
				{kind: graph, title: "Rows remapped", unit: "none", about: "Rows of memory replaced by spare ones, and whether a remap waits or has failed.", width: 8, runbook: "gpurowremappending", queries: []query{
					{expr: perGPU(`gpu_memory_rows_remapped_total{@gpu}`, "for {{error_type}} errors"), legend: "for {{error_type}} errors"},
					{expr: perGPU(`gpu_memory_rows_remap_pending{@gpu}`, "pending"), legend: "pending"},
					{expr: perGPU(`gpu_memory_rows_remap_failed{@gpu}`, "failed"), legend: "failed"},
				}},
				{kind: graph, title: "PCIe link", unit: "none", about: "Width and generation. A link narrower than its maximum under load has a bad contact.", width: 8, runbook: "gpupcielinknarrow", queries: []query{
					{expr: perGPU(`gpu_pcie_link_width{@gpu}`, "width {{gpu_pcie_link_bound}}"), legend: "width {{gpu_pcie_link_bound}}"},
					{expr: perGPU(`gpu_pcie_link_generation{@gpu}`, "generation {{gpu_pcie_link_bound}}"), legend: "generation {{gpu_pcie_link_bound}}"},
				}},
				{kind: graph, title: "NVLinks", unit: "none", about: "Links by state.", width: 8, queries: each(`gpu_nvlink_links{@gpu}`, "{{gpu_nvlink_link_state}}"), runbook: "gpunvlinkdown"},
				{kind: graph, title: "NVLink errors", unit: "cps", about: "Errors per second by type.", width: 8, queries: each(`rate(gpu_nvlink_errors_total{@gpu}[$__rate_interval])`, "{{gpu_nvlink_error_type}}"), runbook: "gpunvlinkerrors"},
			}},
		},
	}
}
