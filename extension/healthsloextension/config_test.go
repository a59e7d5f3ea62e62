// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/metadata"
)

func TestDefaultConfig(t *testing.T) {
	cfg := NewFactory().CreateDefaultConfig().(*Config)
	require.NoError(t, confmap.Validate(cfg))
	require.Equal(t, "localhost:13134", cfg.HTTP.NetAddr.Endpoint)
	require.Equal(t, confignet.TransportTypeTCP, cfg.HTTP.NetAddr.Transport)
	require.Equal(t, 5*time.Second, cfg.HTTP.ReadHeaderTimeout)
	require.Equal(t, 10*time.Second, cfg.HTTP.ReadTimeout)
	require.Equal(t, 30*time.Second, cfg.HTTP.WriteTimeout)
	require.Equal(t, time.Minute, cfg.HTTP.IdleTimeout)
	require.EqualValues(t, 1024, cfg.HTTP.MaxRequestBodySize)
	require.True(t, cfg.HTTP.KeepAlivesEnabled)
	require.Equal(t, PathsConfig{Metrics: "/metrics", Healthz: "/healthz", Readyz: "/readyz", GPUs: "/gpus"}, cfg.Paths)
	require.Zero(t, cfg.ShutdownDelay)
	require.Nil(t, cfg.Expect.GPUs)
}

func TestLoadConfig(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	f := func(name string, change func(*Config)) {
		t.Helper()
		want := createDefaultConfig().(*Config)
		change(want)
		sub, err := conf.Sub(component.NewIDWithName(metadata.Type, name).String())
		require.NoError(t, err)
		got := createDefaultConfig()
		require.NoError(t, sub.Unmarshal(got))
		require.NoError(t, confmap.Validate(got))
		require.Equal(t, want, got)
	}
	f("", func(*Config) {})
	f("pod", func(cfg *Config) {
		cfg.HTTP.NetAddr.Endpoint = "0.0.0.0:13134"
		server := configtls.NewDefaultServerConfig()
		server.CertFile, server.KeyFile = "/etc/otelcol/tls.crt", "/etc/otelcol/tls.key"
		cfg.HTTP.TLS = configoptional.Some(server)
		cfg.Paths = PathsConfig{Metrics: "/metrics", Healthz: "/live", Readyz: "/ready", GPUs: "/gpu-verdict"}
		cfg.AllowedHosts = []string{"otelcol.monitoring.svc", "*.example.com"}
		cfg.ShutdownDelay = 5 * time.Second
		cfg.Expect.GPUs = new(8)
	})
	f("socket", func(cfg *Config) {
		cfg.HTTP.NetAddr.Endpoint = "/run/otelcol/health.sock"
		cfg.HTTP.NetAddr.Transport = confignet.TransportTypeUnix
	})
}

// load does what the Collector does with an extension's part of the configuration.
func load(t *testing.T, yaml string) error {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(yaml))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	if err := conf.Unmarshal(cfg); err != nil {
		return err
	}
	return confmap.Validate(&struct {
		Extensions map[component.ID]component.Config `mapstructure:"extensions"`
	}{map[component.ID]component.Config{component.NewID(metadata.Type): cfg}})
}

func TestANodeMayExpectNoGPU(t *testing.T) {
	require.NoError(t, load(t, `{expect: {gpus: 0}}`))
}

func TestANodeExpectsWholeGPUs(t *testing.T) {
	require.ErrorContains(t, load(t, `{expect: {gpus: 1.5}}`), `"expect::gpus": must be a whole number, got 1.5`)
	require.NoError(t, load(t, `{expect: {gpus: 8.0}}`))
}

