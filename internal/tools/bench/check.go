// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
)

// enough is how many measurements on both sides the U test needs to find any difference significant.
const enough = 4

// verdict is what a comparison says about one row.
type verdict string

const (
	same    verdict = "" // or the difference is within the threshold, or within the noise
	better  verdict = "better"
	worse   verdict = "WORSE"
	missing verdict = "MISSING: it is in baselines/, and was not measured"
	unknown verdict = "NEW: it is not in baselines/; run make bench-baseline"
	tooFew  verdict = "TOO FEW measurements"
)

func (v verdict) fails() bool { return v != same && v != better }

// row is one unit of one benchmark.
type row struct {
	of            *benchmark
	name, unit    string
	before, after []float64
	verdict       verdict
	note          string // how it differs
}

// check fails when a row has become worse. On a busy machine noise can look significant, so what looks worse is measured a second time,
// which decides.
func (p *project) check(ctx context.Context) error {
	baselines, err := readResults(p.path("baselines"), p.list.gated())
	if err != nil {
		return err
	}
	rows, err := p.compared(ctx, p.list.gated(), baselines)
	if err != nil {
		return err
	}
	if again := suspects(rows); len(again) > 0 && p.measured == "" {
		second, err := p.compared(ctx, again, baselines)
		if err != nil {
			return err
		}
		rows = append(slices.DeleteFunc(rows, func(r *row) bool { return slices.Contains(again, r.of) }), second...)
	}
	return report(p.out, rows, p.threshold)
}

func (p *project) compared(ctx context.Context, l list, baselines []*benchfmt.Result) ([]*row, error) {
	results, err := p.measurements(ctx, l)
	if err != nil {
		return nil, err
	}
	var rows []*row
	for _, b := range l {
		rows = append(rows, b.rows(baselines, results, p.threshold)...)
	}
	return rows, nil
}

func (p *project) measurements(ctx context.Context, l list) ([]*benchfmt.Result, error) {
	if p.measured != "" {
		return readResults(p.measured, l)
	}
	return p.measure(ctx, l, func(*benchmark) int { return p.rounds })
}

// suspects are the benchmarks with a row that is worse.
func suspects(rows []*row) list {
	var again list
	for _, r := range rows {
		if r.verdict == worse && !slices.Contains(again, r.of) {
			again = append(again, r.of)
		}
	}
	return again
}

// rows compares every gated unit of every sub-benchmark.
func (b *benchmark) rows(baselines, results []*benchfmt.Result, threshold float64) []*row {
	before, after := b.own(baselines), b.own(results)
	var rows []*row
	for _, name := range names(append(slices.Clone(before), after...)) {
		for _, unit := range b.Gate {
			r := &row{of: b, name: name, unit: unit, before: values(before, name, unit), after: values(after, name, unit)}
			r.judge(threshold)
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		rows = append(rows, &row{of: b, name: b.Name, verdict: missing})
	}
	return rows
}

// names are those of results without the number of cores, each once.
func names(results []*benchfmt.Result) []string {
	var all []string
	for _, r := range results {
		if name := nameOf(r); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func nameOf(r *benchfmt.Result) string {
	base, parts := r.Name.Parts()
	parts = slices.DeleteFunc(parts, func(part []byte) bool { return part[0] == '-' })
	return string(base) + string(bytes.Join(parts, nil))
}

// values are the measurements of a unit, CPU times as multiples of the yardstick.
func values(results []*benchfmt.Result, name, unit string) []float64 {
	var all []float64
	for _, r := range results {
		value, ok := valueOf(r, unit)
		if !ok || nameOf(r) != name {
			continue
		}
		if strings.Contains(unit, "cpu-") {
			if of, ok := valueOf(r, yardstickUnit); ok {
				value /= of
			}
		}
		all = append(all, value)
	}
	return all
}

// valueOf finds a value by its unit as the benchmark wrote it.
func valueOf(r *benchfmt.Result, unit string) (float64, bool) {
	for _, v := range r.Values {
		switch unit {
		case v.OrigUnit:
			return v.OrigValue, true
		case v.Unit:
			return v.Value, true
		}
	}
	return 0, false
}

func (r *row) judge(threshold float64) {
	switch {
	case len(r.after) == 0:
		r.verdict = missing
		return
	case len(r.before) == 0:
		r.verdict = unknown
		return
	case min(len(r.before), len(r.after)) < enough:
		r.verdict = tooFew
		return
	}
	before, after := sample(r.before), sample(r.after)
	compared := benchmath.AssumeNothing.Compare(before, after)
	from, to := center(before), center(after)
	change := percent(from, to)
	r.note = fmt.Sprintf("%s (%s)", compared.FormatDelta(from, to), compared)
	switch significant := compared.P <= compared.Alpha; {
	case significant && change > threshold:
		r.verdict = worse
	case significant && change < -threshold:
		r.verdict = better
	}
}

func sample(values []float64) *benchmath.Sample {
	return benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds)
}

func center(s *benchmath.Sample) float64 { return benchmath.AssumeNothing.Summary(s, 0.95).Center }

// percent is by how much a value has grown; what was zero grows without bound.
func percent(from, to float64) float64 {
	switch from {
	case to:
		return 0
	case 0:
		return math.Inf(1)
	default:
		return 100 * (to/from - 1)
	}
}

// report prints all rows, and fails with the names of those that have become worse.
func report(out io.Writer, rows []*row, threshold float64) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "benchmark\tunit\tbaseline\tnow\tchange\t") //nolint:errcheck // As for the rest of the table: Flush returns it.
	var failed []string
	for _, r := range rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.of.Module+": "+r.name, r.unit, median(r.before), median(r.after), r.note, r.verdict) //nolint:errcheck // See above.
		if r.verdict.fails() {
			failed = append(failed, fmt.Sprintf("  %s: %s, %s: %s %s", r.of.Module, r.name, r.unit, r.verdict, r.note))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d rows fail, by more than %g %%:\n%s", len(failed), len(rows), threshold, strings.Join(failed, "\n"))
	}
	return nil
}

func median(values []float64) string {
	if len(values) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.4g", center(sample(values)))
}
