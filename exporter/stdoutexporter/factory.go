// SPDX-License-Identifier: Apache-2.0

package stdoutexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/xconsumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/exporter/xexporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/metadata"
)

// NewFactory returns the factory of the stdout exporter.
func NewFactory() exporter.Factory {
	return xexporter.NewFactory(
		metadata.Type,
		createDefaultConfig,
		xexporter.WithMetrics(createMetrics, metadata.MetricsStability),
		xexporter.WithLogs(createLogs, metadata.LogsStability),
		xexporter.WithTraces(createTraces, metadata.TracesStability),
		xexporter.WithProfiles(createProfiles, metadata.ProfilesStability),
	)
}

func createDefaultConfig() component.Config {
	return &Config{
		Format:       formatOTLPJSON,
		Target:       targetStdout,
		OnBrokenPipe: onBrokenPipeError,
		Queue:        configoptional.Default(exporterhelper.NewDefaultQueueConfig()),
	}
}

func createMetrics(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Metrics, error) {
	e := newStdoutExporter(set, config.(*Config))
	push := func(ctx context.Context, md pmetric.Metrics) error { return push(ctx, e, e.format.metrics, md) }
	inner, err := exporterhelper.NewMetrics(ctx, set, config, push, e.options()...)
	return struct {
		consumer.Metrics
		component.Component
	}{inner, boundedShutdown{inner, e.abandon}}, err
}

func createLogs(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Logs, error) {
	e := newStdoutExporter(set, config.(*Config))
	push := func(ctx context.Context, ld plog.Logs) error { return push(ctx, e, e.format.logs, ld) }
	inner, err := exporterhelper.NewLogs(ctx, set, config, push, e.options()...)
	return struct {
		consumer.Logs
		component.Component
	}{inner, boundedShutdown{inner, e.abandon}}, err
}

func createTraces(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Traces, error) {
	e := newStdoutExporter(set, config.(*Config))
	push := func(ctx context.Context, td ptrace.Traces) error { return push(ctx, e, e.format.traces, td) }
	inner, err := exporterhelper.NewTraces(ctx, set, config, push, e.options()...)
	return struct {
		consumer.Traces
		component.Component
	}{inner, boundedShutdown{inner, e.abandon}}, err
}

func createProfiles(ctx context.Context, set exporter.Settings, config component.Config) (xexporter.Profiles, error) {
	e := newStdoutExporter(set, config.(*Config))
	push := func(ctx context.Context, pd pprofile.Profiles) error { return push(ctx, e, e.format.profiles, pd) }
	inner, err := xexporterhelper.NewProfiles(ctx, set, config, push, e.options()...)
	return struct {
		xconsumer.Profiles
		component.Component
	}{inner, boundedShutdown{inner, e.abandon}}, err
}
