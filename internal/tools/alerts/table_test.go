// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
	"github.com/tracecoreai/tracecore/internal/xid"
)

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return string(content)
}

func TestEveryRowIsWhole(t *testing.T) {
	require.NoError(t, checkAll(allRules(), read(t, "docs/runbook.md")))
}

func TestARowThatLacksSomethingIsNamed(t *testing.T) {
	whole := memoryRules[0]
	runbook := "\n### " + whole.Name + "\n"
	require.NoError(t, whole.check(runbook))
	for what, damage := range map[string]func(*rule){
		"a severity is missing":                                              func(r *rule) { r.Severity = "critical" },
		"the condition is missing":                                           func(r *rule) { r.Condition = "A26" },
		"an expression is missing":                                           func(r *rule) { r.Expr, r.Exporter = "", "" },
		"the summary is missing":                                             func(r *rule) { r.Summary = "" },
		"the threshold is missing":                                           func(r *rule) { r.Threshold = "" },
		"the threshold's source is missing":                                  func(r *rule) { r.Source = "" },
		"a heading \"### Other\" in docs/runbook.md is missing":              func(r *rule) { r.Name = "Other" },
		"a test in names of this distribution that fires is missing":         func(r *rule) { r.Tests = r.Tests[1:] },
		"a test in names of dcgm-exporter 4.8 of a first scrape is missing":  func(r *rule) { r.ExporterTests = r.ExporterTests[:2] },
		"DCGM_FI_DEV_FB_USED has another unit in dcgm-exporter 4.9: write t": func(r *rule) { r.Exporter = "DCGM_FI_DEV_FB_USED > 1" },
	} {
		r := whole
		damage(&r)
		err := r.check(runbook)
		require.ErrorContains(t, err, "rule "+r.Name+": ")
		require.ErrorContains(t, err, what)
	}
	require.ErrorContains(t, checkAll([]rule{whole, whole}, runbook), "is there twice")
}

func TestRunbookHasNoAlertThatIsNone(t *testing.T) {
	_, alerts, found := strings.Cut(read(t, "docs/runbook.md"), "\n## Alerts\n")
	require.True(t, found)
	alerts, _, _ = strings.Cut(alerts, "\n## ")
	var names []string
	for _, r := range allRules() {
		names = append(names, r.Name)
	}
	for _, heading := range regexp.MustCompile(`(?m)^### (.+)$`).FindAllStringSubmatch(alerts, -1) {
		require.Contains(t, names, heading[1])
	}
}

// Each entry says the same four things in the same order.
func TestRunbookEntriesAreWhole(t *testing.T) {
	for _, r := range allRules() {
		_, entry, found := strings.Cut(read(t, "docs/runbook.md"), "\n### "+r.Name+"\n")
		require.True(t, found, r.Name)
		entry, _, _ = strings.Cut(entry, "\n#")
		require.Regexp(t, "(?s)^\n\\S.+\n\n```sh\n.+\n```\n\n- Do: .+\n- Back in service: .+", entry, r.Name)
	}
}

func TestXIDClassesAreDisjointAndHaveEveryKnownCode(t *testing.T) {
	c := classifyXIDs()
	all := slices.Concat(c.critical, c.warning, c.application, c.ignored)
	known := xid.Default().Codes(xid.XID)
	require.Len(t, all, len(known))
	for _, code := range known {
		require.Contains(t, all, code.Number)
	}
	for _, code := range []int{46, 48, 62, 64, 74, 79, 95, 119, 120, 140, 143} {
		require.Contains(t, c.critical, code)
	}
	require.Contains(t, c.warning, 94)
	for _, code := range []int{13, 31, 43, 45} {
		require.Contains(t, c.application, code, "nothing pages on it")
	}
}

// An XID belongs to one rule, whatever its number: known, unknown, or beyond the codes of a GPU.
func TestEveryXIDFiresExactlyOneRule(t *testing.T) {
	matcher := regexp.MustCompile(`gpu_xid_code(=~|!~)"([0-9|]+)"`)
	for _, code := range []string{"1", "14", "31", "48", "79", "94", "119", "180", "999", ""} {
		var firing []string
		for _, r := range xidRules[:3] {
			m := matcher.FindStringSubmatch(r.Expr)
			matches := regexp.MustCompile("^(?:" + m[2] + ")$").MatchString(code)
			if matches == (m[1] == "=~") {
				firing = append(firing, r.Name)
			}
		}
		if code == "14" { // injected from user space
			require.Empty(t, firing)
			continue
		}
		require.Len(t, firing, 1, code)
	}
}

// metric is a row of the documentation of metrics.
type metric struct{ name, prometheus string }

// metricsPages returns the rows of the tables in docs/metrics that have the columns metric and Prometheus.
func metricsPages(t *testing.T) (metrics []metric) {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(root, "docs/metrics/*.md"))
	require.NoError(t, err)
	for _, row := range tableRows(t, pages, "metric") {
		metrics = append(metrics, metric{name: row["metric"], prometheus: row["Prometheus"]})
	}
	require.Greater(t, len(metrics), 100)
	return metrics
}

// attributesOfMetrics are those that docs/metrics.md and its pages list, as labels.
func attributesOfMetrics(t *testing.T) map[string]bool {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(root, "docs/metrics/*.md"))
	require.NoError(t, err)
	labels := map[string]bool{}
	for _, row := range tableRows(t, append(pages, filepath.Join(root, "docs/metrics.md")), "attribute") {
		labels[strings.ReplaceAll(row["attribute"], ".", "_")] = true
	}
	require.Greater(t, len(labels), 50)
	return labels
}

