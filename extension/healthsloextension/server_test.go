// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configmiddleware"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.uber.org/zap/zapcore"
)

func TestResponses(t *testing.T) {
	s := started(t, func(cfg *Config) { cfg.Paths.Healthz = "/live" })
	const text, json = "text/plain; charset=utf-8", "application/json; charset=utf-8"
	f := func(method, path, accept string, code int, contentType, body string) {
		t.Helper()
		response, got := s.do(t, method, path, accept)
		require.Equal(t, code, response.StatusCode)
		require.Equal(t, body, got)
		require.Equal(t, contentType, response.Header.Get("Content-Type"))
		require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
		require.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
		if code == http.StatusMethodNotAllowed {
			require.Equal(t, "GET, HEAD", response.Header.Get("Allow"))
		}
	}
	f("GET", "/live", "", 200, text, "ok\n")
	f("GET", "/live?verbose", "*/*", 200, text, "ok\n")
	f("GET", "/live", "application/json", 200, json, `{"status":"ok"}`+"\n")
	f("GET", "/readyz", "text/html", 503, text, "starting\n")
	f("GET", "/readyz", "application/json", 503, json, `{"status":"unavailable","reasons":["starting"]}`+"\n")
	f("HEAD", "/live", "", 200, text, "")
	f("HEAD", "/readyz", "application/json", 503, json, "")
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"} {
		f(method, "/live", "", 405, text, "Method Not Allowed\n")
	}
	f("POST", "/", "", 405, text, "Method Not Allowed\n")
	f("POST", "/metrics", "", 405, text, "Method Not Allowed\n")
	f("GET", "/index.html", "", 404, text, "404 page not found\n")
	f("GET", "/healthz", "", 404, text, "404 page not found\n")
	f("GET", "/live/", "", 404, text, "404 page not found\n")
	f("GET", "/metrics", "", 404, text, "the telemetry factory of this distribution does not hand out the Collector's own metrics: "+
		"scrape a reader of service::telemetry::metrics instead\n")
}

func TestConfiguredResponseHeadersWin(t *testing.T) {
	s := started(t, func(cfg *Config) {
		cfg.HTTP.ResponseHeaders = configopaque.MapList{{Name: "Cache-Control", Value: "max-age=1"}}
	})
	response, _ := s.do(t, http.MethodGet, "/healthz", "")
	require.Equal(t, "max-age=1", response.Header.Get("Cache-Control"))
}

func TestServerLimits(t *testing.T) {
	s := started(t, nil)
	require.Equal(t, 5*time.Second, s.server.ReadHeaderTimeout)
	require.Equal(t, 10*time.Second, s.server.ReadTimeout)
	require.Equal(t, 30*time.Second, s.server.WriteTimeout)
	require.Equal(t, time.Minute, s.server.IdleTimeout)
}

func TestPlainHTTPToOtherHostsIsWarnedAboutOnce(t *testing.T) {
	f := func(warnings int, addr net.Addr, configure func(*Config)) {
		t.Helper()
		s := newSubject(t, configure)
		s.logListening(addr)
		require.Equal(t, warnings, s.logs.FilterLevelExact(zapcore.WarnLevel).Len())
	}
	f(0, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, nil)
	f(0, &net.TCPAddr{IP: net.IPv6loopback, Port: 1}, nil)
	f(0, &net.UnixAddr{Net: "unix", Name: "/run/health.sock"}, nil)
	f(0, &net.TCPAddr{IP: net.IPv4zero, Port: 1}, withTLS(inline("", "")))
	f(1, &net.TCPAddr{IP: net.IPv4zero, Port: 1}, nil)
	f(1, &net.TCPAddr{IP: net.IPv6unspecified, Port: 1}, nil)
	f(1, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}, nil)
}

func TestUnixSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	s := started(t, func(cfg *Config) {
		cfg.HTTP.NetAddr = confignet.AddrConfig{Endpoint: socket, Transport: confignet.TransportTypeUnix}
	})
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	response, err := client.Get("http://health/healthz")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.NoError(t, s.Shutdown(t.Context()))
	require.NoFileExists(t, socket)
}

// middleware puts a handler in the place of ours.
type middleware struct {
	component.StartFunc
	component.ShutdownFunc
	http.HandlerFunc
}

var _ extensionmiddleware.HTTPServer = middleware{}

func (m middleware) GetHTTPHandler(context.Context) (extensionmiddleware.WrapHTTPHandlerFunc, error) {
	return func(context.Context, http.Handler) (http.Handler, error) { return m.HandlerFunc, nil }, nil
}

func startedWith(t *testing.T, handler http.HandlerFunc) *subject {
	t.Helper()
	id := component.MustNewID("middleware")
	s := newSubject(t, func(cfg *Config) { cfg.HTTP.Middlewares = []configmiddleware.Config{{ID: id}} })
	require.Equal(t, []component.ID{id}, s.Dependencies())
	s.host.extensions[id] = middleware{HandlerFunc: handler}
	s.start(t)
	return s
}

func TestPanicBecomesAnErrorResponse(t *testing.T) {
	s := startedWith(t, func(http.ResponseWriter, *http.Request) { panic("oops") })
	for range 2 {
		s.requireProbe(t, "/healthz", http.StatusInternalServerError, "internal error\n")
	}
	entries := s.logs.FilterMessage("HTTP handler panicked").All()
	require.Len(t, entries, 2)
	require.Equal(t, zapcore.ErrorLevel, entries[0].Level)
	fields := entries[0].ContextMap()
	require.Equal(t, "oops", fields["reason"])
	require.Equal(t, "/healthz", fields["path"])
	require.Contains(t, fields["stack"], "TestPanicBecomesAnErrorResponse")
}

func TestAbortedHandlerClosesTheConnection(t *testing.T) {
	s := startedWith(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := s.client.Get("http://" + s.address(t) + "/healthz") //nolint:bodyclose // There is no response.
	require.ErrorIs(t, err, io.EOF)
	require.Zero(t, s.logs.FilterLevelExact(zapcore.ErrorLevel).Len())
}

func TestShutdownDoesNotWaitForSlowClients(t *testing.T) {
	f := func(cancelled bool, limit time.Duration) {
		t.Helper()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if cancelled {
			cancel()
		}
		s := started(t, nil)
		conn, err := net.Dial("tcp", s.address(t))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, conn.Close()) })
		_, err = io.WriteString(conn, "GET /healthz HTTP/1.1\r\n")
		require.NoError(t, err)

		begin := time.Now()
		require.NoError(t, s.Shutdown(ctx))
		require.Less(t, time.Since(begin), limit)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(2*time.Second)))
		_, err = conn.Read(make([]byte, 1))
		require.Error(t, err)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	f(true, shutdownTimeout/2)
	f(false, 4*shutdownTimeout)
}
