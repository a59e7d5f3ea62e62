// SPDX-License-Identifier: Apache-2.0

package main

// linkRules are about PCIe, NVLink, the fabric and InfiniBand.
var linkRules = []rule{
	{
		Name: "GPUPcieReplays", Condition: "A13", Severity: ticket,
		Expr:      over("increase", "5m", onBoard(`gpu_pcie_replays_total`)) + ` > 40`,
		Exporter:  over("increase", "5m", onExported(`DCGM_FI_DEV_PCIE_REPLAY_COUNTER`)) + ` > 40`,
		Summary:   "PCIe packets of a GPU are sent again and again",
		Threshold: "8 a minute over 5m", Source: "DCGM 4.7 health: above 8 a minute fails",
		Action:        "CHECK_MECHANICALS",
		Tests:         rateCases("gpu_pcie_replays_total", "", "0+20x30", "0+5x30"),
		ExporterTests: rateCases("DCGM_FI_DEV_PCIE_REPLAY_COUNTER", "", "0+20x30", "0+5x30"),
	},
	{
		Name: "GPUPcieLinkNarrow", Condition: "A14", Severity: ticket, For: "15m",
		Expr:      onBoard(`gpu_pcie_link_width{gpu_pcie_link_bound="current"} < ignoring (gpu_pcie_link_bound) gpu_pcie_link_width{gpu_pcie_link_bound="max"}`),
		Exporter:  onExported(`DCGM_FI_DEV_PCIE_LINK_WIDTH < DCGM_FI_DEV_PCIE_MAX_LINK_WIDTH`),
		Summary:   "the PCIe link of a GPU has fewer lanes than GPU and slot allow",
		Threshold: "below the most, for 15m", Source: "DCGM health subscribes to both; Imbue cluster-health: \"limited by\" in the kernel log",
		Action:        "CHECK_MECHANICALS",
		Tests:         []testCase{fire("40m", widthSeries("16x5 8x55")...), keepQuiet("40m", widthSeries("16x60")...), firstFires("40m", widthSeries("_x5 8x55")...)},
		ExporterTests: []testCase{fire("40m", exporterWidthSeries("16x5 8x55")...), keepQuiet("40m", exporterWidthSeries("16x60")...), firstFires("40m", exporterWidthSeries("_x5 8x55")...)},
	},
	{
		Name: "GPUPcieLinkSlow", Condition: "A14", Severity: ticket, For: "15m",
		Expr: onBoard(`(gpu_pcie_link_generation{gpu_pcie_link_bound="current"} < ignoring (gpu_pcie_link_bound) gpu_pcie_link_generation{gpu_pcie_link_bound="max"})` +
			` and on (` + node + `, hw_id) hw_gpu_utilization_ratio{hw_gpu_task="general"} > 0.1`),
		Exporter:  onExported(`DCGM_FI_DEV_PCIE_LINK_GEN < DCGM_FI_DEV_PCIE_MAX_LINK_GEN and DCGM_FI_PROF_GR_ENGINE_ACTIVE > 0.1`),
		Summary:   "the PCIe link of a busy GPU is of a lower generation than GPU and slot allow",
		Threshold: "below the most while utilization is above 10 %, for 15m", Source: "DCGM health subscribes to both; idle links go down by design",
		Action: "CHECK_MECHANICALS",
		Tests: []testCase{
			fire("40m", generationSeries("5x5 3x55", "0.9x60")...), keepQuiet("40m", generationSeries("1x60", "0x60")...), firstFires("40m", generationSeries("_x5 3x55", "0.9x60")...),
		},
		ExporterTests: []testCase{
			fire("40m", exporterGenerationSeries("5x5 3x55", "0.9x60")...), keepQuiet("40m", exporterGenerationSeries("1x60", "0x60")...),
			firstFires("40m", exporterGenerationSeries("_x5 3x55", "0.9x60")...),
		},
	},
	{
		Name: "GPUNvlinkDown", Condition: "A15", Severity: page, For: "1m",
		Expr:      onBoard(`gpu_nvlink_links{gpu_nvlink_link_state="down"} > 0`),
		Summary:   "an NVLink of a GPU is down",
		Threshold: "one, for 1m", Source: "DCGM health: NVLINK_DOWN fails; NVSentinel: node reboot",
		Action: "RESET_GPU, then RESTART_BM",
		Tests: level(func(v string) series {
			return gpu("gpu_nvlink_links", `gpu_nvlink_link_state="down"`, v)
		}),
	},
	{
		Name: "GPUNvlinkErrors", Condition: "A16", Severity: page,
		Expr: over("increase", "5m", onBoard(`gpu_nvlink_errors_total{gpu_nvlink_error_type=~"replay|recovery"}`, "gpu_nvlink_error_type")) + ` > 0`,
		Exporter: over("increase", "5m", onExported(`DCGM_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL`)) + ` > 0 or ` +
			over("increase", "5m", onExported(`DCGM_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL`)) + ` > 0`,
		Summary:   "NVLinks of a GPU replay packets or recover",
		Threshold: "any within 5m; what was since the driver was loaded is no news", Source: "DCGM health: any replay or recovery error fails; Meta gcm: 0",
		Action: "WORKFLOW_NVLINK_ERR",
		Tests: lifetime(func(v string) series {
			return gpu("gpu_nvlink_errors_total", `gpu_nvlink_error_type="replay"`, v)
		}),
		ExporterTests: lifetime(func(v string) series { return gpu("DCGM_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL", "", v) }),
	},
	{
		Name: "GPUNvlinkCrcErrors", Condition: "A16", Severity: ticket, For: "5m",
		Expr: over("rate", "5m", onBoard(`gpu_nvlink_errors_total{gpu_nvlink_error_type=~"crc_flit|crc_data"}`, "gpu_nvlink_error_type")) + ` >= 1`,
		Exporter: over("rate", "5m", onExported(`DCGM_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL`)) + ` >= 1 or ` +
			over("rate", "5m", onExported(`DCGM_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL`)) + ` >= 1`,
		Summary:   "NVLinks of a GPU have CRC errors",
		Threshold: "1 a second over 5m, for 5m; 100 a second is a failure", Source: "DCGM health: 1 a second warns, 100 a second fails",
		Action:        "WORKFLOW_NVLINK_ERR",
		Tests:         rateCases("gpu_nvlink_errors_total", `gpu_nvlink_error_type="crc_flit"`, "0+120x60", "0+10x60"),
		ExporterTests: rateCases("DCGM_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL", "", "0+120x60", "0+10x60"),
	},
	{
		Name: "GPUFabricFailed", Condition: "A18", Severity: page, For: "1m",
		Expr: onBoard(`gpu_fabric_state{gpu_fabric_state="failure"} == 1 or gpu_fabric_health{gpu_fabric_health="unhealthy"} == 1`+
			` or gpu_fabric_condition == 1 or gpu_imex_daemon_status{gpu_imex_daemon_state="unavailable"} == 1`,
			"gpu_fabric_state", "gpu_fabric_health", "gpu_fabric_condition", "gpu_imex_daemon_state"),
		Summary:   "the fabric manager has failed for a GPU, the fabric is unhealthy, or the IMEX daemon is unavailable",
		Threshold: "any, for 1m", Source: "DCGM health: FABRIC_* and IMEX_UNHEALTHY; Azure cyclecloud-healthagent: error",
		Action: "RESTART_BM where systemctl restart nvidia-fabricmanager does not help",
		Tests: level(func(v string) series {
			return gpu("gpu_fabric_state", `gpu_fabric_state="failure"`, v)
		}),
	},
	{
		Name: "GPUFabricNotReady", Condition: "A18", Severity: page, For: "15m",
		Expr:      onBoard(`gpu_fabric_state{gpu_fabric_state=~"not_started|in_progress"} == 1`),
		Summary:   "a GPU has not joined its fabric",
		Threshold: "15m", Source: "Oracle oci-hpc: service failed for 15m",
		Action: "systemctl status nvidia-fabricmanager",
		Tests: level(func(v string) series {
			return gpu("gpu_fabric_state", `gpu_fabric_state="in_progress"`, v)
		}),
	},
	{
		Name: "InfinibandPortDown", Condition: "A19", Severity: page, For: "30s",
		Expr:      `node_infiniband_state_id != 4 or node_infiniband_physical_state_id != 5`,
		Summary:   "an InfiniBand port is not active",
		Threshold: "30s", Source: "Azure cyclecloud-healthagent: state not ACTIVE or not LinkUp is an error; gpud: an outage of 4m",
		Action: "",
		Off:    "it needs node_exporter's infiniband collector; KernelInfinibandLink does not",
		Tests: []testCase{
			fire("10m", host("node_infiniband_state_id", `device="mlx5_0",port="1"`, "4x5 1x10")),
			keepQuiet("10m", host("node_infiniband_state_id", `device="mlx5_0",port="1"`, "4x15"), host("node_infiniband_physical_state_id", `device="mlx5_0",port="1"`, "5x15")),
			firstFires("10m", host("node_infiniband_state_id", `device="mlx5_0",port="1"`, "_x5 1x10")),
		},
	},
}

