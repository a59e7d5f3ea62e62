// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"context"
	"errors"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/xconsumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/xexporter"
)

// errNotStarted is not permanent: whoever sends is to come again.
var errNotStarted = errors.New("the exporter has not started")

// gate lets nothing through to an exporter that has not started. A receiver of several signals,
// such as otlp, listens for all of them with the first that is started, while exporters of the
// others are still to come: a persistent queue that is written to before it has been read back
// panics, or overwrites what it holds. Exporters without such a queue accept at any time, and have
// no gate: a receiver whose sender does not come again, such as udp_log, needs them open.
type gate struct {
	component.Component

	started atomic.Bool
}

// Start implements [component.Component].
func (g *gate) Start(ctx context.Context, host component.Host) error {
	if err := g.Component.Start(ctx, host); err != nil {
		return err
	}
	g.started.Store(true)
	return nil
}

func guard[T any](g *gate, consume func(context.Context, T) error) func(context.Context, T) error {
	return func(ctx context.Context, data T) error {
		if !g.started.Load() {
			return errNotStarted
		}
		return consume(ctx, data)
	}
}

type capable interface{ Capabilities() consumer.Capabilities }

type gatedTraces struct {
	*gate
	capable
	consumer.ConsumeTracesFunc
}

type gatedMetrics struct {
	*gate
	capable
	consumer.ConsumeMetricsFunc
}

type gatedLogs struct {
	*gate
	capable
	consumer.ConsumeLogsFunc
}

type gatedProfiles struct {
	*gate
	capable
	xconsumer.ConsumeProfilesFunc
}

func gateExporters(factory exporter.Factory) exporter.Factory {
	gated := gatedFactory{Factory: factory, alias: factory.(alias)}
	if profiles, ok := factory.(xexporter.Factory); ok {
		return gatedProfilesFactory{gatedFactory: gated, profiles: profiles}
	}
	return gated
}

type gatedFactory struct {
	exporter.Factory
	alias
}

// CreateTraces implements [exporter.Factory].
func (f gatedFactory) CreateTraces(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
	next, err := f.Factory.CreateTraces(ctx, set, cfg)
	if err != nil || !hasPersistentQueue(cfg) {
		return next, err
	}
	g := &gate{Component: next}
	return gatedTraces{g, next, guard(g, next.ConsumeTraces)}, nil
}

// CreateMetrics implements [exporter.Factory].
func (f gatedFactory) CreateMetrics(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Metrics, error) {
	next, err := f.Factory.CreateMetrics(ctx, set, cfg)
	if err != nil || !hasPersistentQueue(cfg) {
		return next, err
	}
	g := &gate{Component: next}
	return gatedMetrics{g, next, guard(g, next.ConsumeMetrics)}, nil
}

// CreateLogs implements [exporter.Factory].
func (f gatedFactory) CreateLogs(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	next, err := f.Factory.CreateLogs(ctx, set, cfg)
	if err != nil || !hasPersistentQueue(cfg) {
		return next, err
	}
	g := &gate{Component: next}
	return gatedLogs{g, next, guard(g, next.ConsumeLogs)}, nil
}

type gatedProfilesFactory struct {
	gatedFactory

	profiles xexporter.Factory
}

// ProfilesStability implements [xexporter.Factory].
func (f gatedProfilesFactory) ProfilesStability() component.StabilityLevel {
	return f.profiles.ProfilesStability()
}

// CreateProfiles implements [xexporter.Factory].
func (f gatedProfilesFactory) CreateProfiles(ctx context.Context, set exporter.Settings, cfg component.Config) (xexporter.Profiles, error) {
	next, err := f.profiles.CreateProfiles(ctx, set, cfg)
	if err != nil || !hasPersistentQueue(cfg) {
		return next, err
	}
	g := &gate{Component: next}
	return gatedProfiles{g, next, guard(g, next.ConsumeProfiles)}, nil
}
