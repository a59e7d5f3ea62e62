// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sending exports what the OTLP receiver takes; its arguments are the endpoints of both.
const sending = `
receivers: {otlp: {protocols: {http: {endpoint: %s}}}}
exporters: {otlp_http: {endpoint: %q, sending_queue: {enabled: false}, retry_on_failure: {enabled: false}}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [otlp_http]}}, telemetry: {metrics: {level: none}}}
`

// recorder is a backend that remembers the hosts of the requests that it gets.
type recorder struct {
	hosts atomic.Value
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.hosts.Store(req.Host)
	w.WriteHeader(http.StatusOK)
}

func (r *recorder) host() string {
	host, _ := r.hosts.Load().(string)
	return host
}

// sendThrough sends a record through a Collector to the endpoint, and reports whether that
// took it.
func sendThrough(t *testing.T, endpoint string, env ...string) bool {
	t.Helper()
	otlp := freeAddress(t)
	c := startOf(t, binary, env, "--config", configFile(t, sending, otlp, endpoint))
	eventually(t, func() bool { return c.runs() > 0 }, "the Collector never runs")
	taken := sendLog(otlp, "record")
	c.stop(t)
	return taken
}

func TestDropInProxyVariables(t *testing.T) {
	var proxied recorder
	proxy := httptest.NewServer(&proxied)
	defer proxy.Close()
	const endpoint = "http://backend.invalid:4318"
	for _, variable := range []string{"HTTP_PROXY", "http_proxy"} {
		proxied.hosts.Store("")
		require.True(t, sendThrough(t, endpoint, variable+"="+proxy.URL), variable)
		require.Equal(t, "backend.invalid:4318", proxied.host())
	}
	proxied.hosts.Store("")
	require.False(t, sendThrough(t, endpoint, "HTTP_PROXY="+proxy.URL, "NO_PROXY=.invalid"))
	require.Empty(t, proxied.host())

	// A request to an HTTPS backend reaches the proxy as CONNECT, which this one takes amiss.
	require.False(t, sendThrough(t, "https://backend.invalid:4318", "HTTPS_PROXY="+proxy.URL))
	require.Equal(t, "backend.invalid:4318", proxied.host())
}

func TestDropInTrustsSSLCertFile(t *testing.T) {
	backend := httptest.NewTLSServer(&recorder{})
	defer backend.Close()
	authority := filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: backend.Certificate().Raw}
	require.NoError(t, os.WriteFile(authority, pem.EncodeToMemory(block), 0o600))
	require.False(t, sendThrough(t, backend.URL))
	require.True(t, sendThrough(t, backend.URL, "SSL_CERT_FILE="+authority))
}

// The Go runtime's own trace of its collections says how many processors it uses, and how
// often it has to collect.
func TestDropInObeysGOMAXPROCSAndGOMEMLIMIT(t *testing.T) {
	collections := func(env ...string) []string {
		c := startOf(t, binary, append(env, "GODEBUG=gctrace=1"), "--config", configFile(t, quiet, "console"))
		c.stop(t)
		lines := regexp.MustCompile(`(?m)^gc \d+ @.* (\d+) P`).FindAllStringSubmatch(c.err.String(), -1)
		require.NotEmpty(t, lines)
		var processors []string
		for _, line := range lines {
			processors = append(processors, line[1])
		}
		return processors
	}
	for _, n := range []int{1, 3} {
		for _, p := range collections("GOMAXPROCS=" + strconv.Itoa(n)) {
			require.Equal(t, strconv.Itoa(n), p)
		}
	}
	free, limited := collections("GOMEMLIMIT=off"), collections("GOMEMLIMIT=8MiB")
	require.Greater(t, len(limited), 2*len(free), "collections with a heap beyond the limit")
}

func TestDropInExpandsKubernetesVariables(t *testing.T) {
	t.Setenv("KUBE_NODE_NAME", "node-7")
	r := finish(t, "", nil, "print-config", "--config", configFile(t, `
receivers: {nop: }
processors: {resource: {attributes: [{key: k8s.node.name, value: "${env:KUBE_NODE_NAME}", action: upsert}]}}
exporters: {nop: }
service: {pipelines: {logs: {receivers: [nop], processors: [resource], exporters: [nop]}}}
`))
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "value: node-7")
}

