// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
)

const (
	begin = "<!-- generated benchmarks: make bench writes them -->\n"
	end   = "<!-- end generated benchmarks -->\n"
)

// writeDocs writes the tables of docs/performance.md from results/.
func (p *project) writeDocs(all list) error {
	results, err := readResults(p.path("results"), all)
	if err != nil {
		return err
	}
	path := filepath.Join(p.root, "docs/performance.md")
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	replaced, err := replaceBlock(string(content), tables(all, results))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(replaced), 0o600)
}

func replaceBlock(content, text string) (string, error) {
	before, rest, found := strings.Cut(content, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", fmt.Errorf("no block between %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + text + end + after, nil
}

// tables has a table per benchmark, under what it measures and the command that measures it.
func tables(l list, results []*benchfmt.Result) string {
	var text strings.Builder
	machine := ""
	for _, b := range l {
		own := b.own(results)
		if len(own) == 0 {
			continue
		}
		if now := machineOf(own[0]); now != machine {
			machine = now
			fmt.Fprintf(&text, "\nMeasured with %s.\n", machine)
		}
		fmt.Fprintf(&text, "\n### %s\n\n```sh\n%s\n```\n\n%s", b.About, b.command(), b.table(own))
	}
	return text.String() + "\n"
}

func machineOf(r *benchfmt.Result) string {
	return fmt.Sprintf("%s on %s/%s, %s cores of %s, at revision %s",
		r.GetConfig("toolchain"), r.GetConfig("goos"), r.GetConfig("goarch"), r.GetConfig("cores"), r.GetConfig("cpu"), r.GetConfig("revision"))
}

// table has a row per sub-benchmark and a column per unit: medians.
func (b *benchmark) table(results []*benchfmt.Result) string {
	units := b.units(results)
	var text strings.Builder
	fmt.Fprintf(&text, "| %s | %s |\n| --- |%s\n", b.Name, strings.Join(units, " | "), strings.Repeat(" ---: |", len(units)))
	for _, name := range names(results) {
		cells := []string{strings.ReplaceAll(strings.TrimPrefix(name, b.Name+"/"), "_", " ")}
		for _, unit := range units {
			cells = append(cells, cell(results, name, unit))
		}
		fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | "))
	}
	return text.String()
}

// units are those of the results in their order.
func (b *benchmark) units(results []*benchfmt.Result) []string {
	if len(b.Show) > 0 {
		return b.Show
	}
	var units []string
	for _, r := range results {
		for _, v := range r.Values {
			unit := or(v.OrigUnit, v.Unit)
			if unit != yardstickUnit && unit != "ns/op" && !slices.Contains(units, unit) {
				units = append(units, unit)
			}
		}
	}
	return units
}

func cell(results []*benchfmt.Result, name, unit string) string {
	var all []float64
	for _, r := range results {
		if value, ok := valueOf(r, unit); ok && nameOf(r) == name {
			all = append(all, value)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return number(center(sample(all)))
}

// number has three digits, or all of those before the point, in groups.
func number(value float64) string {
	if value < 999.5 {
		return fmt.Sprintf("%.3g", value)
	}
	digits := fmt.Sprintf("%.0f", value)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return digits
}
