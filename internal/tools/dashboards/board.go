// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"slices"
	"strings"
)

// A board is one Grafana dashboard. Its sections follow the order of questions: is something wrong, is something full, what exactly.
type board struct {
	file, title, about string
	variables          []variable
	sections           []section
}

type section struct {
	title  string
	panels []panel
}

// A panel is a table of what Grafana shows; build turns it into Grafana's form.
type panel struct {
	kind          kind
	title, about  string
	unit          string
	queries       []query
	thresholds    []threshold
	states        []state // texts of values
	runbook       string  // heading of docs/runbook.md, as a link's anchor
	width, height uint32
	min, max      *float64
	stack         bool
}

type kind int

const (
	stat kind = iota
	graph
	timeline
	table
	logs
)

type query struct {
	expr, legend string
	// absent says why the demo has no data for the query.
	absent string
}

type threshold struct {
	from  float64
	color string
}

type state struct {
	value, text, color string
}

// A variable is one of a board, with the metric that has its values.
type variable struct {
	name, label, of string
	multi           bool
	regex           string
}

// Selectors of variables, as they are abbreviated in queries. A node is a host without a port, so that it selects the page
// of GPUs and the Collector's own metrics, which two ports of it serve.
var selectors = strings.NewReplacer(
	"@fleet", `cluster=~"$cluster"`,
	"@node", `cluster=~"$cluster", instance=~"$node(:[0-9]+)?"`,
	"@gpu", `cluster=~"$cluster", instance=~"$node(:[0-9]+)?", hw_name=~"$gpu"`,
	"@job", `cluster=~"$cluster", slurm_job_id=~"$job", k8s_namespace_name=~"$namespace", k8s_pod_name=~"$pod"`,
)

var (
	clusterVariable = variable{name: "cluster", label: "Cluster", of: `label_values(gpu_up, cluster)`, multi: true}
	nodesVariable   = variable{name: "node", label: "Node", of: `label_values(gpu_up{@fleet}, instance)`, multi: true, regex: hostOnly}
	nodeVariable    = variable{name: "node", label: "Node", of: `label_values(gpu_up{@fleet}, instance)`, regex: hostOnly}
	gpusVariable    = variable{name: "gpu", label: "GPU", of: `label_values(gpu_up{@node}, hw_name)`, multi: true}
	gpuVariable     = variable{name: "gpu", label: "GPU", of: `label_values(gpu_up{@node}, hw_name)`}
	logsVariable    = variable{name: "logs", label: "Logs"}
)

// hostOnly takes the port off an instance.
const hostOnly = `/^(.+?)(?::[0-9]+)?$/`

// boards are in the order in which their files are listed.
func boards() []board {
	return []board{fleet(), node(), gpu(), jobs(), incidents(), collector(), clock()}
}

func one(expr, legend string) []query { return []query{{expr: expr, legend: legend}} }

// bad gives a count its color from 1 on.
func bad(color string) []threshold { return []threshold{{0, "green"}, {1, color}} }

// present is for what should be at least one.
var present = []threshold{{0, "red"}, {1, "green"}}

func steps(warning, critical float64) []threshold {
	return []threshold{{0, "green"}, {warning, "orange"}, {critical, "red"}}
}

var gpuStates = []state{
	{"0", "ok", "green"}, {"1", "predicted failure", "yellow"}, {"2", "degraded", "orange"}, {"3", "failed", "red"},
}

var legendLabel = regexp.MustCompile(`{{(\w+)}}`)

// perGPU is one series per GPU and label of the legend, whoever holds it: a series of a new holder takes the place of the old
// one, and for a while both are there.
func perGPU(expr, legend string) string {
	by, over := []string{"instance", "hw_name"}, "max"
	for _, match := range legendLabel.FindAllStringSubmatch(legend, -1) {
		if !slices.Contains(by, match[1]) {
			by = append(by, match[1])
		}
	}
	if strings.HasPrefix(expr, "rate(") { // Each holder has a part of what was counted.
		over = "sum"
	}
	return over + " by (" + strings.Join(by, ", ") + ") (" + expr + ")"
}

func each(expr, legend string) []query { return one(perGPU(expr, legend), legend) }

// gpuState is one value for the state set hw.status.
func gpuState(scope string) string {
	return strings.ReplaceAll(`max by (instance, hw_name) (hw_status{@, hw_state="ok"} * 0 or hw_status{@, hw_state="predicted_failure"} * 1 or hw_status{@, hw_state="degraded"} * 2 or hw_status{@, hw_state="failed"} * 3)`, "@", scope)
}

// fresh is by how much a counter has risen within the interval. A counter that appears has risen by its value, which increase()
// does not see: most XIDs and kernel events are the first of their kind.
func fresh(counter string) string {
	return "clamp_min(" + counter + " - (" + counter + " offset $__rate_interval or " + counter + " * 0), 0)"
}

var noYes = []state{{"0", "no", "red"}, {"1", "yes", "green"}}
