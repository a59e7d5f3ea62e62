// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
)

// kernelRow is an alert on kinds of events that the kernel_events receiver counts.
type kernelRow struct {
	name, condition string
	severity        severity
	kinds           []string
	more            int    // so many within the window are still normal
	window          string // 10m if empty
	summary         string
	source          string
	action          string
	off             string
}

var kernelRows = []kernelRow{
	{name: "KernelGPUFellOffBus", condition: "A7", severity: page, kinds: []string{"gpu.fallen_off_bus"}, summary: "the driver has lost a GPU on PCIe", source: "NVIDIA's XID catalogue: 79", action: "RESTART_BM"},
	{name: "KernelGPUInitFailed", condition: "A9", severity: page, kinds: []string{"gpu.driver.init_failed"}, summary: "the driver cannot initialize a GPU", source: "NVIDIA's XID catalogue: 143", action: "RESET_GPU"},
	{name: "KernelDriverMismatch", condition: "own", severity: ticket, kinds: []string{"gpu.driver.mismatch"}, summary: "kernel module and libraries of the NVIDIA driver have different versions", source: "this project: no CUDA program starts"},
	{name: "KernelGPUFirmware", condition: "A7", severity: ticket, kinds: []string{"gpu.gsp"}, summary: "the firmware of a GPU (GSP) reports an error", source: "NVIDIA's XID catalogue: 119 and 120", action: "RESET_GPU"},
	{name: "KernelNvlink", condition: "A16", severity: ticket, kinds: []string{"gpu.nvlink", "nvswitch.fabric"}, summary: "the driver reports an NVLink or fabric error", source: "DCGM health: any NVLink error fails", action: "WORKFLOW_NVLINK_ERR"},
	{name: "KernelSxid", condition: "A17", severity: ticket, kinds: []string{"gpu.sxid"}, summary: "an NVSwitch reports an SXID", source: "DCGM health: fatal ones fail, others warn", action: "RESTART_BM for fatal ones; see gpu.sxid.fatal of the record"},
	{name: "KernelPcieErrors", condition: "A13", severity: ticket, kinds: []string{"pci.aer"}, more: 10, summary: "PCIe reports errors (AER) again and again", source: "this project: single corrected errors are normal", action: "CHECK_MECHANICALS"},
	{name: "KernelPcieContained", condition: "A13", severity: page, kinds: []string{"pci.dpc", "pci.recovery"}, summary: "the kernel has shut off or recovers a PCIe device after an error", source: "PCIe specification: containment is for uncorrectable errors", action: "RESTART_BM"},
	{name: "KernelPcieLink", condition: "A14", severity: ticket, kinds: []string{"pci.link"}, summary: "a PCIe link went down or does not train", source: "this project: links of GPUs and adapters do not go down in normal work", action: "CHECK_MECHANICALS"},
	{name: "KernelPcieBandwidth", condition: "A14", severity: ticket, kinds: []string{"pci.link.bandwidth"}, summary: "a PCIe device has less bandwidth than it could use", source: "Imbue cluster-health: \"limited by\" in the kernel log", action: "CHECK_MECHANICALS", off: "healthy boards in smaller slots log it at each boot; GPUPcieLinkNarrow sees GPUs"},
	{name: "KernelIommuFault", condition: "own", severity: ticket, kinds: []string{"iommu.fault"}, summary: "a device has accessed memory that is not its own", source: "this project: no healthy device does"},
	{name: "KernelMachineCheck", condition: "own", severity: ticket, kinds: []string{"cpu.mce", "hardware.ghes", "memory.failure"}, summary: "processor, memory or firmware report a hardware error", source: "this project: firmware reports what is beyond its own thresholds"},
	{name: "KernelMemoryErrors", condition: "own", severity: ticket, kinds: []string{"memory.edac"}, more: 10, window: "1h", summary: "memory of the host has many errors", source: "this project: single corrected errors are normal"},
	{name: "KernelCPUThermal", condition: "A12", severity: ticket, kinds: []string{"cpu.thermal"}, more: 10, summary: "the processor is too hot again and again", source: "this project: single ones are peaks of load", action: "CHECK_COOLING"},
	{name: "KernelOutOfMemory", condition: "own", severity: ticket, kinds: []string{"oom.kill"}, summary: "the kernel has killed a process for want of memory", source: "this project: each one is somebody's job"},
	{name: "KernelHungTask", condition: "own", severity: ticket, kinds: []string{"task.hung"}, summary: "a task has waited in the kernel for minutes", source: "Linux: hung_task_timeout_secs, 120 s by default"},
	{name: "KernelLockup", condition: "own", severity: page, kinds: []string{"cpu.lockup", "rcu.stall"}, summary: "a processor does not leave the kernel", source: "Linux: watchdog_thresh, 10 s by default"},
	{name: "KernelCrash", condition: "own", severity: ticket, kinds: []string{"kernel.panic", "kernel.oops", "kernel.crash"}, summary: "the kernel has crashed, or goes on after a bug", source: "this project: the node needs a reboot"},
	{name: "KernelInfinibandLink", condition: "A19", severity: ticket, kinds: []string{"infiniband.link"}, summary: "an InfiniBand link went down", source: "Azure cyclecloud-healthagent: link_downed"},
	{name: "KernelInfinibandFlapping", condition: "A19", severity: page, kinds: []string{"infiniband.link"}, more: 2, window: "1h", summary: "an InfiniBand link goes down again and again", source: "gpud: 3 times down; Azure cyclecloud-healthagent: link_downed > 3"},
	{name: "KernelInfinibandHealth", condition: "A19", severity: page, kinds: []string{"infiniband.health"}, summary: "an InfiniBand adapter reports a failure", source: "mlx5 driver: health poll"},
	{name: "KernelNetworkStuck", condition: "own", severity: ticket, kinds: []string{"network.watchdog"}, summary: "a network adapter does not send", source: "Linux: transmit timeout"},
	{name: "KernelNetworkFilesystem", condition: "own", severity: ticket, kinds: []string{"filesystem.network"}, summary: "a network file system does not answer, or answers again", source: "Linux: NFS and Lustre time-outs"},
	{name: "KernelDiskErrors", condition: "own", severity: ticket, kinds: []string{"nvme.error", "disk.error", "disk.scsi", "filesystem.error"}, summary: "a disk or file system has errors", source: "this project: the block layer reports after its retries"},
	{name: "KernelFilesystemReadonly", condition: "own", severity: page, kinds: []string{"filesystem.readonly"}, summary: "a file system has become read-only", source: "Linux: errors=remount-ro"},
	{name: "KernelNetworkLink", condition: "A19", severity: info, kinds: []string{"network.link"}, more: 2, window: "1h", summary: "a network link goes down again and again", source: "gpud: 3 times down", off: "virtual interfaces of containers do this in normal work"},
}

