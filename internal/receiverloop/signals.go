// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
)

// Signals makes the receivers of a factory for metrics and logs: one per configuration, whose pipelines share it.
type Signals[R component.Component] struct {
	// Create makes the receiver of a configuration.
	Create func(receiver.Settings, component.Config) (R, error)

	// Metrics and Logs give a receiver what comes after it in the pipelines of a signal. A receiver has none of a signal without them.
	Metrics func(R, consumer.Metrics)
	Logs    func(R, consumer.Logs)

	instances Instances[R]
}

// CreateMetrics implements [receiver.CreateMetricsFunc].
func (s *Signals[R]) CreateMetrics(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics) (receiver.Metrics, error) {
	return s.instance(set, cfg, func(r R) { s.Metrics(r, next) })
}

// CreateLogs implements [receiver.CreateLogsFunc].
func (s *Signals[R]) CreateLogs(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
	return s.instance(set, cfg, func(r R) { s.Logs(r, next) })
}

func (s *Signals[R]) instance(set receiver.Settings, cfg component.Config, connect func(R)) (component.Component, error) {
	instance, err := s.instances.Get(cfg, func() (R, error) { return s.Create(set, cfg) })
	if err != nil {
		return nil, err
	}
	connect(instance.Receiver)
	return instance, nil
}
