// SPDX-License-Identifier: Apache-2.0

package main

import "time"

const introduction = `Two simulated nodes of eight H100 run, with Prometheus and Alertmanager. gpu-node-2 will be sick.
   status pages:  WELL/  and  SICK/
   log records:   BACKEND/records, of an OTLP backend that only remembers
   Prometheus:    PROMETHEUS/graph     Alertmanager: ALERTMANAGER/
   Dashboards:    docs/dashboards/*.json, for a Grafana with PROMETHEUS as data source`

// A step does something to the second node, and says where it shows.
type step struct {
	title   string
	after   string            // has a result in Prometheus before the step begins
	jobs    map[string]string // files below the demo's directory
	kernel  []string          // lines of the kernel log
	faults  []string          // events of the simulated libdcgm
	backend int               // with which status the OTLP backend answers from now on
	sees    string            // has a result in Prometheus once the step shows
	alerts  []string          // that fire then
	look    []string
	linger  time.Duration
}

var tour = []step{
	{
		title: "All is well: two Slurm jobs train on sixteen GPUs.",
		// An agent that has not seen its GPUs yet cannot place their jobs.
		after: `sum(gpu_up) == 16`,
		jobs: map[string]string{
			"gpu-node-1/jobs/job.4711": "user=alice\naccount=vision\npartition=h100\n", "gpu-node-2/jobs/job.4712": "user=bob\naccount=speech\npartition=h100\n",
			"gpu-node-1/jobs/0": "4711\n", "gpu-node-1/jobs/1": "4711\n", "gpu-node-1/jobs/2": "4711\n", "gpu-node-1/jobs/3": "4711\n",
			"gpu-node-2/jobs/0": "4712\n", "gpu-node-2/jobs/1": "4712\n", "gpu-node-2/jobs/2": "4712\n", "gpu-node-2/jobs/3": "4712\n", "gpu-node-2/jobs/4": "4712\n",
		},
		sees:   `count(gpu_allocation{slurm_job_id=~"4711|4712"}) == 9 and sum(gpu_up) == 16`,
		look:   []string{"SICK/ says that nothing needs attention; curl 'SICK/gpus?format=text' says fit", "PROMETHEUS/graph?g0.expr=hw_power_watts&g0.tab=0 shows each GPU's power with its job"},
		linger: 30 * time.Second,
	},
	{
		title:  "XID 31 on nvidia1: a program read where it may not. It is the program's fault, and pages nobody.",
		faults: []string{"xid gpu=1 code=31"},
		kernel: []string{"NVRM: Xid (PCI:0000:2A:00): 31, pid=4712, name=python3, Ch 00000008"},
		sees:   `gpu_xid_errors_total{gpu_xid_code="31"} > 0 and on(instance) kernel_gpu_xids_total{gpu_xid_code="31"} > 0`,
		alerts: []string{"GPUXidApplication"},
		look:   []string{"curl -s PAGE/metrics | grep gpu_xid_errors: counted by code, and kernel_gpu_xids from the kernel log"},
		linger: 20 * time.Second,
	},
	{
		title:  "nvidia2 is too hot: the hardware lowers its clocks for half a minute.",
		faults: []string{"throttle gpu=2 reason=hw_slowdown,hw_thermal for 30s", "field id=150 gpu=2 value=91"},
		sees:   `tracecore_gpu_condition{gpu_condition="hw_thermal"} == 1`,
		alerts: []string{"GPUThrottled"},
		look:   []string{"SICK/ says degraded, and CHECK_COOLING", "PROMETHEUS/graph?g0.expr=gpu_throttle_active%20%3D%3D%201&g0.tab=0"},
		linger: 25 * time.Second,
	},
	{
		title:  "nvidia3 has an uncorrectable memory error, and a row remap waits for a reset.",
		faults: []string{"ecc gpu=3 type=dbe count=1 location=device", "ecc gpu=3 type=sbe count=40 location=device", "row_remap gpu=3 type=uncorrected count=1 pending", "xid gpu=3 code=63"},
		kernel: []string{"NVRM: Xid (PCI:0000:5D:00): 63, pid=4712, name=python3, Row Remapper: New row marked for remapping, reset gpu to activate."},
		sees:   `gpu_memory_rows_remap_pending == 1`,
		alerts: []string{"GPUEccUncorrected", "GPURowRemapPending"},
		look:   []string{"SICK/gpus has the verdict with NVIDIA's action for each GPU"},
		linger: 25 * time.Second,
	},
	{
		title:  "nvidia0 waits for a peer that is gone: busy, and hardly any power. The job is stalled.",
		faults: []string{"field id=155 gpu=0 value=95", "field id=1001 gpu=0 value=1", "field id=1001 gpu=1 value=0"},
		sees:   `gpu_stalled_ratio == 1`,
		alerts: []string{"GPUStalled"},
		look:   []string{"PROMETHEUS/graph?g0.expr=gpu_stalled_ratio&g0.tab=0 has the job in its labels; nvidia1 idles and counts gpu.idle.time"},
		linger: 25 * time.Second,
	},
	{
		title:  "nvidia5 falls off the bus: XID 79, and the GPU is lost.",
		faults: []string{"xid gpu=5 code=79", "gpu_lost gpu=5", "recovery gpu=5 action=node_reboot"},
		kernel: []string{"NVRM: Xid (PCI:0000:AB:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."},
		sees:   `gpu_up{hw_name="nvidia5"} == 0`,
		alerts: []string{"GPUDown", "GPUXidCritical", "GPUNodeUnfit"},
		look:   []string{"SICK/ says unfit and RESTART_BM, WELL/ is green: liveness and readiness of both stay 200", "curl -i SICK/gpus answers 503, which is what keeps Slurm's jobs away (docs/health-checks.md)"},
		linger: 40 * time.Second,
	},
	{
		title:   "The backend does not answer: the queue fills, and nothing is lost yet.",
		backend: 503,
		sees:    `max(tracecore_queue_depth_ratio) > 0.5 and max(tracecore_exporter_stalled) == 1`,
		alerts:  []string{"CollectorExporterStalled", "CollectorQueueFilling"},
		look:    []string{"WELL/ says that the exporter is stalled, and how full its queue is"},
		linger:  25 * time.Second,
	},
	{
		title:   "The backend refuses for good: data is lost, and the error budget burns.",
		backend: 400,
		sees:    `max(tracecore_exporter_failure_rate) > 0 and max(tracecore_slo_burn_rate) > 1 and sum(otelcol_exporter_send_failed_metric_points) > 0`,
		alerts:  []string{"CollectorExporterFailing"},
		look:    []string{"WELL/ shows failure rate, burn rates and what is left of the budget"},
		linger:  25 * time.Second,
	},
	{
		title:   "The backend is back.",
		backend: 200,
		sees:    `max(tracecore_exporter_stalled) == 0 and max(tracecore_exporter_failure_rate) == 0`,
		look:    []string{"WELL/ says that nothing fails any more"},
		linger:  10 * time.Second,
	},
	{
		title:  "An NVLink of nvidia4 goes down, XID 74.",
		faults: []string{"link gpu=4 link=0 state=down", "xid gpu=4 code=74", "recovery gpu=4 action=gpu_reset", "field id=409 gpu=4 value=500"},
		kernel: []string{"NVRM: Xid (PCI:0000:97:00): 74, pid=4712, name=python3, NVLink: fatal error detected on link 0(0x10000, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0)"},
		sees:   `gpu_xid_errors_total{gpu_xid_code="74"} > 0 and on(instance) kernel_gpu_xids_total{gpu_xid_code="74"} > 0`,
		alerts: []string{"KernelXidCritical", "GPURecoveryAction"},
		look:   []string{"SICK/ says unfit: the XID is critical. The states of links are read once a minute", "PROMETHEUS/graph?g0.expr=gpu_nvlink_links&g0.tab=0"},
		linger: 20 * time.Second,
	},
	{
		title:  "The host engine of gpu-node-2 dies: no GPU of it has a value, and none has a made-up one.",
		faults: []string{"engine_dies"},
		sees:   `dcgm_up == 0 and on(instance) tracecore_component_healthy{component_id="dcgm"} == 0`,
		alerts: []string{"DCGMDisconnected"},
		look:   []string{"SICK/ says that the verdict is unknown, and why; the log of the Collector says it once"},
		linger: 15 * time.Second,
	},
	{
		title:  "The host engine is back, and is watched again.",
		faults: []string{"engine_returns"},
		sees:   `min(dcgm_up) == 1 and max(dcgm_reconnects_total) > 0 and on() max(gpu_nvlink_links{gpu_nvlink_link_state="down"}) > 0`,
		alerts: []string{"GPUNvlinkDown"},
		look:   []string{"PROMETHEUS/graph?g0.expr=gpu_xid_errors_total&g0.tab=0: counters go on, and no XID is lost or counted twice"},
		linger: 15 * time.Second,
	},
	{
		title:  "gpu-node-2 is repaired: all GPUs work.",
		faults: []string{"gpu_restored gpu=5", "recovery gpu=5 action=none", "recovery gpu=4 action=none", "unfield id=150 gpu=2", "unfield id=155 gpu=0", "unfield id=1001 gpu=0", "unfield id=1001 gpu=1", "unfield id=409 gpu=4", "link gpu=4 link=0 state=up", "reset gpu=2", "reset gpu=3", "reset gpu=4"},
		sees:   `sum(gpu_up) == 16 and sum(gpu_memory_rows_remap_pending) == 0 and sum(gpu_recovery_action{gpu_recovery_action="none"}) == 16 and on() absent(ALERTS{alertname=~"GPUDown|GPUEccUncorrected|GPURowRemapPending|GPUStalled|GPUNvlinkDown", alertstate="firing"})`,
		look:   []string{"SICK/ says fit again, once DCGM's health watches have looked: within a minute"},
		linger: 20 * time.Second,
	},
}
