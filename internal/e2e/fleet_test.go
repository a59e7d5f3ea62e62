// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// fleetSink is a backend of many nodes. It distinguishes resources by host alone.
type fleetSink struct {
	*httptest.Server
	mu     sync.Mutex
	series map[fleetHost]map[string]bool // names and attributes
	logs   map[string]fleetHost          // by body
}

// fleetHost is what a resource says of its host.
type fleetHost struct{ name, id string }

func newFleetSink(t *testing.T) *fleetSink {
	t.Helper()
	s := &fleetSink{series: map[fleetHost]map[string]bool{}, logs: map[string]fleetHost{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *fleetSink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content, err := gzip.NewReader(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(content)
	if err == nil {
		err = s.take(r.URL.Path, body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (s *fleetSink) take(path string, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if path == "/v1/logs" {
		logs, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(body)
		for _, rl := range logs.ResourceLogs().All() {
			s.logs[rl.ScopeLogs().At(0).LogRecords().At(0).Body().Str()] = hostOf(rl.Resource())
		}
		return err
	}
	metrics, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(body)
	for _, rm := range metrics.ResourceMetrics().All() {
		host := hostOf(rm.Resource())
		if s.series[host] == nil {
			s.series[host] = map[string]bool{}
		}
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				for _, point := range points(m).All() {
					s.series[host][fmt.Sprint(m.Name(), point.Attributes().AsRaw())] = true
				}
			}
		}
	}
	return err
}

func points(m pmetric.Metric) pmetric.NumberDataPointSlice {
	if m.Type() == pmetric.MetricTypeSum {
		return m.Sum().DataPoints()
	}
	return m.Gauge().DataPoints()
}

func hostOf(resource pcommon.Resource) fleetHost {
	name, _ := resource.Attributes().Get("host.name")
	id, _ := resource.Attributes().Get("host.id")
	return fleetHost{name.AsString(), id.AsString()}
}

// of returns the series of one host that a metric with one of these prefixes has.
func (s *fleetSink) of(host fleetHost, prefixes ...string) map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]bool{}
	for series := range s.series[host] {
		for _, prefix := range prefixes {
			if strings.HasPrefix(series, prefix) {
				found[series] = true
			}
		}
	}
	return found
}

// metrics returns the names of all metrics that have come.
func (s *fleetSink) metrics() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, series := range s.series {
		for name := range series {
			names = append(names, strings.TrimSuffix(strings.SplitN(name, "map[", 2)[0], " "))
		}
	}
	return names
}

// ofGPUs counts the series of GPUs and NVSwitches.
func (s *fleetSink) ofGPUs() (count int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, series := range s.series {
		for name := range series {
			if strings.Contains(name, "hw.id:") {
				count++
			}
		}
	}
	return count
}

// kinds has a metric of each receiver that the agents of all examples have.
func kinds() []string {
	if strings.HasSuffix(binary, "-static") {
		return []string{"clock.ticks", "dcgm.up", "system.memory.usage"}
	}
	return []string{"clock.ticks", "dcgm.up", "hw.power", "system.memory.usage"}
}

// requireApart waits for the series of every kind from each host, and requires that nothing
// came from anywhere else: a series without its host is one of all nodes.
func (s *fleetSink) requireApart(t *testing.T, kinds []string, hosts ...fleetHost) {
	t.Helper()
	for _, host := range hosts {
		for _, kind := range kinds {
			eventually(t, func() bool { return len(s.of(host, kind)) > 0 }, "no %s of %v", kind, host)
		}
	}
	require.Equal(t, s.of(hosts[0], kinds...), s.of(hosts[1], kinds...), "two equal nodes have the same series, each its own")
	s.mu.Lock()
	defer s.mu.Unlock()
	for host := range s.series {
		require.Contains(t, hosts, host)
	}
}

// osHost is who this machine is where no variable says it.
func osHost(t *testing.T) fleetHost {
	t.Helper()
	name, err := os.Hostname()
	require.NoError(t, err)
	id, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		return fleetHost{name, name}
	}
	return fleetHost{name, string(bytes.TrimSpace(id))}
}

