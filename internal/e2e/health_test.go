// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// exporting sends ticks to one backend twice: once gives up at the first failure, patient
// retries. Its arguments are the endpoints of the backend and of health.
const exporting = `
receivers: {clock: {collection_interval: 50ms, initial_delay: 0s}}
exporters:
  otlp_http/once: {endpoint: "http://%[1]s", retry_on_failure: {enabled: false}}
  otlp_http/patient:
    endpoint: "http://%[1]s"
    retry_on_failure: {initial_interval: 100ms, max_interval: 200ms}
    sending_queue: {queue_size: 5, num_consumers: 1}
extensions:
  health_slo:
    http: {endpoint: %[2]s}
    window: 2s
    sample_interval: 200ms
    objectives:
      - {name: delivery, indicator: exporter_success_ratio, target: 0.99, windows: [1m]}
service:
  telemetry: {metrics: {level: none}}
  extensions: [health_slo]
  pipelines: {metrics: {receivers: [clock], exporters: [otlp_http/once, otlp_http/patient]}}
`

const (
	once    = `data_type="metrics",exporter="otlp_http/once"`
	patient = `data_type="metrics",exporter="otlp_http/patient"`
	clock   = `component_id="clock",component_kind="receiver"`
)

// backend accepts whatever it is sent at an address nobody listened on before.
func backend(t *testing.T, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	server := &http.Server{
		ReadHeaderTimeout: patience,
		Handler:           http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
	}
	go func() { _ = server.Serve(listener) }() // It ends with the test.
	t.Cleanup(func() { _ = server.Close() })   // Exporters may be connected.
}

func TestDeadBackendShowsAtOnceAndPassesWithinAWindow(t *testing.T) {
	dead, health := freeAddress(t), freeAddress(t)
	c := start(t, "--config", configFile(t, exporting, dead, health))
	waitStatus(t, health, "/readyz", 200)

	waitSeries(t, health, "tracecore_exporter_failure_rate", once, 1)
	waitSeries(t, health, "tracecore_queue_depth_ratio", patient, 1)
	waitSeries(t, health, "tracecore_exporter_stalled", patient, 1)
	waitSeries(t, health, "tracecore_exporter_failure_rate", patient, 1)
	waitSeries(t, health, "tracecore_component_healthy", clock, 0) // the full queue refuses its ticks
	requireStatus(t, health, "/readyz", 200)
	page := statusPage(t, health)
	require.Contains(t, page.Attention, "Exporter otlp_http/patient (metrics) is stalled: a request is in flight and nothing finished for 2 s.")
	require.Contains(t, page.Attention, "The queue of exporter otlp_http/patient (metrics) is 100 % full.")
	eventually(t, func() bool {
		return slices.Contains(statusPage(t, health).Attention, "The error budget of objective delivery is spent.")
	}, "the error budget lasts")

	backend(t, dead)
	waitSeries(t, health, "tracecore_exporter_failure_rate", once, 0)
	waitSeries(t, health, "tracecore_exporter_failure_rate", patient, 0)
	waitSeries(t, health, "tracecore_exporter_stalled", patient, 0)
	waitSeries(t, health, "tracecore_queue_depth_ratio", patient, 0)
	waitSeries(t, health, "tracecore_component_healthy", clock, 1)
	requireStatus(t, health, "/readyz", 200)
	c.stop(t)
}

// pageJSON is what these tests read of the status page.
type pageJSON struct {
	Status     string
	Collector  struct{ Phase string }
	Attention  []string
	Components []struct{ ID, Kind, Status, Error string }
	Node       nodeJSON
}

// nodeJSON is what these tests read of the verdict on a node.
type nodeJSON struct {
	Verdict, Action string
	Reasons         []string
	Since           time.Time
	GPUsPresent     int `json:"gpus_present"`
	GPUs            []struct {
		Name, Verdict, Action string
		Since                 time.Time
		Readings              readingsJSON
	}
}

