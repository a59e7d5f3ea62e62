// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// alerting is an agent as the shipped rules expect one: GPUs and heartbeat on a page, the view of dcgm-exporter on another one, and its own
// metrics. Health watches are off, since DCGM checks them too seldom for a test, and whether this host's clock is synchronized is not ours
// to say. Its arguments are the endpoints of health, page and view, and the port of its own metrics.
const alerting = `
receivers:
  dcgm: {collection_interval: 500ms, initial_delay: 0s, health_interval: 0s}
  dcgm/exporter:
    collection_interval: 500ms
    initial_delay: 0s
    health_interval: 0s
    views: [dcgm_exporter]
    dcgm_exporter:
      names: both
      xid_window: 20s
      counters: |
        DCGM_FI_DEV_GPU_TEMP, gauge, t
        DCGM_FI_DEV_XID_ERRORS, gauge, x
        DCGM_FI_DEV_CLOCK_THROTTLE_REASONS, gauge, c
        DCGM_FI_DEV_ROW_REMAP_PENDING, gauge, p
        DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS, counter, r
  clock: {collection_interval: 500ms, initial_delay: 0s, metrics: {clock.synchronized: {enabled: false}}}
exporters:
  prometheus: {endpoint: %[2]s, metric_expiration: 2s, without_scope_info: true}
  prometheus/exporter: {endpoint: %[3]s, metric_expiration: 2s, without_scope_info: true, translation_strategy: UnderscoreEscapingWithoutSuffixes}
extensions: {health_slo: {http: {endpoint: %[1]s}}}
service:
  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %[4]s}}}}]}}
  extensions: [health_slo]
  pipelines:
    metrics: {receivers: [dcgm, clock], exporters: [prometheus]}
    metrics/exporter: {receivers: [dcgm/exporter], exporters: [prometheus/exporter]}
`

