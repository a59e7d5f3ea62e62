// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/prometheus/otlptranslator"
)

// knowledge is what dashboards may refer to.
type knowledge struct {
	metrics map[string]bool // names of series in Prometheus
	anchors map[string]bool // headings of docs/runbook.md
}

// builtIn are series that Prometheus itself makes.
var builtIn = map[string]bool{"up": true, "ALERTS": true}

func (k knowledge) has(metric string) bool {
	return k.metrics[metric] || builtIn[metric] || strings.HasPrefix(metric, "otelcol_")
}

func readMetrics(root string) (knowledge, error) {
	known := knowledge{metrics: map[string]bool{}, anchors: map[string]bool{}}
	pages, err := filepath.Glob(filepath.Join(root, "docs/metrics*.md"))
	if more, err2 := filepath.Glob(filepath.Join(root, "docs/metrics/*.md")); err == nil {
		pages, err = append(pages, more...), err2
	}
	if err != nil {
		return known, fmt.Errorf("find docs/metrics.md: %w", err)
	}
	for _, page := range pages {
		content, err := os.ReadFile(page)
		if err != nil {
			return known, fmt.Errorf("read metrics: %w", err)
		}
		if err := known.addTables(string(content)); err != nil {
			return known, fmt.Errorf("read %s: %w", page, err)
		}
	}
	if len(known.metrics) == 0 {
		return known, errors.New("read docs/metrics.md: it has no table of metrics")
	}
	runbook, err := os.ReadFile(filepath.Join(root, "docs/runbook.md"))
	if err != nil {
		return known, fmt.Errorf("read the runbook: %w", err)
	}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(string(runbook), -1) {
		known.anchors[anchor(heading[1])] = true
	}
	return known, nil
}

// anchor is what GitHub makes of a heading.
func anchor(heading string) string {
	kept := regexp.MustCompile("[^a-z0-9 _-]").ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(kept, " ", "-")
}

// addTables takes the rows of tables that have the columns metric, type and unit.
func (k knowledge) addTables(page string) error {
	columns := map[string]int{}
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case len(cells) < 3:
			clear(columns)
		case cells[1] == "metric":
			for i, cell := range cells {
				columns[cell] = i
			}
		case strings.HasPrefix(cells[1], "`") && len(columns) > 0:
			at := func(column string) string { return cells[columns[column]] } // A column that is absent is the empty first cell.
			if err := k.add(strings.Trim(cells[1], "`"), at("type"), at("unit")); err != nil {
				return err
			}
		}
	}
	return nil
}

// types are those of the tables as the translation of names knows them.
var types = map[string]otlptranslator.MetricType{
	"counter": otlptranslator.MetricTypeMonotonicCounter, "up-down counter": otlptranslator.MetricTypeNonMonotonicCounter,
	"gauge": otlptranslator.MetricTypeGauge, "histogram": otlptranslator.MetricTypeHistogram,
}

// add names the series of a metric as the prometheus exporter does, and the Collector's own as its reader does.
func (k knowledge) add(name, kind, unit string) error {
	translated, ok := types[kind]
	if !ok {
		return fmt.Errorf("metric %s: type %q is unknown", name, kind)
	}
	own := strings.HasPrefix(name, "tracecore.")
	namer := otlptranslator.NewMetricNamer("", otlptranslator.UnderscoreEscapingWithSuffixes)
	if own {
		namer = otlptranslator.NewMetricNamer("", otlptranslator.UnderscoreEscapingWithoutSuffixes)
	}
	series, err := namer.Build(otlptranslator.Metric{Name: name, Unit: unit, Type: translated})
	if err != nil {
		return fmt.Errorf("name the series of %s: %w", name, err)
	}
	if kind != "histogram" {
		k.metrics[series] = true
		return nil
	}
	for _, suffix := range []string{"_bucket", "_count", "_sum"} {
		k.metrics[series+suffix] = true
	}
	return nil
}
