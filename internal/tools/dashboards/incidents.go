// SPDX-License-Identifier: Apache-2.0

package main

func incidents() board {
	return board{
		file: "incidents", title: "GPU XIDs and incidents",
		about:     "What happened to GPUs and when: XIDs of DCGM and of the kernel, conditions, and the log records with NVIDIA's action.",
		variables: []variable{clusterVariable, nodesVariable, gpusVariable, logsVariable},
		sections: []section{
			{"Status", []panel{
				{kind: stat, title: "XIDs of DCGM", unit: "none", about: "XIDs that the host engines reported, since the Collectors started.", width: 5, queries: one(`sum(gpu_xid_errors_total{@gpu}) or vector(0)`, ""), thresholds: bad("orange"), runbook: "a-gpu-reports-an-xid"},
				{kind: stat, title: "XIDs of the kernel log", unit: "none", about: "XIDs that the driver logged. The kernel has some that DCGM never sees.", width: 5, queries: one(`sum(kernel_gpu_xids_total{@node}) or vector(0)`, ""), thresholds: bad("orange"), runbook: "kernelxidcritical"},
				{kind: stat, title: "GPUs not readable", unit: "none", about: "GPUs that are lost, detached or otherwise gone.", width: 5, queries: one(`count(max by (instance, hw_id) (gpu_up{@gpu}) == 0) or vector(0)`, ""), thresholds: bad("red"), runbook: "gpudown"},
				{kind: stat, title: "Critical XIDs", unit: "none", about: "XIDs after which NVIDIA asks for a reset, a reboot or a repair.", width: 5, queries: one(`sum(gpu_xid_errors_total{@gpu, gpu_xid_code=~"48|62|64|74|79|95|119|120"}) or vector(0)`, ""), thresholds: bad("red"), runbook: "gpuxidcritical"},
				{kind: stat, title: "Reconnects", unit: "none", about: "Connections to the host engines after the first ones.", width: 4, queries: one(`sum(dcgm_reconnects_total{@node})`, ""), thresholds: bad("orange"), runbook: "dcgmreconnects"},
			}},
			{"When", []panel{
				{kind: timeline, title: "State of each GPU", unit: "none", about: "hw.status of each GPU over time.", width: 12, height: 10, queries: one(gpuState("@gpu"), "{{instance}} {{hw_name}}"), states: gpuStates, runbook: "a-gpu-is-unfit-or-degraded"},
				{kind: graph, title: "XIDs by code", unit: "none", about: "XIDs within the interval, by GPU and code.", width: 12, height: 10, queries: one("sum by (instance, hw_name, gpu_xid_code) ("+fresh(`gpu_xid_errors_total{@gpu}`)+")", "{{instance}} {{hw_name}} XID {{gpu_xid_code}}"), runbook: "a-gpu-reports-an-xid"},
				{kind: table, title: "Newest XIDs", unit: "dateTimeFromNow", about: "When each GPU reported each code last, by the host engine's clock.", width: 12, queries: one(`max by (instance, hw_name, hw_id, gpu_xid_code) (gpu_xid_last_seconds{@gpu}) * 1000`, ""), runbook: "a-gpu-reports-an-xid"},
				{kind: table, title: "XIDs of the kernel log", unit: "none", about: "By PCI address and code.", width: 12, queries: one(`sum by (instance, gpu_pci_bus_id, gpu_xid_code) (kernel_gpu_xids_total{@node})`, ""), runbook: "kernelxidcritical"},
				{kind: timeline, title: "Alerts", unit: "none", about: "Alerts over time, as Prometheus evaluated them.", width: 24, height: 12, queries: one(`max by (alertname, instance) (ALERTS{@node, alertstate="firing"})`, "{{alertname}} {{instance}}"), states: []state{{"1", "firing", "red"}}, runbook: "alerts"},
				{kind: timeline, title: "Conditions", unit: "none", about: "Conditions of each GPU, as /gpus of health_slo judges them.", width: 12, states: []state{{"1", "holds", "orange"}}, queries: one(`tracecore_gpu_condition{@gpu}`, "{{instance}} {{hw_name}} {{gpu_condition}}"), runbook: "a-gpu-is-unfit-or-degraded"},
				{kind: graph, title: "Kernel events by kind", unit: "none", about: "Events of the kernel log within the interval.", width: 12, queries: one("sum by (instance, kernel_event_kind) ("+fresh(`kernel_events_total{@node}`)+")", "{{instance}} {{kernel_event_kind}}"), runbook: "kinds-of-kernel-events"},
			}},
			{"Log records", []panel{
				{kind: logs, title: "XIDs with NVIDIA's action", about: "Records gpu.xid of DCGM and of the kernel log, from a Loki that the Collector feeds over OTLP. The attribute gpu.xid.action says what to do.", width: 24, height: 9, queries: one(`{service_name=~".+"} | gpu_xid_code != "" | host_name =~ "$node.*"`, ""), runbook: "a-gpu-reports-an-xid"},
				{kind: logs, title: "Everything that happened to GPUs", about: "Records that name a GPU: lost and found, recovery actions, row remaps, throttling, incidents of DCGM's health watches.", width: 24, height: 9, queries: one(`{service_name=~".+"} | hw_id != "" | hw_name =~ "$gpu" | host_name =~ "$node.*"`, ""), runbook: "a-gpu-is-unfit-or-degraded"},
			}},
		},
	}
}
