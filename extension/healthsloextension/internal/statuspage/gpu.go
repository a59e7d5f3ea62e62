// SPDX-License-Identifier: Apache-2.0

package statuspage

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/readings"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/verdict"
)

// grades are the classes of the style sheet for verdicts.
var grades = map[verdict.State]string{verdict.Fit: "ok", verdict.Degraded: "warn", verdict.Unknown: "warn", verdict.Unfit: "bad"}

func grade(state verdict.State) string { return grades[state] }

// simulated reports whether there are GPUs that a simulation made up.
func simulated(gpus []verdict.GPU) bool {
	return slices.ContainsFunc(gpus, func(g verdict.GPU) bool { return g.Simulated })
}

// gpuAttention returns what is wrong with a node's GPUs. A Collector that has no GPUs to look at and expects none is no
// GPU node.
func gpuAttention(n *verdict.Node) []string {
	if len(n.GPUs) == 0 && n.Expected == nil {
		return nil
	}
	return n.Reasons
}

// words makes text of a name.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// measure is a value of GPUs with a chart.
type measure struct {
	Name   string
	now    func(*readings.Readings) *float64
	before func(*readings.Point) *float64
	digits int
	unit   string
	scale  float64 // how many of the value are one of the unit
	top    float64 // what a chart reaches at least

	of func(*readings.Readings) *float64 // the size of what the value is a part of; nil where it is of nothing
}

var measures = []measure{
	{
		Name: "Temperature", unit: "°C", scale: 1, top: 100,
		now:    func(r *readings.Readings) *float64 { return r.Temperature },
		before: func(p *readings.Point) *float64 { return p.Temperature },
	},
	{
		Name: "Power", unit: "W", scale: 1,
		now:    func(r *readings.Readings) *float64 { return r.Power },
		before: func(p *readings.Point) *float64 { return p.Power },
	},
	{
		Name: "Utilization", unit: "%", scale: 0.01, top: 1,
		now:    func(r *readings.Readings) *float64 { return r.Utilization },
		before: func(p *readings.Point) *float64 { return p.Utilization },
	},
	{
		Name: "Memory", unit: "GiB", scale: 1 << 30, digits: 1,
		now:    func(r *readings.Readings) *float64 { return r.MemoryUsed },
		before: func(p *readings.Point) *float64 { return p.MemoryUsed },
		of:     func(r *readings.Readings) *float64 { return r.MemoryTotal },
	},
}

func (m *measure) number(value float64) string {
	return strconv.FormatFloat(value/m.scale, 'f', m.digits, 64)
}

// text is the value of now, empty where there is none.
func (m *measure) text(r *readings.Readings) string {
	value := m.now(r)
	switch total := m.total(r); {
	case value == nil:
		return ""
	case total != nil:
		return m.number(*value) + " of " + m.number(*total) + " " + m.unit
	default:
		return m.number(*value) + " " + m.unit
	}
}

func (m *measure) total(r *readings.Readings) *float64 {
	if m.of == nil {
		return nil
	}
	return m.of(r)
}

// gpuTable is what the page has of GPUs. It has no measures where no receiver shows values.
type gpuTable struct {
	Measures []measure
	Rows     []gpuRow
}

type gpuRow struct {
	*verdict.GPU

	Cells []cell // by measure
}

// cell is a value with its chart. It has no text where there is no value now, and no chart where there was none in the last hour.
type cell struct {
	Text  string
	Chart *chart
}

func newGPUTable(gpus []verdict.GPU, now time.Time) gpuTable {
	table := gpuTable{Rows: make([]gpuRow, len(gpus))}
	for i := range gpus {
		table.Rows[i].GPU = &gpus[i]
	}
	if !slices.ContainsFunc(gpus, func(g verdict.GPU) bool { return g.Readings != nil }) {
		return table
	}
	table.Measures = measures
	for i := range measures {
		highest := measures[i].highest(gpus)
		for j := range table.Rows {
			row := &table.Rows[j]
			row.Cells = append(row.Cells, measures[i].cell(row.GPU, highest, now))
		}
	}
	return table
}

// highest is the top of the charts of all GPUs, so that they can be compared.
func (m *measure) highest(gpus []verdict.GPU) float64 {
	top := m.top
	for i := range gpus {
		r := gpus[i].Readings
		if r == nil {
			continue
		}
		if total := m.total(r); total != nil {
			top = max(top, *total)
		}
		for _, s := range m.samples(r) {
			top = max(top, s.value)
		}
	}
	return top
}

// samples are the values of the last hour.
func (m *measure) samples(r *readings.Readings) []sample {
	var samples []sample
	for i := range r.History {
		if value := m.before(&r.History[i]); value != nil {
			samples = append(samples, sample{r.History[i].At, *value})
		}
	}
	return samples
}

func (m *measure) cell(g *verdict.GPU, top float64, now time.Time) cell {
	if g.Readings == nil {
		return cell{}
	}
	c := cell{Text: m.text(g.Readings)}
	samples := m.samples(g.Readings)
	if len(samples) == 0 {
		return c
	}
	chart := newLineChart(m.label(g, samples), samples, top, axis{now, seconds(g.Readings.StepSeconds)})
	c.Chart = &chart
	return c
}

// label says what the chart shows.
func (m *measure) label(g *verdict.GPU, samples []sample) string {
	byValue := func(a, b sample) int { return cmp.Compare(a.value, b.value) }
	least, most := slices.MinFunc(samples, byValue), slices.MaxFunc(samples, byValue)
	return fmt.Sprintf("%s of %s in the last hour: now %s, from %s to %s %s",
		m.Name, g.Label(), cmp.Or(m.text(g.Readings), "no value"), m.number(least.value), m.number(most.value), m.unit)
}
