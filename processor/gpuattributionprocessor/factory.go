// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/metadata"
)

// NewFactory returns the factory of the GPU attribution processor.
func NewFactory() processor.Factory {
	return processor.NewFactory(
		metadata.Type,
		createDefaultConfig,
		processor.WithMetrics(createMetrics, metadata.MetricsStability),
		processor.WithLogs(createLogs, metadata.LogsStability),
	)
}

func createMetrics(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
	shared, err := share(cfg.(*Config), set)
	if err != nil {
		return nil, err
	}
	return &metricsProcessor{member: shared.join(), next: next, ledgers: newLedgers()}, nil
}

func createLogs(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	shared, err := share(cfg.(*Config), set)
	if err != nil {
		return nil, err
	}
	return &logsProcessor{member: shared.join(), next: next}, nil
}
