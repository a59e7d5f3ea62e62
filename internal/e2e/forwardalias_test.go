// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// later has names that upstream introduced after 0.152, each at its definition, in a pipeline
// and some of them twice.
const later = `
receivers:
  nop:
  tcp_check: {targets: [{endpoint: "127.0.0.1:9"}]}
  receiver_creator:
    watch_observers: [host_observer]
    receivers: {ssh_check: {rule: type == "port" && port == 1, config: {username: u, password: p}}}
  kafka: {brokers: ["127.0.0.1:9"], logs: {encoding: google_cloud_logentry_encoding/a}}
processors:
  cumulative_to_delta:
  delta_to_cumulative/a:
  delta_to_rate: {metrics: [x]}
  resource_detection: {detectors: [env]}
  resource_detection/b: {detectors: [env]}
exporters:
  nop:
  load_balancing: {protocol: {otlp: {tls: {insecure: true}}}, resolver: {static: {hostnames: ["127.0.0.1:9"]}}}
  prometheus_remote_write: {endpoint: "http://127.0.0.1:9/api/v1/write"}
extensions: {health_slo: {http: {endpoint: %s}}, host_observer: , google_cloud_logentry_encoding/a: }
service:
  telemetry: {metrics: {level: none}}
  extensions: [health_slo, host_observer, google_cloud_logentry_encoding/a]
  pipelines:
    metrics:
      receivers: [nop, tcp_check, receiver_creator]
      processors: [resource_detection, resource_detection/b, cumulative_to_delta, delta_to_cumulative/a, delta_to_rate]
      exporters: [nop, prometheus_remote_write]
    traces: {receivers: [nop], processors: [resource_detection], exporters: [load_balancing]}
    logs: {receivers: [kafka], exporters: [nop]}
`

// respelled has a setting that 0.152 has outside of a section.
const respelled = `
receivers: {otlp: {protocols: {http: {endpoint: %s, keepalive: {enabled: false, idle_timeout: 1m}}}}}
exporters: {otlp_http: {endpoint: "http://127.0.0.1:9", keepalive: {idle_conn_timeout: 30s, max_idle_conns: 7}}}
service: {telemetry: {metrics: {level: none}}, pipelines: {logs: {receivers: [otlp], exporters: [otlp_http]}}}
`

// validate warns, because the same file is refused after a rollback, and the settings mean the same.
func TestSettingsInALaterSpellingAreRead(t *testing.T) {
	address := freeAddress(t)
	config := configFile(t, respelled, address)
	r := finish(t, "", nil, "validate", "--config", config)
	require.Zero(t, r.code, r.stderr)
	require.Equal(t, `warning: receivers::otlp::protocols::http: "keepalive" is a later spelling of "keep_alives_enabled", which is read in its place
warning: exporters::otlp_http: "keepalive" is a later spelling of "idle_conn_timeout", "max_idle_conns", which are read in its place
`, r.stderr)
	explained := finish(t, "", nil, "validate", "--explain", "--config", config).stdout
	for _, line := range []string{`exporters::otlp_http::idle_conn_timeout: 30s `, `exporters::otlp_http::max_idle_conns: 7 `} {
		require.Contains(t, explained, line)
	}
	c := start(t, "--config", config)
	keepsNone := false
	require.Eventually(t, func() bool {
		resp, err := http.Post("http://"+address+"/v1/logs", "application/json", strings.NewReader("{}"))
		if err != nil {
			return false // It has not started yet.
		}
		keepsNone = resp.Close
		return resp.Body.Close() == nil
	}, patience, 20*time.Millisecond)
	require.True(t, keepsNone, "the server keeps no connection")
	c.stop(t)
	conflict := strings.Replace(respelled, "max_idle_conns: 7}", "max_idle_conns: 7}, max_idle_conns: 8", 1)
	requireFailure(t, failure{want: `"exporters::otlp_http": must hold one of "keepalive" and "max_idle_conns"`}, "validate", "--config", configFile(t, conflict, freeAddress(t)))
}

// respelledEverywhere has every later spelling, in components whose servers and clients differ.
const respelledEverywhere = `
receivers:
  nop:
  splunk_enterprise: {indexer: {endpoint: "http://127.0.0.1:9", auth: {authenticator: http_forwarder}, keepalive: {enabled: false}}}
  kafka: {group_rebalance_strategies: [range]}
exporters:
  prometheus_remote_write: {http: {endpoint: "http://127.0.0.1:9", timeout: 3s, keepalive: {enabled: false}}, resource_constant_labels: {included: ["*"]}}
  prometheus: {endpoint: "127.0.0.1:0", keepalive: {enabled: false}, resource_constant_labels: {excluded: [service.name, service.namespace, service.instance.id]}}
extensions: {http_forwarder: {ingress: {endpoint: "127.0.0.1:0", keepalive: {enabled: false}}, egress: {endpoint: "http://127.0.0.1:9", keepalive: {enabled: false}}}}
service: {extensions: [http_forwarder], pipelines: {metrics: {receivers: [nop, splunk_enterprise, kafka], exporters: [prometheus_remote_write, prometheus]}}}
`

