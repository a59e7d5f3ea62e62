// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"go.opentelemetry.io/collector/service/telemetry"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

// NewFactory creates the factory that OCB's `telemetry:` key asks for.
func NewFactory() telemetry.Factory {
	upstream := otelconftelemetry.NewFactory()
	return telemetry.NewFactory(
		upstream.CreateDefaultConfig,
		telemetry.WithCreateResource(upstream.CreateResource),
		telemetry.WithCreateLogger(upstream.CreateLogger),
		telemetry.WithCreateMeterProvider(createMeterProvider),
		telemetry.WithCreateTracerProvider(upstream.CreateTracerProvider),
	)
}
