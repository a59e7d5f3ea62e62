// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
	"go.uber.org/goleak"
	"go.uber.org/zap/zapcore"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// config has one exporter that gives up at once and one that retries, both to a dead backend.
const config = `
receivers:
  beat:
exporters:
  otlp_grpc/gives_up: &backend
    endpoint: BACKEND
    tls: {insecure: true}
    retry_on_failure: {enabled: false}
    sending_queue: {enabled: false}
  otlp_grpc/retries:
    endpoint: BACKEND
    tls: {insecure: true}
    retry_on_failure: {initial_interval: 100ms, max_interval: 200ms}
    sending_queue: {queue_size: 20, num_consumers: 1}
extensions:
  health_slo:
    http: {endpoint: "HTTP"}
    window: 1s
    sample_interval: 100ms
    objectives:
      - {name: export, indicator: exporter_success_ratio, target: 0.9, windows: [1s, 1h]}
      - {name: headroom, indicator: queue_headroom, target: 0.9, windows: [1s, 1h], components: [otlp_grpc/retries]}
      - {name: ready, indicator: readiness, target: 0.9, windows: [1h]}
      - {name: fresh, indicator: receiver_freshness, target: 0.9, windows: [1s, 1h], components: [beat]}
service:
  extensions: [health_slo]
  pipelines:
    metrics/gives_up: {receivers: [beat], exporters: [otlp_grpc/gives_up]}
    metrics/retries: {receivers: [beat], exporters: [otlp_grpc/retries]}
  telemetry:
    metrics:
      readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: PROMETHEUS_PORT}}}}]
`

// requireDeadBackend is what both exporters show within a window of the backend's death.
func requireDeadBackend(t *testing.T, c *collector) {
	t.Helper()
	c.eventually(t, "tracecore_exporter_failure_rate exporter=otlp_grpc/gives_up", 1)
	c.eventually(t, "tracecore_exporter_stalled exporter=otlp_grpc/retries", 1)
	c.eventually(t, "tracecore_queue_depth_ratio exporter=otlp_grpc/retries", 1)
	c.eventually(t, "tracecore_exporter_failure_rate exporter=otlp_grpc/retries", 1)
	got := c.values(t, "exporter", "objective", "window")
	require.Zero(t, got["tracecore_exporter_stalled exporter=otlp_grpc/gives_up"])
	require.NotContains(t, got, "tracecore_queue_depth_ratio exporter=otlp_grpc/gives_up", "it has no queue")
	require.InDelta(t, 10, got["tracecore_slo_burn_rate objective=export window=1s"], 1e-9)
	require.Positive(t, got["tracecore_slo_burn_rate objective=export window=1h"])
	require.Less(t, got["tracecore_slo_burn_rate objective=export window=1h"], 1.0, "little of the hour has been")
	require.InDelta(t, 1-got["tracecore_slo_burn_rate objective=export window=1h"], got["tracecore_slo_error_budget_remaining objective=export"], 1e-9)
	require.Positive(t, got["tracecore_slo_burn_rate objective=headroom window=1s"])
	require.Contains(t, got, "tracecore_slo_burn_rate objective=fresh window=1s")
}

// The guard of the telemetry factory: upstream's families and ours on one endpoint.
func TestFamiliesSideBySide(t *testing.T) {
	c := start(t, telemetry.NewFactory(), config)
	requireDeadBackend(t, c)
	got := slices.Sorted(maps.Keys(c.values(t)))
	for _, name := range []string{
		"otelcol_exporter_queue_size", "otelcol_exporter_send_failed_metric_points", "otelcol_process_uptime", "target_info",
		"tracecore_build_info", "tracecore_component_healthy", "tracecore_component_restart_count_per_hour", "tracecore_exporter_failure_rate",
		"tracecore_exporter_stalled", "tracecore_gpu_status", "tracecore_gpu_up", "tracecore_queue_depth_ratio", "tracecore_receiver_degraded_seconds_total",
		"tracecore_receiver_errors_total", "tracecore_receiver_last_activity_unix_seconds", "tracecore_slo_bad_passes", "tracecore_slo_burn_rate",
		"tracecore_slo_error_budget_remaining", "tracecore_slo_good_ratio", "tracecore_slo_target",
	} {
		require.Contains(t, got, name)
	}
	require.Zero(t, c.logs.FilterMessageSnippet("telemetry factory").Len())
	c.eventually(t, "tracecore_component_healthy component_kind=exporter component_id=otlp_grpc/retries", 1)
}

// Prometheus 3 asks for names with dots and gets them, unless it is configured not to.
func TestNamesFollowTheAcceptHeader(t *testing.T) {
	c := start(t, telemetry.NewFactory(), config)
	c.eventually(t, "tracecore_exporter_stalled exporter=otlp_grpc/gives_up", 0)
	_, body := get(t, "http://"+c.prometheus+"/metrics", "text/plain;version=1.0.0;escaping=allow-utf-8")
	require.Contains(t, body, `{"tracecore.exporter.failure_rate",`)
	_, body = get(t, "http://"+c.prometheus+"/metrics", "text/plain;version=1.0.0;escaping=underscores")
	require.Contains(t, body, "\ntracecore_exporter_failure_rate{")
	require.NotContains(t, body, "tracecore.exporter")
}

