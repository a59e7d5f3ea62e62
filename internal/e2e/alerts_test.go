// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// alerting is an agent as the shipped rules expect one: GPUs and heartbeat on a page, and its own metrics. Health watches are off, since
// DCGM checks them too seldom for a test, and whether this host's clock is synchronized is not ours to say. Its arguments are the
// endpoints of health and page, and the port of its own metrics.
const alerting = `
receivers:
  dcgm: {collection_interval: 500ms, initial_delay: 0s, health_interval: 0s}
  clock: {collection_interval: 500ms, initial_delay: 0s, metrics: {clock.synchronized: {enabled: false}}}
exporters: {prometheus: {endpoint: %[2]s, metric_expiration: 2s, without_scope_info: true}}
extensions: {health_slo: {http: {endpoint: %[1]s}}}
service:
  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %[3]s}}}}]}}
  extensions: [health_slo]
  pipelines: {metrics: {receivers: [dcgm, clock], exporters: [prometheus]}}
`

// pager is what Alertmanager notifies.
type pager struct {
	*httptest.Server
	mu     sync.Mutex
	fired  map[string]bool // by severity of the route, name and subject
	firing map[string]bool
	faults []string
}

// notification is the body that Alertmanager sends to a webhook.
type notification struct {
	Receiver string
	Alerts   []struct {
		Status              string
		Labels, Annotations map[string]string
	}
}

func startPager(t *testing.T) *pager {
	t.Helper()
	p := &pager{fired: map[string]bool{}, firing: map[string]bool{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var n notification
		err := json.NewDecoder(r.Body).Decode(&n)
		p.mu.Lock()
		defer p.mu.Unlock()
		if err != nil {
			p.faults = append(p.faults, err.Error())
			return
		}
		p.take(&n)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *pager) take(n *notification) {
	for _, a := range n.Alerts {
		key := n.Receiver + " " + a.Labels["alertname"] + " " + cmp.Or(a.Labels["hw_name"], a.Labels["component_id"], a.Labels["job"])
		if url := a.Annotations["runbook_url"]; !strings.HasSuffix(url, "docs/runbook.md#"+strings.ToLower(a.Labels["alertname"])) {
			p.faults = append(p.faults, key+" leads to "+url)
		}
		if a.Status == "firing" {
			p.fired[key], p.firing[key] = true, true
		} else {
			delete(p.firing, key)
		}
	}
}

// count returns how many of the keys are in a set of the pager's.
func (p *pager) count(set map[string]bool, keys []string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range keys {
		if set[key] {
			n++
		}
	}
	return n
}

// waitFired returns when all of them have fired: some have ended before others begin.
func (p *pager) waitFired(t *testing.T, keys ...string) {
	t.Helper()
	eventually(t, func() bool { return p.count(p.fired, keys) == len(keys) }, "not all of %q fire", keys)
}

func (p *pager) waitResolved(t *testing.T, keys ...string) {
	t.Helper()
	eventually(t, func() bool { return p.count(p.firing, keys) == 0 }, "not all of %q are resolved", keys)
}

const alertmanagerConfig = `
route:
  receiver: info
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
  routes:
    - {receiver: page, matchers: ['severity="page"']}
    - {receiver: ticket, matchers: ['severity="ticket"']}
receivers:
  - {name: page, webhook_configs: [{url: %[1]q}]}
  - {name: ticket, webhook_configs: [{url: %[1]q}]}
  - {name: info, webhook_configs: [{url: %[1]q}]}
`

const prometheusConfig = `
global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}
rule_files: [%[1]s]
alerting: {alertmanagers: [{static_configs: [{targets: [%[2]q]}]}]}
scrape_configs:
  - {job_name: gpus, static_configs: [{targets: [%[3]q]}]}
  - {job_name: otelcol, static_configs: [{targets: [%[4]q]}]}
`

// startTool runs a server that is not a Collector.
func startTool(t *testing.T, path string, args ...string) {
	t.Helper()
	c := &collector{Cmd: exec.Command(path, args...), exited: make(chan struct{})}
	c.Stdout, c.Stderr = &c.out, &c.err
	c.launch(t)
}

// TestShippedAlertsFireAreRoutedAndResolve breaks a simulated node in the ways that operators fear most. The rules are the shipped ones
// with shorter times.
func TestShippedAlertsFireAreRoutedAndResolve(t *testing.T) {
	prometheus, rules, alertmanager := prometheusBinary(t), os.Getenv("ALERT_RULES"), os.Getenv("ALERTMANAGER")
	if alertmanager == "" || rules == "" {
		t.Skip("ALERTMANAGER and ALERT_RULES are not set: see make test-alerts")
	}
	self, web, manager := freeAddress(t), freeAddress(t), freeAddress(t)
	n := newNode(t, "h100x8", "")
	config := configFile(t, alerting, n.health, n.prom, port(self))
	n.Args = []string{n.Path, "--config", config}
	n.begin(t)
	p := startPager(t)
	startTool(t, alertmanager, "--config.file="+configFile(t, alertmanagerConfig, p.URL), "--storage.path="+t.TempDir(), "--web.listen-address="+manager, "--cluster.listen-address=")
	startTool(t, prometheus, "--config.file="+configFile(t, prometheusConfig, rules, manager, n.prom, self), "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+web)
	eventually(t, func() bool { return holds(t.Context(), web, `count(gpu_up == 1) == 8 and on () count(up == 1) == 2`) }, "Prometheus never sees the node")

	var expected []string
	breaks := func(fault func(), keys ...string) {
		fault()
		p.waitFired(t, keys...)
		expected = append(expected, keys...)
	}
	breaks(func() {
		n.send(t, "xid gpu=3 code=79", "row_remap gpu=2 type=uncorrected count=1 pending", "throttle gpu=1 reason=hw_slowdown,hw_thermal for 10s")
	}, "page GPUXidCritical nvidia3", "ticket GPUNodeUnfit gpus", "ticket GPURowRemapPending nvidia2", "ticket GPURowsRemapped nvidia2", "ticket GPUThrottled nvidia1")
	breaks(func() { n.send(t, "gpu_lost gpu=3") }, "page GPUDown nvidia3")
	n.send(t, "gpu_restored gpu=3", "reset gpu=2")
	p.waitResolved(t, "page GPUDown nvidia3", "ticket GPUNodeUnfit gpus", "ticket GPURowRemapPending nvidia2")

	engine := []string{"page DCGMDisconnected gpus", "ticket CollectorReceiverDegraded dcgm", "page CollectorReceiverSilent dcgm", "ticket CollectorComponentUnhealthy dcgm"}
	breaks(func() { n.send(t, "engine_dies for 60s") }, engine...)
	n.send(t, "engine_returns")
	p.waitResolved(t, engine...)

	agent := []string{"page CollectorDown gpus", "page CollectorDown otelcol", "page HeartbeatGap gpus"}
	breaks(func() { n.mayEnd.Store(true); require.NoError(t, n.Process.Kill()) }, agent...)
	again := command("--config", config)
	again.Env = n.Env
	again.launch(t)
	p.waitResolved(t, append(agent, expected...)...)
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.Sort(expected)
	require.Equal(t, expected, slices.Sorted(maps.Keys(p.fired)))
	require.Empty(t, p.firing)
	require.Empty(t, p.faults)
}
