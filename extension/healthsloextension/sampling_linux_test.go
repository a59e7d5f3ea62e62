// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Ten starts and stops with every source; the generated TestMain looks for goroutines.
func TestRepeatedStartsOfTheSampler(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	scraping := newSubject(t, func(cfg *Config) { fast(cfg); cfg.ScrapeEndpoint = server.URL })
	collecting := newSubject(t, fast)
	collecting.set.MeterProvider = newWithSource()
	cycle := func() {
		for _, s := range []*subject{scraping, collecting} {
			require.NoError(t, s.Start(t.Context(), s.host))
			s.waitForPass(t)
			require.NoError(t, s.Shutdown(t.Context()))
		}
	}
	cycle()
	files, goroutines := len(openFiles(t)), runtime.NumGoroutine()
	for range 10 {
		cycle()
	}
	require.Eventually(t, func() bool {
		return len(openFiles(t)) <= files && runtime.NumGoroutine() <= goroutines+1 // Eventually has one of its own
	}, 5*time.Second, 10*time.Millisecond, "the test server closes its side of a connection in its own time")
}
