// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRequestsForForeignHostsAreRefused(t *testing.T) {
	f := func(want bool, host string, configure func(*Config)) {
		t.Helper()
		cfg := createDefaultConfig().(*Config)
		if configure != nil {
			configure(cfg)
		}
		require.Equal(t, want, newHosts(cfg).serve(host), "Host: %q", host)
	}
	own, err := os.Hostname()
	require.NoError(t, err)
	for _, host := range []string{
		"localhost", "localhost:13134", "LocalHost:1", "localhost.", "localhost.:13134", "grafana.localhost", "localhost.localdomain", "ip6-loopback",
		"127.0.0.1", "127.0.0.1:13134", "127.0.0.1.", "10.1.2.3:13134", "[::1]", "[::1]:13134", "[fe80::1%25eth0]:13134", "[2001:DB8::7]:80", "[::ffff:10.0.0.1]:80",
		"", own, strings.ToUpper(own) + ".:13134", strings.Split(own, ".")[0],
	} {
		f(true, host, nil)
	}
	for _, host := range []string{
		"evil.example", "evil.example:13134", "evil.example.", "localhost.evil.example", "127.0.0.1.evil.example", "notlocalhost",
		"127.0.0.1@evil.example", "evil.example@localhost", "[evil.example]", "[::1]evil.example", "localhost:1:2", "x", "*", ":13134.evil.example", ":13134",
		own + ".evil.example", "0x7f.1", "2130706433", "1.2.3", ".localhost.evil", "localhost\x00",
	} {
		f(false, host, nil)
	}
	at := func(endpoint string) func(*Config) {
		return func(cfg *Config) { cfg.HTTP.NetAddr.Endpoint = endpoint }
	}
	f(true, "node7.example.com:13134", at("Node7.Example.com.:13134"))
	f(false, "node8.example.com:13134", at("node7.example.com:13134"))
	f(false, "evil.example", at(":13134"))
	f(false, ":13134", at(":13134"))
	f(false, "evil.example", at("0.0.0.0:13134"))
	f(true, "10.1.2.3:13134", at("[::]:13134"))
	allowed := func(names ...string) func(*Config) {
		return func(cfg *Config) { cfg.AllowedHosts = names }
	}
	f(true, "OTELCOL.monitoring.svc:13134", allowed("otelcol.monitoring.SVC."))
	f(false, "x.otelcol.monitoring.svc", allowed("otelcol.monitoring.svc"))
	f(true, "a.b.example.com", allowed("x", "*.Example.com"))
	f(false, "example.com", allowed("*.example.com"))
	f(false, "badexample.com", allowed("*.example.com"))
	f(true, "evil.example", allowed("*"))
}

func TestForeignHostsGet421OfEveryPath(t *testing.T) {
	s := started(t, nil)
	for _, path := range []string{"/", "/healthz", "/readyz", "/gpus", "/metrics", "/nowhere"} {
		require.Equal(t, "421 Misdirected Request", s.raw(t, "GET "+path+" HTTP/1.1\r\nHost: evil.example:13134\r\n\r\n"))
		require.Equal(t, "421 Misdirected Request", s.raw(t, "GET http://evil.example"+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	}
	require.Equal(t, "200 OK", s.raw(t, "GET /healthz HTTP/1.1\r\nHost: 10.0.0.7:13134\r\n\r\n"), "what a kubelet sends")
	require.Equal(t, "200 OK", s.raw(t, "GET /healthz HTTP/1.1\r\nHost:\r\n\r\n"))
	require.Equal(t, "HTTP/1.0 200 OK", s.raw(t, "GET /healthz HTTP/1.0\r\n\r\n"), "what load balancers send")
	require.Equal(t, "400 Bad Request: malformed Host header", s.raw(t, "GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n"))
	require.Equal(t, "400 Bad Request", s.raw(t, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"))
}

func TestForeignHostsGet421OverHTTP2(t *testing.T) {
	ca := newIdentity(t, "ca", nil, nil)
	s := started(t, withTLS(newSecrets(t, newIdentity(t, "server", ca, nil), ca).configure))
	s.useTLS(t, ca, nil)
	f := func(want int, host string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.address(t)+"/healthz", http.NoBody)
		require.NoError(t, err)
		request.Host = host
		response, err := s.client.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, 2, response.ProtoMajor)
		require.Equal(t, want, response.StatusCode)
	}
	f(http.StatusMisdirectedRequest, "evil.example")
	f(http.StatusOK, "localhost:1")
	f(http.StatusOK, "")
}

func TestAuthenticatorsAreNotAskedAboutForeignHosts(t *testing.T) {
	s := startedWith(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	require.Equal(t, "418 I'm a teapot", s.raw(t, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	require.Equal(t, "421 Misdirected Request", s.raw(t, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"))
}
