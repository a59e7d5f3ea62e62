// SPDX-License-Identifier: Apache-2.0

package telemetrysource

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

type source struct{}

func (*source) Collect(context.Context, *metricdata.ResourceMetrics) error { return nil }
func (*source) Handler() http.Handler                                      { return http.NotFoundHandler() }

// provider has a source behind the reserved scope alone.
type provider struct {
	metric.MeterProvider
	source Source
}

func (p provider) Meter(name string, opts ...metric.MeterOption) metric.Meter {
	meter := p.MeterProvider.Meter(name, opts...)
	if name == ScopeName {
		return Meter(meter, p.source)
	}
	return meter
}

func TestFind(t *testing.T) {
	_, ok := Find(nil)
	require.False(t, ok)
	_, ok = Find(noop.NewMeterProvider())
	require.False(t, ok)
	got, ok := Find(provider{noop.NewMeterProvider(), &source{}})
	require.True(t, ok)
	require.NoError(t, got.Collect(t.Context(), &metricdata.ResourceMetrics{}))
	require.NotNil(t, got.Handler())
}

func TestMeterOfTheReservedScopeMakesInstruments(t *testing.T) {
	meter := Meter(noop.NewMeterProvider().Meter(ScopeName), &source{})
	_, err := meter.Int64Counter("requests")
	require.NoError(t, err)
}

// A telemetry factory and an extension of different versions meet under this name.
func TestScopeNameStays(t *testing.T) {
	require.Equal(t, "github.com/tracecoreai/tracecore/internal/telemetrysource", ScopeName)
}
