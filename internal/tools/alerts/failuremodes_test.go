// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const failureModes = "docs/failure-modes.md"

// cells returns the first cells of the table under a heading, or under the line that introduces it, without their backticks.
func cells(t *testing.T, page, begin string) map[string]bool {
	t.Helper()
	_, rest, found := strings.Cut(read(t, page), begin)
	require.True(t, found, begin)
	_, rest, found = strings.Cut(rest, "\n|")
	require.True(t, found, begin)
	rest, _, _ = strings.Cut(rest, "\n\n")
	set := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]+`) \\|").FindAllStringSubmatch(rest, -1) {
		for name := range strings.SplitSeq(row[1], ", ") {
			set[strings.Trim(name, "`")] = true
		}
	}
	delete(set, "gpu.state") // the head of its table
	require.NotEmpty(t, set)
	return set
}

func enum(t *testing.T, component, attribute string) map[string]bool {
	t.Helper()
	var metadata struct {
		Attributes map[string]struct{ Enum []string }
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, component+"/metadata.yaml")), &metadata))
	set := map[string]bool{}
	for _, value := range metadata.Attributes[attribute].Enum {
		set[value] = true
	}
	require.NotEmpty(t, set)
	return set
}

func TestFailureModesHaveEveryReasonStateOutcomeAndEvent(t *testing.T) {
	const dcgm, kernel = "receiver/dcgmreceiver", "receiver/kerneleventsreceiver"
	require.Equal(t, enum(t, dcgm, "dcgm.drop.reason"), cells(t, failureModes, "`dcgm.values.dropped` by `dcgm.drop.reason`:"))
	require.Equal(t, enum(t, kernel, "kernel.log.outcome"), cells(t, failureModes, "by `kernel.log.outcome`:"))
	require.Equal(t, enum(t, dcgm, "gpu.state"), cells(t, failureModes, "\n## States of a GPU\n"))
	require.Equal(t, cells(t, dcgm+"/README.md", "\n## Events\n"), cells(t, failureModes, "\n## Events\n"))
}

func TestEveryFailureModeIsWhole(t *testing.T) {
	faults := regexp.MustCompile(`(?m)^### `).Split(read(t, failureModes), -1)[1:]
	require.Greater(t, len(faults), 30)
	for _, fault := range faults {
		require.Regexp(t, "^.+\n\n- Collector: .+\n- Emitted: .+\n- Lost: .+\n- Recovers: .+\n- Alert: .+\n(\n## |\n?$)", strings.TrimSuffix(fault, "\n")+"\n")
	}
}

// alertLinks are those of a text to entries of the runbook.
func alertLinks(text string) map[string]bool {
	links := map[string]bool{}
	for _, m := range regexp.MustCompile(`\[([A-Z]\w+)\]\(runbook\.md#(\w+)\)`).FindAllStringSubmatch(text, -1) {
		if strings.ToLower(m[1]) == m[2] {
			links[m[1]] = true
		}
	}
	return links
}

func TestFailureModesNameAlertsThatExist(t *testing.T) {
	names := map[string]bool{}
	for _, r := range allRules() {
		names[r.Name] = true
	}
	for link := range alertLinks(read(t, failureModes)) {
		require.True(t, names[link], "%s is no alert", link)
	}
}

// The metrics about agents are those of docs/metrics.md, and each row has the alerts that take the metric, or why none does.
func TestMetricsAboutAgentsHaveTheirAlerts(t *testing.T) {
	_, page, found := strings.Cut(read(t, failureModes), "\n## Metrics about the agent\n")
	require.True(t, found)
	rows := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z._]+)` \\| (.*) \\|$").FindAllStringSubmatch(page, -1) {
		rows[m[1]] = m[2]
	}
	for _, m := range metricsPages(t) {
		if !regexp.MustCompile(`^(tracecore|dcgm|clock|kernel)\.`).MatchString(m.name) {
			continue
		}
		cell, listed := rows[m.name]
		require.True(t, listed, "%s has no row", m.name)
		delete(rows, m.name)
		if m.name == "kernel.events" {
			continue // Its alerts are in a table of their own.
		}
		used := map[string]bool{}
		for _, r := range allRules() {
			if regexp.MustCompile(`\b` + m.prometheus + `\b`).MatchString(r.Expr) {
				used[r.Name] = true
			}
		}
		if len(used) == 0 {
			require.Contains(t, cell, "none: ", m.name)
			continue
		}
		require.Equal(t, used, alertLinks(cell), m.name)
	}
	require.Empty(t, rows, "these are in no documentation of metrics")
}

// Names in backticks that look like metrics are metrics or attributes.
func TestRunbookAndFailureModesNameMetricsThatExist(t *testing.T) {
	known := map[string]bool{}
	for _, m := range metricsPages(t) {
		known[m.name] = true
	}
	for _, pattern := range []string{"receiver/*", "processor/*", "extension/*", "exporter/*", "internal/*"} {
		files, err := filepath.Glob(filepath.Join(root, pattern, "metadata.yaml"))
		require.NoError(t, err)
		for _, file := range files {
			var metadata struct{ Attributes map[string]any }
			relative, err := filepath.Rel(root, file)
			require.NoError(t, err)
			require.NoError(t, yaml.Unmarshal([]byte(read(t, relative)), &metadata))
			for name := range metadata.Attributes {
				known[name] = true
			}
		}
	}
	events := cells(t, "receiver/dcgmreceiver/README.md", "\n## Events\n")
	for _, page := range []string{"docs/runbook.md", failureModes} {
		for _, m := range regexp.MustCompile("`((?:tracecore|dcgm|hw|clock)\\.[a-z_.]+)`").FindAllStringSubmatch(read(t, page), -1) {
			require.True(t, known[m[1]] || events[m[1]], "%s: %s", page, m[1])
		}
	}
}
