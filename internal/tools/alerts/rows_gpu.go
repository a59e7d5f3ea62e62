// SPDX-License-Identifier: Apache-2.0

package main

// withdrawn are the states of GPUs that nobody expects to work.
const withdrawn = "unsupported|disabled|detached"

// fewer holds where a node has fewer GPUs than it had: within hours by steps of minutes, within a week by hours, so that a GPU that stays away
// is not forgotten overnight, at twice the price of one shift.
func fewer(count string) string {
	return had(count, "6h", "5m") + " > " + count + " or " + had(count, "7d", "1h") + " > " + count
}

func had(count, window, step string) string {
	return "max_over_time((" + count + ")[{" + window + "}:{" + step + "}])"
}

// answering are nodes whose host engine answers: those of which it lists no GPU have lost them all.
const answering = `count by (` + node + `) (dcgm_up == 1)`

// gpus counts each GPU of a node once: a page keeps the series of the former holder for a while.
const gpus = `count by (` + node + `) (group by (` + node + `, hw_id) (gpu_up))`

// exporterGPUs is the same in dcgm-exporter's names, of which each MIG instance has a series.
const exporterGPUs = `count by (cluster, job, instance, hostname, Hostname) (group by (cluster, job, instance, hostname, Hostname, gpu, UUID) (DCGM_FI_DEV_GPU_TEMP))`

