// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// bothViews serves dcgm-exporter's series by their old and new names on one page, and the receiver's metrics on another one.
const bothViews = `
receivers:
  dcgm:
    collection_interval: 500ms
    initial_delay: 0s
    views: [otel, dcgm_exporter]
    dcgm_exporter: {counters: %s, names: both}
    metrics:
      gpu.utilization.sampled: {enabled: true}
      gpu.memory.copy.utilization: {enabled: true}
processors:
  filter/exporter: {metrics: {metric: ['not IsMatch(name, "^(DCGM_|dcgm_)")']}}
  filter/otel: {metrics: {metric: ['IsMatch(name, "^(DCGM_|dcgm_)")']}}
exporters:
  prometheus/exporter: {endpoint: "%s", translation_strategy: UnderscoreEscapingWithoutSuffixes, without_scope_info: true}
  prometheus/otel: {endpoint: "%s", without_scope_info: true}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    metrics/exporter: {receivers: [dcgm], processors: [filter/exporter], exporters: [prometheus/exporter]}
    metrics/otel: {receivers: [dcgm], processors: [filter/otel], exporters: [prometheus/otel]}
`

// migrated are queries as migrate-rules rewrites them in a rule file.
func migrated(t *testing.T, queries []string, to string) []string {
	t.Helper()
	type rule struct {
		Expr string `yaml:"expr"`
	}
	var file struct {
		Groups []struct {
			Rules []rule `yaml:"rules"`
		} `yaml:"groups"`
	}
	file.Groups = append(file.Groups, struct {
		Rules []rule `yaml:"rules"`
	}{})
	for _, query := range queries {
		file.Groups[0].Rules = append(file.Groups[0].Rules, rule{query})
	}
	text, err := yaml.Marshal(file)
	require.NoError(t, err)
	r := finish(t, string(text), nil, "migrate-rules", "--to", to, "-")
	require.Zero(t, r.code, r.stderr)
	require.NoError(t, yaml.Unmarshal([]byte(r.stdout), &file))
	var out []string
	for _, rule := range file.Groups[0].Rules[len(file.Groups[0].Rules)-len(queries):] {
		out = append(out, rule.Expr)
	}
	return out
}

// valuesOf are the values of a query's results, in order.
func valuesOf(t *testing.T, web, query string) []float64 {
	t.Helper()
	values := []float64{}
	for _, result := range queried(t.Context(), web, query) {
		var text string
		require.Len(t, result.Value, 2)
		require.NoError(t, json.Unmarshal(result.Value[1], &text))
		value, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err)
		values = append(values, value)
	}
	slices.Sort(values)
	return values
}

// alike reports whether results are as many and in the same unit: values move between two scrapes, and units are factors of a hundred and more.
func alike(a, b []float64) bool {
	const most = 0.5
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Abs(x-y) <= most*max(math.Abs(x), math.Abs(y)) })
}

// migratedToo are queries whose labels, patterns and comparisons change in other ways than those of public dashboards.
var migratedToo = []string{
	`DCGM_FI_DEV_POWER_USAGE{gpu=~"[0-3]"}`,
	`DCGM_FI_DEV_POWER_USAGE{gpu!~"^(0|1)$",gpu=~".+"}`,
	`count by (card) (label_replace(DCGM_FI_DEV_POWER_USAGE, "card", "card $1", "gpu", "([0-3])"))`,
	`count by (Hostname, id) (label_join(DCGM_FI_DEV_POWER_USAGE, "id", "/", "device", "UUID"))`,
	`count by (gpu) (label_replace(DCGM_FI_DEV_POWER_USAGE, "gpu", "all", "modelName", ".+"))`,
	`(DCGM_FI_DEV_GPU_TEMP or DCGM_FI_DEV_MEMORY_TEMP) / DCGM_FI_DEV_POWER_USAGE`,
	`sum by (gpu, UUID) (DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE) and on (gpu) DCGM_FI_DEV_FB_FREE`,
	`count(sum without (gpu, UUID, device, pci_bus_id) (DCGM_FI_DEV_FB_FREE))`,
	`count(DCGM_FI_DEV_GPU_UTIL >= 0 <= 100)`,
	`max_over_time(DCGM_FI_DEV_FB_FREE[5s:1s]) > 29`,
}

func TestMigratedQueriesAreAnsweredWithPrometheusAlike(t *testing.T) {
	prometheusBinary(t)
	if strings.HasSuffix(binary, "-static") {
		t.Skip("the static flavour has no DCGM")
	}
	recorded, err := os.ReadFile(root + "/receiver/dcgmreceiver/testdata/dcgm-exporter/h100x8.prom")
	require.NoError(t, err)
	counters := filepath.Join(t.TempDir(), "counters.csv")
	require.NoError(t, os.WriteFile(counters, []byte(countersOfPage(string(recorded))+publicCounters()), 0o600))
	exporter, otel := freeAddress(t), freeAddress(t)
	startOnRecordedNode(t, "node", nil, command("--config", configFile(t, bothViews, counters, exporter, otel)))
	web := startPrometheus(t, exporter, otel)

	queries := slices.DeleteFunc(publicQueries(t), func(query string) bool { return strings.Contains(query, "dcgm_fb_total") })
	// There are no jobs, and a rate of what was a rate already is no quantity.
	plain := strings.NewReplacer(`{hpc_job="`+publicJob+`"}`, "", "rate(DCGM_FI_PROF_PCIE_TX_BYTES", "(DCGM_FI_PROF_PCIE_TX_BYTES", "rate(DCGM_FI_PROF_PCIE_RX_BYTES", "(DCGM_FI_PROF_PCIE_RX_BYTES")
	for i := range queries {
		queries[i] = plain.Replace(queries[i])
		if strings.HasPrefix(queries[i], "(DCGM") {
			queries[i] = strings.Replace(queries[i], "[1m]", "", 1)
		}
	}
	queries = append(queries, migratedToo...)
	for _, to := range []string{"4.9", "otel"} {
		for i, query := range migrated(t, queries, to) {
			query = strings.ReplaceAll(query, "[5m]", "[5s]") // Five minutes of samples take five minutes.
			var was, is []float64
			eventually(t, func() bool {
				was, is = valuesOf(t, web, queries[i]), valuesOf(t, web, query)
				return len(was) > 0 && alike(was, is)
			}, "%s has %v, and %s has %v", queries[i], &was, query, &is)
		}
	}
	for percent := range 101 { // What migrate-rules compares is what it was, to the last bit.
		ratio := strconv.FormatFloat(float64(percent)/100, 'g', -1, 64)
		require.Len(t, valuesOf(t, web, fmt.Sprintf("round(vector(%s) * 100, 1e-6) == %d", ratio, percent)), 1)
	}
}
