// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// failure is what a user meets who made a mistake.
type failure struct {
	name string
	args []string
	want string // a regular expression the one error has to match
	// runtime marks what only opening a socket can find.
	runtime bool
	// unprivileged runs it as a user to whom file permissions apply.
	unprivileged bool
}

// with replaces parts of the minimal configuration: pairs of before and after.
func with(t *testing.T, pairs ...string) []string {
	t.Helper()
	config := strings.Replace(minimal, "%s", freeAddress(t), 1)
	for pair := range slices.Chunk(pairs, 2) {
		require.Contains(t, config, pair[0])
		config = strings.Replace(config, pair[0], pair[1], 1)
	}
	return []string{"--config", configFile(t, "%s", config)}
}

func clockWith(t *testing.T, settings string) []string {
	t.Helper()
	return with(t, "clock: {collection_interval: 100ms, initial_delay: 0s}", "clock: {"+settings+"}")
}

func dcgmWith(t *testing.T, settings string) []string {
	t.Helper()
	config := strings.Replace(gpus, "collection_interval: 200ms, initial_delay: 0s, ", "", 1)
	return []string{"--config", configFile(t, config, freeAddress(t), freeAddress(t), settings)}
}

func stdoutWith(t *testing.T, settings string) []string {
	t.Helper()
	return with(t, "stdout: ", "stdout: {"+settings+"}")
}

func healthWith(t *testing.T, settings string) []string {
	t.Helper()
	return []string{"--config", configFile(t, "%s", strings.Replace(minimal, "health_slo: {http: {endpoint: %s}}", "health_slo: {"+settings+"}", 1))}
}

