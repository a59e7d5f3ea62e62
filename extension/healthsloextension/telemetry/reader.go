// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/collector/featuregate"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/telemetrysource"
)

// scopedComponents is the feature gate that distinguishes components by their instrumentation
// scope alone.
const scopedComponents = "telemetry.newPipelineTelemetry"

// reader is the one reader that is added. The Prometheus exporter is a manual reader with a
// view of its own as text, so that reading in process and /metrics together cost what one costs.
type reader struct {
	*otelprom.Exporter
	handler http.Handler
}

var _ telemetrysource.Source = (*reader)(nil)

// newReader uses a registry of its own, so that several Collectors in one process do not meet.
func newReader(logger *zap.Logger) (*reader, error) {
	registry := prometheus.NewRegistry()
	opts := []otelprom.Option{
		otelprom.WithRegisterer(guardingRegisterer{registry, logger}),
		otelprom.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithoutSuffixes),
	}
	// With the gate the scope's attributes are all that keeps the series of two exporters apart.
	if !gateEnabled(scopedComponents) {
		opts = append(opts, otelprom.WithoutScopeInfo())
	}
	exporter, err := otelprom.New(opts...)
	if err != nil {
		return nil, err
	}
	return &reader{Exporter: exporter, handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{})}, nil
}

func (r *reader) Handler() http.Handler { return r.handler }

// gateEnabled looks the gate up by its name: the service's variable is internal.
func gateEnabled(id string) bool {
	enabled := false
	featuregate.GlobalRegistry().VisitAll(func(gate *featuregate.Gate) {
		enabled = enabled || gate.ID() == id && gate.IsEnabled()
	})
	return enabled
}
