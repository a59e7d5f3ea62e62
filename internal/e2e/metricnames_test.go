// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

// everything serves all metrics of all components. Its arguments are the kernel log, the metrics of dcgm, the jobs, the page, a backend
// that is not there, the page of health_slo, the port of the Collector's own metrics, and the kubelet's socket.
const everything = `
receivers:
  clock: {collection_interval: 1s}
  kernel_events/absent: {path: /there/is/no/log}
  kernel_events: {path: %[1]q, start_at: boot, collection_interval: 1s, rate_limit: {burst: 5, events_per_second: 1}}
  dcgm: {collection_interval: 1s, metrics: {%[2]s}}
processors:
  gpu_attribution: {jobs: {directory: %[3]q}}
  gpu_attribution/pods: {kubernetes: {socket: %[8]q, poll_interval: 1s, timeout: 1s}}
exporters:
  prometheus: {endpoint: %[4]q, without_scope_info: true}
  otlp_http/backend: {endpoint: "http://%[5]s"}
  stdout:
extensions:
  health_slo:
    http: {endpoint: %[6]q}
    sample_interval: 500ms
    objectives:
      - {name: export, indicator: exporter_success_ratio, target: 0.99, windows: [1h, 6h]}
service:
  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %[7]s}}}}]}}
  extensions: [health_slo]
  pipelines:
    metrics: {receivers: [clock, dcgm, kernel_events], processors: [gpu_attribution], exporters: [prometheus, otlp_http/backend, stdout]}
    metrics/pods: {receivers: [dcgm], processors: [gpu_attribution/pods], exporters: [stdout]}
    logs: {receivers: [dcgm, kernel_events, kernel_events/absent], processors: [gpu_attribution], exporters: [stdout]}
`

// notOnEveryNode are series that need a kernel with a TAI offset, PTP hardware, or a Collector whose instruments cannot be made.
var notOnEveryNode = []string{"clock_tai_offset_seconds", "clock_phc_offset_seconds", "tracecore_selftelemetry_init_errors_total"}

const examplesTable = root + "/internal/tools/docgen/examples/collector.tsv"

const examplesHeader = `# One series of each metric that the DCGM receiver's examples do not have, as the node agent served it: written by "go test -run ExamplesAndNames -update" in internal/e2e.
metric	attributes	value	node
`

func TestExamplesAndNamesOfTheDocumentationAreServed(t *testing.T) {
	if strings.HasSuffix(binary, "-static") {
		t.Skip("the static flavour has no DCGM")
	}
	documented := documentedSeries(t)
	families := servedMetrics(t)
	examples := map[string]string{}
	for name, family := range families {
		if !ofThisProject.MatchString(name) || slices.Contains(notOnEveryNode, name) {
			continue
		}
		require.Equal(t, documented[name], family.GetType().String(), "type of %s in docs/metrics", name)
		if !ofDCGM(t, name) {
			examples[name] = exampleOf(family)
		}
	}
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		lines.WriteString(name + "\t" + examples[name] + "\tthe node agent\n")
	}
	if *update {
		require.NoError(t, os.WriteFile(examplesTable, []byte(examplesHeader+lines.String()), 0o644)) //nolint:gosec // A file of the repository.
	}
	recorded, err := os.ReadFile(examplesTable)
	require.NoError(t, err)
	require.Equal(t, labelsAlone(string(recorded)), labelsAlone(examplesHeader+lines.String()), "go test -run ExamplesAndNames -update")
}

// ofThisProject are the names of metrics that docs/metrics lists.
var ofThisProject = regexp.MustCompile("^(clock|dcgm|gpu|hw|kernel|tracecore)_")

// documentedSeries are the types of the series that docs/metrics names, as a page has them.
func documentedSeries(t *testing.T) map[string]string {
	t.Helper()
	types := map[string]string{"counter": "COUNTER", "gauge": "GAUGE", "up-down counter": "GAUGE", "histogram": "HISTOGRAM"}
	row := regexp.MustCompile("(?m)^\\| `[a-z0-9._]+` \\| `([a-z0-9_]+)` \\| ([a-z-]+(?: counter)?) \\|")
	pages, err := filepath.Glob(root + "/docs/metrics/*.md")
	require.NoError(t, err)
	series := map[string]string{}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, match := range row.FindAllStringSubmatch(string(text), -1) {
			series[match[1]] = types[match[2]]
		}
	}
	require.Greater(t, len(series), 100)
	return series
}

