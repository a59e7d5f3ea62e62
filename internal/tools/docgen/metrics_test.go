// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const repositoryRoot = "../../.."

func gauge(name, unit string) map[string]metric {
	return map[string]metric{name: {Unit: unit, Gauge: &struct{}{}}}
}

func TestMetricWithoutFamilyOrExampleIsNamed(t *testing.T) {
	known, err := loadFacts(repositoryRoot)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"gpux.power":        "receiver/x: metric gpux.power is of no family",
		"gpu.clock.new":     "receiver/x: metric gpu.clock.new has no example",
		"gpu.clock.limit":   "",
		"hw.gpu.memory.new": "receiver/x: metric hw.gpu.memory.new has no example",
	} {
		_, err := listMetrics([]metadata{{dir: "receiver/x", Metrics: gauge(name, "1")}}, nil, known)
		if want == "" && err == nil {
			continue
		}
		if err == nil || want == "" || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestMetricIsOfTheFamilyWithTheLongestPrefix(t *testing.T) {
	for name, want := range map[string]string{
		"gpu.memory.usage": "memory", "gpu.memory.rows.remapped": "ecc", "gpu.memory.bandwidth.utilization": "profiling",
		"hw.gpu.io": "pcie", "kernel.gpu.xids": "xids", "kernel.events": "kernel", "tracecore.gpu.up": "collector",
	} {
		if page, err := familyOf(name); err != nil || page != want {
			t.Errorf("%s is of %q, not %q: %v", name, page, want, err)
		}
	}
}

func TestPageOfNoFamilyIsRefused(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "docs", "metrics")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	for page, fails := range map[string]bool{"power": false, "old": true} {
		path := filepath.Join(dir, page+".md")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := checkPages(root); (err != nil) != fails {
			t.Errorf("%s: %v", page, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSeriesOfDCGMExporterWithTheSameQuantity(t *testing.T) {
	known, err := loadFacts(repositoryRoot)
	if err != nil {
		t.Fatal(err)
	}
	for metric, want := range map[string]string{
		"hw.power":                  "`DCGM_FI_DEV_POWER_USAGE` (4.9: `DCGM_FI_DEV_BOARD_POWER_WATTS`)",
		"hw.energy":                 "`DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION` (4.9: `DCGM_FI_DEV_GPU_ENERGY_JOULES_TOTAL`)",
		"hw.gpu.memory.utilization": "`DCGM_FI_DEV_FB_USED_PERCENT`",
		"gpu.sm.utilization":        "`DCGM_FI_PROF_SM_ACTIVE`",
		"gpu.xid.errors":            "`DCGM_EXP_XID_ERRORS_COUNT`, `DCGM_FI_DEV_XID_ERRORS` (4.9: `DCGM_FI_DEV_XID_ERROR`)",
		"gpu.c2c.io":                "`DCGM_FI_PROF_C2C_TX_ALL_BYTES`, `DCGM_FI_PROF_C2C_RX_ALL_BYTES`",
		"gpu.up":                    "",
	} {
		if got := known.exporterNames(metric); got != want {
			t.Errorf("%s: %s", metric, got)
		}
	}
}

func TestExampleIsShownAsPrometheusHasIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.tsv")
	if err := os.WriteFile(path, []byte("# Of a test.\nmetric\tattributes\tvalue\tnode\na.b\tx.y=1,z=no\t0.39999999999999997\tn\nc\t\t946684805.25\tn\nd\t\t1.5e-254\tn\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := &facts{examples: map[string]string{}}
	if err := f.loadExamples(path); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a.b": `{x_y="1", z="no"} 0.4`, "c": "946684805", "d": "1.5e-254"} {
		if f.examples[name] != want {
			t.Errorf("%s: %s", name, f.examples[name])
		}
	}
}
