// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

// shown is what the lint reads of a dashboard's file.
type shown struct {
	Panels     []shownPanel
	Templating struct {
		List []struct {
			Name  string
			Type  string
			Query any
		}
	}
}

type shownPanel struct {
	Title, Type, Description string
	Panels                   []shownPanel
	Targets                  []struct{ Expr string }
	Links                    []struct{ URL string }
	Datasource               struct{ UID string }
	GridPos                  struct{ X, Y, W, H int }
	FieldConfig              struct{ Defaults struct{ Unit string } }
}

// A fault of a dashboard names the panel, or the variable.
type fault struct{ board, place, rule string }

func (f fault) Error() string { return fmt.Sprintf("dashboard %s, %s: %s", f.board, f.place, f.rule) }

// lint returns all that is wrong with a dashboard's file.
func lint(name string, content []byte, known knowledge) error {
	var d shown
	if err := json.Unmarshal(content, &d); err != nil {
		return fmt.Errorf("read dashboard %s: %w", name, err)
	}
	declared, used := map[string]bool{}, map[string]bool{}
	for _, v := range d.Templating.List {
		declared[v.Name] = true
	}
	var faults []error
	add := func(place, rule string) { faults = append(faults, fault{name, place, rule}) }
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			query, _ := v.Query.(string) // Another form is an unknown query.
			lintVariable(query, declared, known, func(rule string) { add(fmt.Sprintf("variable %q", v.Name), rule) })
		}
	}
	for _, f := range overlaps(flatten(d.Panels)) {
		add(f.place, f.rule)
	}
	for _, p := range flatten(d.Panels) {
		lintPanel(p, declared, used, known, func(rule string) { add(fmt.Sprintf("panel %q", p.Title), rule) })
	}
	for _, v := range slices.Sorted(maps.Keys(declared)) {
		if !used[v] {
			add(fmt.Sprintf("variable %q", v), "no panel uses it")
		}
	}
	return errors.Join(faults...)
}

// flatten returns the panels, those in collapsed rows included, without the rows.
func flatten(panels []shownPanel) []shownPanel {
	var flat []shownPanel
	for _, p := range panels {
		if p.Type == "row" {
			flat = append(flat, flatten(p.Panels)...)
		} else {
			flat = append(flat, p)
		}
	}
	return flat
}

// gridColumns is the width of Grafana's grid.
const gridColumns = 24

// overlaps returns what lies beyond the grid, or on another panel.
func overlaps(panels []shownPanel) []fault {
	var faults []fault
	taken := map[[2]int]string{}
	for _, p := range panels {
		at := p.GridPos
		place := fmt.Sprintf("panel %q", p.Title)
		if at.X+at.W > gridColumns {
			faults = append(faults, fault{place: place, rule: fmt.Sprintf("it ends at column %d of %d", at.X+at.W, gridColumns)})
		}
		other := ""
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				other = cmp.Or(other, taken[[2]int{x, y}])
				taken[[2]int{x, y}] = p.Title
			}
		}
		if other != "" {
			faults = append(faults, fault{place: place, rule: fmt.Sprintf("it lies on panel %q", other)})
		}
	}
	return faults
}

func lintPanel(p shownPanel, declared, used map[string]bool, known knowledge, add func(rule string)) {
	if p.Description == "" {
		add("it has no description")
	}
	if p.Type != "logs" && p.FieldConfig.Defaults.Unit == "" {
		add("it has no unit")
	}
	if len(p.Targets) == 0 {
		add("it has no query")
	}
	for _, link := range p.Links {
		if heading, ok := strings.CutPrefix(link.URL, runbookURL); !ok || !known.anchors[heading] {
			add(fmt.Sprintf("link %s leads to no heading of docs/runbook.md", link.URL))
		}
	}
	markUsed(p.Datasource.UID, used)
	for _, t := range p.Targets {
		markUsed(t.Expr, used)
		lintVariables(t.Expr, declared, add)
		if p.Type != "logs" {
			lintQuery(t.Expr, known, add)
		}
	}
}

var variableName = regexp.MustCompile(`\$\{?([a-zA-Z_][a-zA-Z0-9_]*)\}?`)

func markUsed(text string, used map[string]bool) {
	for _, match := range variableName.FindAllStringSubmatch(text, -1) {
		used[match[1]] = true
	}
}

// ofGrafana are the variables that Grafana sets.
var ofGrafana = map[string]string{"__rate_interval": "1m", "__range": "1h", "__interval": "15s"}

func lintVariables(expr string, declared map[string]bool, add func(rule string)) {
	for _, match := range variableName.FindAllStringSubmatch(expr, -1) {
		if !declared[match[1]] && ofGrafana[match[1]] == "" {
			add(fmt.Sprintf("variable $%s is not declared", match[1]))
		}
	}
}

// substitute puts values where variables are, as Grafana does when everything is chosen.
func substitute(expr string, intervals map[string]string) string {
	return variableName.ReplaceAllStringFunc(expr, func(match string) string {
		if interval := intervals[variableName.FindStringSubmatch(match)[1]]; interval != "" {
			return interval
		}
		return ".*"
	})
}

func lintQuery(expr string, known knowledge, add func(rule string)) {
	names, err := metricsOf(substitute(expr, ofGrafana))
	if err != nil {
		add(fmt.Sprintf("query %s: %v", expr, err))
	}
	for _, name := range names {
		if !known.has(name) {
			add(fmt.Sprintf("metric %s is not in docs/metrics.md", name))
		}
	}
	for _, name := range countedTwice(substitute(expr, ofGrafana)) {
		add(name + " is of a GPU once for each holder while a page keeps the former one's series: take max by (instance, hw_id) before it is summed")
	}
}

// countedTwice returns levels of GPUs that a query sums, counts or averages as they are. Counters are each holder's own.
func countedTwice(expr string) (names []string) {
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		return nil
	}
	parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
		aggregate, ok := n.(*parser.AggregateExpr)
		if !ok || !slices.Contains([]parser.ItemType{parser.SUM, parser.COUNT, parser.AVG}, aggregate.Op) {
			return nil
		}
		if selector, ok := aggregate.Expr.(*parser.VectorSelector); ok && levelOfGPU(selector.Name) {
			names = append(names, selector.Name)
		}
		return nil
	})
	return names
}

// unheld have no holder, whoever has the GPU.
var unheld = regexp.MustCompile(`_total$|^gpu_allocation|^gpu_info$`)

func levelOfGPU(name string) bool {
	return (strings.HasPrefix(name, "gpu_") || strings.HasPrefix(name, "hw_")) && !unheld.MatchString(name)
}

// metricsOf returns the metrics that a query selects.
func metricsOf(expr string) ([]string, error) {
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		return nil, err
	}
	var names []string
	parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
		selector, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		for _, m := range selector.LabelMatchers {
			if m.Name == model.MetricNameLabel {
				names = append(names, m.Value)
			}
		}
		return nil
	})
	return names, nil
}

var labelValues = regexp.MustCompile(`^label_values\((.+), *([a-zA-Z_][a-zA-Z0-9_]*)\)$`)

func lintVariable(query string, declared map[string]bool, known knowledge, add func(rule string)) {
	lintVariables(query, declared, add)
	match := labelValues.FindStringSubmatch(query)
	if match == nil {
		add(fmt.Sprintf("query %s is not label_values(SELECTOR, LABEL)", query))
		return
	}
	lintQuery(match[1], known, add)
}