// servedMetrics are the families of both pages of a node with a job, a sick GPU and kernel events.
func servedMetrics(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	log := &kernelLog{path: filepath.Join(t.TempDir(), "kmsg")}
	log.write(t, "Linux version 6.8.0", kernelXID(79))
	for range 10 {
		log.write(t, "mlx5_core 0000:5e:00.0 ibs2f0: Link down")
	}
	jobs, sockets := t.TempDir(), socketDir(t)
	require.NoError(t, os.WriteFile(filepath.Join(jobs, "0"), []byte("4711\n"), 0o600))
	n := &node{prom: freeAddress(t), health: freeAddress(t), control: controlFile(t)}
	self, kubelet, socket := freeAddress(t), &fakeKubelet{}, filepath.Join(sockets, "kubelet.sock")
	stop := kubelet.serve(t, socket)
	n.collector = command("--config", configFile(t, everything, log.path, everyMetric(t), jobs, n.prom, freeAddress(t), n.health, port(self), socket))
	n.Stdout = &n.out
	n.Env = simulation(t, "h100x8", n.control)
	n.begin(t)
	n.send(t, "row_remap gpu=2 type=uncorrected count=1 pending")
	wait := func(name string) {
		eventually(t, func() bool { return familiesOf(t, self)[name] != nil }, "no %s", name)
	}
	wait("tracecore_gpu_attribution_source_age_seconds")
	stop()
	wait("tracecore_gpu_attribution_errors_total")
	kubelet.serve(t, socket)
	families := map[string]*dto.MetricFamily{}
	for name := range documentedSeries(t) {
		if ofDCGM(t, name) || slices.Contains(notOnEveryNode, name) {
			continue
		}
		eventually(t, func() bool {
			maps.Copy(families, familiesOf(t, n.prom))
			maps.Copy(families, familiesOf(t, self))
			return families[name] != nil
		}, "docs/metrics has %s, and no page", name)
	}
	n.stop(t)
	return families
}

// metricsOfDCGM are the names of the receiver's metrics.
func metricsOfDCGM(t *testing.T) []string {
	t.Helper()
	var metadata struct{ Metrics map[string]any }
	readYAML(t, root+"/receiver/dcgmreceiver/metadata.yaml", &metadata)
	return slices.Sorted(maps.Keys(metadata.Metrics))
}

func everyMetric(t *testing.T) string {
	t.Helper()
	return strings.Join(metricsOfDCGM(t), ": {enabled: true}, ") + ": {enabled: true}"
}

// ofDCGM reports whether the receiver's own test writes the example, which it does of nodes of many kinds.
func ofDCGM(t *testing.T, series string) bool {
	t.Helper()
	return !strings.HasPrefix(series, "dcgm_") && slices.ContainsFunc(metricsOfDCGM(t), func(metric string) bool {
		return strings.HasPrefix(series, strings.ReplaceAll(metric, ".", "_"))
	})
}

func familiesOf(t *testing.T, address string) map[string]*dto.MetricFamily {
	t.Helper()
	status, body := get(address, "/metrics")
	if status != 200 {
		return nil
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	require.NoError(t, err)
	return families
}

// exampleOf is the first series that is not 0, if there is one.
func exampleOf(family *dto.MetricFamily) string {
	var example string
	for _, m := range family.GetMetric() {
		value := m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		if example == "" || strings.HasSuffix(example, "\t0") && value != 0 {
			example = ownLabels(m) + "\t" + strconv.FormatFloat(value, 'g', -1, 64)
		}
	}
	return example
}

// ownLabels leaves out what many series have.
func ownLabels(m *dto.Metric) string {
	var pairs []string
	for _, label := range m.GetLabel() {
		if !slices.Contains([]string{"hw_name", "hw_model", "hw_vendor", "host_id", "host_name", "job", "instance", "tracecore_simulated"}, label.GetName()) && !strings.HasPrefix(label.GetName(), "otel_scope_") {
			pairs = append(pairs, label.GetName()+"="+label.GetValue())
		}
	}
	return strings.Join(pairs, ",")
}

// labelsAlone keeps of a table the names of metrics and of labels.
func labelsAlone(table string) string {
	var kept strings.Builder
	for line := range strings.Lines(table) {
		metric, rest, _ := strings.Cut(line, "\t")
		labels, _, _ := strings.Cut(rest, "\t")
		fmt.Fprintln(&kept, metric, regexp.MustCompile(`=[^,]*`).ReplaceAllString(labels, ""))
	}
	return kept.String()
}
