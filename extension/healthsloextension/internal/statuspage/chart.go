// SPDX-License-Identifier: Apache-2.0

package statuspage

import (
	"fmt"
	"strings"
	"time"
)

const (
	chartSpan   = time.Hour
	chartWidth  = 240.0
	chartHeight = 48.0

	// chartGap is beyond how many steps from point to point there are points missing.
	chartGap = 3
)

// axis is time from left to right, up to now.
type axis struct {
	now  time.Time
	step time.Duration // the usual distance of two points
}

// chart is the last hour of one value, drawn in a box of chartWidth × chartHeight: a step line
// for a ratio, bars for what is either so or not.
type chart struct {
	Label string // what a screen reader says
	Line  string // path data
	Area  string // path data of what is below the line
}

// sample is a value at a moment.
type sample struct {
	at    time.Time
	value float64
}

// charts are those of one exporter: failure rate, queue if it has one, and stall.
type charts struct {
	Failure, Queue, Stall chart
}

func newCharts(e *Exporter, now time.Time, step time.Duration) charts {
	hour := axis{now, step}
	pick := func(value func(*Point) float64, current float64) []sample {
		samples := make([]sample, 0, len(e.History)+1)
		for i := range e.History {
			samples = append(samples, sample{e.History[i].At, value(&e.History[i])})
		}
		return append(samples, sample{now, current})
	}
	name := fmt.Sprintf("of %s, %s, in the last hour", e.ID, e.Signal)
	all := charts{
		Failure: newRatioChart("Failure rate "+name, pick(func(p *Point) float64 { return p.FailureRate }, e.FailureRate), hour),
		Stall:   newStallChart("Stalls "+name, pick(func(p *Point) float64 { return asRatio(p.Stalled) }, asRatio(e.Stalled)), hour),
	}
	if e.QueueRatio != nil {
		all.Queue = newRatioChart("Queue "+name, pick(func(p *Point) float64 { return p.QueueRatio }, *e.QueueRatio), hour)
	}
	return all
}

func asRatio(set bool) float64 {
	if set {
		return 1
	}
	return 0
}

func newRatioChart(name string, samples []sample, hour axis) chart {
	highest := 0.0
	for _, s := range samples {
		highest = max(highest, s.value)
	}
	label := fmt.Sprintf("%s: now %s, at most %s", name, percent(samples[len(samples)-1].value), percent(highest))
	return newLineChart(label, samples, 1, hour)
}

// newLineChart draws values from 0 to a top.
func newLineChart(label string, samples []sample, top float64, hour axis) chart {
	var line, area strings.Builder
	for _, step := range hour.steps(samples) {
		y := chartHeight - 1 - clamp(step.value/top)*(chartHeight-2) // leaves room for the width of the line
		if step.begins {
			fmt.Fprintf(&line, "M%.1f %.1fH%.1f", step.from, y, step.to)
		} else {
			fmt.Fprintf(&line, "V%.1fH%.1f", y, step.to)
		}
		fmt.Fprintf(&area, "M%.1f %.0fV%.1fH%.1fV%.0fZ", step.from, chartHeight, y, step.to, chartHeight)
	}
	return chart{Label: label, Line: line.String(), Area: area.String()}
}

func newStallChart(name string, samples []sample, hour axis) chart {
	var area strings.Builder
	stalled := 0.0
	for _, step := range hour.steps(samples) {
		if step.value > 0 {
			stalled += step.to - step.from
			fmt.Fprintf(&area, "M%.1f 0H%.1fV%.0fH%.1fZ", step.from, step.to, chartHeight, step.from)
		}
	}
	total := "none"
	if stalled > 0 {
		total = age(time.Duration(stalled / chartWidth * float64(chartSpan)))
	}
	return chart{Label: name + ": " + total, Area: area.String()}
}

// step is where on the horizontal axis a value is drawn.
type step struct {
	from, to, value float64
	begins          bool // nothing is known of the time before
}

// steps stretch from the sample before to the sample itself: its value is the worst of that
// time. Samples of one value in a row are one step.
func (a axis) steps(samples []sample) []step {
	var all []step
	for i, s := range samples {
		to := a.x(s.at)
		switch {
		case i == 0 || s.at.Sub(samples[i-1].at) > chartGap*a.step:
			all = append(all, step{a.x(s.at.Add(-a.step)), to, s.value, true})
		case s.value == samples[i-1].value:
			all[len(all)-1].to = to
		default:
			all = append(all, step{all[len(all)-1].to, to, s.value, false})
		}
	}
	return all
}

func (a axis) x(at time.Time) float64 {
	return clamp(1-float64(a.now.Sub(at))/float64(chartSpan)) * chartWidth
}

// clamp makes 0 of what is no number.
func clamp(ratio float64) float64 {
	if ratio > 0 {
		return min(ratio, 1)
	}
	return 0
}
