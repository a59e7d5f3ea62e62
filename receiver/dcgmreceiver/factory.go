// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/tracecoreai/tracecore/internal/receiverloop"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// NewFactory returns the factory of the DCGM receiver.
func NewFactory() receiver.Factory {
	// Metrics and logs pipelines of one configuration share one connection and one set of watches.
	signals := &receiverloop.Signals[*gpuReceiver]{
		Create: func(set receiver.Settings, cfg component.Config) (*gpuReceiver, error) {
			return newGPUReceiver(cfg.(*Config), set)
		},
		Metrics: func(r *gpuReceiver, next consumer.Metrics) { r.metrics = next },
		Logs:    func(r *gpuReceiver, next consumer.Logs) { r.logs = next },
	}
	return receiver.NewFactory(
		metadata.Type,
		createDefaultConfig,
		receiver.WithMetrics(signals.CreateMetrics, metadata.MetricsStability),
		receiver.WithLogs(signals.CreateLogs, metadata.LogsStability),
	)
}
