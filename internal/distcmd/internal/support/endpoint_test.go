// SPDX-License-Identifier: Apache-2.0

package support

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseEndpoint(t *testing.T) {
	for text, want := range map[string]string{
		"localhost:13134":        "http://localhost:13134",
		"http://10.0.0.1:1":      "http://10.0.0.1:1",
		"https://host:1/":        "https://host:1",
		"0.0.0.0:13134":          "http://localhost:13134",
		"[::]:13134":             "http://localhost:13134",
		"https://0.0.0.0:13134":  "https://localhost:13134",
		"[::1]:13134":            "http://[::1]:13134",
		":13134":                 "http://localhost:13134",
		"unix:///run/otel.sock":  "unix:///run/otel.sock",
		"localhost":              "",
		"unix://relative":        "",
		"ftp://host:1":           "",
		"http://user:pw@host:1":  "",
		"http://host:1/path":     "",
		"http://host:notaport":   "",
		"":                       "",
		"http://host:1\nHost: x": "",
	} {
		endpoint, err := ParseEndpoint(text)
		if want == "" {
			require.ErrorContains(t, err, "must be host:port", text)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want, endpoint.String())
	}
}

// pages answers what was asked for, and how.
var pages = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/readyz":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "/gone":
		http.Redirect(w, r, "/readyz", http.StatusFound)
	case "/secret":
		w.WriteHeader(http.StatusUnauthorized)
	case "/missing":
		w.WriteHeader(http.StatusNotFound)
	}
	_, _ = w.Write([]byte(r.Header.Get("Accept") + " " + r.Host))
})

func TestEndpointsAreAskedOverEveryTransport(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:9")
	tcp, encrypted, unix := httptest.NewServer(pages), httptest.NewTLSServer(pages), httptest.NewUnstartedServer(pages)
	socket := filepath.Join(t.TempDir(), "s")
	var err error
	unix.Listener, err = (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	require.NoError(t, err)
	unix.Start()
	for text, host := range map[string]string{tcp.URL: tcp.Listener.Addr().String(), encrypted.URL: encrypted.Listener.Addr().String(), "unix://" + socket: "localhost"} {
		endpoint, err := ParseEndpoint(text)
		require.NoError(t, err)
		body, err := endpoint.Get("n", "/readyz", "application/json").Collect(t.Context())
		require.NoError(t, err, "503 is an answer")
		require.Equal(t, "application/json "+host, string(body))
		_, err = endpoint.Get("n", "/missing", "text/plain").Collect(t.Context())
		require.EqualError(t, err, "answered 404 Not Found")
		_, err = endpoint.Get("n", "/secret", "text/plain").Collect(t.Context())
		require.EqualError(t, err, "answered 401 Unauthorized: no credentials are sent")
		_, err = endpoint.Get("n", "/gone", "text/plain").Collect(t.Context())
		require.EqualError(t, err, "answered 302 Found", "redirects lead elsewhere")
	}
	for _, server := range []*httptest.Server{tcp, encrypted, unix} {
		server.Close()
	}
}

func TestNoMoreIsReadOfAnEndpointThanAnEntryIsMadeOf(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, largest+margin+1))
	}))
	defer server.Close()
	endpoint, err := ParseEndpoint(server.URL)
	require.NoError(t, err)
	body, err := endpoint.Get("n", "/", "text/plain").Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, body, largest+margin)
}

func TestAnEndpointThatWantsACertificateIsNamed(t *testing.T) {
	server := httptest.NewUnstartedServer(pages)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // It reports the refusal.
	server.StartTLS()
	defer server.Close()
	endpoint, err := ParseEndpoint(server.URL)
	require.NoError(t, err)
	_, err = endpoint.Get("n", "/readyz", "text/plain").Collect(t.Context())
	require.ErrorContains(t, err, "certificate required: no client certificate is sent")
}

func froms(entries []Entry) map[string]string {
	from := map[string]string{}
	for _, entry := range entries {
		from[entry.Name] = entry.From
	}
	return from
}

type tree = map[string]any

func TestEndpointsComeFromTheConfiguration(t *testing.T) {
	for _, tt := range []struct {
		name            string
		config          tree
		readyz, metrics string
	}{
		{"nothing configured", tree{}, "http://localhost:13134/readyz", "http://localhost:8888/metrics"},
		{"not in use", tree{"extensions": tree{"health_slo": tree{"http": tree{"endpoint": "a:1"}}}}, "http://localhost:13134/readyz", "http://localhost:8888/metrics"},
		{
			"configured",
			tree{
				"extensions": tree{"health_slo/x": tree{"http": tree{"endpoint": "0.0.0.0:1"}, "paths": tree{"readyz": "/ready"}}},
				"service": tree{
					"extensions": []any{"zpages", "health_slo/x"},
					"telemetry":  tree{"metrics": tree{"level": "Normal", "readers": []any{tree{"periodic": nil}, tree{"pull": tree{"exporter": tree{"prometheus": tree{"host": "::1", "port": 2}}}}}}},
				},
			},
			"http://localhost:1/ready", "http://[::1]:2/metrics",
		},
		{"TLS", tree{"extensions": tree{"health_slo": tree{"http": tree{"endpoint": "a:1", "tls": tree{}}}}, "service": tree{"extensions": []any{"health_slo"}}}, "https://a:1/readyz", "http://localhost:8888/metrics"},
		{"socket", tree{"extensions": tree{"health_slo": tree{"http": tree{"endpoint": "/s", "transport": "unix"}}}, "service": tree{"extensions": []any{"health_slo"}}}, "unix:///s/readyz", "http://localhost:8888/metrics"},
		{"faulty", tree{"extensions": tree{"health_slo": tree{"http": tree{"endpoint": "a"}}}, "service": tree{"extensions": []any{"health_slo"}}}, "the configuration", "http://localhost:8888/metrics"},
		{"no metrics", tree{"service": tree{"telemetry": tree{"metrics": tree{"level": "None"}}}}, "http://localhost:13134/readyz", "service::telemetry::metrics"},
		{"no Prometheus", tree{"service": tree{"telemetry": tree{"metrics": tree{"readers": []any{}}}}}, "http://localhost:13134/readyz", "service::telemetry::metrics"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			health, err := HealthEntries(tt.config, "")
			require.NoError(t, err)
			require.Equal(t, tt.readyz, froms(health)["health/readyz.json"])
			require.Contains(t, froms(health), "health/gpus.json")
			metrics, err := MetricsEntry(tt.config, "")
			require.NoError(t, err)
			require.Equal(t, tt.metrics, metrics.From)
		})
	}
}

func TestFlagsWinOverTheConfiguration(t *testing.T) {
	health, err := HealthEntries(nil, "b:2")
	require.NoError(t, err)
	require.Equal(t, "http://b:2/healthz", froms(health)["health/healthz.json"])
	metrics, err := MetricsEntry(nil, "b:3")
	require.NoError(t, err)
	require.Equal(t, "http://b:3/metrics", metrics.From)
	_, err = HealthEntries(nil, "b")
	require.Error(t, err)
	_, err = MetricsEntry(nil, "b")
	require.Error(t, err)
}
