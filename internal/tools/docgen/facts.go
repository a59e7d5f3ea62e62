// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/otlptranslator"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
)

// Files that facts come from, relative to the root of the repository.
const (
	examplesDir = "internal/tools/docgen/examples"
	// preset is the counters file that dcgm-exporter 4.8 comes with.
	preset = "receiver/dcgmreceiver/internal/exporterview/counters-4.8.csv"
)

// withSuffixes names series as the prometheus exporter does, asIs as the Collector's own metrics are served.
var (
	withSuffixes = otlptranslator.NewMetricNamer("", otlptranslator.UnderscoreEscapingWithSuffixes)
	asIs         = otlptranslator.NewMetricNamer("", otlptranslator.UnderscoreEscapingWithoutSuffixes)
)

var types = map[string]otlptranslator.MetricType{
	"counter": otlptranslator.MetricTypeMonotonicCounter, "up-down counter": otlptranslator.MetricTypeNonMonotonicCounter,
	"gauge": otlptranslator.MetricTypeGauge, "histogram": otlptranslator.MetricTypeHistogram,
}

// withoutExample begins the names of metrics that no test emits: no simulated or recorded board has power smoothing, and not every host has
// a PTP hardware clock or a TAI offset.
var withoutExample = []string{"gpu.power.smoothing.", "clock.phc.offset", "clock.tai.offset", "tracecore.selftelemetry.init_errors_total"}

// exporterOnly are series and labels of dcgm-exporter that are not the field of a metric.
var exporterOnly = map[string]string{
	"gpu.health": "`DCGM_EXP_GPU_HEALTH_STATUS`", "gpu.info": "label `DCGM_FI_DRIVER_VERSION`",
	"gpu.throttle.events": "`DCGM_EXP_CLOCK_EVENTS_COUNT`", "gpu.xid.errors": "`DCGM_EXP_XID_ERRORS_COUNT`",
}

// facts are what metadata.yaml does not say of a metric.
type facts struct {
	examples map[string]string         // by the name of the series in Prometheus, "" of metrics that have none
	fields   map[string][]fieldOfPoint // by metric
	preset   map[string]bool           // series that dcgm-exporter 4.8 has without configuration
}

// consulted are fields that say whether a GPU has the metric at all.
var consulted = map[string]uint16{"gpu.c2c.io": 285, "gpu.vgpu.license.status": 500}

// fieldOfPoint is a field that a metric is made of.
type fieldOfPoint struct {
	field    dcgmnames.Field
	fallback bool // other fields come before it
}

func loadFacts(root string) (*facts, error) {
	counters, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(preset)))
	if err != nil {
		return nil, err
	}
	f := &facts{examples: map[string]string{}, fields: map[string][]fieldOfPoint{}, preset: map[string]bool{}}
	for line := range strings.Lines(string(counters)) {
		name, _, _ := strings.Cut(line, ",")
		f.preset[strings.TrimSpace(name)] = true
	}
	for _, field := range dcgmnames.Fields() {
		metrics := dcgmnames.Metrics(field.ID)
		hasItself := slices.ContainsFunc(metrics, func(m dcgmnames.Metric) bool { return m.Kind != dcgmnames.Rate })
		for _, m := range metrics {
			fallback := m.Preference > 0
			isSecond := m.Kind == dcgmnames.Rate && hasItself || m.Kind == dcgmnames.Part && fallback // Another metric or field has what it says.
			if !isSecond && consulted[m.Name] != field.ID {
				f.fields[m.Name] = append(f.fields[m.Name], fieldOfPoint{field, fallback})
			}
		}
	}
	paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(examplesDir), "*.tsv"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		if err := f.loadExamples(path); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// loadExamples reads a file of series: name, attributes, value and what it was taken of.
func (f *facts) loadExamples(path string) error {
	rows, err := readTSV(path, 4)
	if err != nil {
		return err
	}
	for _, row := range rows {
		value, err := shortened(row[2])
		if err != nil {
			return fmt.Errorf("%s: %s: %w", path, row[0], err)
		}
		f.examples[row[0]] = labels(row[1]) + value
	}
	return nil
}

