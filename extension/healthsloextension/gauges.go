// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/health"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/metadata"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/restarts"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/sampling"
)

// gauges publishes what the last sampling pass found. The callbacks of its instruments run
// while a reader holds its lock: they load what publish prepared and do nothing else.
type gauges struct {
	state    *health.State
	restarts *restarts.History
	current  atomic.Pointer[gaugeValues]
	options  map[attribute.Set][]metric.ObserveOption // of publish alone, kept for all passes
}

type gaugeValues struct {
	failureRate, queueDepth           []gaugeValue[float64]
	burnRate, budget, good, target    []gaugeValue[float64]
	stalled, healthy, restartsPerHour []gaugeValue[int64]
	badPasses                         []gaugeValue[int64]
}

type gaugeValue[N int64 | float64] struct {
	value   N
	options []metric.ObserveOption
}

func newGauges(state *health.State) *gauges {
	g := &gauges{state: state, restarts: &restarts.Process, options: map[attribute.Set][]metric.ObserveOption{}}
	g.current.Store(&gaugeValues{})
	return g
}

func (g *gauges) register(to *metadata.TelemetryBuilder) error {
	return errors.Join(
		to.RegisterComponentHealthyCallback(g.ints(func(v *gaugeValues) []gaugeValue[int64] { return v.healthy })),
		to.RegisterComponentRestartCountPerHourCallback(g.ints(func(v *gaugeValues) []gaugeValue[int64] { return v.restartsPerHour })),
		to.RegisterExporterFailureRateCallback(g.floats(func(v *gaugeValues) []gaugeValue[float64] { return v.failureRate })),
		to.RegisterExporterStalledCallback(g.ints(func(v *gaugeValues) []gaugeValue[int64] { return v.stalled })),
		to.RegisterQueueDepthRatioCallback(g.floats(func(v *gaugeValues) []gaugeValue[float64] { return v.queueDepth })),
		to.RegisterSloBadPassesCallback(g.ints(func(v *gaugeValues) []gaugeValue[int64] { return v.badPasses })),
		to.RegisterSloBurnRateCallback(g.floats(func(v *gaugeValues) []gaugeValue[float64] { return v.burnRate })),
		to.RegisterSloErrorBudgetRemainingCallback(g.floats(func(v *gaugeValues) []gaugeValue[float64] { return v.budget })),
		to.RegisterSloGoodRatioCallback(g.floats(func(v *gaugeValues) []gaugeValue[float64] { return v.good })),
		to.RegisterSloTargetCallback(g.floats(func(v *gaugeValues) []gaugeValue[float64] { return v.target })),
	)
}

func (g *gauges) ints(of func(*gaugeValues) []gaugeValue[int64]) metric.Int64Callback {
	return func(_ context.Context, observer metric.Int64Observer) error {
		values := of(g.current.Load())
		for i := range values {
			observer.Observe(values[i].value, values[i].options...)
		}
		return nil
	}
}

func (g *gauges) floats(of func(*gaugeValues) []gaugeValue[float64]) metric.Float64Callback {
	return func(_ context.Context, observer metric.Float64Observer) error {
		values := of(g.current.Load())
		for i := range values {
			observer.Observe(values[i].value, values[i].options...)
		}
		return nil
	}
}

// publish is called by the sampling goroutine at the end of each pass.
func (g *gauges) publish(view *sampling.View) {
	values := &gaugeValues{}
	for i := range view.Exporters {
		g.addExporter(values, &view.Exporters[i])
	}
	for i := range view.Objectives {
		if view.Objectives[i].Known {
			g.addObjective(values, &view.Objectives[i])
		}
	}
	g.addComponents(values, view.At)
	g.current.Store(values)
}

func (g *gauges) addExporter(values *gaugeValues, e *sampling.Exporter) {
	options := g.optionsOf(attribute.String("exporter", e.ID), attribute.String("data_type", e.Signal))
	values.failureRate = append(values.failureRate, gaugeValue[float64]{e.FailureRate, options})
	values.stalled = append(values.stalled, gaugeValue[int64]{oneIf(e.Stalled), options})
	if e.HasQueue {
		values.queueDepth = append(values.queueDepth, gaugeValue[float64]{e.QueueRatio, options})
	}
}

func (g *gauges) addObjective(values *gaugeValues, o *sampling.Objective) {
	name, indicator := attribute.String("objective", o.Name), attribute.String("indicator", o.Indicator)
	options := g.optionsOf(name, indicator)
	values.target = append(values.target, gaugeValue[float64]{o.Target, options})
	values.good = append(values.good, gaugeValue[float64]{o.Current, options})
	values.budget = append(values.budget, gaugeValue[float64]{o.BudgetRemaining, options})
	for _, burn := range o.BurnRates {
		options := g.optionsOf(name, indicator, attribute.String("window", shortDuration(burn.Window)))
		values.burnRate = append(values.burnRate, gaugeValue[float64]{burn.Rate, options})
		values.badPasses = append(values.badPasses, gaugeValue[int64]{burn.BadPasses, options})
	}
}

func (g *gauges) addComponents(values *gaugeValues, now time.Time) {
	again := g.restarts.LastHour(now)
	for _, c := range g.state.Snapshot(now).Components {
		options := g.optionsOf(attribute.String("component_kind", c.Kind), attribute.String("component_id", c.ID))
		values.healthy = append(values.healthy, gaugeValue[int64]{oneIf(!c.Failed), options})
		values.restartsPerHour = append(values.restartsPerHour, gaugeValue[int64]{int64(again[restarts.Key{Kind: c.Kind, ID: c.ID}]), options})
	}
}

func (g *gauges) optionsOf(attributes ...attribute.KeyValue) []metric.ObserveOption {
	set := attribute.NewSet(attributes...)
	options, ok := g.options[set]
	if !ok {
		options = []metric.ObserveOption{metric.WithAttributeSet(set)}
		g.options[set] = options
	}
	return options
}

func oneIf(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// shortDuration writes a duration as Prometheus does: 5m and not 5m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
