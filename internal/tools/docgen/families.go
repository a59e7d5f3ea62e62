// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// family is a page of docs/metrics. A metric belongs to the family with the longest prefix of its name.
type family struct {
	page, title, about string
	prefixes           []string
}

// families are in the order in which operators ask: whether it works, what it does, what broke, what it costs, who says so.
var families = []family{
	{"status", "GPU state and health", "is the GPU there, and is it well", []string{"gpu.up", "gpu.status", "hw.status", "gpu.health", "gpu.recovery.", "gpu.info", "gpu.mig.", "gpu.vgpu."}},
	{"utilization", "Utilization", "how busy it is", []string{"hw.gpu.utilization", "gpu.utilization.", "gpu.engine."}},
	{"memory", "Memory", "how much is used", []string{"hw.gpu.memory.", "gpu.memory.usage", "gpu.memory.copy.", "gpu.bar1."}},
	{"profiling", "Profiling", "what the multiprocessors, pipes and the memory do (DCP)", []string{"gpu.sm.", "gpu.pipe.", "gpu.cycles", "gpu.memory.bandwidth.", "gpu.profiling."}},
	{"clocks", "Clocks and throttling", "how fast it runs, and what holds it back", []string{"gpu.clock.", "gpu.throttle.", "gpu.performance_state"}},
	{"power", "Power and temperature", "what it draws, and how hot it gets", []string{"hw.power", "hw.energy", "hw.temperature", "gpu.temperature.", "gpu.power.", "hw.fan."}},
	{"ecc", "Memory errors", "ECC, rows and pages", []string{"hw.errors", "gpu.ecc.", "gpu.memory."}},
	{"xids", "XIDs and SXIDs", "what the driver reports", []string{"gpu.xid.", "gpu.sxid.", "kernel.gpu."}},
	{"pcie", "PCIe", "the way to the host", []string{"hw.gpu.io", "gpu.pcie."}},
	{"nvlink", "NVLink, chip-to-chip links and fabric", "the way to other GPUs and to the CPU", []string{"gpu.nvlink.", "gpu.c2c.", "gpu.fabric.", "gpu.imex."}},
	{"nvswitch", "NVSwitch", "what joins the NVLinks of a node", []string{"gpu.nvswitch."}},
	{"allocation", "Allocation", "who holds which GPU, and for how long", []string{"gpu.allocation", "gpu.idle.", "gpu.stalled"}},
	{"dcgm", "The connection to DCGM", "does the host engine answer, with which fields and how old", []string{"dcgm.", "gpu.fallback."}},
	{"clock", "Heartbeat and clocks of the host", "is the agent alive, and is its time right", []string{"clock."}},
	{"kernel", "The kernel log", "what the kernel says of GPUs, links, memory and disks", []string{"kernel."}},
	{"collector", "The Collector itself", "does everything arrive", []string{"tracecore."}},
}

func (f *family) path() string { return filepath.Join("docs", "metrics", f.page+".md") }

// familyOf finds the page of a metric.
func familyOf(metric string) (page string, err error) {
	longest := ""
	for _, f := range families {
		for _, prefix := range f.prefixes {
			if strings.HasPrefix(metric, prefix) && len(prefix) > len(longest) {
				page, longest = f.page, prefix
			}
		}
	}
	if page == "" {
		return "", fmt.Errorf("metric %s is of no family: add its prefix to one in internal/tools/docgen/families.go", metric)
	}
	return page, nil
}

// checkPages refuses pages that nothing writes.
func checkPages(root string) error {
	paths, err := filepath.Glob(filepath.Join(root, "docs", "metrics", "*.md"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		page := strings.TrimSuffix(filepath.Base(path), ".md")
		if !slices.ContainsFunc(families, func(f family) bool { return f.page == page }) {
			return fmt.Errorf("%s is of no family in internal/tools/docgen/families.go", path)
		}
	}
	return nil
}
