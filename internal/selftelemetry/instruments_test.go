// SPDX-License-Identifier: Apache-2.0

package selftelemetry

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"go.yaml.in/yaml/v3"
)

// faultyProvider wraps a working provider and breaks one thing about its meters.
type faultyProvider struct {
	noop.MeterProvider
	working metric.MeterProvider
	fault   func(metric.Meter) metric.Meter
}

func (p faultyProvider) Meter(name string, opts ...metric.MeterOption) metric.Meter {
	return p.fault(p.working.Meter(name, opts...))
}

type noHistogram struct{ metric.Meter }

func (noHistogram) Float64Histogram(string, ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	return nil, errors.New("no histograms here")
}

type noCallback struct{ metric.Meter }

func (noCallback) RegisterCallback(metric.Callback, ...metric.Observable) (metric.Registration, error) {
	return nil, errors.New("no callbacks here")
}

// initErrors returns what the init error counter of reader holds, by its attributes.
func initErrors(t *testing.T, reader sdkmetric.Reader) map[attribute.Set]int64 {
	t.Helper()
	var rm metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(context.Background(), &rm))
	out := map[attribute.Set]int64{}
	for _, sm := range rm.ScopeMetrics {
		for _, m := range sm.Metrics {
			if m.Name != "tracecore.selftelemetry.init_errors_total" {
				continue
			}
			for _, point := range m.Data.(metricdata.Sum[int64]).DataPoints {
				out[point.Attributes] = point.Value
			}
		}
	}
	return out
}

func TestInitErrorsFallBackToNoOp(t *testing.T) {
	for _, tt := range []struct {
		name, reason string
		fault        func(metric.Meter) metric.Meter
		receiverOnly bool
	}{
		{"provider fails to make an instrument", "instrument_register", func(m metric.Meter) metric.Meter { return noHistogram{m} }, false},
		{"provider refuses callbacks", "unsupported_sdk", func(m metric.Meter) metric.Meter { return noCallback{m} }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reader := sdkmetric.NewManualReader()
			working := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
			requireFallBack(t, faultyProvider{working: working, fault: tt.fault}, reader, tt.reason, tt.receiverOnly)
		})
	}
}

func TestNilProviderIsCountedProcessWide(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	before := otel.GetMeterProvider()
	otel.SetMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	defer otel.SetMeterProvider(before)
	requireFallBack(t, nil, reader, "nil_provider", false)
}

func TestPanickingProviderDoesNotCrash(t *testing.T) {
	provider := faultyProvider{working: noop.NewMeterProvider(), fault: func(metric.Meter) metric.Meter { panic("boom") }}
	core, logs := observer.New(zapcore.WarnLevel)
	useAll(NewReceiver(component.TelemetrySettings{Logger: zap.New(core), MeterProvider: provider}, dcgmID))
	require.Equal(t, "unsupported_sdk", logs.All()[0].ContextMap()["reason"])
}

func requireFallBack(t *testing.T, provider metric.MeterProvider, reader sdkmetric.Reader, reason string, receiverOnly bool) {
	t.Helper()
	core, logs := observer.New(zapcore.WarnLevel)
	set := component.TelemetrySettings{Logger: zap.New(core), MeterProvider: provider}
	want := map[attribute.Set]int64{
		idSet(attribute.String("component_kind", "receiver"), attribute.String("reason", reason)): 1,
	}

	r := NewReceiver(set, dcgmID)
	useAll(r)
	require.Equal(t, NopReceiver(), r)
	if !receiverOnly {
		e := NewExporter(set, dcgmID)
		e.IncCallSuccess()
		e.IncCallFailure(KindDownstream)
		require.EqualValues(t, 1, e.Successes())
		require.EqualValues(t, 1, e.Failures())
		want[idSet(attribute.String("component_kind", "exporter"), attribute.String("reason", reason))] = 1
	}

	require.Equal(t, want, initErrors(t, reader))
	require.Equal(t, len(want), logs.Len())
	require.Equal(t, reason, logs.All()[0].ContextMap()["reason"])
}

func useAll(r Receiver) {
	r.IncError(KindRead)
	r.IncEmissions(1)
	r.ObserveLatency(time.Second)
	r.SetDegraded(true)
	r.MarkActivity()
	r.Shutdown()
}

func TestCanonicalKindsAreTheDocumentedOnes(t *testing.T) {
	raw, err := os.ReadFile("metadata.yaml")
	require.NoError(t, err)
	var md struct {
		Attributes map[string]struct {
			Enum []Kind `yaml:"enum"`
		} `yaml:"attributes"`
	}
	require.NoError(t, yaml.Unmarshal(raw, &md))
	require.Equal(t, md.Attributes["kind"].Enum, CanonicalKinds())
	require.True(t, slices.IsSorted(CanonicalKinds()))
}