// pager is what Alertmanager notifies.
type pager struct {
	*httptest.Server
	mu     sync.Mutex
	fired  map[string]bool // by severity of the route, flavour of names, name and subject
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
		subject := cmp.Or(a.Labels["hw_name"], a.Labels["device"], a.Labels["component_id"], a.Labels["job"])
		key := strings.Join([]string{n.Receiver, a.Labels["names"], a.Labels["alertname"], subject}, " ")
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
rule_files: [%[1]q]
alerting: {alertmanagers: [{static_configs: [{targets: [%[2]q]}]}]}
scrape_configs:
  - {job_name: gpus, static_configs: [{targets: [%[3]q]}]}
  - {job_name: otelcol, static_configs: [{targets: [%[4]q]}]}
  - {job_name: exporter, static_configs: [{targets: [%[5]q]}]}
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
	self, view, web, manager := freeAddress(t), freeAddress(t), freeAddress(t), freeAddress(t)
	n := newNode(t, "h100x8", "")
	config := configFile(t, alerting, n.health, n.prom, view, port(self))
	n.Args = []string{n.Path, "--config", config}
	n.begin(t)
	p := startPager(t)
	startTool(t, alertmanager, "--config.file="+configFile(t, alertmanagerConfig, p.URL), "--storage.path="+t.TempDir(), "--web.listen-address="+manager, "--cluster.listen-address=")
	startTool(t, prometheus, "--config.file="+configFile(t, prometheusConfig, rules+"/*.rules.yaml", manager, n.prom, self, view), "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+web)
	// What rose has to have been there before, for three steps of the rules that look back.
	eventually(t, func() bool {
		return holds(t.Context(), web, `count(gpu_up == 1) == 8 and on () count(up == 1) == 3`+
			` and on () count(gpu_memory_rows_remapped_total{error_type="uncorrected"} offset 6s) == 8 and on () count(DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS offset 6s) == 8`)
	}, "Prometheus never sees the node")

	var expected []string
	breaks := func(fault func(), keys ...string) {
		fault()
		p.waitFired(t, keys...)
		expected = append(expected, keys...)
	}
	breaks(func() {
		n.send(t, "xid gpu=3 code=79", "row_remap gpu=2 type=uncorrected count=1 pending", "throttle gpu=1 reason=hw_slowdown,hw_thermal for 20s")
	}, slices.Concat([]string{"ticket tracecore GPUNodeUnfit gpus"}, inAllNames("page %s GPUXidCritical nvidia3"),
		inAllNames("ticket %s GPURowRemapPending nvidia2"), inAllNames("ticket %s GPURowsRemapped nvidia2"), inAllNames("ticket %s GPUThrottled nvidia1"))...)
	requireMetricsOfRules(t, web, filepath.Join(rules, "tracecore.rules.yaml"))
	breaks(func() { n.send(t, "gpu_lost gpu=3") }, append(inAllNames("page %s GPUMissing exporter")[1:], "page tracecore GPUDown nvidia3")...)
	n.send(t, "gpu_restored gpu=3", "reset gpu=2")
	p.waitResolved(t, "page tracecore GPUDown nvidia3", "ticket tracecore GPUNodeUnfit gpus", "ticket tracecore GPURowRemapPending nvidia2")

	engine := []string{"page tracecore DCGMDisconnected gpus"} // And none of the receivers that have no GPU for it.
	breaks(func() { n.send(t, "engine_dies for 60s") }, engine...)
	n.send(t, "engine_returns")
	p.waitResolved(t, engine...)

	agent := []string{"page tracecore CollectorDown gpus", "page tracecore CollectorDown otelcol", "page tracecore HeartbeatGap gpus"}
	agent = append(agent, inAllNames("page %s CollectorDown exporter")[1:]...)
	breaks(func() { n.mayEnd.Store(true); require.NoError(t, n.Process.Kill()) }, agent...)
	again := command("--config", config)
	again.Env = n.Env
	again.launch(t)
	p.waitResolved(t, expected...)
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.Sort(expected)
	require.Equal(t, expected, slices.Sorted(maps.Keys(p.fired)))
	require.Empty(t, p.firing)
	require.Empty(t, p.faults)
}

// inAllNames returns the key of an alert in each flavour of names, ours first.
func inAllNames(format string) (keys []string) {
	for _, names := range []string{"tracecore", "dcgm-exporter-4.8", "dcgm-exporter-4.9"} {
		keys = append(keys, fmt.Sprintf(format, names))
	}
	return keys
}

// elsewhere are metrics that may come from what this node does not have: other receivers and processors, queues, objectives, NVSwitches, a
// fabric, health watches, memory that is beyond repair, what is switched off above, instruments that could not be made.
var elsewhere = regexp.MustCompile(`^(kernel_\w+|gpu_(allocation|idle|stalled|nvswitch|sxid)_\w+|tracecore_(gpu_attribution|slo|selftelemetry|queue)_\w+|otelcol_exporter_queue_\w+` +
	`|clock_synchronized|gpu_health|gpu_fabric_(health|condition)|gpu_imex_daemon_status|gpu_memory_unrepairable)$`)

// requireMetricsOfRules holds names in the rules to those that Prometheus has from a real agent.
func requireMetricsOfRules(t *testing.T, web, path string) {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	readYAML(t, path, &file)
	status, body := get(web, "/api/v1/label/__name__/values")
	require.Equal(t, http.StatusOK, status)
	var scraped struct{ Data []string }
	require.NoError(t, json.Unmarshal([]byte(body), &scraped))
	inBraces := regexp.MustCompile(`\{[^}]*\}|\([a-z0-9_, ]*\)`) // matchers, and labels that are grouped by
	names := regexp.MustCompile(`\b(?:gpu|hw|dcgm|clock|kernel|tracecore|otelcol)_\w+`)
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			for _, name := range names.FindAllString(inBraces.ReplaceAllString(rule.Expr, ""), -1) {
				require.True(t, slices.Contains(scraped.Data, name) || elsewhere.MatchString(name), "%s: nobody has %s", rule.Alert, name)
			}
		}
	}
}
