// SPDX-License-Identifier: Apache-2.0

package main

import "strings"

// holder is what names who holds a GPU: a Slurm job or a pod.
const holder, holderLegend = "slurm_job_id, k8s_namespace_name, k8s_pod_name", "{{slurm_job_id}}{{k8s_namespace_name}} {{k8s_pod_name}}"

// ofHolders leaves the series of GPUs out that nobody holds alone.
func ofHolders(expr string) string {
	return strings.ReplaceAll(expr, "@job", `@job, slurm_job_id!=""`) + " or " + strings.ReplaceAll(expr, "@job", `@job, k8s_pod_name!=""`)
}

func jobs() board {
	held := func(expr string) string { return "sum by (" + holder + ") (" + ofHolders(expr) + ")" }
	mean := func(expr string) string { return "avg by (" + holder + ") (" + ofHolders(expr) + ")" }
	return board{
		file: "jobs", title: "GPU jobs and pods",
		about: "Who holds the GPUs, what each job and pod makes of them, and which wait or idle.",
		variables: []variable{
			clusterVariable,
			{name: "job", label: "Job", of: `label_values(gpu_allocation{@fleet}, slurm_job_id)`, multi: true},
			{name: "namespace", label: "Namespace", of: `label_values(gpu_allocation{@fleet}, k8s_namespace_name)`, multi: true},
			{name: "pod", label: "Pod", of: `label_values(gpu_allocation{@fleet, k8s_namespace_name=~"$namespace"}, k8s_pod_name)`, multi: true},
		},
		sections: []section{
			{"Status", []panel{
				{kind: stat, title: "GPUs allocated", unit: "none", about: "GPUs that somebody holds.", width: 5, queries: one(`sum(gpu_allocation_state{@fleet, gpu_allocation_state="allocated"})`, "")},
				{kind: stat, title: "GPUs free", unit: "none", about: "GPUs that nobody holds.", width: 5, queries: one(`sum(gpu_allocation_state{@fleet, gpu_allocation_state="free"})`, "")},
				{kind: stat, title: "Allocation unknown", unit: "none", about: "GPUs of which no source says whether they are held.", width: 5, queries: []query{{expr: `sum(gpu_allocation_state{@fleet, gpu_allocation_state="unknown"})`}}, thresholds: bad("orange"), runbook: "attributionunknown"},
				{kind: stat, title: "GPUs stalled", unit: "none", about: "Allocated GPUs that are busy and draw little power: their job waits for a peer.", width: 5, queries: one(`sum(max by (instance, hw_id) (gpu_stalled_ratio{@job})) or vector(0)`, ""), thresholds: bad("red"), runbook: "gpustalled"},
				{kind: stat, title: "XIDs", unit: "none", about: "XIDs of GPUs while a job or pod held them.", width: 4, queries: one("sum("+ofHolders(`gpu_xid_errors_total{@job}`)+") or vector(0)", ""), thresholds: bad("orange"), runbook: "a-gpu-reports-an-xid"},
			}},
			{"Saturation", []panel{
				{kind: graph, title: "GPUs held", unit: "none", about: "GPUs of each job and pod.", width: 8, queries: one("count by ("+holder+") (gpu_allocation{@job})", holderLegend), stack: true},
				{kind: graph, title: "Utilization", unit: "percentunit", about: "Mean share of time that the GPUs of a job were busy.", width: 8, min: new(0.0), max: new(1.0), queries: one(mean(`hw_gpu_utilization_ratio{@job, hw_gpu_task="general"}`), holderLegend)},
				{kind: graph, title: "Multiprocessors in use", unit: "percentunit", about: "Mean share of cycles that multiprocessors had work, which tells more than utilization.", width: 8, min: new(0.0), max: new(1.0), queries: one(mean(`gpu_sm_utilization_ratio{@job}`), holderLegend)},
				{kind: graph, title: "Memory in use", unit: "bytes", about: "GPU memory that a job uses.", width: 8, min: new(0.0), queries: one(held(`hw_gpu_memory_usage_bytes{@job}`), holderLegend)},
				{kind: graph, title: "Power", unit: "watt", about: "Power of the GPUs of a job.", width: 8, min: new(0.0), queries: one(held(`hw_power_watts{@job}`), holderLegend)},
				{kind: graph, title: "GPUs idle", unit: "none", about: "GPU-seconds a second that a job held GPUs without using them.", width: 8, min: new(0.0), queries: one(held(`rate(gpu_idle_time_seconds_total{@job}[$__rate_interval])`), holderLegend), runbook: "gpuidleallocated"},
			}},
			{"Detail", []panel{
				{kind: table, title: "GPU time", unit: "s", about: "GPU-seconds within the time range, for a bill or a fair share.", width: 8, queries: one(held(`increase(gpu_allocation_time_seconds_total{@job}[$__range])`), "")},
				{kind: table, title: "Energy", unit: "joule", about: "Energy within the time range.", width: 8, queries: one(held(`increase(hw_energy_joules_total{@job}[$__range])`), "")},
				{kind: table, title: "XIDs by job", unit: "none", about: "XIDs by code and holder.", width: 8, queries: one("sum by ("+holder+", gpu_xid_code) ("+ofHolders(`gpu_xid_errors_total{@job}`)+")", ""), runbook: "a-gpu-reports-an-xid"},
				{kind: graph, title: "NVLink traffic", unit: "Bps", about: "Bytes over NVLink, all GPUs of a job together.", width: 8, queries: one(held(`rate(gpu_nvlink_io_bytes_total{@job}[$__rate_interval])`), holderLegend)},
				{kind: graph, title: "Lookups of holders", unit: "cps", about: "Data points and log records by what looking for their holder gave.", width: 8, queries: one(`sum by (result) (rate(tracecore_gpu_attribution_lookups_total{@fleet}[$__rate_interval]))`, "{{result}}"), runbook: "gpus-have-no-holder"},
				{kind: graph, title: "Age of sources", unit: "s", about: "Age of the last good answer of the kubelet or the job files.", width: 8, queries: one(`max by (instance, source) (tracecore_gpu_attribution_source_age_seconds{@fleet})`, "{{instance}} {{source}}"), thresholds: steps(60, 300), runbook: "attributionsourcestale"},
			}},
		},
	}
}
