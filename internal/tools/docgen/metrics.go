// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// listed is a metric of a component, as a row of a page has it.
type listed struct {
	metric

	from       *metadata
	name       string // as emitted
	prometheus string
	own        bool   // of the Collector itself
	example    string // a series, "" without one
	exporter   string // what dcgm-exporter calls it, "" where it has nothing like it
}

// common are attributes that many metrics have. A row has a word for them, the first that fits, and docs/metrics.md what they are.
var common = []struct {
	word       string
	attributes []string
}{
	{"GPU or instance", []string{"hw.id", "hw.name", "hw.model", "hw.vendor", "hw.parent", "gpu.mig.profile", "gpu.mig.gi", "gpu.mig.ci"}},
	{"GPU", []string{"hw.id", "hw.name", "hw.model", "hw.vendor"}},
}

func replaceMetrics(root string, components, telemetry []metadata) error {
	if err := checkPages(root); err != nil {
		return err
	}
	facts, err := loadFacts(root)
	if err != nil {
		return err
	}
	pages, err := listMetrics(components, telemetry, facts)
	if err != nil {
		return err
	}
	units, err := unitsTable(pages)
	if err != nil {
		return err
	}
	index := filepath.Join(root, "docs", "metrics.md")
	errs := []error{
		replaceBlock(index, "families", familiesTable(pages)),
		replaceBlock(index, "common attributes", commonTable(components)),
		replaceBlock(index, "units", units),
		replaceBlock(index, "names", namesTable(pages)),
	}
	for _, f := range families {
		errs = append(errs, replaceBlock(filepath.Join(root, f.path()), "metrics", pageOf(pages[f.page])))
	}
	return errors.Join(errs...)
}

// listMetrics returns the rows of each page, in the order of components and names.
func listMetrics(components, telemetry []metadata, facts *facts) (map[string][]listed, error) {
	pages := map[string][]listed{}
	add := func(md *metadata, metrics map[string]metric, own bool) error {
		for _, name := range slices.Sorted(maps.Keys(metrics)) {
			row := listed{metric: metrics[name], from: md, name: metrics[name].Prefix + name, own: own}
			page, err := familyOf(row.name)
			if err == nil {
				err = facts.complete(&row)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", md.dir, err)
			}
			pages[page] = append(pages[page], row)
		}
		return nil
	}
	for i := range components {
		if err := add(&components[i], components[i].Metrics, false); err != nil {
			return nil, err
		}
	}
	for i := range telemetry {
		if err := add(&telemetry[i], telemetry[i].Telemetry.Metrics, true); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// pageOf has for each component its metrics and their attributes.
func pageOf(rows []listed) string {
	var b strings.Builder
	for len(rows) > 0 {
		end := slices.IndexFunc(rows, func(r listed) bool { return r.from != rows[0].from })
		if end < 0 {
			end = len(rows)
		}
		fmt.Fprintf(&b, "\nOf [`%s`](../../%s):\n\n", rows[0].from.Type, rows[0].from.dir)
		writeMetrics(&b, rows[:end])
		writeAttributes(&b, rows[:end])
		rows = rows[end:]
	}
	return b.String() + "\n"
}

// column is one of a table of metrics.
type column struct {
	head string
	cell func(*listed) string
}

func writeMetrics(b *strings.Builder, rows []listed) {
	columns := []column{
		{"metric", func(r *listed) string { return "`" + r.name + "`" }},
		{"Prometheus", func(r *listed) string { return "`" + r.prometheus + "`" }},
		{"type", func(r *listed) string { return r.kind() }},
		{"unit", func(r *listed) string { return r.Unit }},
		{"attributes", func(r *listed) string { return strings.Join(r.attributes(), ", ") }},
		{"default", func(r *listed) string { return onOff(r.Enabled) }},
		{"example", func(r *listed) string { return r.example }},
		{"dcgm-exporter", func(r *listed) string { return r.exporter }},
		{"meaning", func(r *listed) string { return r.Description }},
	}
	columns = slices.DeleteFunc(columns, func(c column) bool {
		return c.head == "default" && rows[0].own ||
			c.head == "dcgm-exporter" && !slices.ContainsFunc(rows, func(r listed) bool { return r.exporter != "" })
	})
	for _, c := range columns {
		b.WriteString("| " + c.head + " ")
	}
	b.WriteString("|\n" + strings.Repeat("| --- ", len(columns)) + "|\n")
	for i := range rows {
		for _, c := range columns {
			b.WriteString("| " + c.cell(&rows[i]) + " ")
		}
		b.WriteString("|\n")
	}
}

// attributes are the cells of a row's attributes: a word for common ones, and its own.
func (r *listed) attributes() []string {
	for _, c := range common {
		if len(r.Attributes) >= len(c.attributes) && slices.Equal(r.Attributes[:len(c.attributes)], c.attributes) {
			return append([]string{r.of(c.word)}, quoted(r.Attributes[len(c.attributes):])...)
		}
	}
	return quoted(r.Attributes)
}

// of says that metrics of NVSwitches are those.
func (r *listed) of(word string) string {
	if strings.HasPrefix(r.name, "gpu.nvswitch.") || strings.HasPrefix(r.name, "gpu.sxid.") {
		return "NVSwitch"
	}
	return word
}

// writeAttributes lists the attributes that are the rows' own.
func writeAttributes(b *strings.Builder, rows []listed) {
	names := map[string]bool{}
	for i := range rows {
		for _, cell := range rows[i].attributes() {
			if name := strings.Trim(cell, "`"); name != cell {
				names[name] = true
			}
		}
	}
	if len(names) == 0 {
		return
	}
	b.WriteString("\n| attribute | values | meaning |\n| --- | --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a := rows[0].from.Attributes[name]
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, a.values(), a.Description)
	}
}

// values are those of an enumeration, or else the type.
func (a attribute) values() string {
	if len(a.Enum) > 0 {
		return codes(a.Enum)
	}
	return a.Type
}