func widthSeries(current string) []series {
	return []series{gpu("gpu_pcie_link_width", `gpu_pcie_link_bound="current"`, current), gpu("gpu_pcie_link_width", `gpu_pcie_link_bound="max"`, "16x60")}
}

func exporterWidthSeries(current string) []series {
	return []series{gpu("DCGM_FI_DEV_PCIE_LINK_WIDTH", "", current), gpu("DCGM_FI_DEV_PCIE_MAX_LINK_WIDTH", "", "16x60")}
}

func generationSeries(current, load string) []series {
	return []series{
		gpu("gpu_pcie_link_generation", `gpu_pcie_link_bound="current"`, current), gpu("gpu_pcie_link_generation", `gpu_pcie_link_bound="max"`, "5x60"),
		gpu("hw_gpu_utilization_ratio", `hw_gpu_task="general"`, load),
	}
}

func exporterGenerationSeries(current, load string) []series {
	return []series{
		gpu("DCGM_FI_DEV_PCIE_LINK_GEN", "", current), gpu("DCGM_FI_DEV_PCIE_MAX_LINK_GEN", "", "5x60"), gpu("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "", load),
	}
}

// rateCases are those of a rate: high fires, low does not, and a counter that appears with a value says nothing.
func rateCases(metric, labels, high, low string) []testCase {
	return []testCase{
		fire("20m", gpu(metric, labels, high)),
		keepQuiet("20m", gpu(metric, labels, low)),
		firstIsQuiet("20m", gpu(metric, labels, "_x17 9000x20")),
	}
}
