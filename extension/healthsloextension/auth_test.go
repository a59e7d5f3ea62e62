// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/extension/extensionauth"
)

// authenticator lets in who shows the word.
type authenticator struct {
	component.StartFunc
	component.ShutdownFunc
}

var _ extensionauth.Server = authenticator{}

func (authenticator) Authenticate(ctx context.Context, headers map[string][]string) (context.Context, error) {
	if http.Header(headers).Get("Authorization") != "Bearer sesame" {
		return ctx, errors.New("no sesame")
	}
	return ctx, nil
}

func TestAuthenticationGuardsEveryPath(t *testing.T) {
	id := component.MustNewIDWithName("bearertokenauth", "probes")
	s := newSubject(t, func(cfg *Config) {
		cfg.HTTP.Auth = configoptional.Some(confighttp.AuthConfig{Config: configauth.Config{AuthenticatorID: id}})
	})
	require.Equal(t, []component.ID{id}, s.Dependencies())
	require.EqualError(t, s.Start(t.Context(), s.host),
		`health_slo: "http::auth::authenticator": must name an extension of "service::extensions" that authenticates servers: failed to resolve authenticator "bearertokenauth/probes": authenticator not found`)

	s.host.extensions[id] = struct{ component.Component }{}
	require.EqualError(t, s.Start(t.Context(), s.host),
		`health_slo: "http::auth::authenticator": must name an extension of "service::extensions" that authenticates servers: requested authenticator is not a server authenticator`)

	s.host.extensions[id] = authenticator{}
	s.start(t)
	for _, path := range []string{"/healthz", "/readyz", "/gpus", "/nowhere"} {
		response, body := s.do(t, http.MethodGet, path, "")
		require.Equal(t, http.StatusUnauthorized, response.StatusCode)
		require.Equal(t, "no sesame\n", body)
		require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	}

	require.Equal(t, "401 Unauthorized", s.raw(t, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"))

	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.address(t)+"/healthz", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer sesame")
	response, err := s.client.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
}
