// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/tracecoreai/tracecore/internal/receiverloop"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/metadata"
)

// NewFactory returns the factory of the kernel events receiver.
func NewFactory() receiver.Factory {
	f := &factory{}
	return receiver.NewFactory(
		metadata.Type,
		createDefaultConfig,
		receiver.WithMetrics(f.createMetrics, metadata.MetricsStability),
		receiver.WithLogs(f.createLogs, metadata.LogsStability),
	)
}

// factory makes one receiver per configuration: its metrics and logs pipelines share one reader of the log.
type factory struct {
	instances receiverloop.Instances[*kernelReceiver]
}

func (f *factory) createMetrics(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics) (receiver.Metrics, error) {
	instance, err := f.instance(set, cfg)
	if err != nil {
		return nil, err
	}
	instance.Receiver.metrics = next
	return instance, nil
}

func (f *factory) createLogs(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
	instance, err := f.instance(set, cfg)
	if err != nil {
		return nil, err
	}
	instance.Receiver.logs = next
	return instance, nil
}

func (f *factory) instance(set receiver.Settings, cfg component.Config) (*receiverloop.Instance[*kernelReceiver], error) {
	return f.instances.Get(cfg, func() (*kernelReceiver, error) { return newKernelReceiver(cfg.(*Config), set) })
}
