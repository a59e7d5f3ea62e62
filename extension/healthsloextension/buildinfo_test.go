// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"errors"
	"net"
	"net/http"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/metadata"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/metadatatest"
	"github.com/tracecoreai/tracecore/internal/buildinfo"
)

// failingMeterProvider refuses every gauge.
type failingMeterProvider struct{ metricnoop.MeterProvider }

type failingMeter struct{ metricnoop.Meter }

func (failingMeterProvider) Meter(string, ...metric.MeterOption) metric.Meter { return failingMeter{} }

func (failingMeter) Int64ObservableGauge(string, ...metric.Int64ObservableGaugeOption) (metric.Int64ObservableGauge, error) {
	return nil, errors.New("no gauges today")
}

func TestStartThatFailsLateFreesThePort(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, free.Close())
	s := newSubject(t, func(cfg *Config) { cfg.HTTP.NetAddr.Endpoint = free.Addr().String() })
	s.set.MeterProvider = failingMeterProvider{}
	require.ErrorContains(t, s.Start(t.Context(), s.host), "health_slo: report build info: no gauges today")
	require.NoError(t, s.Shutdown(t.Context()))

	s.set.MeterProvider = metricnoop.NewMeterProvider()
	s.start(t)
}

func TestBuildInfoIsTheOnlyTelemetry(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	s := newSubject(t, nil)
	logger := s.set.Logger
	s.set.TelemetrySettings = telemetry.NewTelemetrySettings()
	s.set.Logger = logger
	s.set.BuildInfo = component.BuildInfo{Command: "otelcol-tracecore", Version: "1.2.3"}
	s.start(t)
	s.requireProbe(t, "/healthz", http.StatusOK, "ok\n")

	var collected metricdata.ResourceMetrics
	require.NoError(t, telemetry.Reader.Collect(t.Context(), &collected))
	require.Len(t, collected.ScopeMetrics, 1)
	require.Equal(t, metadata.ScopeName, collected.ScopeMetrics[0].Scope.Name)
	require.Len(t, collected.ScopeMetrics[0].Metrics, 1)
	metadatatest.AssertEqualBuildInfo(t, telemetry, []metricdata.DataPoint[int64]{{
		Value: 1,
		Attributes: attribute.NewSet(
			attribute.String("command", "otelcol-tracecore"),
			attribute.String("goversion", runtime.Version()),
			attribute.String("revision", buildinfo.UnknownRevision), // go test does not stamp its executables
			attribute.String("version", "1.2.3"),
		),
	}}, metricdatatest.IgnoreTimestamp())
	require.Empty(t, telemetry.SpanRecorder.Ended())

	require.NoError(t, s.Shutdown(t.Context()))
	_, err := telemetry.GetMetric("tracecore.build.info")
	require.Error(t, err)
	require.NoError(t, telemetry.Shutdown(t.Context()))
}
