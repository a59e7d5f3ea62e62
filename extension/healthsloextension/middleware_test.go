// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.opentelemetry.io/collector/extension/extensiontest"
)

func TestServersOfOthersAnswerHealth(t *testing.T) {
	factory := NewFactory()
	ext, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), factory.CreateDefaultConfig())
	require.NoError(t, err)
	middleware, is := ext.(extensionmiddleware.HTTPServer)
	require.True(t, is)
	wrap, err := middleware.GetHTTPHandler(t.Context())
	require.NoError(t, err)
	handler, err := wrap(t.Context(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("page " + r.URL.Path))
	}))
	require.NoError(t, err)

	ask := func(method, path string) *httptest.ResponseRecorder {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody))
		return recorder
	}
	require.Equal(t, "page /metrics", ask(http.MethodGet, "/metrics").Body.String())
	require.Equal(t, "page /other", ask(http.MethodPost, "/other").Body.String())

	ext.(*healthSLO).state.Start(time.Now())
	ext.(*healthSLO).state.Beat(time.Now())
	require.Equal(t, http.StatusOK, ask(http.MethodGet, "/health").Code)
	ext.(*healthSLO).state.Beat(time.Now().Add(-time.Hour))
	require.Equal(t, http.StatusServiceUnavailable, ask(http.MethodGet, "/health").Code)
}