func TestInvalidConfig(t *testing.T) {
	const prefix = "extensions::health_slo: "
	const hostPort = `"http::endpoint": must be host:port with a port from 0 to 65535, got `
	f := func(yaml, want string) {
		t.Helper()
		require.EqualError(t, load(t, yaml), prefix+want)
	}
	f(`{http: {endpoint: ""}}`, hostPort+`""`)
	f(`{http: {endpoint: localhost}}`, hostPort+`"localhost"`)
	f(`{http: {endpoint: "http://localhost:13134"}}`, hostPort+`"http://localhost:13134"`)
	f(`{http: {endpoint: "::1:13134"}}`, hostPort+`"::1:13134"`)
	f(`{http: {endpoint: "localhost:"}}`, hostPort+`"localhost:"`)
	f(`{http: {endpoint: "localhost:http"}}`, hostPort+`"localhost:http"`)
	f(`{http: {endpoint: "localhost:-1"}}`, hostPort+`"localhost:-1"`)
	f(`{http: {endpoint: "localhost:65536"}}`, hostPort+`"localhost:65536"`)
	f(`{http: {endpoint: "/run/health.sock"}}`, hostPort+`"/run/health.sock"`)
	f(`{http: {transport: unix}}`, `"http::endpoint": must be the absolute path of a socket, got "localhost:13134"`)
	f(`{http: {transport: unix, endpoint: health.sock}}`, `"http::endpoint": must be the absolute path of a socket, got "health.sock"`)
	f(`{http: {transport: udp}}`, `"http::transport": must be tcp, tcp4, tcp6 or unix, got "udp"`)
	f(`{http: {transport: unixgram, endpoint: /x}}`, `"http::transport": must be tcp, tcp4, tcp6 or unix, got "unixgram"`)

	f(`{paths: {healthz: ""}}`, `"paths::healthz": must start with "/", got ""`)
	f(`{paths: {healthz: healthz}}`, `"paths::healthz": must start with "/", got "healthz"`)
	f(`{paths: {readyz: "http://x/readyz"}}`, `"paths::readyz": must start with "/", got "http://x/readyz"`)
	f(`{paths: {readyz: /}}`, `"paths::readyz": must not be "/" alone, got "/"`)
	f(`{paths: {readyz: "/a b"}}`, `"paths::readyz": must not contain whitespace or control characters, got "/a b"`)
	f(`{paths: {readyz: "/a\u0000"}}`, `"paths::readyz": must not contain whitespace or control characters, got "/a\x00"`)
	f(`{paths: {readyz: "/a?b=c"}}`, `"paths::readyz": must not contain a query or a fragment, got "/a?b=c"`)
	f(`{paths: {readyz: "/a#b"}}`, `"paths::readyz": must not contain a query or a fragment, got "/a#b"`)
	f(`{paths: {readyz: "/{a}"}}`, `"paths::readyz": must not contain any of {, } and %, got "/{a}"`)
	f(`{paths: {readyz: "/%61"}}`, `"paths::readyz": must not contain any of {, } and %, got "/%61"`)
	f(`{paths: {readyz: "/a/"}}`, `"paths::readyz": must not end in "/" or contain "//", "/./" or "/../", got "/a/"`)
	f(`{paths: {readyz: "/../a"}}`, `"paths::readyz": must not end in "/" or contain "//", "/./" or "/../", got "/../a"`)
	f(`{paths: {readyz: /healthz}}`, `"paths::readyz": must differ from "paths::healthz", got "/healthz" for both`)
	f(`{paths: {gpus: ""}}`, `"paths::gpus": must start with "/", got ""`)
	f(`{paths: {gpus: /healthz}}`, `"paths::gpus": must differ from "paths::healthz", got "/healthz" for both`)
	f(`{paths: {readyz: /gpus}}`, `"paths::gpus": must differ from "paths::readyz", got "/gpus" for both`)
	f(`{expect: {gpus: -1}}`, `"expect::gpus": must be at least 0, got -1`)
	f(`{paths: {healthz: /metrics}}`, `"paths::healthz": must differ from "paths::metrics", got "/metrics" for both`)
	f(`{paths: {metrics: /a, healthz: /a, readyz: /a}}`, `"paths::healthz": must differ from "paths::metrics", got "/a" for both
"paths::readyz": must differ from "paths::metrics", got "/a" for both`)

	for _, key := range []string{"read_timeout", "read_header_timeout", "write_timeout", "idle_timeout"} {
		f(`{http: {`+key+`: -5s}}`, `"http::`+key+`": must be from 0s to 24h0m0s, got -5s`)
		f(`{http: {`+key+`: 24h1s}}`, `"http::`+key+`": must be from 0s to 24h0m0s, got 24h0m1s`)
	}
	f(`{http: {read_timeout: -5s, read_header_timeout: 0s}}`, `"http::read_timeout": must be from 0s to 24h0m0s, got -5s`)
	f(`{http: {read_timeout: 0s, read_header_timeout: 0s}}`, `"http::read_header_timeout": must be positive unless "http::read_timeout" is, got 0s for both`)
	f(`{http: {tls: {cert_file: a, key_file: b, reload_interval: -1s}}}`, `"http::tls::reload_interval": must be from 0s to 720h0m0s, got -1s`)
	f(`{http: {tls: {cert_file: a, key_file: b, reload_interval: 720h1s}}}`, `"http::tls::reload_interval": must be from 0s to 720h0m0s, got 720h0m1s`)
	const hostName = `must be a host name without a port, "*." and a domain, or "*", got `
	for _, name := range []string{"", "a:1", "http://a", "a b", "*a", "*.", "a.*", "a..b", ".a", "[::1]", "."} {
		f(`{allowed_hosts: [a, "`+name+`"]}`, `"allowed_hosts::1": `+hostName+`"`+name+`"`)
	}
	require.NoError(t, load(t, `{allowed_hosts: ["*", "*.svc", "A.example.com.", "node_7", "10.0.0.1"]}`))
	f(`{http: {tls: {cert_file: a, key_file: b, client_ca_file_reload: true}}}`, `"http::tls::client_ca_file_reload": must not be set without "http::tls::client_ca_file"`)
	f(`{http: {auth: {}}}`, `"http::auth::authenticator": must name an extension of "service::extensions", got ""`)

	f(`{shutdown_delay: -1s}`, `"shutdown_delay": must be from 0s to 30s, got -1s`)
	f(`{shutdown_delay: 31s}`, `"shutdown_delay": must be from 0s to 30s, got 31s`)

	f(`{http: {endpoint: x}, paths: {readyz: r}, shutdown_delay: 1h}`, hostPort+`"x"
"paths::readyz": must start with "/", got "r"
"shutdown_delay": must be from 0s to 30s, got 1h0m0s`)
}

