// SPDX-License-Identifier: Apache-2.0

package main

func fleet() board {
	return board{
		file: "fleet", title: "GPU fleet",
		about:     "Which nodes and GPUs of a fleet need attention, how full the fleet is, and where.",
		variables: []variable{clusterVariable, nodesVariable},
		sections: []section{
			{"Status", []panel{
				{kind: stat, title: "Nodes connected", unit: "none", about: "Nodes whose Collector is connected to its host engine.", width: 4, queries: one(`sum(dcgm_up{@node})`, ""), thresholds: present},
				{kind: stat, title: "Nodes without host engine", unit: "none", about: "Nodes whose Collector runs and has no connection to DCGM: their GPUs are unknown, not fine.", width: 4, queries: one(`count(dcgm_up{@node} == 0) or vector(0)`, ""), thresholds: bad("red"), runbook: "dcgmdisconnected"},
				{kind: stat, title: "GPUs", unit: "none", about: "GPUs that the host engines list.", width: 4, queries: one(`count(max by (instance, hw_id) (gpu_up{@node}))`, ""), thresholds: present},
				{kind: stat, title: "GPUs not readable", unit: "none", about: "GPUs that the host engine lists and cannot read: lost, detached or otherwise gone.", width: 4, queries: one(`count(max by (instance, hw_id) (gpu_up{@node}) == 0) or vector(0)`, ""), thresholds: bad("red"), runbook: "gpudown"},
				{kind: stat, title: "GPUs failed", unit: "none", about: "GPUs whose hw.status is failed.", width: 4, queries: one(`count(max by (instance, hw_id) (hw_status{@node, hw_state="failed"}) == 1) or vector(0)`, ""), thresholds: bad("red"), runbook: "gpunodeunfit"},
				{kind: stat, title: "GPUs degraded", unit: "none", about: "GPUs that work and call for a reset, for cooling or for a look.", width: 4, queries: one(`count(max by (instance, hw_id) (hw_status{@node, hw_state=~"degraded|predicted_failure"}) == 1) or vector(0)`, ""), thresholds: bad("orange"), runbook: "a-gpu-is-unfit-or-degraded"},
				{kind: timeline, title: "Worst GPU of each node", unit: "none", about: "The worst hw.status among the GPUs of a node.", width: 12, height: 7, queries: one("max by (instance) ("+gpuState("@node")+")", "{{instance}}"), states: gpuStates, runbook: "gpunodeunfit"},
				{kind: graph, title: "Conditions of GPUs", unit: "none", about: "How many GPUs have each condition that calls for attention.", width: 12, height: 7, queries: one(`sum by (gpu_condition) (tracecore_gpu_condition{@node})`, "{{gpu_condition}}"), stack: true, runbook: "a-gpu-is-unfit-or-degraded"},
			}},
			{"Alerts", []panel{
				{kind: table, title: "Firing alerts", unit: "none", about: "What the rules of docs/alerts say, or your own.", width: 24, queries: one(`count by (alertname, severity, instance, hw_name) (ALERTS{@node, alertstate="firing"})`, ""), runbook: "alerts"},
			}},
			{"Saturation", []panel{
				{kind: graph, title: "GPU utilization by node", unit: "percentunit", about: "Mean share of time that the graphics or compute engine was busy.", width: 8, queries: one(`avg by (instance) (max by (instance, hw_id) (hw_gpu_utilization_ratio{@node, hw_gpu_task="general"}))`, "{{instance}}"), min: new(0.0), max: new(1.0)},
				{kind: graph, title: "Memory in use by node", unit: "percentunit", about: "Mean share of GPU memory that is in use.", width: 8, queries: one(`avg by (instance) (max by (instance, hw_id) (hw_gpu_memory_utilization_ratio{@node}))`, "{{instance}}"), min: new(0.0), max: new(1.0)},
				{kind: graph, title: "GPU power by node", unit: "watt", about: "Power of all boards of a node.", width: 8, queries: one(`sum by (instance) (max by (instance, hw_id) (hw_power_watts{@node}))`, "{{instance}}"), min: new(0.0)},
				{kind: graph, title: "Hottest GPU by node", unit: "celsius", about: "Highest GPU temperature of a node.", width: 8, queries: one(`max by (instance) (hw_temperature_celsius{@node, hw_sensor_location="gpu"})`, "{{instance}}"), thresholds: steps(85, 90), runbook: "gputemperaturehigh"},
				{kind: graph, title: "GPUs whose clocks are held down", unit: "none", about: "GPUs by reason. Power caps are normal under load; heat and the power brake are not.", width: 8, queries: one(`sum by (gpu_throttle_reason) (max by (instance, gpu_throttle_reason, hw_id) (gpu_throttle_active{@node, gpu_throttle_reason!="idle"}))`, "{{gpu_throttle_reason}}"), stack: true, runbook: "gputhrottled"},
				{kind: graph, title: "GPUs by allocation", unit: "none", about: "Whether somebody holds the GPUs. Unknown is no free GPU.", width: 8, queries: one(`sum by (gpu_allocation_state) (gpu_allocation_state{@node})`, "{{gpu_allocation_state}}"), stack: true, runbook: "attributionunknown"},
			}},
			{"Detail", []panel{
				{kind: graph, title: "XIDs by code", unit: "none", about: "XIDs within the interval, by code.", width: 8, queries: one("sum by (gpu_xid_code) ("+fresh(`gpu_xid_errors_total{@node}`)+")", "XID {{gpu_xid_code}}"), runbook: "a-gpu-reports-an-xid"},
				{kind: graph, title: "NVLinks that are down", unit: "none", about: "NVLinks in the state down, by node.", width: 8, queries: one(`sum by (instance) (max by (instance, hw_id) (gpu_nvlink_links{@node, gpu_nvlink_link_state="down"}))`, "{{instance}}"), thresholds: bad("red"), runbook: "gpunvlinkdown"},
				{kind: graph, title: "Age of the oldest sample", unit: "s", about: "Age that the oldest value of the last collection had when it was read.", width: 8, queries: one(`max by (instance) (dcgm_sample_age_seconds{@node})`, "{{instance}}"), thresholds: steps(30, 120), runbook: "dcgmsamplesstale"},
				{kind: table, title: "GPUs that need attention", unit: "none", about: "Each GPU that has a condition, with the condition.", width: 12, queries: one(`max by (instance, hw_name, hw_id, gpu_condition) (tracecore_gpu_condition{@node}) == 1`, ""), runbook: "a-gpu-is-unfit-or-degraded"},
				{kind: table, title: "Models and drivers", unit: "none", about: "GPUs by model, driver and VBIOS, to find the node that differs.", width: 12, queries: one(`count by (hw_model, gpu_driver_version, gpu_vbios_version) (gpu_info{@node})`, "")},
			}},
		},
	}
}