// complete adds to a row what is known of its metric.
func (f *facts) complete(row *listed) error {
	namer := withSuffixes
	if row.own {
		namer = asIs
	}
	name, err := namer.Build(otlptranslator.Metric{Name: row.name, Unit: row.Unit, Type: types[row.kind()]})
	if err != nil {
		return fmt.Errorf("name the series of %s: %w", row.name, err)
	}
	row.prometheus = name
	for _, key := range []string{row.name, name} {
		if example := f.examples[key]; example != "" {
			row.example = "`" + example + "`"
			if row.kind() == "histogram" {
				row.example = "`_count" + example + "`"
			}
		}
	}
	if row.example == "" && !slices.ContainsFunc(withoutExample, func(prefix string) bool { return strings.HasPrefix(row.name, prefix) }) {
		return fmt.Errorf("metric %s has no example in %s", row.name, examplesDir)
	}
	row.exporter = f.exporterNames(row.name)
	return nil
}

// labels shows attributes as Prometheus has them.
func labels(attributes string) string {
	if attributes == "" {
		return ""
	}
	var pairs []string
	for pair := range strings.SplitSeq(attributes, ",") {
		key, value, _ := strings.Cut(pair, "=")
		pairs = append(pairs, strings.ReplaceAll(key, ".", "_")+"="+strconv.Quote(value))
	}
	return "{" + strings.Join(pairs, ", ") + "} "
}

// shortened leaves a number four digits, but all of those before the point.
func shortened(text string) (string, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return "", fmt.Errorf("read the value: %w", err)
	}
	if math.Abs(value) >= 1000 {
		return strconv.FormatFloat(value, 'f', 0, 64), nil
	}
	return strconv.FormatFloat(value, 'g', 4, 64), nil
}

// mostNames is how many names of dcgm-exporter a row has; the page about the way from it has all.
const mostNames = 3

// exporterNames are the series of dcgm-exporter 4.8 with what the metric has, those of its preset first, and what 4.9 calls them.
func (f *facts) exporterNames(metric string) string {
	var names []string
	if only := exporterOnly[metric]; only != "" {
		names = append(names, only)
	}
	fields := slices.Clone(f.fields[metric])
	slices.SortStableFunc(fields, func(a, b fieldOfPoint) int { return f.rank(a) - f.rank(b) })
	for _, field := range fields {
		if name := field.name(); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if more := len(names) - mostNames; more > 1 {
		names = append(names[:mostNames], fmt.Sprintf("[%d more](../migrate-from-dcgm-exporter.md#the-receivers-metrics)", more))
	}
	return strings.Join(names, ", ")
}

// rank is lower for what users of dcgm-exporter have.
func (f *facts) rank(p fieldOfPoint) int {
	switch {
	case f.preset[nameIn48(p.field)]:
		return 0
	case p.fallback:
		return 2
	default:
		return 1
	}
}

// name is what dcgm-exporter 4.8 calls the field, and 4.9 where it renamed it.
func (p fieldOfPoint) name() string {
	if old, ok := dcgmnames.InOldUnit(p.field.ID); ok {
		p.field = old
	}
	name := nameIn48(p.field)
	if name == "" {
		return "4.9: `" + p.field.Name47 + "`"
	}
	if r, ok := dcgmnames.In49(name); ok {
		return "`" + name + "` (4.9: `" + r.New + "`)"
	}
	return "`" + name + "`"
}

// nameIn48 is the oldest name of a field that means no other field today: counters files of dcgm-exporter 4.8 have those. Names of 1.x are in lower case.
func nameIn48(field dcgmnames.Field) string {
	for _, name := range append(slices.Clone(field.Older), field.Name46) {
		now, err := dcgmnames.Resolve(name, dcgmnames.Version{Major: 4, Minor: 7})
		if err == nil && now.ID == field.ID && name == strings.ToUpper(name) {
			return name
		}
	}
	return ""
}
