// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/health"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/sampling"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/verdict"
)

// served is what the server shows of the Collector's own metrics.
type served struct {
	view    func() sampling.View // what the last sampling pass found
	node    func() verdict.Node  // what it made of the GPUs
	metrics http.Handler         // nil where the Collector's telemetry factory hands out none
}

// newServer builds the server without opening anything.
func (h *healthSLO) newServer(ctx context.Context, host component.Host, seen served) (*http.Server, error) {
	set := h.set.TelemetrySettings
	// Probes come every few seconds: they make no spans and no http.server metrics.
	set.TracerProvider = tracenoop.NewTracerProvider()
	set.MeterProvider = metricnoop.NewMeterProvider()
	if err := checkAuthenticator(ctx, &h.cfg.HTTP, host.GetExtensions()); err != nil {
		return nil, err
	}
	server, err := h.cfg.HTTP.ToServer(ctx, host.GetExtensions(), set, h.routes(seen))
	if err != nil {
		return nil, fmt.Errorf(`"http": build server: %w`, err)
	}
	server.ErrorLog = log.New(serverLog{set.Logger}, "", 0)
	server.DisableGeneralOptionsHandler = true // It would answer "OPTIONS *" in front of authentication.
	server.Handler = harden(refuseForeignHosts(server.Handler, h.cfg), set.Logger)
	return server, nil
}

// serverLog receives what net/http has to say. Whoever reaches the port can fail a handshake or
// break the protocol, as port scanners and TCP probes do: that must not fill the log.
type serverLog struct {
	logger *zap.Logger
}

// clientsFaults begin what net/http says of clients. Those of HTTP/2 are all but one: a handler
// that panics is our fault.
var clientsFaults = []string{"http: TLS handshake error", "http2: ", "timeout waiting for SETTINGS", "timeout waiting for PING"}

func (l serverLog) Write(line []byte) (int, error) {
	message := strings.TrimSpace(string(line))
	begins := func(prefix string) bool { return strings.HasPrefix(message, prefix) }
	if slices.ContainsFunc(clientsFaults, begins) && !begins("http2: panic") {
		l.logger.Debug(message)
		return len(line), nil
	}
	l.logger.Error(message)
	return len(line), nil
}

// checkAuthenticator says which setting ToServer would fail at, and what it must be.
func checkAuthenticator(ctx context.Context, cfg *confighttp.ServerConfig, extensions map[component.ID]component.Component) error {
	if !cfg.Auth.HasValue() {
		return nil
	}
	auth := cfg.Auth.Get()
	if _, err := auth.GetServerAuthenticator(ctx, extensions); err != nil {
		return fmt.Errorf(`"http::auth::authenticator": must name an extension of "service::extensions" that authenticates servers: %w`, err)
	}
	return nil
}

// listen does what confighttp's ToListener does, which leaves the socket open when it cannot
// load the certificates, and does not say which setting is at fault.
func listen(ctx context.Context, cfg *confighttp.ServerConfig, logger *zap.Logger) (net.Listener, error) {
	var security *tls.Config
	if cfg.TLS.HasValue() {
		var err error
		if security, err = serverTLS(ctx, *cfg.TLS.Get(), logger); err != nil {
			return nil, err
		}
	}
	listener, err := cfg.NetAddr.Listen(ctx)
	if err != nil {
		return nil, fmt.Errorf(`"http::endpoint": listen on %s: %w`, cfg.NetAddr.Endpoint, err)
	}
	if security != nil {
		listener = tls.NewListener(listener, security)
	}
	return listener, nil
}

func (h *healthSLO) routes(seen served) http.Handler {
	mux := http.NewServeMux()
	// A GET pattern also answers HEAD, and other methods get 405.
	mux.Handle("GET "+h.cfg.Paths.Metrics, orNotFound(seen.metrics))
	mux.Handle("GET "+h.cfg.Paths.Healthz, probe(func() health.Verdict { return h.state.Liveness(time.Now()) }))
	mux.Handle("GET "+h.cfg.Paths.Readyz, probe(h.state.Readiness))
	mux.Handle("GET "+h.cfg.Paths.GPUs, h.gpuVerdict(seen))
	mux.Handle("GET /{$}", h.statusPage(seen))
	return refuseBodies(mux)
}

// refuseBodies answers who sends one: nothing here reads it, so it is a mistake. Other methods
// are the mistake themselves, with a body or without.
func refuseBodies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			http.Error(w, "a request must not have a body", http.StatusBadRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// orNotFound stands in where the Collector's telemetry factory hands out no metrics.
func orNotFound(metrics http.Handler) http.Handler {
	if metrics != nil {
		return metrics
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the telemetry factory of this distribution does not hand out the Collector's own metrics: "+
			"scrape a reader of service::telemetry::metrics instead", http.StatusNotFound)
	})
}

func probe(verdict func() health.Verdict) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		render := renderText
		if prefersJSON(r.Header, "plain") {
			render = renderJSON
		}
		render(w, verdict())
	})
}

// renderText gives each reason a line. A failed write is a client that went away.
func renderText(w http.ResponseWriter, verdict health.Verdict) {
	body := "ok"
	if !verdict.OK() {
		body = strings.Join(verdict, "\n")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(statusCode(verdict))
	_, _ = io.WriteString(w, body+"\n")
}

// renderJSON says the same as renderText. A failed write is a client that went away.
func renderJSON(w http.ResponseWriter, verdict health.Verdict) {
	body := struct {
		Status  string   `json:"status"`
		Reasons []string `json:"reasons,omitempty"`
	}{statusText(verdict), verdict}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(statusCode(verdict))
	_ = json.NewEncoder(w).Encode(body)
}

func statusText(verdict health.Verdict) string {
	if verdict.OK() {
		return "ok"
	}
	return "unavailable"
}

func statusCode(verdict health.Verdict) int {
	if verdict.OK() {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}

// harden holds for every response, those of authenticators and middlewares included: no
// caching, no sniffing, and a panic is a 500 and a log line.
func harden(next http.Handler, logger *zap.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			reason := recover()
			if reason == nil {
				return
			}
			if err, ok := reason.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(err) // net/http's own signal to close the connection
			}
			logger.Error("HTTP handler panicked", zap.Any("reason", reason), zap.String("path", r.URL.Path), zap.Stack("stack"))
			http.Error(w, "internal error", http.StatusInternalServerError)
		}()
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
