// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// publicNames are the series of dcgm-exporter 1.x that public dashboards have, by their name now.
var publicNames = map[string]string{
	"DCGM_FI_DEV_GPU_TEMP": "dcgm_gpu_temp", "DCGM_FI_DEV_GPU_UTIL": "dcgm_gpu_utilization", "DCGM_FI_DEV_POWER_USAGE": "dcgm_power_usage",
	"DCGM_FI_DEV_MEM_COPY_UTIL": "dcgm_mem_copy_utilization", "DCGM_FI_DEV_FB_USED": "dcgm_fb_used",
}

const publicJob = "4711"

// asPublic is the page that dcgm-exporter serves of the recorded one's node with a job on every GPU and a counters file that has the names of 1.x, too.
func asPublic(page string) string {
	page = regexp.MustCompile(`(?m)^(DCGM_\w+\{.*)\} `).ReplaceAllString(page, `$1,hpc_job="`+publicJob+`"} `)
	var old strings.Builder
	for line := range strings.Lines(page) {
		for name, before := range publicNames {
			if strings.HasPrefix(line, name+"{") {
				old.WriteString(before + strings.TrimPrefix(line, name))
			}
		}
	}
	return page + old.String()
}

// publicCounters are the lines of a counters file for the names of 1.x.
func publicCounters() string {
	var lines strings.Builder
	for _, name := range publicNames {
		lines.WriteString(name + ", gauge, as in 1.x\n")
	}
	return lines.String()
}

// publicQueries are those of public dashboards with their variables replaced: every instance and GPU, and one job.
func publicQueries(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(root + "/internal/distcmd/internal/migrate/testdata/public-queries.tsv")
	require.NoError(t, err)
	var queries []string
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "\t")
		if !strings.HasPrefix(line, "#") {
			queries = append(queries, strings.NewReplacer("$instance", ".*", "$gpu", ".*", "$jobid", publicJob).Replace(cells[2]))
		}
	}
	return queries
}

// startPrometheus runs Prometheus on the pages of one node, and returns its address.
func startPrometheus(t *testing.T, targets ...string) (web string) {
	t.Helper()
	binary := prometheusBinary(t)
	web = freeAddress(t)
	config := configFile(t, `
global: {scrape_interval: 500ms}
scrape_configs:
  - {job_name: gpu, honor_labels: true, static_configs: [{targets: ["%s"], labels: {instance: node}}]}
`, strings.Join(targets, `", "`))
	prometheus := &collector{Cmd: exec.Command(binary, "--config.file="+config, "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+web), exited: make(chan struct{})}
	prometheus.Stdout, prometheus.Stderr = &prometheus.out, &prometheus.err
	prometheus.launch(t)
	return web
}

// labelsOf are the labels of a query's results.
func labelsOf(t *testing.T, web, query string) []string {
	t.Helper()
	var labels []string
	for _, result := range queried(t.Context(), web, query) {
		labels = append(labels, fmt.Sprint(result.Metric))
	}
	slices.Sort(labels)
	return labels
}

// Each query that dcgm-exporter answers is answered with the same labels.
func TestPublicQueriesAreAnsweredWithPrometheusAsByDCGMExporter(t *testing.T) {
	prometheusBinary(t)
	recorded, err := os.ReadFile(root + "/receiver/dcgmreceiver/testdata/dcgm-exporter/h100x8.prom")
	require.NoError(t, err)
	public := asPublic(string(recorded))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(public)) }))
	t.Cleanup(server.Close)

	jobs := t.TempDir()
	for gpu := range 8 {
		require.NoError(t, os.WriteFile(filepath.Join(jobs, strconv.Itoa(gpu)), []byte(publicJob+"\n"), 0o600))
	}
	counters := filepath.Join(t.TempDir(), "counters.csv")
	require.NoError(t, os.WriteFile(counters, []byte(countersOfPage(string(recorded))+"DCGM_FI_DRIVER_VERSION, label, Driver\n"+publicCounters()), 0o600))
	link := filepath.Join(t.TempDir(), "dcgm-exporter")
	require.NoError(t, os.Symlink(binary, link))
	page := startOnRecordedNode(t, "node", []string{"NODE_NAME=localhost"},
		commandOf(link, "-c", "500", "-r", "localhost:5555", "--hostname-label", "hostname", "-f", counters, "--hpc-job-mapping-dir", jobs))

	theirs, ours := startPrometheus(t, strings.TrimPrefix(server.URL, "http://")), startPrometheus(t, page)
	answered := 0
	for _, query := range publicQueries(t) {
		if strings.Contains(query, "dcgm_fb_total") {
			continue // DCGM has no such field.
		}
		var want, got []string
		eventually(t, func() bool {
			want, got = labelsOf(t, theirs, query), labelsOf(t, ours, query)
			return len(want) > 0 && slices.Equal(want, got)
		}, "%s is answered otherwise: %v and %v", query, &want, &got)
		answered++
	}
	require.Equal(t, 38, answered)
}
