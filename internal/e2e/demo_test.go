// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const demo = root + "/distribution/otelcol-tracecore-node/config/demo.yaml"

// page is a Prometheus page: the value of the first series of every family that has one.
type page map[string]float64

func scrape(t *testing.T, address string) page {
	t.Helper()
	status, body := get(address, "/metrics")
	require.Equal(t, 200, status, body)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	require.NoError(t, err)
	out := page{}
	for name, family := range families {
		m := family.GetMetric()[0]
		out[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue() + m.GetUntyped().GetValue()
	}
	return out
}

// otlpMetrics decodes lines with the reader of any OTLP JSON consumer and returns the first
// data point of every metric, by name, the later line winning.
func otlpMetrics(t *testing.T, lines []string) map[string]pmetric.NumberDataPoint {
	t.Helper()
	out := map[string]pmetric.NumberDataPoint{}
	for _, line := range lines {
		md, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics([]byte(line))
		require.NoError(t, err, line)
		for _, rm := range md.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					out[m.Name()] = firstPoint(m)
				}
			}
		}
	}
	return out
}

func firstPoint(m pmetric.Metric) pmetric.NumberDataPoint {
	if m.Type() == pmetric.MetricTypeSum {
		return m.Sum().DataPoints().At(0)
	}
	return m.Gauge().DataPoints().At(0)
}

func TestDemoCollectsRealDataAndWritesItOut(t *testing.T) {
	health, prom, self := freeAddress(t), freeAddress(t), freeAddress(t)
	c := startSimulated(t, "h100x8", "--config", demo,
		"--set=extensions.health_slo.http.endpoint="+health,
		"--set=exporters.prometheus.endpoint="+prom,
		"--set=service.telemetry.metrics.readers=[{pull: {exporter: {prometheus: {host: 127.0.0.1, port: "+port(self)+"}}}}]")
	withGPUs := !strings.HasSuffix(binary, "-static")
	waitStatus(t, health, "/readyz", map[bool]int{true: 200, false: 503}[withGPUs])
	eventually(t, func() bool {
		return strings.Contains(c.out.String(), `"system.memory.usage"`) && strings.Count(c.out.String(), `"clock.ticks"`) >= 2
	}, "stdout never holds host metrics and two ticks")

	points := otlpMetrics(t, c.out.lines())
	now := float64(time.Now().Unix())
	require.InDelta(t, now, points["clock.time"].DoubleValue(), patience.Seconds())
	require.GreaterOrEqual(t, points["clock.ticks"].IntValue(), int64(2))
	require.GreaterOrEqual(t, points["clock.tick.lateness"].DoubleValue(), 0.0)
	require.InDelta(t, 0, points["clock.wall.step"].DoubleValue(), 1)
	// What the kernel of any Linux host gives.
	require.Contains(t, points, "clock.synchronized")
	require.InDelta(t, 8, points["clock.error.max"].DoubleValue(), 8)

	exported := scrape(t, prom)
	require.InDelta(t, now, exported["clock_time_seconds"], patience.Seconds())
	require.Contains(t, exported, "clock_synchronized")
	if withGPUs {
		require.InDelta(t, 1, exported["dcgm_up"], 0)
		require.Positive(t, exported["hw_power_watts"])
		_, body := get(prom, "/metrics")
		requireAllSimulated(t, body)
	}

	own := scrape(t, self)
	require.GreaterOrEqual(t, own["tracecore_receiver_emissions_total"], 2.0)
	require.GreaterOrEqual(t, own["tracecore_exporter_calls_total"], 1.0)
	require.GreaterOrEqual(t, own["otelcol_receiver_accepted_metric_points"], 2.0, "upstream's metrics stay beside ours")
	require.InDelta(t, 1, own["tracecore_build_info"], 0)
	_, body := get(self, "/metrics")
	require.Contains(t, body, `revision="`+builtRevision(t)+`"`)

	c.stop(t)
}

