// SPDX-License-Identifier: Apache-2.0

// Package telemetrysource is the seam between the Collector's telemetry factory and components
// that read the Collector's own metrics. A telemetry factory that takes part in it returns, for
// the reserved scope name, a meter that is also a [Source].
//
// The seam is a meter and not the provider, because the Collector's service wraps the provider
// in a type of its own but passes meters through. It is not a process global, so that several
// Collectors in one process, and reloads, each find their own.
package telemetrysource

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// ScopeName is the reserved scope name. No instruments are made in it.
const ScopeName = "github.com/tracecoreai/tracecore/internal/telemetrysource"

// Source gives access to the Collector's own metrics. It is safe for concurrent use and stays
// valid until the provider it came from is shut down.
type Source interface {
	// Collect reads every instrument into rm, which may be reused. It runs the callbacks of
	// all observable instruments and must not be called from within one.
	Collect(ctx context.Context, rm *metricdata.ResourceMetrics) error

	// Handler answers with the same metrics in the Prometheus exposition format, under names
	// with underscores whatever the client accepts.
	Handler() http.Handler
}

// Find returns the source behind the provider, and whether there is one.
func Find(provider metric.MeterProvider) (Source, bool) {
	if provider == nil {
		return nil, false
	}
	source, ok := provider.Meter(ScopeName).(Source)
	return source, ok
}

// Meter joins a meter and a source. It is what a telemetry factory returns for [ScopeName].
func Meter(meter metric.Meter, source Source) metric.Meter {
	return struct {
		metric.Meter
		Source
	}{meter, source}
}
