// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/extension/extensionmiddleware"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/health"
)

var _ extensionmiddleware.HTTPServer = (*healthSLO)(nil)

// pathOfOthers is where probes of other exporters ask for health on the port of the page, as those of dcgm-exporter do.
const pathOfOthers = "GET /health"

// GetHTTPHandler makes the extension a middleware of other components' servers: they answer /health with the liveness of the Collector.
func (h *healthSLO) GetHTTPHandler(context.Context) (extensionmiddleware.WrapHTTPHandlerFunc, error) {
	return func(_ context.Context, base http.Handler) (http.Handler, error) {
		mux := http.NewServeMux()
		mux.Handle("/", base)
		mux.Handle(pathOfOthers, probe(func() health.Verdict { return h.state.Liveness(time.Now()) }))
		return mux, nil
	}, nil
}
