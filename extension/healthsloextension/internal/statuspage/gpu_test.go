// SPDX-License-Identifier: Apache-2.0

package statuspage

import (
	"testing"

	"github.com/stretchr/testify/require"

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
