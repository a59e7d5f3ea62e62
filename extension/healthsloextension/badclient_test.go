// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"
)

// raw sends bytes as they are and returns the status line of the answer.
func (s *subject) raw(t *testing.T, request string) (status string) {
	t.Helper()
	conn, err := net.Dial("tcp", s.address(t))
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // The server may have closed it.
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	status, err = bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(strings.TrimPrefix(status, "HTTP/1.1 "))
}

func TestWrongRequestsGet4xxAndChangeNothing(t *testing.T) {
	s := started(t, nil)
	f := func(want, request string) {
		t.Helper()
		require.Equal(t, want, s.raw(t, strings.ReplaceAll(request, "\n", "\r\n")))
	}
	f("405 Method Not Allowed", "POST /healthz HTTP/1.1\nHost: localhost\n\n")
	f("405 Method Not Allowed", "BREW /readyz HTTP/1.1\nHost: localhost\n\n")
	f("405 Method Not Allowed", "POST /healthz HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}")
	f("405 Method Not Allowed", "PUT /metrics HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n\n2\n{}\n0\n\n")
	f("400 Bad Request", "HEAD /healthz HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}")
	f("400 Bad Request", "OPTIONS * HTTP/1.1\nHost: localhost\n\n")
	f("404 Not Found", "GET /etc/passwd HTTP/1.1\nHost: localhost\n\n")
	f("404 Not Found", "GET /HEALTHZ HTTP/1.1\nHost: localhost\n\n")
	f("400 Bad Request", "GET healthz HTTP/1.1\nHost: localhost\n\n")
	f("400 Bad Request", "GET /%zz HTTP/1.1\nHost: localhost\n\n")
	f("400 Bad Request: missing required Host header", "GET /healthz HTTP/1.1\n\n")
	f("400 Bad Request", "GET /healthz HTTP/1.1\nHost: localhost\nNo colon\n\n")
	f("400 Bad Request", "GET /healthz HTTP/1.1\nHost: localhost\nContent-Encoding: rot13\n\n")
	f("400 Bad Request", "GET /healthz HTTP/1.1\nHost: localhost\nContent-Encoding: gzip\nContent-Length: 4\n\nnope")
	f("400 Bad Request", "GET /healthz HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}")
	f("400 Bad Request", "GET / HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n\n2\n{}\n0\n\n")
	f("400 Bad Request", "GET /readyz HTTP/1.1\nHost: localhost\nContent-Length: 1000000\n\n")
	f("400 Bad Request", "\x16\x03\x01\x02\n\n") // TLS to a plain port
	f("417 Expectation Failed", "GET /healthz HTTP/1.1\nHost: localhost\nExpect: the unexpected\n\n")
	f("431 Request Header Fields Too Large", "GET /healthz HTTP/1.1\nHost: localhost\nX-Long: "+strings.Repeat("x", 2*http.DefaultMaxHeaderBytes))

	s.requireProbe(t, "/healthz", http.StatusOK, "ok\n")
	require.Zero(t, s.logs.FilterLevelExact(zapcore.ErrorLevel).Len(), "a client cannot fill the log")
}

func TestHTTP2ClientsGetTheLimitOfHeaders(t *testing.T) {
	ca := newIdentity(t, "ca", nil, nil)
	s := started(t, withTLS(newSecrets(t, newIdentity(t, "server", ca, nil), ca).configure))
	s.useTLS(t, ca, nil)
	s.requireProbe(t, "/healthz", http.StatusOK, "ok\n") // brings the server's settings
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.address(t)+"/healthz", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("X-Long", strings.Repeat("x", 2*http.DefaultMaxHeaderBytes))
	_, err = s.client.Do(request) //nolint:bodyclose // There is no response.
	require.ErrorContains(t, err, "larger than peer's advertised limit")
	s.requireProbe(t, "/healthz", http.StatusOK, "ok\n")
}

// A client that sends bit by bit occupies a connection, never the server.
func TestSlowClientsAreCutOffAndNobodyWaitsForThem(t *testing.T) {
	ca := newIdentity(t, "ca", nil, nil)
	encrypted := withTLS(newSecrets(t, newIdentity(t, "server", ca, nil), ca).configure)
	f := func(begin string, configure func(*Config)) {
		t.Helper()
		s := newSubject(t, configure)
		s.cfg.HTTP.ReadHeaderTimeout = 500 * time.Millisecond
		if configure != nil {
			s.useTLS(t, ca, nil)
		}
		s.start(t)
		slow := make([]net.Conn, 200)
		for i := range slow {
			conn, err := net.Dial("tcp", s.address(t))
			require.NoError(t, err)
			t.Cleanup(func() { _ = conn.Close() }) // The server may have closed it.
			_, err = io.WriteString(conn, begin)
			require.NoError(t, err)
			slow[i] = conn
		}
		s.requireProbe(t, "/healthz", http.StatusOK, "ok\n")
		for _, conn := range slow {
			require.Eventually(t, func() bool {
				_, err := io.WriteString(conn, "x")
				return err != nil
			}, 10*time.Second, 10*time.Millisecond, "a slow client is never cut off")
		}
		s.requireProbe(t, "/healthz", http.StatusOK, "ok\n")
	}
	f("GET /healthz HTTP/1.1\r\nHost: ", nil)
	f("\x16\x03\x01\xff\xff", encrypted) // a handshake that does not go on
}

// breakHTTP2 agrees on HTTP/2 and then speaks something else.
func (s *subject) breakHTTP2(t *testing.T, ca *identity) {
	t.Helper()
	cfg := clientTLS(t, ca, nil)
	cfg.NextProtos = []string{"h2"}
	conn, err := tls.Dial("tcp", s.address(t), cfg)
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // The server may have closed it.
	_, err = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
}

func TestClientsCannotFillTheLog(t *testing.T) {
	ca := newIdentity(t, "ca", nil, nil)
	s := started(t, withTLS(newSecrets(t, newIdentity(t, "server", ca, nil), ca).configure))
	for range 100 {
		_, err := s.dial(t, newIdentity(t, "stranger", nil, nil), nil)
		require.ErrorContains(t, err, "unknown authority")
	}
	require.Eventually(t, func() bool { return s.logs.FilterLevelExact(zapcore.DebugLevel).Len() >= 100 }, 10*time.Second, 10*time.Millisecond)
	require.Zero(t, s.logs.FilterLevelExact(zapcore.ErrorLevel).Len())

	for range 100 {
		s.breakHTTP2(t, ca)
	}
	require.Eventually(t, func() bool { return s.logs.FilterMessageSnippet("http2: server: error reading preface").Len() >= 100 }, 10*time.Second, 10*time.Millisecond)
	require.Zero(t, s.logs.FilterLevelExact(zapcore.ErrorLevel).Len())

	s.server.ErrorLog.Print("http2: panic serving 127.0.0.1: oops")
	require.Equal(t, 1, s.logs.FilterLevelExact(zapcore.ErrorLevel).Len())
	s.server.ErrorLog.Print("http: Accept error: too many open files; retrying in 5ms")
	require.Equal(t, 1, s.logs.FilterLevelExact(zapcore.ErrorLevel).FilterMessage("http: Accept error: too many open files; retrying in 5ms").Len())
}