var gpuRules = []rule{
	{
		Name: "GPUDown", Condition: "A9", Severity: page, For: "1m",
		Expr:      onBoard("gpu_up == 0 unless on (" + node + `, hw_id) gpu_status{gpu_state=~"` + withdrawn + `"} == 1`),
		Summary:   "the host engine cannot read a GPU, while others may report",
		Threshold: "1m; not where somebody took the GPU away, or DCGM does not support it", Source: "Meta gcm and Azure cyclecloud-healthagent: a GPU that is absent is an error; the time keeps a reset from paging",
		Action: "RESTART_BM where it is lost",
		Tests: []testCase{
			fire("10m", gpu("gpu_up", "", "1x5 0x10")),
			keepQuiet("10m", gpu("gpu_up", "", "1x15")),
			keepQuiet("10m", gpu("gpu_up", "", "1x5 0x10"), gpu("gpu_status", `gpu_state="detached"`, "0x5 1x10")),
			firstFires("10m", gpu("gpu_up", "", "_x5 0x10")),
		},
	},
	{
		Name: "GPUWithdrawn", Condition: "A9", Severity: info, For: "15m",
		Expr:      onBoard(`gpu_status{gpu_state=~"detached|disabled"} == 1`, "gpu_state"),
		Summary:   "somebody has taken a GPU away from the driver or from the host engine",
		Threshold: "15m", Source: "this project: on purpose, and easily forgotten",
		Tests: level(func(v string) series {
			return gpu("gpu_status", `gpu_state="detached"`, v)
		}),
	},
	{
		Name: "GPUMissing", Condition: "A9", Severity: page, For: "5m",
		Expr:      fewer(gpus) + " or ((" + had(gpus, "6h", "5m") + " or " + had(gpus, "7d", "1h") + ") unless " + gpus + ") and " + answering,
		Exporter:  fewer(exporterGPUs),
		Summary:   "a node has fewer GPUs than within the last 7 days",
		Threshold: "below the most of 7d, for 5m", Source: "Meta gcm: gpu_num; the number itself is the node's own",
		Action: "RESTART_BM",
		Tests: []testCase{
			fire("30m", gpu("gpu_up", "", "1x40"), series{`gpu_up{hw_id="GPU-2",instance="gpu-7:9464",job="gpus"}`, "1x10 _x40"}),
			keepQuiet("30m", gpu("gpu_up", "", "1x40"), series{`gpu_up{hw_id="GPU-2",instance="gpu-7:9464",job="gpus"}`, "1x40"}),
			keepQuiet("30m", gpu("gpu_up", "", "1x5 _x60"), gpu("gpu_up", `slurm_job_id="7"`, "_x4 1x60")),
			fire("72h", gpu("gpu_up", "", "1x4400"), series{`gpu_up{hw_id="GPU-2",instance="gpu-7:9464",job="gpus"}`, "1x100 stale"}),
			fire("72h", gpu("gpu_up", "", "1x100 stale"), host("dcgm_up", "", "1x4400")),
			firstIsQuiet("30m", gpu("gpu_up", "", "_x10 1x40"), series{`gpu_up{hw_id="GPU-2",instance="gpu-7:9464",job="gpus"}`, "_x12 1x40"}),
		},
		ExporterTests: []testCase{
			fire("30m", gpu("DCGM_FI_DEV_GPU_TEMP", "", "40x40"), series{`DCGM_FI_DEV_GPU_TEMP{gpu="2",hostname="gpu-7",instance="gpu-7:9400",job="dcgm"}`, "40x10 _x40"}),
			keepQuiet("30m", gpu("DCGM_FI_DEV_GPU_TEMP", "", "40x40"), series{`DCGM_FI_DEV_GPU_TEMP{gpu="2",hostname="gpu-7",instance="gpu-7:9400",job="dcgm"}`, "40x40"}),
			firstIsQuiet("30m", gpu("DCGM_FI_DEV_GPU_TEMP", "", "_x10 40x40"), series{`DCGM_FI_DEV_GPU_TEMP{gpu="2",hostname="gpu-7",instance="gpu-7:9400",job="dcgm"}`, "_x12 40x40"}),
		},
	},
	{
		Name: "GPUNodeUnfit", Condition: "own", Severity: ticket, For: "1m",
		Expr:      `max by (` + node + `) (hw_status{hw_state="failed"}) == 1`,
		Summary:   "a node has a GPU that has failed: no new work should start there",
		Threshold: "one GPU whose hw.status is failed, for 1m", Source: "verdict of health_slo: unfit where DCGM's health fails, or NVIDIA's policy asks for a reset, a reboot or a repair",
		Action: "of the cause, which has an alert of its own",
		Tests: level(func(v string) series {
			return gpu("hw_status", `hw_state="failed",hw_type="gpu"`, v)
		}),
	},
	{
		Name: "GPUHealthFailed", Condition: "own", Severity: page,
		Expr:      onBoard(`gpu_health{gpu_health_state="fail", gpu_health_system!="all"} == 1`, "gpu_health_system"),
		Exporter:  onExported(`DCGM_EXP_GPU_HEALTH_STATUS == 20`, "health_watch"),
		Summary:   "a health watch of DCGM fails",
		Threshold: "fail; incidents of XIDs, which DCGM keeps until it is restarted, have their own alerts", Source: "DCGM health",
		Action: "gpu.health.next_step of the record",
		Tests: level(func(v string) series {
			return gpu("gpu_health", `gpu_health_state="fail",gpu_health_system="pcie"`, v)
		}),
		ExporterTests: []testCase{
			fire("10m", gpu("DCGM_EXP_GPU_HEALTH_STATUS", `health_watch="PCIE"`, "0x5 20x10")),
			keepQuiet("10m", gpu("DCGM_EXP_GPU_HEALTH_STATUS", `health_watch="PCIE"`, "10x15")),
			firstFires("10m", gpu("DCGM_EXP_GPU_HEALTH_STATUS", `health_watch="PCIE"`, "_x5 20x10")),
		},
	},
	{
		Name: "GPUHealthWarning", Condition: "own", Severity: ticket, For: "5m",
		Expr:      onBoard(`gpu_health{gpu_health_state="warn", gpu_health_system!="all"} == 1`, "gpu_health_system"),
		Exporter:  onExported(`DCGM_EXP_GPU_HEALTH_STATUS == 10`, "health_watch"),
		Summary:   "a health watch of DCGM warns",
		Threshold: "warn, for 5m", Source: "DCGM health",
		Action: "gpu.health.next_step of the record",
		Tests: level(func(v string) series {
			return gpu("gpu_health", `gpu_health_state="warn",gpu_health_system="thermal"`, v)
		}),
		ExporterTests: []testCase{
			fire("15m", gpu("DCGM_EXP_GPU_HEALTH_STATUS", `health_watch="PCIE"`, "0x5 10x20")),
			keepQuiet("15m", gpu("DCGM_EXP_GPU_HEALTH_STATUS", `health_watch="PCIE"`, "0x25")),
			firstFires("15m", gpu("DCGM_EXP_GPU_HEALTH_STATUS", `health_watch="PCIE"`, "_x5 10x20")),
		},
	},
	{
		Name: "GPURecoveryAction", Condition: "A10", Severity: page,
		Expr:      onBoard(`gpu_recovery_action{gpu_recovery_action=~"gpu_reset|node_reboot|drain_and_reset"} == 1`, "gpu_recovery_action"),
		Exporter:  onExported(`DCGM_FI_DEV_GPU_RECOVERY_ACTION == 1 or DCGM_FI_DEV_GPU_RECOVERY_ACTION == 2 or DCGM_FI_DEV_GPU_RECOVERY_ACTION == 4`),
		Summary:   "the driver asks for a reset or a reboot",
		Threshold: "any of GPU reset, node reboot, drain and reset", Source: "DCGM health: fail for 1, 2 and 4 (field 1523)",
		Action: "RESET_GPU, RESTART_BM or DRAIN_AND_RESET, as the label says",
		Tests: level(func(v string) series {
			return gpu("gpu_recovery_action", `gpu_recovery_action="gpu_reset"`, v)
		}),
		ExporterTests: level(func(v string) series { return gpu("DCGM_FI_DEV_GPU_RECOVERY_ACTION", "", v) }),
	},
	{
		Name: "GPURecoveryDrainPeers", Condition: "A10", Severity: ticket,
		Expr:      onBoard(`gpu_recovery_action{gpu_recovery_action="drain_p2p"} == 1`, "gpu_recovery_action"),
		Exporter:  onExported(`DCGM_FI_DEV_GPU_RECOVERY_ACTION == 3`),
		Summary:   "the driver asks to end peer-to-peer work of a GPU",
		Threshold: "any", Source: "DCGM health: warn for 3 (field 1523)",
		Action: "DRAIN_P2P",
		Tests: level(func(v string) series {
			return gpu("gpu_recovery_action", `gpu_recovery_action="drain_p2p"`, v)
		}),
		ExporterTests: []testCase{
			fire("10m", gpu("DCGM_FI_DEV_GPU_RECOVERY_ACTION", "", "0x5 3x10")),
			keepQuiet("10m", gpu("DCGM_FI_DEV_GPU_RECOVERY_ACTION", "", "4x15")),
			firstFires("10m", gpu("DCGM_FI_DEV_GPU_RECOVERY_ACTION", "", "_x5 3x10")),
		},
	},
}