func failures(t *testing.T) []failure {
	t.Helper()
	busy := listen(t).Addr().String()
	free := freeAddress(t)
	unreadable := configFile(t, minimal, free)
	require.NoError(t, os.Chmod(unreadable, 0))
	return []failure{
		{"no configuration", nil, `at least one config flag must be provided`, false, false},
		{"missing file", []string{"--config", "missing.yaml"}, `"--config missing\.yaml": open missing\.yaml: no such file`, false, false},
		{"unreadable file", []string{"--config", unreadable}, `"--config .*": open .*: permission denied`, false, true},
		{"directory", []string{"--config", t.TempDir()}, `"--config .*": read .*: is a directory`, false, false},
		{"empty file", []string{"--config", configFile(t, "")}, `"--config .*": must not be empty`, false, false},
		{"not YAML", []string{"--config", configFile(t, "{{{")}, `"--config .*": must be YAML: yaml: line 1`, false, false},
		{"not a mapping", []string{"--config", configFile(t, "- a")}, `"--config .*": must be a YAML mapping`, false, false},

		{"unknown key of the clock receiver", clockWith(t, "interval: 1s"), `'receivers' error reading configuration for "clock".*has invalid keys: interval`, false, false},
		{"unknown key of the stdout exporter", stdoutWith(t, "formt: otlp_json"), `'exporters' error reading configuration for "stdout".*has invalid keys: formt`, false, false},
		{"unknown key of the health extension", healthWith(t, "endpoint: localhost:1"), `'extensions' error reading configuration for "health_slo".*has invalid keys: endpoint`, false, false},
		{"unknown key of the service", with(t, "telemetry: {metrics: {level: none}}", "telemetree: {}"), `'service' has invalid keys: telemetree`, false, false},
		{"unknown component", with(t, "clock: {collection_interval", "clok: {collection_interval"), `'receivers' unknown type: "clok" for id: "clok": no receiver of this name is known; did you mean "clock"\?`, false, false},
		{"component of contrib that this build lacks", with(t, "clock: {collection_interval", "riak: {collection_interval"), `'receivers' unknown type: "riak" for id: "riak": "riak" is a receiver of otelcol-contrib 0\.152\.0 that this build does not carry: see https://\S+/docs/compatibility\.md`, false, false},
		{"setting that its component ignores", with(t, "receivers: {clock:", "receivers: {github: {webhook: {required_headers: {X-Key: key}}}, clock:"), `receivers::github: "webhook::required_headers": must not be set: githubreceiver 0\.150\.0 does not check the headers \(GO-2026-5690\)`, false, false},
		{"interval too short", clockWith(t, "collection_interval: 9ms"), `receivers::clock: "collection_interval": must be at least 10ms and at most 24h0m0s, got 9ms`, false, false},
		{"interval that is no duration", clockWith(t, "collection_interval: often"), `'collection_interval' time: invalid duration`, false, false},
		{"negative delay", clockWith(t, "initial_delay: -1s"), `receivers::clock: "initial_delay": must be at least 0s and at most 24h0m0s, got -1s`, false, false},
		{"jitter too long", clockWith(t, "jitter: 15s"), `receivers::clock: "jitter": must be at least 0s and less than "collection_interval"`, false, false},
		{"jitter negative", clockWith(t, "jitter: -1s"), `receivers::clock: "jitter": must be at least 0s`, false, false},
		{"unknown metric", clockWith(t, "metrics: {clock.tics: {enabled: false}}"), `'metrics' has invalid keys: clock\.tics`, false, false},
		{"host engine of no known form", dcgmWith(t, "endpoint: 'http://localhost:5555'"), `receivers::dcgm: "endpoint": must be host:port, tcp://host:port, unix:///path or vsock://cid:port, got "http://localhost:5555"`, false, false},
		{"unknown mode of DCGM", dcgmWith(t, "mode: remote"), `receivers::dcgm: "mode": must be standalone or embedded, got "remote"`, false, false},
		{"device that is neither number nor UUID", dcgmWith(t, "devices: [0, nvidia1]"), `receivers::dcgm: "devices": must be all, or a list of GPU numbers .* and UUIDs .* got "nvidia1"`, false, false},
		{"GPUs too often", dcgmWith(t, "collection_interval: 99ms"), `receivers::dcgm: "collection_interval": must be at least 100ms, got 99ms`, false, false},
		{"stale before it is sampled", dcgmWith(t, "stale_after: 5s"), `receivers::dcgm: "stale_after": must be 0s or at least "collection_interval" \(15s\), got 5s`, false, false},
		{"unknown readiness without DCGM", dcgmWith(t, "when_unavailable: maybe"), `receivers::dcgm: "when_unavailable": must be ready or not_ready, got "maybe"`, false, false},
		{"no series", dcgmWith(t, "max_series: 0"), `receivers::dcgm: "max_series": must be at least 1, got 0`, false, false},
		{"unknown XID", dcgmWith(t, "xids: {790: {severity: error}}"), `receivers::dcgm: "xids": "790": "meaning": must be given for an XID that is not known`, false, false},
		{"severity that is none", dcgmWith(t, "xids: {79: {severity: bad}}"), `receivers::dcgm: "xids": "79": "severity": must be info, warn, error or fatal, got "bad"`, false, false},
		{"action that is none", dcgmWith(t, "xids: {79: {action: PRAY}}"), `receivers::dcgm: "xids": "79": "action": must be one of .*, got "PRAY"`, false, false},
		{"storage that is missing", dcgmWith(t, "storage: file_storage"), `receivers::dcgm: "storage": extension "file_storage" is not among "service::extensions"`, false, false},
		{"storage that stores nothing", dcgmWith(t, "storage: health_slo"), `receivers::dcgm: "storage": extension "health_slo" is no storage extension`, false, false},
		{
			"storage of a queue that is missing",
			with(t, "{stdout: }", "{stdout: , otlp_http: {endpoint: 'http://127.0.0.1:9', sending_queue: {storage: file_storage}}}", "exporters: [stdout]", "exporters: [stdout, otlp_http]"),
			`exporters::otlp_http: "sending_queue::storage": extension "file_storage" is not among "service::extensions"`, false, false,
		},
		{
			"two dumps in one file",
			append(dcgmWith(t, "dump: {path: /var/tmp/dump}}, dcgm/b: {dump: {path: /var/tmp/dump}"), "--set=service.pipelines.metrics.receivers=[dcgm,dcgm/b]"),
			`receivers::dcgm/b: "dump::path": must not share a file with receivers::dcgm, .*: got "/var/tmp/dump"`, false, false,
		},
		{
			"two receivers with one series",
			append(dcgmWith(t, "views: [dcgm_exporter]}, dcgm/b: {views: [dcgm_exporter], endpoint: 'tcp://localhost:5555'"), "--set=service.pipelines.metrics.receivers=[dcgm,dcgm/b]"),
			`receivers::dcgm/b: "views": has the series DCGM_FI_DEV_SM_CLOCK, as receivers::dcgm has, in pipeline metrics: keep one`, false, false,
		},
		{"unknown metric of DCGM", dcgmWith(t, "metrics: {gpu.temprature: {enabled: false}}"), `'metrics' has invalid keys: gpu\.temprature`, false, false},
		{"unknown key of the DCGM receiver", dcgmWith(t, "endpont: x"), `'receivers' error reading configuration for "dcgm".*has invalid keys: endpont`, false, false},

		{"unknown format", stdoutWith(t, "format: json"), `exporters::stdout: "format": must be .*otlp_json.*item_lines.*"json"`, false, false},
		{"unknown target", stdoutWith(t, "target: stdin"), `exporters::stdout: "target": must be .*stdout.*stderr.*"stdin"`, false, false},
		{"unknown reaction to a broken pipe", stdoutWith(t, "on_broken_pipe: ignore"), `exporters::stdout: "on_broken_pipe": must be .*error.*stop.*"ignore"`, false, false},
		{"endpoint without port", healthWith(t, "http: {endpoint: localhost}"), `extensions::health_slo: "http::endpoint": must be host:port`, false, false},
		{"endpoint with a port out of range", healthWith(t, "http: {endpoint: localhost:65536}"), `extensions::health_slo: "http::endpoint": .*port`, false, false},
		{"endpoint that is a URL", healthWith(t, "http: {endpoint: 'http://localhost:13134'}"), `extensions::health_slo: "http::endpoint": must be host:port`, false, false},
		{"relative path", healthWith(t, "paths: {healthz: healthz}"), `extensions::health_slo: "paths::healthz": must`, false, false},
		{"path with a query", healthWith(t, "paths: {readyz: '/readyz?x=1'}"), `extensions::health_slo: "paths::readyz": must`, false, false},
		{"path of the metrics with a fragment", healthWith(t, "paths: {metrics: '/metrics#x'}"), `extensions::health_slo: "paths::metrics": must not contain a query or a fragment`, false, false},
		{"path of the metrics that is a probe's", healthWith(t, "paths: {metrics: /healthz}"), `extensions::health_slo: "paths::healthz": must differ from "paths::metrics", got "/healthz" for both`, false, false},
		{"certificate without a key", healthWith(t, "http: {tls: {cert_file: tls.crt}}"), `extensions::health_slo::http::tls: .*TLS configuration must include both certificate and key`, false, false},
		{"inline certificate that is none", healthWith(t, "http: {tls: {cert_pem: x, key_pem: x}}"), `extensions::health_slo: "http::tls::cert_pem": must hold a certificate in PEM`, false, false},
		{"equal paths", healthWith(t, "paths: {readyz: /healthz}"), `extensions::health_slo: "paths::`, false, false},
		{"fewer GPUs than none", healthWith(t, "expect: {gpus: -1}"), `extensions::health_slo: "expect::gpus": must be at least 0, got -1`, false, false},
		{"number of GPUs that is none", healthWith(t, "expect: {gpus: eight}"), `extensions.*health_slo.*'expect\.gpus'`, false, false},
		{"path of the GPUs that is a probe's", healthWith(t, "paths: {gpus: /readyz}"), `extensions::health_slo: "paths::gpus": must differ from "paths::readyz", got "/readyz" for both`, false, false},
		{"delay too long", healthWith(t, "shutdown_delay: 31s"), `extensions::health_slo: "shutdown_delay": must be .*30s`, false, false},
		{"negative delay of the shutdown", healthWith(t, "shutdown_delay: -1s"), `extensions::health_slo: "shutdown_delay": must be`, false, false},

		{"objective of a receiver that is missing", healthWith(t, "objectives: [{name: a, indicator: receiver_freshness, target: 0.9, windows: [5m], components: [dcgm/typo]}]"), `extensions::health_slo: "objectives::0::components::0": must be one of the receivers, got "dcgm/typo"`, false, false},
		{"objective of a receiver's exports", healthWith(t, "objectives: [{name: a, indicator: exporter_success_ratio, target: 0.9, windows: [5m], components: [clock]}]"), `extensions::health_slo: "objectives::0::components::0": must be one of the exporters, got "clock"`, false, false},

		{"health port in use", healthWith(t, "http: {endpoint: "+busy+"}"), `failed to start extensions: health_slo: "http::endpoint": .*` + busy + `.*address already in use`, true, false},
		{
			"certificate that is missing",
			healthWith(t, "http: {endpoint: "+free+", tls: {cert_file: missing.crt, key_file: missing.key}}"),
			`health_slo: "http::tls::cert_file": must be a readable file: open missing\.crt: no such file or directory\n"http::tls::key_file": must be a readable file`, true, false,
		},
		{
			"certificate that may not be read",
			[]string{"--config", "yaml:" + strings.Replace(fmt.Sprintf(minimal, free), "health_slo: {http: {", "health_slo: {http: {tls: {cert_file: '"+unreadable+"', key_file: '"+unreadable+"'}, ", 1)},
			`health_slo: "http::tls::cert_file": must be a readable file: open .*: permission denied`, true, true,
		},
		{
			"authenticator that is no extension of the service",
			healthWith(t, "http: {endpoint: "+free+", auth: {authenticator: bearertokenauth}}"),
			`"service::extensions": must contain "bearertokenauth", which the extension "health_slo" uses`, true, false,
		},
		{
			"extension that cannot authenticate",
			with(t, "health_slo: {http: {", "zpages: {endpoint: "+free+"}, health_slo: {http: {auth: {authenticator: zpages}, ", "extensions: [health_slo]", "extensions: [health_slo, zpages]"),
			`health_slo: "http::auth::authenticator": must name an extension of "service::extensions" that authenticates servers`, true, false,
		},
		{"receiver port in use", []string{"--config", configFile(t, accepting, free, busy)}, `failed to start "otlp" receiver: listen tcp ` + busy + `: bind: address already in use`, true, false},
		{"exporter port in use", append(with(t, "{stdout: }", "{stdout: {}, prometheus: {endpoint: '"+busy+"'}}"), "--set=service.pipelines.metrics.exporters=[prometheus]"), `failed to start "prometheus" exporter: listen tcp ` + busy + `: bind: address already in use`, true, false},
		{
			"port of the Collector's own metrics in use",
			with(t, "{level: none}", "{readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: "+port(busy)+"}}}}]}"),
			`listen tcp ` + busy + `: bind: address already in use`, true, false,
		},
	}
}