func (k kernelRow) rule() rule {
	window := k.window
	if window == "" {
		window = "10m"
	}
	pattern := strings.ReplaceAll(strings.Join(k.kinds, "|"), ".", `\\.`)
	count := map[bool]string{false: "any within ", true: "more than " + itoa(k.more) + " within "}[k.more > 0] + window
	few, many := itoa(k.more), itoa(3*k.more+3)
	of := func(kind, v string) series {
		return host("kernel_events_total", `kernel_event_kind="`+kind+`",kernel_device="d"`, v)
	}
	events := func(v string) series { return of(k.kinds[0], v) }
	return rule{
		Name: k.name, Condition: k.condition, Severity: k.severity,
		Expr:    grew(`kernel_events_total{kernel_event_kind=~"`+pattern+`"}`, window, k.more),
		Summary: k.summary, Threshold: count, Source: k.source, Action: k.action, Off: k.off,
		Tests: []testCase{
			fire("12m", events("0x9 "+many+"x20")),
			keepQuiet("12m", events("_x9 "+few+"x20")),
			keepQuiet("12m", of(k.kinds[0]+".up", "0x9 "+many+"x20")), // What comes up is no error.
			firstFires("12m", events("_x9 "+many+"x20")),
		},
	}
}

// kernelRules need the kernel_events receiver.
func kernelRules() []rule {
	rules := slices.Clone(kernelOwnRules)
	for _, k := range kernelRows {
		rules = append(rules, k.rule())
	}
	return rules
}

var criticalMatcher = `gpu_xid_code=~"` + codes(xids.critical) + `"`

// kernelOwnRules are about XIDs in the kernel log, and about reading it.
var kernelOwnRules = []rule{
	{
		Name: "KernelXidCritical", Condition: "A7", Severity: page, For: "1m", Holder: true,
		Expr: `(` + grew("kernel_gpu_xids_total{"+criticalMatcher+"}", "10m", 0) + `)` +
			` unless on (hw_id, gpu_xid_code) (time() - gpu_xid_last_seconds{` + criticalMatcher + `} < {seconds 20m})`,
		Summary:   "the driver reports a critical XID that DCGM does not",
		Threshold: "one within 10m, for 1m; codes as in GPUXidCritical", Source: "NVIDIA's XID catalogue",
		Action: "of the code; see gpu.xid.action of the record",
		Tests: []testCase{
			fire("12m", gpu("kernel_gpu_xids_total", `gpu_xid_code="79"`, "0x9 1x20")),
			keepQuiet("12m", gpu("kernel_gpu_xids_total", `gpu_xid_code="79"`, "0x9 1x20"), gpu("gpu_xid_last_seconds", `gpu_xid_code="79"`, "0x9 600x20")),
			firstFires("12m", gpu("kernel_gpu_xids_total", `gpu_xid_code="79"`, "_x9 3x20")),
		},
	},
	{
		Name: "KernelLogLost", Condition: "own", Severity: ticket,
		Expr:      grew(`kernel_log_records_total{kernel_log_outcome="lost"}`, "10m", 0),
		Summary:   "the kernel has overwritten records before they were read",
		Threshold: "any within 10m", Source: "this project: every gap may hide an event",
		Tests: counter("3", func(v string) series {
			return host("kernel_log_records_total", `kernel_log_outcome="lost"`, v)
		}),
	},
	{
		Name: "KernelEventsDropped", Condition: "own", Severity: info,
		Expr:      grew(`kernel_events_dropped_total`, "10m", 0),
		Summary:   "events of the kernel log got no log record; the metrics have them all",
		Threshold: "any within 10m", Source: "this project: rate_limit",
		Tests: counter("3", func(v string) series {
			return host("kernel_events_dropped_total", `kernel_event_kind="pci.aer"`, v)
		}),
	},
}