// What a newcomer types. The copy of the configuration only has other ports.
func TestMakeRunExplainsItselfAndKeepsStdoutForData(t *testing.T) {
	health, prom, self := freeAddress(t), freeAddress(t), freeAddress(t)
	content, err := os.ReadFile(demo)
	require.NoError(t, err)
	config := strings.Replace(string(content), "127.0.0.1:9464", prom, 1)
	config = strings.Replace(config, "  health_slo:\n", "  health_slo: {http: {endpoint: "+health+"}}\n", 1)
	config = strings.Replace(config, "service:\n", "service:\n  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: "+port(self)+"}}}}]}}\n", 1)

	c := &collector{Cmd: exec.Command("make", "-C", root, "--no-print-directory", "run", "DEMO="+configFile(t, "%s", config)), exited: make(chan struct{})}
	c.Stdout, c.Stderr = &c.out, &c.err
	c.Env = withoutMake(os.Environ())
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as a terminal does, for Ctrl-C
	c.launch(t)
	waitStatus(t, health, "/readyz", 200)
	eventually(t, func() bool { return strings.Contains(c.out.String(), `"hw.power"`) }, "no GPU on stdout")
	fault, err := exec.Command("make", "-C", root, "--no-print-directory", "demo-fault", "FAULT=gpu-lost", "GPU=3").CombinedOutput()
	require.NoError(t, err, string(fault))
	lost := regexp.MustCompile(`"stringValue":"lost"}}[^}]*"asInt":"1"`) // of gpu.status
	eventually(t, func() bool { return lost.MatchString(c.out.String()) }, "GPU 3 is never lost")
	require.NoError(t, syscall.Kill(-c.Process.Pid, syscall.SIGINT))
	c.exitCode(t)

	require.NotEmpty(t, otlpMetrics(t, c.out.lines()))
	told := c.err.String()
	for _, line := range []string{
		"\nRunning bin/otelcol-tracecore-node with ",
		" and SIMULATED GPUs (scenario h100x8; ",
		"\nBreak a GPU: make demo-fault FAULT=gpu-lost GPU=3\n",
		"\nLook: http://localhost:13134/ in a browser ; curl localhost:13134/readyz ; curl 127.0.0.1:9464/metrics\n",
		"\nStop: Ctrl-C\n",
	} {
		require.Contains(t, "\n"+told, line)
	}
	require.Contains(t, told, "Shutdown complete.")
	status, _ := get(health, "/healthz")
	require.Zero(t, status, "the process is gone")
}

// withoutMake leaves out what a make tells its children.
func withoutMake(environ []string) []string {
	return slices.DeleteFunc(environ, func(variable string) bool {
		return strings.HasPrefix(variable, "MAKE") || strings.HasPrefix(variable, "MFLAGS")
	})
}

// builtRevision returns what --version says.
func builtRevision(t *testing.T) string {
	t.Helper()
	out, err := exec.Command(binary, "--version").Output()
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(out), "(revision ")
	require.True(t, found, string(out))
	revision, _, _ := strings.Cut(rest, ",")
	return revision
}

func TestVersionNamesWhatWasBuilt(t *testing.T) {
	out, err := exec.Command(binary, "--version").Output()
	require.NoError(t, err)
	require.Regexp(t, `^otelcol-tracecore(-node)? version `+otelcolVersion(t)+` \(revision (unknown|[0-9a-f]{40}(\+dirty)?), go1\.[0-9.]+, OpenTelemetry SDK 1\.[0-9.]+, Prometheus exporter 0\.[0-9.]+\)\n$`, string(out))
	head, err := exec.Command("git", "-C", root, "rev-parse", "HEAD").Output()
	if err == nil {
		require.Contains(t, string(out), strings.TrimSpace(string(head)))
	}
}

func TestShippedConfigsAreValid(t *testing.T) {
	for _, path := range shippedConfigs(t) {
		t.Run(path, func(t *testing.T) {
			out, err := exec.Command(binary, "validate", "--config", path).CombinedOutput()
			require.NoError(t, err, string(out))
			require.Empty(t, string(out))
		})
	}
}

func TestNoGPUAndNoLibdcgmIsNoError(t *testing.T) {
	health := freeAddress(t)
	c := command("--config", configFile(t, minimal, health))
	c.Stdout = &c.out
	c.Env = append(os.Environ(), "LD_LIBRARY_PATH=")
	c.launch(t)
	waitStatus(t, health, "/readyz", 200)
	c.stop(t)
	for line := range strings.SplitSeq(c.err.String(), "\n") {
		require.NotRegexp(t, `\t(warn|error)\t`, line)
	}
}
