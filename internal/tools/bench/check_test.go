// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// recorded is a repository with the recorded list and baselines. The measurements beside them are of the same code, of a gauge callback
// that goes through its values twice, and of one that copies them.
func recorded(t *testing.T, change func(baselines string) string) string {
	t.Helper()
	root := t.TempDir()
	baselines := read(t, "testdata/baselines/extension_healthsloextension.txt")
	write(t, filepath.Join(root, "internal/tools/bench/benchmarks.yaml"), read(t, "testdata/benchmarks.yaml"))
	write(t, filepath.Join(root, "internal/tools/bench/baselines/extension_healthsloextension.txt"), change(baselines))
	return root
}

func asRecorded(baselines string) string { return baselines }

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// outcome is the error of a check, or nothing where it passes.
func outcome(t *testing.T, root string, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), append(args, "check", root), &out)
	t.Log(out.String())
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestCheckPassesForTheSameCode(t *testing.T) {
	if failure := outcome(t, recorded(t, asRecorded), "-measured", "testdata/same"); failure != "" {
		t.Error(failure)
	}
}

func TestCheckFailsAndNamesTheRow(t *testing.T) {
	for name, test := range map[string]struct {
		measured string
		names    []string
		spares   []string
	}{
		"more CPU time":    {"slower", []string{"GaugeCallback/ours/1, cpu-ns/op: WORSE +"}, []string{"B/op", "allocs/op", "Publish"}},
		"more allocations": {"allocating", []string{"GaugeCallback/ours/100, allocs/op: WORSE", "GaugeCallback/ours/100, B/op: WORSE"}, []string{"Publish"}},
	} {
		t.Run(name, func(t *testing.T) {
			failure := outcome(t, recorded(t, asRecorded), "-measured", "testdata/"+test.measured)
			for _, want := range test.names {
				if !strings.Contains(failure, want) {
					t.Errorf("no %q in %s", want, failure)
				}
			}
			for _, not := range test.spares {
				if strings.Contains(failure, not) {
					t.Errorf("%q in %s", not, failure)
				}
			}
		})
	}
}

func TestThresholdIsWhatMayBecomeWorse(t *testing.T) {
	if failure := outcome(t, recorded(t, asRecorded), "-threshold", "400", "-measured", "testdata/slower"); failure != "" {
		t.Error(failure)
	}
}

func TestSlowerMachineIsNoSlowerCode(t *testing.T) {
	for name, test := range map[string]struct {
		slower []string // units that are three times as long
		want   string
	}{
		"slower than the yardstick":   {[]string{"cpu-ns/op"}, "GaugeCallback/ours/1, cpu-ns/op: WORSE"},
		"as slow as the yardstick is": {[]string{"cpu-ns/op", yardstickUnit}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			measured, root := t.TempDir(), recorded(t, asRecorded)
			text := read(t, "testdata/baselines/extension_healthsloextension.txt")
			for _, unit := range test.slower {
				text = regexp.MustCompile(`\S+ `+unit).ReplaceAllStringFunc(text, func(value string) string {
					number, err := strconv.ParseFloat(strings.Fields(value)[0], 64)
					if err != nil {
						t.Fatal(err)
					}
					return fmt.Sprint(3*number, " ", unit)
				})
			}
			write(t, filepath.Join(measured, "extension_healthsloextension.txt"), text)
			failure := outcome(t, root, "-measured", measured)
			if !strings.Contains(failure, test.want) || (failure == "") != (test.want == "") {
				t.Errorf("got %q, want %q", failure, test.want)
			}
		})
	}
}

func TestRowsThatCannotBeComparedFail(t *testing.T) {
	firstLines := func(n int) func(string) string {
		return func(text string) string { return strings.Join(strings.Split(text, "\n")[:n], "\n") + "\n" }
	}
	for name, test := range map[string]struct {
		change func(string) string // of the baselines
		want   string
	}{
		"not measured any more": {func(text string) string { return text + strings.ReplaceAll(text, "ours", "old") }, "GaugeCallback/old/1, cpu-ns/op: MISSING"},
		"without a baseline":    {func(text string) string { return strings.ReplaceAll(text, "ours/100", "gone") }, "GaugeCallback/ours/100, cpu-ns/op: NEW"},
		"a unit is gone":        {func(text string) string { return strings.ReplaceAll(text, "B/op", "KB/op") }, "GaugeCallback/ours/1, B/op: NEW"},
		"measured too rarely":   {firstLines(12), "GaugeCallback/ours/1, allocs/op: TOO FEW"},
	} {
		t.Run(name, func(t *testing.T) {
			if failure := outcome(t, recorded(t, test.change), "-measured", "testdata/same"); !strings.Contains(failure, test.want) {
				t.Errorf("no %q in %q", test.want, failure)
			}
		})
	}
	t.Run("nothing measured", func(t *testing.T) {
		if failure := outcome(t, recorded(t, asRecorded), "-measured", t.TempDir()); !strings.Contains(failure, "MISSING") {
			t.Error(failure)
		}
	})
}