// tableRows returns the cells of all tables with this first column, by column and without backticks.
func tableRows(t *testing.T, pages []string, first string) (rows []map[string]string) {
	t.Helper()
	for _, page := range pages {
		content, err := os.ReadFile(page)
		require.NoError(t, err)
		var head []string
		for line := range strings.Lines(string(content)) {
			cells := strings.Split(strings.Trim(line, "| \n"), " | ")
			switch {
			case !strings.HasPrefix(line, "|"):
				head = nil
			case cells[0] == first:
				head = cells
			case head != nil && strings.HasPrefix(line, "| `"):
				row := map[string]string{}
				for i, cell := range cells {
					row[head[i]] = strings.Trim(cell, "`")
				}
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// What others have: Prometheus, upstream's Collector, node_exporter, and what pipelines add.
var (
	foreignMetrics = regexp.MustCompile(`^(up|otelcol_\w+|node_infiniband_\w+)$`)
	foreignLabels  = regexp.MustCompile(`^(job|instance|host_name|k8s_node_name|k8s_namespace_name|cluster|k8s_cluster_name|window|command|version|revision|__name__|hostname|Hostname)$`)
)

func TestExpressionsUseMetricsAndLabelsThatExist(t *testing.T) {
	names, labels := map[string]bool{}, attributesOfMetrics(t)
	for _, m := range metricsPages(t) {
		names[m.prometheus] = true
	}
	strip := regexp.MustCompile(`"[^"]*"`)
	matchers := regexp.MustCompile(`\{([^{}]*(?:=|!)[^{}]*)\}`)
	grouping := regexp.MustCompile(`\b(?:by|on|without|ignoring|group_left) \(([^()]*)\)`)
	word := regexp.MustCompile(`[A-Za-z_]\w*`)
	keywords := map[string]bool{}
	for k := range strings.FieldsSeq("and or unless bool offset rate increase time sum max count group abs floor avg_over_time last_over_time max_over_time min_over_time present_over_time by on without ignoring group_left") {
		keywords[k] = true
	}
	for _, r := range allRules() {
		expr := strip.ReplaceAllString(clock(asWritten).fill(r.Expr), `""`)
		for _, list := range slices.Concat(matchers.FindAllStringSubmatch(expr, -1), grouping.FindAllStringSubmatch(expr, -1)) {
			for _, label := range word.FindAllString(list[1], -1) {
				require.True(t, labels[label] || foreignLabels.MatchString(label), "%s: label %s", r.Name, label)
			}
		}
		expr = grouping.ReplaceAllString(matchers.ReplaceAllString(expr, ""), "")
		for _, name := range word.FindAllString(regexp.MustCompile(`\[[^\]]*\]|\b\d+[smhd]\b`).ReplaceAllString(expr, ""), -1) {
			require.True(t, keywords[name] || names[name] || foreignMetrics.MatchString(name), "%s: metric %s", r.Name, name)
		}
	}
}

func TestKernelEventsHaveAnAlertOrAReasonForNone(t *testing.T) {
	var shipped struct {
		Rules []struct {
			Name, Kind string
			Ignore     bool
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "receiver/kerneleventsreceiver/internal/rules/rules.yaml")), &shipped))
	kinds := map[string]bool{"kernel.crash": true, "gpu.xid": true} // Of pstore; KernelXidCritical.
	for _, r := range shipped.Rules {
		if r.Ignore {
			continue
		}
		if r.Kind == "" {
			r.Kind = r.Name
		}
		kinds[r.Kind] = true
	}
	alerted := map[string]string{"gpu.xid": "KernelXidCritical"}
	for _, k := range kernelRows {
		for _, kind := range k.kinds {
			require.True(t, kinds[kind], "%s: the receiver has no kind %s", k.name, kind)
			alerted[kind] = k.name
		}
	}
	_, page, found := strings.Cut(read(t, "docs/runbook.md"), "\n### Kinds of kernel events\n")
	if !found {
		_, page, found = strings.Cut(read(t, "docs/runbook.md"), "\n## Kinds of kernel events\n")
	}
	require.True(t, found)
	page, _, _ = strings.Cut(page, "\n## ")
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| (.*?) \\|").FindAllStringSubmatch(page, -1) {
		listed[m[1]] = true
		require.True(t, kinds[m[1]], "the receiver has no kind %s", m[1])
		if name, ok := alerted[m[1]]; ok {
			require.Contains(t, m[2], name)
			continue
		}
		require.Contains(t, m[2], "none: ")
	}
	require.Equal(t, kinds, listed)
}

func TestExporterExpressionsUseNamesOfDCGM(t *testing.T) {
	for _, r := range allRules() {
		for _, name := range exporterName.FindAllString(r.Exporter, -1) {
			if strings.HasPrefix(name, "DCGM_EXP_") {
				require.Equal(t, "DCGM_EXP_GPU_HEALTH_STATUS", name)
				continue
			}
			_, err := dcgmnames.Resolve(name, dcgmnames.Version{Major: 4, Minor: 6})
			require.NoError(t, err, r.Name)
		}
		for _, name := range exporterName.FindAllString(exporter49(r), -1) {
			_, old := dcgmnames.In49(name)
			require.False(t, old, "%s: %s is called otherwise in 4.9", r.Name, name)
		}
	}
}