func TestUpstreamValidatesTheRest(t *testing.T) {
	f := func(yaml, want string) {
		t.Helper()
		require.ErrorContains(t, load(t, yaml), want)
	}
	f(`{http: {transport: carrier_pigeon}}`, `'http.transport' unsupported transport type "carrier_pigeon"`)
	f(`{http: {tls: {cert_file: only.crt}}}`, "extensions::health_slo::http::tls: ")
	f(`{metrics: {}}`, "'healthsloextension.Config' has invalid keys: metrics")
	f(`{paths: {status: /status}}`, "'paths' has invalid keys: status")
	f(`{http: {endpiont: "localhost:1"}}`, "'http' has invalid keys: endpiont")
	f(`{shutdown_delay: soon}`, "'shutdown_delay' time: invalid duration")
}

func TestValidConfig(t *testing.T) {
	f := func(yaml string) {
		t.Helper()
		require.NoError(t, load(t, yaml))
	}
	f(`{http: {endpoint: ":0"}}`)
	f(`{http: {endpoint: ":65535"}}`)
	f(`{http: {endpoint: "[::1]:13134", transport: tcp6}}`)
	f(`{http: {endpoint: "127.0.0.1:13134", transport: tcp4}}`)
	f(`{paths: {metrics: /a/m, healthz: /a/b.c~d/é, readyz: /a}}`)
	f(`{shutdown_delay: 30s}`)
	f(`{http: {read_timeout: 0s}}`)
	f(`{http: {read_header_timeout: 0s, write_timeout: 0s, idle_timeout: 0s}}`)
	f(`{http: {auth: {authenticator: bearertokenauth}}}`)
	f(`{http: {tls: {cert_file: a, key_file: b, reload_interval: 1h, client_ca_file: c, client_ca_file_reload: true}}}`)
}

// FuzzPaths states that the routing table takes every path Validate accepts, and answers it
// without a redirect.
func FuzzPaths(f *testing.F) {
	for _, path := range []string{"/healthz", "/a/../b", "/{$}", "/%61", "/a;b=c,d:e", "/a//b", "/é", "/ ", "/\xff"} {
		f.Add(path, "/readyz", "/metrics")
	}
	f.Fuzz(func(t *testing.T, healthz, readyz, metrics string) {
		s := newSubject(t, func(cfg *Config) { cfg.Paths = PathsConfig{Metrics: metrics, Healthz: healthz, Readyz: readyz} })
		if s.cfg.Paths.validate() != nil {
			return
		}
		s.state.Start(time.Now())
		handler := s.routes(served{view: noView})
		for path, code := range map[string]int{healthz: http.StatusOK, readyz: http.StatusServiceUnavailable, "/": http.StatusOK} {
			response := httptest.NewRecorder()
			handler.ServeHTTP(response, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}})
			require.Equal(t, code, response.Code, "path %q", path)
		}
	})
}
