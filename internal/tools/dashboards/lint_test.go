// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../../.."

func known(t *testing.T) knowledge {
	t.Helper()
	k, err := readMetrics(root)
	require.NoError(t, err)
	return k
}

func TestDashboardsHaveNoFaults(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "docs/dashboards/*.json"))
	require.NoError(t, err)
	require.Len(t, files, len(boards()), "a file has no board, or the other way round: run make generate-dashboards")
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, lint(strings.TrimSuffix(filepath.Base(file), ".json"), content, known(t)))
	}
}

// sound is a board without a fault, which each case breaks.
func sound() board {
	return board{
		file: "b", title: "B", about: "about", variables: []variable{clusterVariable},
		sections: []section{{"S", []panel{{
			kind: graph, title: "P", about: "about", unit: "watt", width: 8, runbook: "a-gpu-reports-an-xid",
			queries: one(`rate(hw_energy_joules_total{@fleet}[$__rate_interval])`, ""),
		}}}},
	}
}

// Queries that a newcomer copies are held to what panels are.
func TestFirstQueriesCountAGPUOnce(t *testing.T) {
	page, err := os.ReadFile(root + "/docs/getting-started.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "\n| question | query |\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n\n")
	queries := regexp.MustCompile("\\| `(.+)` \\|").FindAllStringSubmatch(section, -1)
	require.Greater(t, len(queries), 4)
	for _, query := range queries {
		_, err := metricsOf(query[1])
		require.NoError(t, err, query[1])
		require.Empty(t, countedTwice(query[1]), query[1])
		require.NotRegexp(t, `_total(\{[^}]*\})?([^\[{]|$)`, query[1], "a counter begins at 0 again with its agent")
	}
}

func TestLintNamesDashboardPanelAndRule(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(b *board, p *panel)
		want   string
	}{
		"no fault":        {func(*board, *panel) {}, ""},
		"unknown metric":  {func(_ *board, p *panel) { p.queries[0].expr = `hw_power_wats{@fleet}` }, `dashboard b, panel "P": metric hw_power_wats is not in docs/metrics.md`},
		"unknown within":  {func(_ *board, p *panel) { p.queries[0].expr = `sum(rate(gpu_x_total{@fleet}[5m])) / 2` }, `dashboard b, panel "P": metric gpu_x_total is not in docs/metrics.md`},
		"a sum of levels": {func(_ *board, p *panel) { p.queries[0].expr = `sum by (instance) (hw_power_watts{@fleet})` }, `hw_power_watts is of a GPU once for each holder`},
		"a sum of GPUs": {func(_ *board, p *panel) {
			p.queries[0].expr = `sum by (instance) (max by (instance, hw_id) (hw_power_watts{@fleet}))`
		}, ""},
		"a name with dots":    {func(_ *board, p *panel) { p.queries[0].expr = `{"hw.power", @fleet}` }, `metric hw.power is not in docs/metrics.md`},
		"no PromQL":           {func(_ *board, p *panel) { p.queries[0].expr = `sum(hw_power_watts{@fleet}` }, `dashboard b, panel "P": query sum(hw_power_watts`},
		"undeclared variable": {func(_ *board, p *panel) { p.queries[0].expr = `hw_power_watts{@fleet, hw_name="$gpu"}` }, `dashboard b, panel "P": variable $gpu is not declared`},
		"dead variable":       {func(b *board, _ *panel) { b.variables = append(b.variables, gpuOf("hw_power_watts")) }, `dashboard b, variable "gpu": no panel uses it`},
		"variable of nothing": {func(b *board, _ *panel) { b.variables = append(b.variables, gpuOf("hw_nothing")) }, `dashboard b, variable "gpu": metric hw_nothing is not in docs/metrics.md`},
		"no unit":             {func(_ *board, p *panel) { p.unit = "" }, `dashboard b, panel "P": it has no unit`},
		"no description":      {func(_ *board, p *panel) { p.about = "" }, `dashboard b, panel "P": it has no description`},
		"no query":            {func(_ *board, p *panel) { p.queries = nil }, `dashboard b, panel "P": it has no query`},
		"beyond the grid": {func(b *board, p *panel) {
			b.sections[0].panels = append(b.sections[0].panels, *p)
			b.sections[0].panels[1].width = 20
		}, `dashboard b, panel "P": it ends at column 28 of 24`},
		"runbook has it not": {func(_ *board, p *panel) { p.runbook = "nowhere" }, `#nowhere leads to no heading of docs/runbook.md`},
		"upstream's own":     {func(_ *board, p *panel) { p.queries[0].expr = `otelcol_process_uptime{@fleet} or up` }, ""},
		"histogram's series": {func(_ *board, p *panel) {
			p.queries[0].expr = `tracecore_receiver_collection_latency_seconds_bucket{@fleet}`
		}, ""},
		"histogram's own name": {func(_ *board, p *panel) { p.queries[0].expr = `tracecore_receiver_collection_latency_seconds{@fleet}` }, "is not in docs/metrics.md"},
	} {
		t.Run(name, func(t *testing.T) {
			b := sound()
			c.breaks(&b, &b.sections[0].panels[0])
			built, err := build(b)
			require.NoError(t, err)
			content, err := json.Marshal(built)
			require.NoError(t, err)
			err = lint("b", content, known(t))
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

func gpuOf(metric string) variable {
	return variable{name: "gpu", label: "GPU", of: "label_values(" + metric + "{@fleet}, hw_name)"}
}

func TestSeriesAreNamedAsThePageNamesThem(t *testing.T) {
	k := known(t)
	for _, series := range []string{
		"hw_power_watts", "hw_gpu_utilization_ratio", "gpu_memory_rows_remap_pending", "gpu_stalled_ratio", "clock_synchronized", "gpu_xid_last_seconds",
		"gpu_throttle_time_seconds_total", "dcgm_hostengine_memory_usage_bytes", "gpu_clock_frequency_hertz", "tracecore_receiver_degraded_seconds_total", "tracecore_slo_burn_rate",
	} {
		require.True(t, k.metrics[series], series)
	}
	require.False(t, k.has("hw_power"))
}