func TestBadInput(t *testing.T) {
	for _, f := range failures(t) {
		t.Run(f.name, func(t *testing.T) {
			requireFailure(t, f, f.args...)
			validate := append([]string{"validate"}, f.args...)
			if !f.runtime {
				requireFailure(t, f, validate...)
				return
			}
			out, err := exec.Command(binary, validate...).CombinedOutput()
			require.NoError(t, err, "validate opens nothing")
			require.Empty(t, string(out))
		})
	}
}

// requireFailure requires exit code 1, nothing on stdout, and one error on stderr that
// matches what is wanted and is no panic.
func requireFailure(t *testing.T, f failure, args ...string) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	if f.unprivileged && os.Geteuid() == 0 {
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Start())
	timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }) // It may have exited.
	defer timer.Stop()
	_ = cmd.Wait() // The exit code is asserted.

	require.Equal(t, 1, cmd.ProcessState.ExitCode(), stderr.String())
	require.Empty(t, stdout.String())
	require.NotContains(t, stderr.String(), "panic")
	require.NotContains(t, stderr.String(), "goroutine ")
	require.Equal(t, 1, strings.Count("\n"+stderr.String(), "\nError: "), stderr.String())
	_, message, _ := strings.Cut("\n"+stderr.String(), "\nError: ")
	require.Regexp(t, `(?s)`+f.want, message)
}