// contribDefaults is the configuration that the compatibility package installs, with free
// loopback ports in place of its fixed ones.
func contribDefaults(t *testing.T) (config, health, otlp string) {
	t.Helper()
	content, err := os.ReadFile(root + "/distribution/otelcol-tracecore/packaging/contrib-compat/config.yaml")
	require.NoError(t, err)
	health = freeAddress(t)
	text := strings.Replace(string(content), "health_check:\n", "health_check: {endpoint: "+health+"}\n", 1)
	text = regexp.MustCompile(`0\.0\.0\.0:(\d+)`).ReplaceAllStringFunc(text, func(address string) string {
		if address == "0.0.0.0:4318" {
			otlp = freeAddress(t)
			return otlp
		}
		return freeAddress(t)
	})
	text += "  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: " + port(freeAddress(t)) + "}}}}]}}\n"
	return configFile(t, "%s", text), health, otlp
}

// On a machine without a GPU the distribution is a Collector like others.
func TestDropInDefaultConfigurationRuns(t *testing.T) {
	warnings := map[string][]string{}
	forBoth(t, func(t *testing.T, path string) {
		t.Helper()
		config, health, otlp := contribDefaults(t)
		c := startOf(t, path, nil, "--config", config)
		waitStatus(t, health, "/", 200)
		eventually(t, func() bool { return sendLog(otlp, "a record of ours") }, "nothing is accepted")
		eventually(t, func() bool { return strings.Contains(c.err.String(), "Body: Str(a record of ours)") }, "the record is not printed")
		c.stop(t)
		require.NotRegexp(t, `(?i)gpu|dcgm|nvidia`, c.err.String())
		require.Empty(t, c.out.String())
		for _, match := range regexp.MustCompile(`(?m)^\S+\t((?:warn|error)\t\S+\t.+?)\t\{`).FindAllStringSubmatch(c.err.String(), -1) {
			warnings[path] = append(warnings[path], match[1])
		}
	})
	require.Equal(t, warnings[stock(t)], warnings[binary])
}

// BenchmarkDropInFootprint compares the idle Collector with a stock one of the same components.
func BenchmarkDropInFootprint(b *testing.B) {
	theirs := filepath.Join(os.Getenv("STOCK"), stockBinary)
	sizes := map[string]float64{}
	for _, path := range []string{theirs, binary} {
		info, err := os.Stat(path)
		require.NoError(b, err, "run make test-dropin first: it builds the stock Collector")
		sizes[path] = float64(info.Size())
	}
	config := filepath.Join(b.TempDir(), "config.yaml")
	require.NoError(b, os.WriteFile(config, []byte(`
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}}}}
processors: {batch: }
exporters: {debug: }
service: {pipelines: {logs: {receivers: [otlp], processors: [batch], exporters: [debug]}}, telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 0}}}}]}}}
`), 0o600))
	for b.Loop() {
		their, own := idleMB(b, theirs, config), idleMB(b, binary, config)
		b.ReportMetric(own, "RSS-MB")
		b.ReportMetric(own/their, "x-stock-RSS")
		b.ReportMetric(sizes[binary]/sizes[theirs], "x-stock-size")
	}
}

// idleMB is what a Collector that does nothing takes once it has settled.
func idleMB(b *testing.B, path, config string) float64 {
	b.Helper()
	cmd := exec.Command(path, "--config", config)
	require.NoError(b, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill() // It runs until here.
		_ = cmd.Wait()         // Its exit code says nothing here.
	}()
	time.Sleep(10 * time.Second)
	return memoryMB(b, cmd.Process.Pid, "VmRSS")
}

// memoryMB is what the kernel says of a process's memory under a key of its status.
func memoryMB(b *testing.B, pid int, key string) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(b, err)
	_, rest, lives := strings.Cut(string(status), key+":")
	require.True(b, lives, "the process has ended")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(b, err)
	return float64(kilobytes) / 1024
}