func TestComponentsKnowWhatLaterSpellingsAreReadAs(t *testing.T) {
	needFullFlavour(t)
	r := finish(t, "", nil, "validate", "--config", configFile(t, respelledEverywhere))
	require.Zero(t, r.code, r.stderr)
	require.Equal(t, 11, strings.Count(r.stderr, "warning: "), r.stderr)
}

// detecting asks the Kubernetes API, and validates without one.
const detecting = `
receivers: {nop: }
processors: {resource_detection: {detectors: [k8s_api], k8s_api: {auth_type: none}}}
exporters: {nop: }
service: {pipelines: {metrics: {receivers: [nop], processors: [resource_detection], exporters: [nop]}}}
`

// readInItsPlace matches a warning about a later name.
var readInItsPlace = regexp.MustCompile(`((?:warn|info)\t).*\t(\w+: "\w+" is (?:a later name|the name in 0\.152)) of "\w+", which is read in its place`)

// The node agent has no component that was renamed. There the names are mapped as well, and the
// error about the missing component follows.
func TestConfigurationsWithLaterNamesOfComponents(t *testing.T) {
	health := freeAddress(t)
	config := configFile(t, later, health)
	if !carries(t, "resourcedetection") {
		// Upstream names one unknown type of each section, in no order.
		requireFailure(t, failure{want: `unknown type: "(loadbalancing|prometheusremotewrite)" for id`}, "--config", config)
		return
	}
	c := start(t, "--config", config)
	waitStatus(t, health, "/readyz", 200)
	c.stop(t)
	var logged []string
	for _, line := range readInItsPlace.FindAllStringSubmatch(c.err.String(), -1) {
		logged = append(logged, line[1]+line[2])
	}
	require.Equal(t, []string{
		"warn\texporters: \"load_balancing\" is a later name",
		"warn\texporters: \"prometheus_remote_write\" is a later name",
		"info\textensions: \"google_cloud_logentry_encoding\" is the name in 0.152",
		"warn\tprocessors: \"cumulative_to_delta\" is a later name",
		"warn\tprocessors: \"delta_to_cumulative\" is a later name",
		"warn\tprocessors: \"delta_to_rate\" is a later name",
		"warn\tprocessors: \"resource_detection\" is a later name",
		"info\treceivers: \"ssh_check\" is the name in 0.152",
		"info\treceivers: \"tcp_check\" is the name in 0.152",
	}, logged, "one line for each name, a warning if it is later than 0.152")
	require.NotContains(t, c.err.String(), "alias is deprecated", "upstream knows the names they are mapped to")

	explanation := finish(t, "", nil, "validate", "--explain", "--config", config)
	require.Zero(t, explanation.code, explanation.stderr)
	require.Regexp(t, `receivers::tcpcheck::targets\[0\]::endpoint: 127\.0\.0\.1:9 +# explicit, .*config\.yaml:4`, explanation.stdout)
	require.Regexp(t, `processors::resourcedetection/b::detectors\[0\]: env +# explicit, .*config\.yaml:14`, explanation.stdout)

	validate := exec.Command(binary, "validate", "--config", configFile(t, detecting))
	validate.Env = append(validate.Environ(), "K8S_NODE_NAME=n", "KUBERNETES_SERVICE_HOST=127.0.0.1", "KUBERNETES_SERVICE_PORT=9")
	out, err := validate.CombinedOutput()
	require.NoError(t, err, string(out))
}

func TestBothNamesOfOneComponentAreRefused(t *testing.T) {
	requireFailure(t, failure{want: `"processors": must hold one of "resource_detection/b" and "resourcedetection/b"`},
		"--config", configFile(t, strings.Replace(later, "exporters:", "  resourcedetection/b:\nexporters:", 1), freeAddress(t)))
}

// carries reports whether the binary under test has a component of this type.
func carries(t *testing.T, component string) bool {
	t.Helper()
	out, err := exec.Command(binary, "components").Output()
	require.NoError(t, err)
	return strings.Contains(string(out), "- name: "+component+"\n")
}
