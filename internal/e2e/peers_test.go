// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	enc "encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// exposed is a Collector with everything that a peer may reach in the node agent.
const exposed = `
receivers: {otlp: {protocols: {grpc: {endpoint: GRPC}, http: {endpoint: OTLP, read_header_timeout: 1s}}}}
exporters: {prometheus: {endpoint: PAGE, read_header_timeout: 1s}, nop: {}}
extensions:
  health_slo: {http: {endpoint: HEALTH, read_header_timeout: 1s}}
  zpages: {endpoint: DEBUG, read_header_timeout: 1s}
  health_check: {endpoint: CHECK, read_header_timeout: 1s}
service:
  extensions: [health_slo, zpages, health_check]
  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: SELF}}}}]}}
  pipelines:
    metrics: {receivers: [otlp], exporters: [prometheus]}
    traces: {receivers: [otlp], exporters: [nop]}
`

// startExposed returns the addresses of [exposed] by their name there.
func startExposed(t *testing.T) (c *collector, addresses map[string]string) {
	t.Helper()
	config, addresses := exposed, map[string]string{}
	for _, name := range []string{"GRPC", "OTLP", "PAGE", "HEALTH", "DEBUG", "CHECK", "SELF"} {
		addresses[name] = freeAddress(t)
		address := addresses[name]
		if name == "SELF" {
			address = port(address)
		}
		config = strings.ReplaceAll(config, name, address)
	}
	c = start(t, "--config", configFile(t, "%s", config))
	waitStatus(t, addresses["HEALTH"], "/readyz", http.StatusOK)
	return c, addresses
}

// pages are the paths that answer GET with 200, by the name of their address.
var pages = map[string]string{"PAGE": "/metrics", "SELF": "/metrics", "HEALTH": "/", "DEBUG": "/debug/servicez", "CHECK": "/"}

// begin sends the beginning of a request.
func begin(t *testing.T, address, text string) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, patience)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() }) // The server may have closed it.
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, _ = io.WriteString(conn, text) // What the server does not want, it does not read to the end.
	return conn
}

func TestHugeHeadersAreRefusedByEveryPage(t *testing.T) {
	_, addresses := startExposed(t)
	huge := "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + strings.Repeat("x", 2*http.DefaultMaxHeaderBytes)
	for name := range pages {
		status, err := bufio.NewReader(begin(t, addresses[name], huge)).ReadString('\n')
		require.NoError(t, err, name)
		require.Contains(t, status, "431", name)
	}
	waitStatus(t, addresses["HEALTH"], "/healthz", http.StatusOK)
}

func TestSlowClientsOccupyNoPage(t *testing.T) {
	_, addresses := startExposed(t)
	slow := map[string][]net.Conn{}
	for name := range pages {
		for range 50 {
			slow[name] = append(slow[name], begin(t, addresses[name], "GET / HTTP/1.1\r\nHost: "))
		}
	}
	for range 50 {
		slow["OTLP"] = append(slow["OTLP"], begin(t, addresses["OTLP"], "POST /v1/traces HTTP/1.1\r\nHost: "))
	}
	for name, path := range pages {
		waitStatus(t, addresses[name], path, http.StatusOK)
	}
	for name, conns := range slow {
		for _, conn := range conns {
			_, err := io.Copy(io.Discard, conn)
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "%s never ends a slow request", name)
		}
	}
}