// onOtherNode is the environment of an agent on another node, whose name YAML would read as a number.
const onOtherNode = "OTEL_RESOURCE_ATTRIBUTES=host.name=1201,host.id=i-0123"

var hostOnOtherNode = fleetHost{"1201", "i-0123"}

// sendLogOf sends a log record of a program that says which host it is on.
func sendLogOf(t *testing.T, address, host, body string) {
	t.Helper()
	payload := fmt.Sprintf(`{"resourceLogs":[{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":%q}},{"key":"host.id","value":{"stringValue":%q}}]},
		"scopeLogs":[{"logRecords":[{"body":{"stringValue":%q}}]}]}]}`, host, host, body)
	resp, err := http.Post("http://"+address+"/v1/logs", "application/json", strings.NewReader(payload))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

func TestAgentsBehindOneGatewayStayApart(t *testing.T) {
	to, gatewayAddress := newFleetSink(t), lastingAddress(t)
	gateway := newSide(t, "gateway-otlp.yaml", "GATEWAY", "GATEWAY_GRPC="+gatewayAddress, "BACKEND="+to.URL)
	gateway.start(t)
	for _, env := range [][]string{nil, {onOtherNode}} {
		agent, otlp := newAgent(t, "agent-otlp.yaml", append(simulation(t, "h100x8", controlFile(t)), append(env, "GATEWAY="+gatewayAddress)...)...)
		agent.launch(t)
		body := "from " + otlp
		eventually(t, func() bool { return sendLog(otlp, body) }, "the agent never accepts")
		sendLogOf(t, otlp, "elsewhere", "relayed by "+otlp)
	}
	to.requireApart(t, kinds(), osHost(t), hostOnOtherNode)
	eventually(t, func() bool { to.mu.Lock(); defer to.mu.Unlock(); return len(to.logs) == 4 }, "log records are missing")
	for body, host := range to.logs {
		if strings.HasPrefix(body, "relayed") {
			require.Equal(t, fleetHost{"elsewhere", "elsewhere"}, host, "what says its host keeps it")
			continue
		}
		require.Contains(t, []fleetHost{osHost(t), hostOnOtherNode}, host)
	}
}

// A page names no host: the scrape does, in its label `instance`. What else the same pipeline
// exports to does not lose the host.
func TestAgentsWithAPageStayApartInWhatElseTheyExport(t *testing.T) {
	pages, err := filepath.Glob(root + "/distribution/*/config/*.yaml")
	require.NoError(t, err)
	require.Len(t, pages, 3)
	for _, config := range pages {
		t.Run(filepath.Base(config), func(t *testing.T) {
			to := newFleetSink(t)
			for _, env := range [][]string{nil, {onOtherNode}} {
				page := freeAddress(t)
				startOf(t, binary, append(simulation(t, "h100x8", controlFile(t)), env...), "--config", config,
					"--set=exporters.prometheus.endpoint="+page,
					"--set=extensions.health_slo.http.endpoint="+freeAddress(t),
					"--set=service.telemetry.metrics.level=none",
					"--set=receivers.clock.collection_interval=200ms",
					"--set=receivers.dcgm.collection_interval=200ms",
					"--set=receivers.host_metrics.collection_interval=200ms",
					"--set=exporters.otlp_http.endpoint="+to.URL,
					"--set=service.pipelines.metrics.exporters=[forward/page, otlp_http]")
				eventually(t, func() bool {
					_, body := get(page, "/metrics")
					return strings.Contains(body, "\nsystem_memory_usage_bytes{")
				}, "no page")
				_, body := get(page, "/metrics")
				require.NotRegexp(t, `[{,](host_name|host_id|job|instance)="`, body)
			}
			to.requireApart(t, kinds(), osHost(t), hostOnOtherNode)
		})
	}
}
