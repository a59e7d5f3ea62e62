// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const simulator = root + "/internal/dcgmsim"

// gpus collects GPUs every 200 ms for a Prometheus page; its arguments are the endpoints of
// health and page, and more settings of the receiver.
const gpus = `
receivers: {dcgm: {collection_interval: 200ms, initial_delay: 0s, %[3]s}}
exporters: {prometheus: {endpoint: %[2]s, metric_expiration: 1s}, stdout: }
extensions: {health_slo: {http: {endpoint: %[1]s}}}
service:
  telemetry: {metrics: {level: none}}
  extensions: [health_slo]
  pipelines: {metrics: {receivers: [dcgm], exporters: [prometheus, stdout]}}
`

// node is a Collector on a simulated node.
type node struct {
	*collector
	health, prom, control string
}

// simulation returns the environment of a process that finds a simulated node.
func simulation(t *testing.T, scenario, control string) []string {
	t.Helper()
	library, err := filepath.Abs(root + "/bin/sim")
	require.NoError(t, err)
	path := scenario
	if !strings.Contains(scenario, "/") {
		path, err = filepath.Abs(simulator + "/scenarios/" + scenario + ".scenario")
		require.NoError(t, err)
	}
	return append(os.Environ(), "LD_LIBRARY_PATH="+library, "DCGMSIM_SCENARIO="+path, "DCGMSIM_CONTROL="+control)
}

func controlFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "control")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	return path
}

func startSimulated(t *testing.T, scenario string, args ...string) *collector {
	t.Helper()
	c := command(args...)
	c.Stdout = &c.out
	c.Env = simulation(t, scenario, controlFile(t))
	c.launch(t)
	return c
}

// startNode runs the Collector in an environment that change may still alter.
func startNode(t *testing.T, scenario, settings string, change func(env []string) []string) *node {
	t.Helper()
	n := newNode(t, scenario, settings)
	if change != nil {
		n.Env = change(n.Env)
	}
	n.begin(t)
	return n
}

// newNode returns a node that does not run yet.
func newNode(t *testing.T, scenario, settings string) *node {
	t.Helper()
	if strings.HasSuffix(binary, "-static") {
		t.Skip("the static flavour has no DCGM")
	}
	n := &node{health: freeAddress(t), prom: freeAddress(t), control: controlFile(t)}
	n.collector = command("--config", configFile(t, gpus, n.health, n.prom, settings))
	n.Stdout = &n.out
	n.Env = simulation(t, scenario, n.control)
	return n
}

func (n *node) begin(t *testing.T) {
	t.Helper()
	n.launch(t)
	waitStatus(t, n.health, "/readyz", 200)
}

// send makes events happen on the simulated node.
func (n *node) send(t *testing.T, lines ...string) {
	t.Helper()
	sendControl(t, n.control, lines...)
}

