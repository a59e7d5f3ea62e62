// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/telemetry"
)

const guarded = `
receivers: {beat: {}}
exporters: {otlp: {endpoint: BACKEND, tls: {insecure: true}}}
extensions:
  health_slo: {http: {endpoint: HTTP, auth: {authenticator: bearertokenauth/probes}}}
  bearertokenauth/probes: {token: sesame}
service:
  telemetry: {metrics: {level: none}, logs: {level: info}}
  extensions: [health_slo, bearertokenauth/probes]
  pipelines: {metrics: {receivers: [beat], exporters: [otlp]}}
`

// The authenticator comes after the extension in the configuration and has to start before it.
func TestBearerTokenGuardsEveryPath(t *testing.T) {
	c := start(t, telemetry.NewFactory(), guarded)
	f := func(path, token string, want int) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.http+path, http.NoBody)
		require.NoError(t, err)
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		request.Close = true
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, want, response.StatusCode, path)
	}
	for _, path := range []string{"/", "/healthz", "/readyz", "/gpus", "/metrics"} {
		f(path, "", http.StatusUnauthorized)
		f(path, "guess", http.StatusUnauthorized)
		f(path, "sesame", http.StatusOK)
	}
}
