// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/tracecoreai/tracecore/internal/receiverloop"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/metadata"
)

// NewFactory returns the factory of the kernel events receiver.
func NewFactory() receiver.Factory {
	// Metrics and logs pipelines of one configuration share one reader of the log.
	signals := &receiverloop.Signals[*kernelReceiver]{
		Create: func(set receiver.Settings, cfg component.Config) (*kernelReceiver, error) {
			return newKernelReceiver(cfg.(*Config), set)
		},
		Metrics: func(r *kernelReceiver, next consumer.Metrics) { r.metrics = next },
		Logs:    func(r *kernelReceiver, next consumer.Logs) { r.logs = next },
	}
	return receiver.NewFactory(
		metadata.Type,
		createDefaultConfig,
		receiver.WithMetrics(signals.CreateMetrics, metadata.MetricsStability),
		receiver.WithLogs(signals.CreateLogs, metadata.LogsStability),
	)
}