// readingsJSON are what was read of a GPU. A value is nil where it is not known.
type readingsJSON struct {
	At              time.Time
	Temperature     *float64 `json:"temperature_celsius"`
	Power           *float64 `json:"power_watts"`
	Utilization     *float64 `json:"utilization_ratio"`
	MemoryUsed      *float64 `json:"memory_used_bytes"`
	MemoryTotal     *float64 `json:"memory_total_bytes"`
	ThrottleReasons []string `json:"throttle_reasons"`
	XIDs            []struct {
		Code, Count int
		Mnemonic    string
	}
	History []struct{ At time.Time }
}

func (r *readingsJSON) values() []*float64 {
	return []*float64{r.Temperature, r.Power, r.Utilization, r.MemoryUsed, r.MemoryTotal}
}

func statusPage(t *testing.T, address string) pageJSON {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Accept", "application/json")
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	var page pageJSON
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&page))
	require.NoError(t, resp.Body.Close())
	return page
}

func TestReloadsCountAsRestarts(t *testing.T) {
	health := freeAddress(t)
	c := start(t, "--config", configFile(t, minimal, health))
	waitStatus(t, health, "/readyz", 200)
	for reloads := range 3 {
		for _, component := range []string{clock, `component_id="stdout",component_kind="exporter"`, `component_id="health_slo",component_kind="extension"`} {
			waitSeries(t, health, "tracecore_component_restart_count_per_hour", component, float64(reloads))
		}
		c.signal(t, syscall.SIGHUP)
		// The old pipelines may answer for a moment yet.
		waitSeries(t, health, "tracecore_component_restart_count_per_hour", clock, float64(reloads+1))
	}
	c.stop(t)
}

func TestEverythingAnswersWhileDraining(t *testing.T) {
	health := freeAddress(t)
	c := start(t, "--config", configFile(t, minimal, health), "--set=extensions.health_slo.shutdown_delay=3s")
	waitStatus(t, health, "/readyz", 200)
	require.Equal(t, "ready", statusPage(t, health).Collector.Phase)

	c.signal(t, syscall.SIGTERM)
	waitStatus(t, health, "/readyz", 503)
	page := statusPage(t, health)
	require.Equal(t, "draining", page.Collector.Phase)
	require.Equal(t, "unavailable", page.Status)
	requireStatus(t, health, "/healthz", 200)
	requireStatus(t, health, "/metrics", 200)
	require.Zero(t, c.exitCode(t))
}

func TestFailedComponentIsOnThePage(t *testing.T) {
	health := freeAddress(t)
	c := command("--config", configFile(t, minimal, health))
	broken := brokenPipe(t)
	c.Stdout = broken
	c.launch(t)
	require.NoError(t, broken.Close())
	waitStatus(t, health, "/readyz", 503)
	eventually(t, func() bool {
		return len(statusPage(t, health).Attention) == 2
	}, "the page never shows both")
	attention := statusPage(t, health).Attention
	require.Contains(t, attention[0], "The exporter stdout has had a permanent error for ")
	require.Contains(t, attention[1], "The receiver clock has had a recoverable error for ", "the exporter refuses its ticks")
	for _, component := range statusPage(t, health).Components {
		switch component.ID {
		case "stdout":
			require.Equal(t, "permanent error", component.Status)
			require.Contains(t, component.Error, "broken pipe")
		case "clock":
			require.Equal(t, "recoverable error", component.Status)
		default:
			require.Equal(t, "ok", component.Status, component.ID)
		}
	}
	waitSeries(t, health, "tracecore_component_healthy", `component_id="stdout",component_kind="exporter"`, 0)
	waitSeries(t, health, "tracecore_component_healthy", clock, 0)
	c.stop(t)
}

// brokenPipe returns the writing end of a pipe nobody reads.
func brokenPipe(t *testing.T) *os.File {
	t.Helper()
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	return writer
}

func TestPageIsServedWithItsPolicy(t *testing.T) {
	health := freeAddress(t)
	start(t, "--config", configFile(t, minimal, health))
	waitStatus(t, health, "/readyz", 200)
	resp, err := (&http.Client{Timeout: 5 * time.Second}).Get("http://" + health + "/")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "text/html; charset=utf-8", resp.Header.Get("Content-Type"))
	require.Contains(t, resp.Header.Get("Content-Security-Policy"), "default-src 'none'")
}
