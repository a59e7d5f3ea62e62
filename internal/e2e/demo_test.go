// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"encoding/json"
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

// itemMetrics returns the value of every metric that item lines hold, the later line winning.
func itemMetrics(t *testing.T, lines []string) map[string]float64 {
	t.Helper()
	values := map[string]float64{}
	for _, line := range lines {
		var item struct {
			Name  string
			Value float64
		}
		require.NoError(t, json.Unmarshal([]byte(line), &item), line)
		values[item.Name] = item.Value
	}
	return values
}

func TestDemoCollectsRealDataAndWritesItOut(t *testing.T) {
	health, prom, self := freeAddress(t), freeAddress(t), freeAddress(t)
	c := startSimulated(t, "h100x8", "--config", demo,
		"--set=extensions.health_slo.http.endpoint="+health,
		"--set=exporters.prometheus.endpoint="+prom,
		"--set=service.telemetry.metrics.readers=[{pull: {exporter: {prometheus: {host: 127.0.0.1, port: "+port(self)+"}}}}]")
	withGPUs := !strings.HasSuffix(binary, "-static")
	waitStatus(t, health, "/readyz", 200)
	eventually(t, func() bool {
		return strings.Contains(c.out.String(), `"system.memory.usage"`) && strings.Count(c.out.String(), `"clock.ticks"`) >= 2
	}, "stdout never holds host metrics and two ticks")

	values := itemMetrics(t, c.out.lines())
	now := float64(time.Now().Unix())
	require.InDelta(t, now, values["clock.time"], patience.Seconds())
	require.GreaterOrEqual(t, values["clock.ticks"], 2.0)
	require.GreaterOrEqual(t, values["clock.tick.lateness"], 0.0)
	require.InDelta(t, 0, values["clock.wall.step"], 1)
	// What the kernel of any Linux host gives.
	require.Contains(t, values, "clock.synchronized")
	require.InDelta(t, 8, values["clock.error.max"], 8)

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
	lost := regexp.MustCompile(`"gpu\.state":"lost"[^{]*"value":1,`)
	eventually(t, func() bool { return lost.MatchString(c.out.String()) }, "GPU 3 is never lost")
	require.NoError(t, syscall.Kill(-c.Process.Pid, syscall.SIGINT))
	c.exitCode(t)

	requireFiltersOfTheREADME(t, c.out.lines())
	stderr := c.err.String()
	for _, line := range []string{
		"\nRunning bin/otelcol-tracecore-node with ",
		" and SIMULATED GPUs (scenario h100x8; ",
		"\nBreak a GPU: make demo-fault FAULT=gpu-lost GPU=3\n",
		"\nLook: http://localhost:13134/ in a browser ; curl localhost:13134/readyz ; curl 127.0.0.1:9464/metrics\n",
		"\nStop: Ctrl-C\n",
	} {
		require.Contains(t, "\n"+stderr, line)
	}
	require.Contains(t, stderr, "Shutdown complete.")
	status, _ := get(health, "/healthz")
	require.Zero(t, status, "the process is gone")
}

// requireFiltersOfTheREADME runs each filter that the README shows over the lines, and requires that
// it finds something, has one value of each thing at a time, and is short enough to be typed.
func requireFiltersOfTheREADME(t *testing.T, lines []string) {
	t.Helper()
	jq, err := exec.LookPath("jq")
	if err != nil {
		t.Log("jq is not installed: the README's filters are not run")
		return
	}
	readme, err := os.ReadFile(root + "/README.md")
	require.NoError(t, err)
	filters := regexp.MustCompile(`(?m)^make run \| jq (-\w+) '(.+?)' `).FindAllStringSubmatch(string(readme), -1)
	require.Len(t, filters, 3)
	for _, filter := range filters {
		require.Less(t, len(filter[2]), 80)
		require.NotEmpty(t, filtered(t, jq, filter[1], filter[2], lines), filter[0])

		choice, _, _ := strings.Cut(filter[2], " | ")
		values := map[string]string{}
		for line := range strings.Lines(filtered(t, jq, "-r", choice+` | "\(.time) \(.attributes["hw.name"])=\(.value)"`, lines)) {
			of, value, _ := strings.Cut(line, "=")
			require.Equal(t, cmp.Or(values[of], value), value, "%s: %s", filter[0], of)
			values[of] = value
		}
	}
}

func filtered(t *testing.T, jq, option, filter string, lines []string) string {
	t.Helper()
	c := exec.Command(jq, option, filter)
	c.Stdin = strings.NewReader(strings.Join(lines, ""))
	out, err := c.CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

// withoutMake leaves out what a make hands to its children.
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
