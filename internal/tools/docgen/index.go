// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/otlptranslator"
)

// unitWords say what a unit of UCUM is. What counts things, in braces, needs none.
var unitWords = map[string]string{
	"1": "a ratio, a flag or a number of something", "By": "bytes", "Cel": "degrees Celsius", "Hz": "hertz", "J": "joules", "W": "watts", "W/s": "watts per second",
	"By/s": "bytes per second", "s": "seconds",
}

func familiesTable(pages map[string][]listed) string {
	var b strings.Builder
	b.WriteString("| page | question | metrics | of |\n| --- | --- | --- | --- |\n")
	for _, f := range families {
		on, from := 0, []string{}
		for _, r := range pages[f.page] {
			if r.Enabled {
				on++
			}
			if name := "`" + r.from.Type + "`"; !slices.Contains(from, name) {
				from = append(from, name)
			}
		}
		count := strconv.Itoa(len(pages[f.page]))
		if off := len(pages[f.page]) - on; off > 0 {
			count += fmt.Sprintf(", %d off by default", off)
		}
		fmt.Fprintf(&b, "| [%s](metrics/%s.md) | %s | %s | %s |\n", f.title, f.page, f.about, count, strings.Join(from, ", "))
	}
	return b.String()
}

// namesTable says on which page each metric is.
func namesTable(pages map[string][]listed) string {
	var lines []string
	for _, f := range families {
		for _, r := range pages[f.page] {
			lines = append(lines, fmt.Sprintf("| `%s` | `%s` | [%s](metrics/%s.md) |\n", r.name, r.prometheus, f.title, f.page))
		}
	}
	slices.Sort(lines)
	return "| name | in Prometheus | page |\n| --- | --- | --- |\n" + strings.Join(lines, "")
}

// commonTable lists the attributes of points that a word stands for, and of resources.
func commonTable(components []metadata) string {
	var b strings.Builder
	b.WriteString("| attribute | in Prometheus | of | meaning |\n| --- | --- | --- | --- |\n")
	row := func(name, of, meaning string) {
		label := strings.ReplaceAll(name, ".", "_")
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", name, label, of, meaning)
	}
	dcgm := &components[slices.IndexFunc(components, func(md metadata) bool { return md.Type == "dcgm" })]
	everywhere := common[len(common)-1].attributes
	for _, name := range common[0].attributes {
		of := "MIG instance"
		if slices.Contains(everywhere, name) {
			of = "GPU, MIG instance, NVSwitch"
		}
		row(name, of, dcgm.Attributes[name].Description)
	}
	for _, name := range slices.Sorted(maps.Keys(dcgm.ResourceAttributes)) {
		row(name, "resource", dcgm.ResourceAttributes[name].Description)
	}
	return b.String()
}

// unitsTable says what the names of series of each unit end with.
func unitsTable(pages map[string][]listed) (string, error) {
	units := map[string]bool{}
	for _, rows := range pages {
		for _, r := range rows {
			if !r.own && r.Unit != "" && !strings.HasPrefix(r.Unit, "{") {
				units[r.Unit] = true
			}
		}
	}
	var b strings.Builder
	b.WriteString("| unit | is | gauge | up-down counter | counter |\n| --- | --- | --- | --- | --- |\n")
	for _, unit := range slices.Sorted(maps.Keys(units)) {
		if unitWords[unit] == "" {
			return "", fmt.Errorf("unit %q: say what it is in internal/tools/docgen/index.go", unit)
		}
		fmt.Fprintf(&b, "| %s | %s |", unit, unitWords[unit])
		for _, kind := range []string{"gauge", "up-down counter", "counter"} {
			name, err := withSuffixes.Build(otlptranslator.Metric{Name: "x", Unit: unit, Type: types[kind]})
			if err != nil {
				return "", fmt.Errorf("unit %q: %w", unit, err)
			}
			fmt.Fprintf(&b, " %s |", suffix(name))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "| `{thing}` | a count of things | | | `_total` |\n")
	return b.String(), nil
}

func suffix(name string) string {
	if name == "x" {
		return ""
	}
	return "`" + strings.TrimPrefix(name, "x") + "`"
}
