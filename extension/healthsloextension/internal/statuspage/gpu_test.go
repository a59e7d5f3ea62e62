// SPDX-License-Identifier: Apache-2.0

package statuspage

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/readings"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/sampling"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/verdict"
)

func TestOnlyNodesWithGPUsNeedAttentionForThem(t *testing.T) {
	f := func(n verdict.Node, sentences ...string) {
		t.Helper()
		require.Equal(t, append([]string{}, sentences...), Attention(&Page{Node: n}))
	}
	const absence = "no receiver reports GPUs: service::pipelines has no dcgm receiver"
	f(verdict.Judge(nil, nil, absence))
	f(verdict.Judge(nil, new(0), absence))
	f(verdict.Judge(nil, new(8), absence), absence+".")
	f(verdict.Judge([]sampling.GPU{{Name: "nvidia0", Status: "ok", Up: true}}, nil, ""))
	f(verdict.Judge([]sampling.GPU{{Name: "nvidia0", Status: "ok", Up: true}}, new(8), ""), "1 of 8 expected GPUs are present.")
	f(verdict.Judge([]sampling.GPU{{Name: "nvidia0", Status: "lost"}}, nil, ""), "GPU nvidia0 is unfit: lost (RESTART_BM).")
}

func TestGradesOfVerdicts(t *testing.T) {
	require.Equal(t, "ok", grade(verdict.Fit))
	require.Equal(t, "warn", grade(verdict.Degraded))
	require.Equal(t, "warn", grade(verdict.Unknown))
	require.Equal(t, "bad", grade(verdict.Unfit))
}

func TestCausesComeBeforeWhatTheyBringAbout(t *testing.T) {
	failed := func(kind string) Component {
		return Component{Kind: kind, ID: "x", Status: "recoverable error", Since: now, Failed: true}
	}
	p := &Page{
		At:         now,
		Components: []Component{failed("receiver"), failed("processor"), {Kind: "exporter", ID: "y"}, failed("exporter"), failed("connector"), failed("extension")},
		Telemetry:  Telemetry{WindowSeconds: 60},
		Exporters:  []Exporter{{ID: "e", Signal: "logs", Stalled: true, FailureRate: 0.5, QueueRatio: new(0.8)}, {ID: "f", Signal: "logs", QueueRatio: new(0.79)}},
		Node:       verdict.Judge([]sampling.GPU{{Name: "nvidia0", Status: "lost"}, {Name: "nvidia1", Status: "ok", Up: true}}, nil, ""),
		Objectives: []Objective{{Name: "spent", Known: true}, {Name: "left", Known: true, BudgetRemaining: 0.001}, {Name: "unknown"}},
	}
	require.Equal(t, []string{
		"The extension x has had a recoverable error for 0 s.",
		"The exporter x has had a recoverable error for 0 s.",
		"Exporter e (logs) is stalled: a request is in flight and nothing finished for 1 min.",
		"Exporter e (logs) failed to send 50 % of what it finished in the last 1 min.",
		"The queue of exporter e (logs) is 80 % full.",
		"The connector x has had a recoverable error for 0 s.",
		"The processor x has had a recoverable error for 0 s.",
		"GPU nvidia0 is unfit: lost (RESTART_BM).",
		"The receiver x has had a recoverable error for 0 s.",
		"The error budget of objective spent is spent.",
	}, Attention(p))
}

// rowOf is the row of one GPU in a table with others.
func rowOf(r *readings.Readings, others ...*readings.Readings) gpuRow {
	gpus := []verdict.GPU{{Name: "nvidia0", Readings: r}}
	for _, other := range others {
		gpus = append(gpus, verdict.GPU{Name: "other", Readings: other})
	}
	return newGPUTable(gpus, now).Rows[0]
}

func point(at time.Duration, temperature float64) readings.Point {
	return readings.Point{At: ago(at), Temperature: &temperature}
}

func TestAValueThatIsMissingIsNotDrawnAndNotZero(t *testing.T) {
	r := rowOf(&readings.Readings{StepSeconds: 30, History: []readings.Point{point(30*time.Minute, 50), point(29*time.Minute+30*time.Second, 60), point(10*time.Minute, 40)}})
	temperature := r.Cells[0]
	require.Empty(t, temperature.Text)
	require.Equal(t, "Temperature of nvidia0 in the last hour: now no value, from 40 to 60 °C", temperature.Chart.Label)
	require.Equal(t, "M118.0 24.0H120.0V19.4H122.0M198.0 28.6H200.0", temperature.Chart.Line, "nothing before, between and after")
	for _, c := range r.Cells[1:] {
		require.Equal(t, cell{}, c)
	}
	zero := rowOf(&readings.Readings{Temperature: new(0.0), Power: new(0.0), Utilization: new(0.0), MemoryUsed: new(0.0)})
	require.Equal(t, "1.5 of 80.0 GiB", rowOf(&readings.Readings{MemoryUsed: new(1.5 * (1 << 30)), MemoryTotal: new(80.0 * (1 << 30))}).Cells[3].Text)
	require.Empty(t, rowOf(&readings.Readings{MemoryTotal: new(80.0)}).Cells[3].Text)
	require.Equal(t, []cell{{Text: "0 °C"}, {Text: "0 W"}, {Text: "0 %"}, {Text: "0.0 GiB"}}, zero.Cells, "zero is a value")
}

func TestChartsOfGPUsHaveOneScale(t *testing.T) {
	of := func(watts, used float64, total *float64) *readings.Readings {
		return &readings.Readings{StepSeconds: 30, MemoryTotal: total, History: []readings.Point{{At: now, Power: &watts, MemoryUsed: &used}}}
	}
	const half, full = "M238.0 24.0H240.0", "M238.0 1.0H240.0"
	row := rowOf(of(350, 40<<30, nil), of(700, 0, new(80.0*(1<<30))))
	require.Equal(t, half, row.Cells[1].Chart.Line)
	require.Equal(t, half, row.Cells[3].Chart.Line)
	require.Equal(t, full, rowOf(of(350, 1, nil)).Cells[1].Chart.Line)
	hot := &readings.Readings{StepSeconds: 30, History: []readings.Point{point(0, 50)}}
	require.Equal(t, half, rowOf(hot).Cells[0].Chart.Line, "100 °C is the top")
	require.NotPanics(t, func() { rowOf(of(0, 0, nil)) })
}

func TestGPUsWithoutReadingsHaveNoColumnsForThem(t *testing.T) {
	gpus := []verdict.GPU{{Name: "nvidia0"}, {Name: "nvidia1"}}
	require.Empty(t, newGPUTable(gpus, now).Measures)
	gpus[1].Readings = &readings.Readings{}
	table := newGPUTable(gpus, now)
	require.Len(t, table.Measures, 4)
	require.Len(t, table.Rows[0].Cells, 4)
}