func TestLevelNoneKeepsHealthAndSLO(t *testing.T) {
	c := start(t, telemetry.NewFactory(), strings.Replace(config, "    metrics:\n      readers:", "    metrics:\n      level: none\n      readers:", 1))
	_, err := net.Dial("tcp", c.prometheus)
	require.ErrorContains(t, err, "connection refused")
	status, _ := get(t, "http://"+c.http+"/readyz", "")
	require.Equal(t, http.StatusOK, status)
	require.Eventually(t, func() bool {
		status, body := get(t, "http://"+c.http+"/metrics", "text/plain;version=1.0.0;escaping=allow-utf-8")
		return status == http.StatusOK && parse(t, body, "exporter")["tracecore_exporter_failure_rate exporter=otlp_grpc/gives_up"] == 1
	}, patience, 50*time.Millisecond)
}

func TestStockCollectorWarnsOnceAndLeavesTheGaugesOut(t *testing.T) {
	c := start(t, otelconftelemetry.NewFactory(), config)
	c.eventually(t, "tracecore_component_healthy component_kind=exporter component_id=otlp_grpc/retries", 1)
	time.Sleep(500 * time.Millisecond) // several passes
	got := c.values(t, "objective")
	require.NotContains(t, got, "tracecore_exporter_failure_rate")
	require.NotContains(t, got, "tracecore_exporter_stalled")
	require.NotContains(t, got, "tracecore_queue_depth_ratio")
	require.NotContains(t, got, "tracecore_slo_target objective=export")
	require.Contains(t, got, "tracecore_slo_target objective=ready")
	require.Contains(t, got, "tracecore_build_info")
	require.Equal(t, 1, c.logs.FilterMessageSnippet("telemetry factory").FilterLevelExact(zapcore.WarnLevel).Len())
}

func TestStockCollectorScrapesItself(t *testing.T) {
	c := start(t, otelconftelemetry.NewFactory(), withScrape("http://127.0.0.1:PROMETHEUS_PORT/metrics"))
	requireDeadBackend(t, c)
	require.Zero(t, c.logs.FilterMessageSnippet("telemetry factory").Len())
}

func withScrape(endpoint string) string {
	return strings.Replace(config, "    window: 1s\n", "    window: 1s\n    scrape_endpoint: "+endpoint+"\n", 1)
}

func TestScrapeEndpointThatIsDownIsReportedOnce(t *testing.T) {
	c := start(t, otelconftelemetry.NewFactory(), withScrape("http://BACKEND/metrics"))
	c.eventually(t, "tracecore_component_healthy component_kind=exporter component_id=otlp_grpc/retries", 1)
	time.Sleep(500 * time.Millisecond) // several passes
	logged := c.logs.FilterMessageSnippet("Cannot read the Collector's own metrics").All()
	require.Len(t, logged, 1)
	require.Contains(t, logged[0].ContextMap()["error"], "connection refused")
	require.NotContains(t, c.values(t), "tracecore_exporter_failure_rate")
}

func TestReloadsCountAsRestarts(t *testing.T) {
	c := start(t, telemetry.NewFactory(), config)
	const series = "tracecore_component_restart_count_per_hour component_kind=receiver component_id=beat"
	c.eventually(t, "tracecore_component_healthy component_kind=receiver component_id=beat", 1)
	before := c.values(t, "component_kind", "component_id")[series]
	c.reload(t)
	c.eventually(t, series, before+1)
	c.change(t, strings.Replace(config, "  pipelines:\n", "  pipelines:\n    metrics/third: {receivers: [beat], exporters: [otlp_grpc/retries]}\n", 1))
	c.reload(t)
	c.eventually(t, series, before+2)
	c.change(t, config)
	c.reload(t)
	c.eventually(t, series, before+3)
}

func TestViewsThatDropExporterMetricsAreSuspected(t *testing.T) {
	c := start(t, telemetry.NewFactory(), strings.Replace(config, "    metrics:\n      readers:",
		"    metrics:\n      level: detailed\n      views: [{selector: {instrument_name: 'otelcol_exporter_*'}, stream: {aggregation: {drop: {}}}}]\n      readers:", 1))
	require.Eventually(t, func() bool {
		return c.logs.FilterMessageSnippet("service::telemetry::metrics::views may drop").Len() == 1
	}, patience, 50*time.Millisecond)
	require.NotContains(t, c.values(t), "tracecore_exporter_failure_rate")
}

// A receiver whose data is refused has no success, however often it tries.
func TestReceiverThatIsRefusedIsNotFresh(t *testing.T) {
	c := start(t, telemetry.NewFactory(), strings.Replace(config, "components: [beat]}", "components: [beat], max_age: 1s}", 1))
	require.Eventually(t, func() bool {
		return c.values(t, "objective", "window")["tracecore_slo_burn_rate objective=fresh window=1s"] > 9.9
	}, patience, 50*time.Millisecond)
}
