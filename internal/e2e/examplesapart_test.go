// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// The air-gapped agent connects to its gateway alone, and its archive has what the gateway has got.
func TestAirGappedAgentConnectsToItsGatewayAlone(t *testing.T) {
	e := readHead(t, examplesFolder+"agent-air-gapped.yaml")
	to, address := newFleetSink(t), lastingAddress(t)
	newSide(t, "gateway-otlp.yaml", "GATEWAY", "GATEWAY_GRPC="+address, "BACKEND="+to.URL).start(t)
	archive := t.TempDir() + "/deeper/archive.jsonl"
	x := try(t, e, []string{"GATEWAY=" + address, "AGENT_ARCHIVE=" + archive})
	requireEmits(t, e.OTLP, to.metrics)
	requireEmits(t, e.OTLP, func() []string { return metricsIn(t, archive) })
	remotes := connectedTo(t, x.collector)
	require.NotEmpty(t, remotes)
	for _, remote := range remotes {
		require.Equal(t, address, remote.String())
	}
	x.stop(t)
}

// metricsIn returns the names of all metrics in a file of the file exporter.
func metricsIn(t *testing.T, path string) (names []string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		return nil // not yet
	}
	for line := range strings.Lines(string(content)) {
		metrics, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics([]byte(line))
		if err != nil {
			continue // It is being written, or is of logs.
		}
		for _, resource := range metrics.ResourceMetrics().All() {
			for _, scope := range resource.ScopeMetrics().All() {
				for _, m := range scope.Metrics().All() {
					names = append(names, m.Name())
				}
			}
		}
	}
	return names
}

// vendor is an endpoint, and what it has got.
type vendor struct {
	fleetSink
	guard      sync.Mutex
	headers    http.Header // of the last request
	paths      map[string]bool
	cumulative map[string]bool // by name of a counter, whether its last points are
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content, err := gzip.NewReader(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(content)
	path := r.URL.Path[max(0, strings.LastIndex(r.URL.Path, "/v1/")):]
	if err == nil {
		err = v.take(path, body)
	}
	if err == nil && path == "/v1/metrics" {
		err = v.weigh(body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
	v.guard.Lock()
	defer v.guard.Unlock()
	v.headers, v.paths[r.URL.Path] = r.Header, true
}

// weigh remembers which counters are cumulative.
func (v *vendor) weigh(body []byte) error {
	metrics, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(body)
	v.guard.Lock()
	defer v.guard.Unlock()
	for _, resource := range metrics.ResourceMetrics().All() {
		for _, scope := range resource.ScopeMetrics().All() {
			for _, m := range scope.Metrics().All() {
				if m.Type() == pmetric.MetricTypeSum && m.Sum().IsMonotonic() {
					v.cumulative[m.Name()] = m.Sum().AggregationTemporality() == pmetric.AggregationTemporalityCumulative
				}
			}
		}
	}
	return err
}

// counter returns whether the vendor has the counter, and whether it is cumulative.
func (v *vendor) counter(name string) (has, cumulative bool) {
	v.guard.Lock()
	defer v.guard.Unlock()
	cumulative, has = v.cumulative[name]
	return has, cumulative
}

func (v *vendor) got(path string) (http.Header, bool) {
	v.guard.Lock()
	defer v.guard.Unlock()
	return v.headers, v.paths[path]
}

// What vendors' documentation says of their endpoints.
func TestVendorsGetTheirHeadersOnTheirPaths(t *testing.T) {
	for name, want := range map[string]struct {
		example, path string
		headers       map[string]string
	}{
		"grafana_cloud": {"agent-vendors.yaml", "/otlp", map[string]string{"Authorization": "Basic secret"}},
		"honeycomb":     {"agent-vendors.yaml", "", map[string]string{"x-honeycomb-team": "secret", "x-honeycomb-dataset": "gpus"}},
		"new_relic":     {"agent-vendors.yaml", "", map[string]string{"api-key": "secret"}},
		"elastic":       {"agent-vendors.yaml", "", map[string]string{"Authorization": "ApiKey secret"}},
		"chronosphere":  {"agent-vendors.yaml", "/data/opentelemetry", map[string]string{"API-Token": "secret"}},
		"datadog":       {"full/agent-vendors-delta.yaml", "", map[string]string{"dd-api-key": "secret", "dd-otel-metric-config": `{"resource_attributes_as_tags": true}`}},
		"dynatrace":     {"full/agent-vendors-delta.yaml", "/api/v2/otlp", map[string]string{"Authorization": "Api-Token secret"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := readHead(t, examplesFolder+want.example)
			require.Equal(t, want.path, defaultEndpoint(t, e, name).Path, "the path of the file's own endpoint")
			v := &vendor{fleetSink: fleetSink{series: map[fleetHost]map[string]bool{}, logs: map[string]fleetHost{}}, paths: map[string]bool{}, cumulative: map[string]bool{}}
			server := httptest.NewServer(v)
			t.Cleanup(server.Close)
			x := try(t, e, []string{"VENDOR=" + name, "VENDOR_ENDPOINT=" + server.URL + want.path, "VENDOR_TOKEN=secret"})
			eventually(t, func() bool { _, came := v.got(want.path + "/v1/metrics"); return came }, "no metrics come")
			headers, _ := v.got("")
			for header, value := range want.headers {
				require.Equal(t, value, headers.Get(header), header)
			}
			eventually(t, func() bool { return len(v.of(hostNow(v), "gpu.up")) == 8 }, "the GPUs never come")
			eventually(t, func() bool { has, _ := v.counter("clock.ticks"); return has }, "no counter comes")
			_, cumulative := v.counter("clock.ticks")
			require.Equal(t, e.Flavour == "node", cumulative)
			require.NotContains(t, x.err.String(), "secret")
			x.stop(t)
		})
	}
}

// hostNow is the one host that has sent something.
func hostNow(v *vendor) (host fleetHost) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for host = range v.series {
	}
	return host
}

// defaultEndpoint is where an exporter of the file sends if nothing says otherwise.
func defaultEndpoint(t *testing.T, e example, name string) *url.URL {
	t.Helper()
	var config struct {
		Exporters map[string]struct{ Endpoint string }
	}
	readYAML(t, examplesFolder+e.name, &config)
	text := strings.TrimSuffix(strings.TrimPrefix(config.Exporters["otlp_http/"+name].Endpoint, "${env:VENDOR_ENDPOINT:-"), "}")
	parsed, err := url.Parse(text)
	require.NoError(t, err)
	require.Equal(t, "https", parsed.Scheme, name)
	return parsed
}
