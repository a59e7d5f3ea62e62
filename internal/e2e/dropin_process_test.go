// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

// forBoth runs a test on the stock Collector, which shows that the test is right, and on the
// binary under test.
func forBoth(t *testing.T, test func(t *testing.T, path string)) {
	t.Helper()
	for name, path := range map[string]string{"stock": stock(t), "own": binary} {
		t.Run(name, func(t *testing.T) { test(t, path) })
	}
}

// busy has what most users have: OTLP in, a limiter and a batch, something that fails; its
// arguments are the endpoint of OTLP and the port of its own metrics, and the level of those.
const busy = `
receivers: {otlp: {protocols: {http: {endpoint: %s}}}}
processors: {memory_limiter: {check_interval: 1s, limit_mib: 500}, batch: {timeout: 50ms}}
exporters: {debug: , otlp_http: {endpoint: "http://127.0.0.1:9", retry_on_failure: {initial_interval: 100ms, max_interval: 100ms}}}
service:
  pipelines: {logs: {receivers: [otlp], processors: [memory_limiter, batch], exporters: [debug, otlp_http]}}
  telemetry: {metrics: {level: %[3]s, readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %[2]s, without_type_suffix: true, without_units: true, without_scope_info: true}}}}]}}
`

// A dashboard or an alert on the Collector's own metrics finds the same families with the
// same labels.
func TestDropInSelfMetrics(t *testing.T) {
	stock(t)
	for _, level := range []string{"basic", "normal", "detailed"} {
		t.Run(level, func(t *testing.T) {
			theirs, own := selfMetrics(t, stock(t), level), selfMetrics(t, binary, level)
			maps.DeleteFunc(own, func(name string, _ []string) bool { return strings.HasPrefix(name, "tracecore_") })
			require.Greater(t, len(theirs), 10)
			require.Equal(t, theirs, own)
		})
	}
}

// selfMetrics returns the label names of every family, and its type, once there is traffic.
func selfMetrics(t *testing.T, path, level string) map[string][]string {
	t.Helper()
	otlp, self := freeAddress(t), freeAddress(t)
	c := startOf(t, path, nil, "--config", configFile(t, busy, otlp, port(self), level))
	eventually(t, func() bool { return sendLog(otlp, "record") }, "nothing is accepted")
	// What comes last: the exporter that works has sent, and the other one has queued.
	eventually(t, func() bool {
		_, body := get(self, "/metrics")
		return strings.Contains(body, "otelcol_exporter_sent_log_records") && strings.Contains(body, "otelcol_process_uptime")
	}, "no metrics of a record that was sent")
	_, body := get(self, "/metrics")
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	require.NoError(t, err)
	c.signal(t, syscall.SIGKILL) // What it holds for the closed port is of no interest.
	shapes := map[string][]string{}
	for name, family := range families {
		labels := map[string]bool{"type " + family.GetType().String(): true}
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				labels[label.GetName()] = true
			}
		}
		shapes[name] = slices.Sorted(maps.Keys(labels))
	}
	return shapes
}

// quiet does nothing; its argument is the encoding of the logs.
const quiet = `
receivers: {nop: }
exporters: {nop: }
service: {pipelines: {logs: {receivers: [nop], exporters: [nop]}}, telemetry: {logs: {encoding: %s}, metrics: {level: none}}}
`

// What greps the Collector's log, or parses it, finds the same lines on stderr.
func TestDropInLogs(t *testing.T) {
	stock(t)
	for encoding, line := range map[string]*regexp.Regexp{
		"console": regexp.MustCompile(`(?m)^\S+\t(\w+)\t\S+\t(.+?)(?:\t\{|$)`),
		"json":    regexp.MustCompile(`(?m)^\{"level":"(\w+)".*?"msg":"(.*?)"`),
	} {
		logs := func(path string) (lines []string, text string) {
			c := startOf(t, path, nil, "--config", configFile(t, quiet, encoding))
			c.stop(t)
			require.Empty(t, c.out.String(), "on stdout")
			for _, match := range line.FindAllStringSubmatch(c.err.String(), -1) {
				lines = append(lines, match[1]+" "+strings.ReplaceAll(match[2], "otelcol-tracecore", "otelcol-stock"))
			}
			require.Len(t, lines, strings.Count(c.err.String(), "\n"), c.err.String())
			return lines, c.err.String()
		}
		theirs, _ := logs(stock(t))
		own, text := logs(binary)
		require.Contains(t, own, "info Everything is ready. Begin running and processing data.")
		require.Equal(t, theirs, own)
		if encoding == "json" {
			requireJSONLines(t, text)
		}
	}
}

func requireJSONLines(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		var entry map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &entry), line)
		for _, key := range []string{"level", "ts", "caller", "msg", "resource"} {
			require.Contains(t, entry, key, line)
		}
	}
}

func TestDropInSignals(t *testing.T) {
	forBoth(t, func(t *testing.T, path string) {
		t.Helper()
		for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
			c := startOf(t, path, nil, "--config", configFile(t, quiet, "console"))
			c.signal(t, sig)
			require.Zero(t, c.exitCode(t), sig.String())
		}

		config := configFile(t, quiet, "console")
		c := startOf(t, path, nil, "--config", config)
		c.signal(t, syscall.SIGHUP)
		eventually(t, func() bool { return c.runs() == 2 }, "no reload in the same process")
		require.NoError(t, os.WriteFile(config, []byte("receivers: [broken"), 0o600))
		c.signal(t, syscall.SIGHUP)
		require.Equal(t, 1, c.exitCode(t), "a reload of a broken file ends the process")
	})
}