// spans is an OTLP request with so many bytes in one attribute.
func spans(size int) []byte {
	return []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"` + strings.Repeat("x", size) + `"}]}]}]}`)
}

func post(t *testing.T, address, contentType, encoding string, body []byte) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/v1/traces", bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", contentType)
	if encoding != "" {
		request.Header.Set("Content-Encoding", encoding)
	}
	request.Header.Set("Origin", "https://evil.example")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() }) // Nothing was written.
	return response
}

func zipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, err := w.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return buf.Bytes()
}

// A request is bounded by 20 MiB over HTTP, also once it is uncompressed, and by 4 MiB over gRPC.
func TestOversizedOTLPRequestsAreRefused(t *testing.T) {
	c, addresses := startExposed(t)
	require.Equal(t, http.StatusOK, post(t, addresses["OTLP"], "application/json", "", spans(1<<20)).StatusCode)
	require.Equal(t, http.StatusOK, post(t, addresses["OTLP"], "application/json", "gzip", zipped(t, spans(1<<20))).StatusCode)
	require.Equal(t, http.StatusBadRequest, post(t, addresses["OTLP"], "application/json", "", spans(21<<20)).StatusCode)
	bomb := zipped(t, spans(200<<20))
	require.Less(t, len(bomb), 1<<20)
	require.Equal(t, http.StatusBadRequest, post(t, addresses["OTLP"], "application/json", "gzip", bomb).StatusCode)

	require.Equal(t, "0", grpcStatus(t, addresses["GRPC"], "", 1<<20))
	require.Equal(t, "8", grpcStatus(t, addresses["GRPC"], "", 5<<20), "RESOURCE_EXHAUSTED")
	require.Equal(t, "8", grpcStatus(t, addresses["GRPC"], "gzip", 200<<20), "RESOURCE_EXHAUSTED")
	require.Equal(t, 1, c.runs())
	waitStatus(t, addresses["HEALTH"], "/readyz", http.StatusOK)
}

// grpcStatus sends a message with so many bytes in a field that nobody knows, and returns the code of the answer.
func grpcStatus(t *testing.T, address, encoding string, size int) string {
	t.Helper()
	message := enc.AppendUvarint([]byte{15<<3 | 2}, uint64(size)) //nolint:gosec // Sizes are positive.
	message = append(message, make([]byte, size)...)
	frame := []byte{0}
	if encoding != "" {
		message, frame = zipped(t, message), []byte{1}
	}
	frame = append(enc.BigEndian.AppendUint32(frame, uint32(len(message))), message...) //nolint:gosec // Sizes are small.
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		"http://"+address+"/opentelemetry.proto.collector.trace.v1.TraceService/Export", bytes.NewReader(frame))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("Te", "trailers")
	if encoding != "" {
		request.Header.Set("Grpc-Encoding", encoding)
	}
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	require.NoError(t, err)
	defer response.Body.Close() //nolint:errcheck // Nothing was written.
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	return response.Header.Get("Grpc-Status") + response.Trailer.Get("Grpc-Status")
}

// What a browser sends for a foreign page without asking first is no OTLP, and the answer is that it may send no more.
func TestForeignWebPagesCannotSendOTLP(t *testing.T) {
	_, addresses := startExposed(t)
	for _, simple := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"} {
		require.Equal(t, http.StatusUnsupportedMediaType, post(t, addresses["OTLP"], simple, "", spans(1)).StatusCode)
	}
	response := post(t, addresses["OTLP"], "application/json", "", spans(1))
	require.Empty(t, response.Header.Get("Access-Control-Allow-Origin"))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, "http://"+addresses["OTLP"]+"/v1/traces", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Origin", "https://evil.example")
	request.Header.Set("Access-Control-Request-Method", http.MethodPost)
	response, err = http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Empty(t, response.Header.Get("Access-Control-Allow-Origin"))
}

// Without a queue, what a backend answers reaches the client: credentials in headers stay out of it, those in the URL do not.
func TestCredentialsInHeadersDoNotReachOTLPClients(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }))
	t.Cleanup(backend.Close)
	address := strings.TrimPrefix(backend.URL, "http://")
	for settings, leaks := range map[string]bool{
		"endpoint: http://" + address + ", headers: {Authorization: Basic planted}": false,
		"endpoint: http://user:planted@" + address:                                  true, // docs/security.md says so.
	} {
		otlp, health := freeAddress(t), freeAddress(t)
		c := start(t, "--config", configFile(t, `
receivers: {otlp: {protocols: {http: {endpoint: %s}}}}
exporters: {otlp_http: {%s, sending_queue: {enabled: false}}}
extensions: {health_slo: {http: {endpoint: %s}}}
service:
  extensions: [health_slo]
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {receivers: [otlp], exporters: [otlp_http]}}
`, otlp, settings, health))
		waitStatus(t, health, "/readyz", http.StatusOK)
		response := post(t, otlp, "application/json", "", spans(1))
		answer, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NotEqual(t, http.StatusOK, response.StatusCode)
		require.Equal(t, leaks, strings.Contains(string(answer), "planted"), "%s", answer)
		if !leaks {
			require.NotContains(t, c.err.String(), "planted")
		}
		_, page := get(health, "/")
		require.NotContains(t, page, "planted")
	}
}
