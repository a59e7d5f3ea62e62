// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// scraped has both endpoints that Prometheus may scrape; its arguments are health and the port
// of the Collector's own reader.
const scraped = `
receivers: {clock: {collection_interval: 50ms, initial_delay: 0s}}
exporters: {stdout: {sending_queue: }, otlp_http: {endpoint: "http://127.0.0.1:9"}}
extensions: {health_slo: {http: {endpoint: %s}, window: 2s, sample_interval: 200ms}}
service:
  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %s}}}}]}}
  extensions: [health_slo]
  pipelines: {metrics: {receivers: [clock], exporters: [stdout, otlp_http]}}
`

func startScraped(t *testing.T) (health, self string) {
	t.Helper()
	health, self = freeAddress(t), freeAddress(t)
	start(t, "--config", configFile(t, scraped, health, port(self)))
	waitStatus(t, health, "/readyz", 200)
	waitSeries(t, health, "tracecore_exporter_failure_rate", `data_type="metrics",exporter="stdout"`, 0)
	return health, self
}

// accepted returns the page for a client with this Accept header.
func accepted(t *testing.T, address, accept string) (contentType, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/metrics", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	content, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	return resp.Header.Get("Content-Type"), string(content)
}

// What Prometheus 3 sends unless its metric_name_escaping_scheme is underscores, and what
// everybody else sends.
const (
	acceptUTF8  = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
	acceptPlain = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)

func TestNamesHaveUnderscoresExceptWherePrometheus3AsksOtherwise(t *testing.T) {
	const dots, underscores = `{"tracecore.build.info",`, "\ntracecore_build_info{"
	health, self := startScraped(t)
	f := func(address, accept, want, never string) {
		t.Helper()
		contentType, body := accepted(t, address, accept)
		require.Contains(t, contentType, "charset=utf-8")
		require.Contains(t, body, want)
		require.NotContains(t, body, never)
	}
	f(self, acceptUTF8, dots, underscores)
	f(self, acceptPlain, underscores, dots)
	f(health, acceptUTF8, underscores, dots)
	f(health, acceptPlain, underscores, dots)
	f(health, "", underscores, dots)
}

// prometheusBinary skips where nobody asked for the real Prometheus: `make test-prometheus` does.
func prometheusBinary(t *testing.T) string {
	t.Helper()
	binary := os.Getenv("PROMETHEUS")
	if binary == "" {
		t.Skip("PROMETHEUS is not set")
	}
	return binary
}

// promtool returns what `promtool check metrics` has to say of a page, and its exit code: 0,
// or 3 if it dislikes a name.
func promtool(t *testing.T, page string) (complaints []string, exitCode int) {
	t.Helper()
	cmd := exec.Command(filepath.Join(filepath.Dir(prometheusBinary(t)), "promtool"), "check", "metrics")
	cmd.Stdin = strings.NewReader(page)
	out, _ := cmd.CombinedOutput() // The exit code is returned.
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' }), cmd.ProcessState.ExitCode()
}

func TestPromtoolAcceptsOurMetrics(t *testing.T) {
	prometheusBinary(t)
	health, self := startScraped(t)
	for _, address := range []string{health, self} {
		_, body := accepted(t, address, acceptPlain)
		complaints, exitCode := promtool(t, body)
		require.Contains(t, []int{0, 3}, exitCode, complaints)
		for _, complaint := range complaints {
			require.Regexp(t, `^otelcol_`, complaint, "upstream's names are upstream's")
		}
		complaints, exitCode = promtool(t, oursOnly(body))
		require.Zero(t, exitCode, complaints)
	}
}

// oursOnly leaves the families out that are upstream's.
func oursOnly(page string) string {
	var kept strings.Builder
	for line := range strings.Lines(page) {
		if strings.HasPrefix(strings.TrimPrefix(strings.TrimPrefix(line, "# HELP "), "# TYPE "), "tracecore_") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

func TestPrometheusScrapesBothEndpoints(t *testing.T) {
	binary := prometheusBinary(t)
	health, self := startScraped(t)
	web := freeAddress(t)
	config := configFile(t, `
global: {scrape_interval: 200ms}
scrape_configs:
  - {job_name: health, static_configs: [{targets: ["%s"]}]}
  - {job_name: self, static_configs: [{targets: ["%s"]}]}
`, health, self)
	prometheus := &collector{Cmd: exec.Command(binary, "--config.file="+config, "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+web), exited: make(chan struct{})}
	prometheus.Stdout, prometheus.Stderr = &prometheus.out, &prometheus.err
	prometheus.launch(t)

	for _, query := range []string{
		`count(up == 1) == 2`,
		`count(tracecore_build_info) == 2`,
		`count(tracecore_exporter_stalled{exporter="otlp_http"} == 1) == 2`,
		`count(tracecore_exporter_failure_rate{exporter="stdout", data_type="metrics"} == 0) == 2`,
		`count(tracecore_component_healthy{component_id="clock"}) == 2`,
		`count(otelcol_exporter_queue_capacity{exporter="otlp_http"}) == 2`,
	} {
		eventually(t, func() bool { return holds(t.Context(), web, query) }, "%s never holds", query)
	}
	prometheus.signal(t, syscall.SIGTERM)
	require.Zero(t, prometheus.exitCode(t))
}

// holds reports whether a comparison has a result.
func holds(ctx context.Context, web, query string) bool { return len(queried(ctx, web, query)) > 0 }

// answered is one series of a query's answer.
type answered struct {
	Metric map[string]string
	Value  []json.RawMessage
}

// queried returns what Prometheus answers, nothing where it does not.
func queried(ctx context.Context, web, query string) []answered {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+web+"/api/v1/query?query="+url.QueryEscape(query), http.NoBody)
	if err != nil {
		return nil
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil
	}
	defer resp.Body.Close() //nolint:errcheck // It has been read.
	var answer struct {
		Data struct{ Result []answered }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil
	}
	return answer.Data.Result
}
