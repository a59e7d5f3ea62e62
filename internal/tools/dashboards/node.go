// SPDX-License-Identifier: Apache-2.0

package main

func node() board {
	return board{
		file: "node", title: "GPU node",
		about:     "All GPUs of one node: what is wrong, what is full, and what the kernel and the host engine say.",
		variables: []variable{clusterVariable, nodeVariable, gpusVariable},
		sections: []section{
			{"Status", []panel{
				{kind: stat, title: "Host engine", unit: "none", about: "Whether the Collector is connected to DCGM.", width: 4, queries: one(`min(dcgm_up{@node})`, ""), states: []state{{"0", "not connected", "red"}, {"1", "connected", "green"}}, thresholds: present, runbook: "dcgmdisconnected"},
				{kind: stat, title: "GPUs readable", unit: "none", about: "GPUs that the host engine can read.", width: 4, queries: one(`sum(max by (instance, hw_id) (gpu_up{@gpu}))`, ""), thresholds: present, runbook: "gpudown"},
				{kind: stat, title: "Reset or reboot asked for", unit: "none", about: "GPUs for which the driver asks for an action.", width: 4, queries: one(`count(max by (instance, hw_id) (gpu_recovery_action{@gpu, gpu_recovery_action!="none"}) == 1) or vector(0)`, ""), thresholds: bad("red"), runbook: "gpurecoveryaction"},
				{kind: stat, title: "Row remaps pending", unit: "none", about: "GPUs whose memory is repaired by the next reset.", width: 4, queries: one(`count(max by (instance, hw_id) (gpu_memory_rows_remap_pending{@gpu}) == 1) or vector(0)`, ""), thresholds: bad("orange"), runbook: "gpurowremappending"},
				{kind: stat, title: "XIDs", unit: "none", about: "XIDs since the Collector started.", width: 4, queries: one(`sum(gpu_xid_errors_total{@gpu}) or vector(0)`, ""), thresholds: bad("orange"), runbook: "a-gpu-reports-an-xid"},
				{kind: stat, title: "NVLinks down", unit: "none", about: "NVLinks of the node in the state down.", width: 4, queries: one(`sum(max by (instance, hw_id) (gpu_nvlink_links{@gpu, gpu_nvlink_link_state="down"})) or vector(0)`, ""), thresholds: bad("red"), runbook: "gpunvlinkdown"},
				{kind: timeline, title: "State of each GPU", unit: "none", about: "hw.status: state at the host engine, recovery action, row remapping and XIDs.", width: 24, height: 8, queries: one(gpuState("@gpu"), "{{hw_name}}"), states: gpuStates, runbook: "a-gpu-is-unfit-or-degraded"},
			}},
			{"Saturation", []panel{
				{kind: graph, title: "GPU utilization", unit: "percentunit", about: "Share of time that the graphics or compute engine was busy.", width: 8, queries: each(`hw_gpu_utilization_ratio{@gpu, hw_gpu_task="general"}`, "{{hw_name}}"), min: new(0.0), max: new(1.0)},
				{kind: graph, title: "Memory in use", unit: "percentunit", about: "Share of the memory that is in use.", width: 8, queries: each(`hw_gpu_memory_utilization_ratio{@gpu}`, "{{hw_name}}"), min: new(0.0), max: new(1.0)},
				{kind: graph, title: "Power", unit: "watt", about: "Power of each board. A busy GPU that draws little waits for something.", width: 8, queries: each(`hw_power_watts{@gpu}`, "{{hw_name}}"), min: new(0.0)},
				{kind: graph, title: "Temperature", unit: "celsius", about: "Temperature of the GPU.", width: 8, queries: each(`hw_temperature_celsius{@gpu, hw_sensor_location="gpu"}`, "{{hw_name}}"), thresholds: steps(85, 90), runbook: "gputemperaturehigh"},
				{kind: timeline, title: "Clocks held down", unit: "none", about: "While a reason holds the clocks of a GPU down.", width: 8, states: []state{{"1", "held down", "orange"}}, queries: each(`gpu_throttle_active{@gpu, gpu_throttle_reason!="idle"} == 1`, "{{hw_name}} {{gpu_throttle_reason}}"), runbook: "gputhrottled"},
				{kind: graph, title: "SM clock", unit: "hertz", about: "Frequency of the streaming multiprocessors.", width: 8, queries: each(`gpu_clock_frequency_hertz{@gpu, gpu_clock_domain="sm"}`, "{{hw_name}}")},
				{kind: graph, title: "NVLink traffic", unit: "Bps", about: "Bytes over all NVLinks of a GPU, by direction.", width: 12, queries: each(`rate(gpu_nvlink_io_bytes_total{@gpu}[$__rate_interval])`, "{{hw_name}} {{network_io_direction}}")},
				{kind: graph, title: "PCIe traffic", unit: "Bps", about: "Bytes over PCIe, by direction.", width: 12, queries: each(`rate(hw_gpu_io_bytes_total{@gpu}[$__rate_interval])`, "{{hw_name}} {{network_io_direction}}")},
			}},
			{"Detail", []panel{
				{kind: graph, title: "Memory errors", unit: "none", about: "ECC errors since the driver was loaded. Uncorrected ones ask for a reset.", width: 8, queries: each(`gpu_ecc_errors_total{@gpu, gpu_ecc_lifetime="volatile"} > 0`, "{{hw_name}} {{error_type}}"), runbook: "gpueccuncorrected"},
				{kind: graph, title: "NVLink errors", unit: "cps", about: "Errors on NVLinks per second, by type.", width: 8, queries: one(`sum by (hw_name, gpu_nvlink_error_type) (rate(gpu_nvlink_errors_total{@gpu}[$__rate_interval]))`, "{{hw_name}} {{gpu_nvlink_error_type}}"), runbook: "gpunvlinkerrors"},
				{kind: graph, title: "PCIe replays", unit: "cps", about: "Replays on PCIe per second. More than 8 a minute point to the slot or the riser.", width: 8, queries: each(`rate(gpu_pcie_replays_total{@gpu}[$__rate_interval])`, "{{hw_name}}"), thresholds: steps(0.1, 0.14), runbook: "gpupciereplays"},
				{kind: timeline, title: "DCGM's health watches", unit: "none", about: "Systems of each GPU of which DCGM's own health check says other than pass: 1 warns, 2 fails.", width: 24, height: 7, queries: one(`max by (hw_name, gpu_health_system) (gpu_health{@gpu, gpu_health_state="warn"} * 1 or gpu_health{@gpu, gpu_health_state="fail"} * 2) > 0`, "{{hw_name}} {{gpu_health_system}}"), states: []state{{"1", "warn", "orange"}, {"2", "fail", "red"}}, runbook: "gpuhealthfailed"},
			}},
			{"Kernel and host engine", []panel{
				{kind: graph, title: "Kernel events", unit: "none", about: "Events in the kernel log within the interval, by kind: XIDs, PCI Express, memory, links, disks.", width: 8, queries: one("sum by (kernel_event_kind) ("+fresh(`kernel_events_total{@node}`)+")", "{{kernel_event_kind}}"), runbook: "kinds-of-kernel-events"},
				{kind: graph, title: "Kernel log records lost or malformed", unit: "none", about: "Records that the kernel overwrote before they were read, or that are no records.", width: 8, queries: one(`sum by (kernel_log_outcome) (kernel_log_records_total{@node, kernel_log_outcome=~"lost|malformed|oversized"})`, "{{kernel_log_outcome}}"), thresholds: bad("orange"), runbook: "kernelloglost"},
				{kind: graph, title: "Values dropped", unit: "cps", about: "Values that were not emitted, by reason.", width: 8, queries: one(`sum by (dcgm_drop_reason) (rate(dcgm_values_dropped_total{@node}[$__rate_interval]))`, "{{dcgm_drop_reason}}"), runbook: "gpu-metrics-are-missing"},
				{kind: graph, title: "Collection", unit: "s", about: "How long a collection takes, and how old its oldest sample is.", width: 8, queries: []query{{expr: `dcgm_scrape_duration_seconds{@node}`, legend: "duration"}, {expr: `dcgm_sample_age_seconds{@node}`, legend: "oldest sample"}}, runbook: "dcgmsamplesstale"},
				{kind: graph, title: "Memory of the host engine", unit: "bytes", about: "What the host engine says that it uses.", width: 8, queries: one(`dcgm_hostengine_memory_usage_bytes{@node}`, "host engine")},
				{kind: graph, title: "Clock of the host engine", unit: "s", about: "By how much the Collector's clock is ahead of the host engine's.", width: 8, queries: one(`dcgm_clock_skew_seconds{@node}`, "skew"), runbook: "dcgmclockskew"},
			}},
		},
	}
}
