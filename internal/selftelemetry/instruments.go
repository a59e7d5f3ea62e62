// SPDX-License-Identifier: Apache-2.0

package selftelemetry

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry/internal/metadata"
)

// initFailure is why a component runs without self-telemetry.
type initFailure struct {
	reason string // value of the attribute "reason" in metadata.yaml
	err    error
}

// newInstruments makes the instruments. A provider that panics must not take the
// component down with it: telemetry about a component matters less than the component.
func newInstruments(set component.TelemetrySettings) (tb *metadata.TelemetryBuilder, failure *initFailure) {
	if set.MeterProvider == nil {
		return nil, &initFailure{"nil_provider", errors.New("no meter provider")}
	}
	defer func() {
		if r := recover(); r != nil {
			tb, failure = nil, &initFailure{"unsupported_sdk", fmt.Errorf("meter provider panicked: %v", r)}
		}
	}()
	tb, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, &initFailure{"instrument_register", fmt.Errorf("make instruments: %w", err)}
	}
	return tb, nil
}

// reportInitFailure logs and counts a fall-back to no-op self-telemetry.
func reportInitFailure(set component.TelemetrySettings, id component.ID, kind string, failure *initFailure) {
	if set.Logger != nil {
		set.Logger.Warn("component runs without self-telemetry", zap.String("reason", failure.reason), zap.Error(failure.err))
	}
	attrs := metric.WithAttributes(componentID(id), attribute.String("component_kind", kind), attribute.String("reason", failure.reason))
	countInitError(set.MeterProvider, attrs)
}

// countInitError counts on the component's provider, or on the process-wide one where the
// component has none. Either may be what is broken, so nothing here may fail the caller.
func countInitError(provider metric.MeterProvider, attrs metric.MeasurementOption) {
	defer func() { _ = recover() }()
	if provider == nil {
		provider = otel.GetMeterProvider()
	}
	tb, _ := metadata.NewTelemetryBuilder(component.TelemetrySettings{MeterProvider: provider})
	tb.SelftelemetryInitErrorsTotal.Add(context.Background(), 1, attrs)
}
