// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configtelemetry"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/service/telemetry"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
	otelconf "go.opentelemetry.io/contrib/otelconf/v0.3.0"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/telemetrysource"
)

// createMeterProvider is upstream's, which cannot be given a reader, with ours added. Where
// upstream turns metrics off (level none) it keeps our reader and drops the configured ones.
func createMeterProvider(ctx context.Context, set telemetry.MeterSettings, componentConfig component.Config) (telemetry.MeterProvider, error) {
	cfg := componentConfig.(*otelconftelemetry.Config)
	logNotices(set.Logger, &cfg.Metrics)
	resource, err := fixedResource(&cfg.Resource, set.Resource)
	if err != nil {
		return nil, err
	}
	reader, err := newReader(set.Logger)
	if err != nil {
		return nil, fmt.Errorf("create metric reader: %w", err)
	}
	provider := meterProviderConfig(set, &cfg.Metrics)
	sdk, err := otelconf.NewSDK(
		otelconf.WithContext(ctx),
		otelconf.WithMeterProviderOptions(sdkmetric.WithReader(reader)),
		otelconf.WithOpenTelemetryConfiguration(otelconf.OpenTelemetryConfiguration{Resource: resource, MeterProvider: &provider}),
	)
	if err != nil {
		return nil, err
	}
	return &meterProvider{MeterProvider: sdk.MeterProvider().(telemetry.MeterProvider), reader: reader}, nil
}

// logNotices says what upstream says; who reads the log of one knows the other's.
func logNotices(logger *zap.Logger, cfg *otelconftelemetry.MetricsConfig) {
	if cfg.MigratedFromV02 {
		logger.Warn("Telemetry metrics configuration is using the deprecated v0.2.0 Declarative Configuration format, please migrate to the v0.3.0 format",
			zap.String("url", "https://opentelemetry.io/docs/specs/otel/configuration/#declarative-configuration"))
	}
	if cfg.Level == configtelemetry.LevelNone {
		logger.Info("Internal metrics telemetry disabled")
	}
}

// meterProviderConfig works on a copy: the configuration belongs to the caller.
func meterProviderConfig(set telemetry.MeterSettings, cfg *otelconftelemetry.MetricsConfig) otelconf.MeterProvider {
	provider := cfg.MeterProvider
	if cfg.Level == configtelemetry.LevelNone {
		provider.Readers = nil
	}
	if provider.Views == nil && set.DefaultViews != nil {
		provider.Views = set.DefaultViews(cfg.Level)
	}
	return provider
}

// fixedResource turns the service's resource into otelconf's configuration of one.
func fixedResource(cfg *otelconftelemetry.ResourceConfig, resource *pcommon.Resource) (*otelconf.Resource, error) {
	if resource == nil {
		return nil, errors.New("collector resource must be initialized before creating telemetry providers")
	}
	fixed := &otelconf.Resource{SchemaUrl: cfg.SchemaUrl}
	for key, value := range resource.Attributes().All() {
		fixed.Attributes = append(fixed.Attributes, otelconf.AttributeNameValue{Name: key, Value: value.AsRaw()})
	}
	return fixed, nil
}

// meterProvider hands the reader out to who asks for the reserved scope.
type meterProvider struct {
	telemetry.MeterProvider
	reader *reader
}

func (p *meterProvider) Meter(name string, opts ...metric.MeterOption) metric.Meter {
	meter := p.MeterProvider.Meter(name, opts...)
	if name == telemetrysource.ScopeName {
		return telemetrysource.Meter(meter, p.reader)
	}
	return meter
}