func sendControl(t *testing.T, control string, lines ...string) {
	t.Helper()
	f, err := os.OpenFile(control, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(strings.Join(lines, "\n") + "\n")
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// series returns every series of a metric on the page, by the value of one label.
func (n *node) series(t *testing.T, metric, label string) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	status, body := get(n.prom, "/metrics")
	require.Equal(t, 200, status)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	require.NoError(t, err)
	for _, m := range families[metric].GetMetric() {
		out[labelValue(m, label)] = m.GetGauge().GetValue() + m.GetCounter().GetValue() + m.GetUntyped().GetValue()
	}
	return out
}

func labelValue(m *dto.Metric, name string) string {
	for _, label := range m.GetLabel() {
		if label.GetName() == name {
			return label.GetValue()
		}
	}
	return ""
}

func (n *node) waitFor(t *testing.T, metric, label, value string, want float64) {
	t.Helper()
	eventually(t, func() bool {
		got, exists := n.series(t, metric, label)[value]
		return exists && got == want
	}, "%s{%s=%q} never is %v", metric, label, value, want)
}

// requireAllSimulated requires the mark of the simulation on every series of DCGM.
func requireAllSimulated(t *testing.T, page string) {
	t.Helper()
	for line := range strings.SplitSeq(page, "\n") {
		if strings.HasPrefix(line, "gpu_") || strings.HasPrefix(line, "hw_") || strings.HasPrefix(line, "dcgm_") {
			require.Contains(t, line, `tracecore_simulated="true"`)
		}
	}
}

func TestOneLostGPUAffectsNoOther(t *testing.T) {
	n := startNode(t, "h100x8", "", nil)
	n.waitFor(t, "gpu_up", "hw_name", "nvidia3", 1)
	require.Len(t, n.series(t, "hw_power_watts", "hw_name"), 8)

	n.send(t, "gpu_lost gpu=3")
	n.waitFor(t, "gpu_up", "hw_name", "nvidia3", 0)
	eventually(t, func() bool { return len(n.series(t, "hw_power_watts", "hw_name")) == 7 }, "the lost GPU's power stays")
	require.InDelta(t, 1, n.series(t, "dcgm_up", "")[""], 0)
	requireStatus(t, n.health, "/healthz", 200)
	requireStatus(t, n.health, "/readyz", 200)

	n.send(t, "gpu_restored gpu=3")
	eventually(t, func() bool { return len(n.series(t, "hw_power_watts", "hw_name")) == 8 }, "the GPU never comes back")
	n.stop(t)
}

func TestHostEngineRestartIsSurvived(t *testing.T) {
	n := startNode(t, "h100x8", "", nil)
	n.waitFor(t, "dcgm_up", "", "", 1)
	eventually(t, func() bool { return n.series(t, "hw_energy_joules_total", "hw_name")["nvidia0"] > 0 }, "no energy")
	before := n.series(t, "hw_energy_joules_total", "hw_name")["nvidia0"]

	n.send(t, "engine_dies for 2s")
	n.waitFor(t, "dcgm_up", "", "", 0)
	requireStatus(t, n.health, "/healthz", 200)
	requireStatus(t, n.health, "/readyz", 200)
	n.waitFor(t, "dcgm_up", "", "", 1)
	eventually(t, func() bool { return n.series(t, "hw_energy_joules_total", "hw_name")["nvidia0"] >= before }, "energy does not go on")
	n.waitFor(t, "dcgm_reconnects_total", "", "", 1)
	n.stop(t)
}

func TestHungDriverDoesNotKeepTheCollectorFromStopping(t *testing.T) {
	n := startNode(t, "h100x8", "timeout: 1s", nil)
	n.waitFor(t, "dcgm_up", "", "", 1)
	n.send(t, "hang 300s")
	n.waitFor(t, "dcgm_up", "", "", 0)
	requireStatus(t, n.health, "/healthz", 200)
	asked := time.Now()
	n.stop(t)
	require.Less(t, time.Since(asked), 15*time.Second)
}

func TestReloadFreesWhatTheHostEngineHolds(t *testing.T) {
	n := startNode(t, "h100x8", "", nil)
	n.send(t, "group_limit 3") // Two are in use by one run; two runs do not fit.
	for range 3 {
		n.waitFor(t, "dcgm_up", "", "", 1)
		before := n.runs()
		n.signal(t, syscall.SIGHUP)
		eventually(t, func() bool { return n.runs() > before }, "no reload")
	}
	n.waitFor(t, "dcgm_up", "", "", 1)
	n.stop(t)
}

func TestStatusPageShowsTheGPUs(t *testing.T) {
	n := startNode(t, "h100x8", "", nil)
	eventually(t, func() bool { return len(statusPage(t, n.health).Node.GPUs) == 8 }, "eight GPUs are never on the page")
	for _, fault := range []struct{ event, sentence string }{
		{"gpu_lost gpu=3", "Simulated GPU nvidia3 is unfit: lost (RESTART_BM)."},
		{"row_remap gpu=4 failed", "Simulated GPU nvidia4 is unfit: row remap failed (RESET_GPU)."},
		{"recovery gpu=5 action=gpu_reset", "Simulated GPU nvidia5 is unfit: recovery action GPU reset (RESET_GPU)."},
		{"ecc gpu=6 type=dbe", "Simulated GPU nvidia6 is unfit: uncorrected ECC errors since the last reset (DRAIN_AND_RESET)."},
		{"throttle gpu=7 reason=hw_slowdown,hw_thermal", "Simulated GPU nvidia7 is degraded: hardware thermal slowdown (CHECK_COOLING)."},
	} {
		n.send(t, fault.event)
		eventually(t, func() bool {
			return slices.Contains(statusPage(t, n.health).Attention, fault.sentence)
		}, "the page never says: %s", fault.sentence)
	}
	require.Len(t, statusPage(t, n.health).Attention, 5)
	n.stop(t)
}

func TestEmbeddedModeNeedsNoEndpoint(t *testing.T) {
	n := startNode(t, "l4x1", "mode: embedded", nil)
	n.waitFor(t, "gpu_up", "hw_name", "nvidia0", 1)
	n.stop(t)
}

// libdcgm moves an embedding process to DCGM_HOME_DIR. The configuration is read again at a reload.
func TestEmbeddedModeFindsARelativeConfigurationAtAReload(t *testing.T) {
	n := newNode(t, "l4x1", "mode: embedded")
	config := n.Args[len(n.Args)-1]
	n.Dir, n.Args[len(n.Args)-1] = filepath.Dir(config), filepath.Base(config)
	n.Env = append(n.Env, "DCGM_HOME_DIR="+t.TempDir())
	n.begin(t)
	n.waitFor(t, "gpu_up", "hw_name", "nvidia0", 1)
	before := n.runs()
	n.signal(t, syscall.SIGHUP)
	eventually(t, func() bool { return n.runs() > before }, "no reload")
	n.waitFor(t, "gpu_up", "hw_name", "nvidia0", 1)
	n.stop(t)
}

// dcgmMetrics are the names of all metrics of the receiver, in the order of their file.
func dcgmMetrics(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(root + "/receiver/dcgmreceiver/metadata.yaml")
	require.NoError(t, err)
	var file struct {
		Metrics map[string]any `yaml:"metrics"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	return slices.Sorted(maps.Keys(file.Metrics))
}

func TestEveryMetricCanBeEnabledAtOnce(t *testing.T) {
	var all strings.Builder
	for _, name := range dcgmMetrics(t) {
		fmt.Fprintf(&all, "%s: {enabled: true}, ", name)
	}
	settings := "metrics: {" + all.String() + "}"
	validate := command("validate", "--config", configFile(t, gpus, freeAddress(t), freeAddress(t), settings))
	require.NoError(t, validate.Run(), validate.err.String())

	n := startNode(t, "h100x8", settings, nil)
	n.waitFor(t, "gpu_up", "hw_name", "nvidia7", 1)
	n.waitFor(t, "dcgm_fields_refused", "", "", 0)
	for _, metric := range []string{"hw_power_watts", "gpu_cycles_total", "gpu_ecc_location_errors_total"} {
		eventually(t, func() bool { return len(n.series(t, metric, "hw_id")) == 8 }, "no %s", metric)
	}
	n.stop(t)
	for _, complaint := range []string{"refuses", "degraded", "take back"} {
		require.NotContains(t, n.err.String(), complaint)
	}
}

func TestStaticBuildSaysThatItHasNoDCGM(t *testing.T) {
	if !strings.HasSuffix(binary, "-static") {
		t.Skip("this flavour has DCGM")
	}
	health, prom := freeAddress(t), freeAddress(t)
	c := start(t, "--config", configFile(t, gpus, health, prom, ""))
	waitStatus(t, health, "/healthz", 200)
	waitStatus(t, health, "/readyz", 200)
	eventually(t, func() bool { return strings.Contains(c.err.String(), "this build has no DCGM support") }, "not said")
	eventually(t, func() bool { return strings.Contains(c.out.String(), `"dcgm.up"`) }, "no dcgm.up")
	waitVerdict(t, health, "", 503, "unknown: receiver dcgm: recoverable error: this build has no DCGM support")
	c.stop(t)

	c = start(t, "--config", configFile(t, gpus, health, prom, "when_unavailable: not_ready"))
	waitStatus(t, health, "/readyz", 503)
	eventually(t, func() bool {
		_, body := get(health, "/readyz")
		return strings.Count(body, "this build has no DCGM support") == 1
	}, "/readyz does not name it once")
	requireStatus(t, health, "/healthz", 200)
	c.stop(t)
}
