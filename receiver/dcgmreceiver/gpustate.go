// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// gpuState is how a GPU is. Devices that are absent have a state, too.
type gpuState struct {
	inventory.Identity
	attrs  *pcommon.Map // nil for a device that is absent
	state  metadata.AttributeGpuState
	health metadata.AttributeHwState

	conditions uint32                  // those of the table that hold, as a bit each
	actions    [len(conditions)]string // of those, NVIDIA's action; "" where the condition alone says it
}

func (s *gpuState) attributes() pcommon.Map {
	if s.attrs == nil {
		return *attributesOf(s.Identity)
	}
	return *s.attrs
}

var gpuStateAttributes = allOf(metadata.MapAttributeGpuState)

var hwStates = allOf(metadata.MapAttributeHwState)

// allOf returns the values of an enumeration in their order.
func allOf[A ~int](byName map[string]A) []A {
	var out []A
	for _, a := range byName {
		out = append(out, a)
	}
	slices.Sort(out)
	return out
}

// isUp says whether the host engine can read a GPU.
func isUp(state metadata.AttributeGpuState) bool { return inventory.State(state.String()).Up() }

// stateOfAll returns how every GPU is: those that are there, those that were, and those that
// are configured and have not been there. now is a time in microseconds.
func (c *roster) stateOfAll(now int64) []gpuState {
	states := make([]gpuState, 0, len(c.gpus)+len(c.gone))
	for _, g := range slices.Concat(shown(c.gpus), c.gone) {
		held := c.conditionsOf(g, now)
		states = append(states, gpuState{
			Identity: g.known.Identity, attrs: g.attrs, state: g.state(), health: c.health(g, now), conditions: held, actions: actionsOf(g, held),
		})
	}
	for _, id := range c.node.Never() {
		states = append(states, gpuState{Identity: id, state: metadata.AttributeGpuStateAbsent, health: metadata.AttributeHwStateFailed})
	}
	return states
}

// gpuStates publishes how the GPUs are among the Collector's own metrics, where other
// components can see it. The receiver's goroutine sets it, readers of metrics observe it.
type gpuStates struct {
	telemetry *metadata.TelemetryBuilder
	id        attribute.KeyValue
	current   atomic.Pointer[observations]
}

// observations are the points of each instrument, made when a state changes.
type observations struct {
	of                             []gpuState
	simulated                      bool
	up, status, health, conditions []observation
}

type observation struct {
	value int64
	attrs metric.ObserveOption
}

func newGPUStates(set component.TelemetrySettings, id component.ID) (*gpuStates, error) {
	tb, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, fmt.Errorf("make instruments: %w", err)
	}
	s := &gpuStates{telemetry: tb, id: attribute.String("component_id", id.String())}
	s.set(nil, false)
	err = errors.Join(
		tb.RegisterGpuUpCallback(s.observe(func(o *observations) []observation { return o.up })),
		tb.RegisterGpuStatusCallback(s.observe(func(o *observations) []observation { return o.status })),
		tb.RegisterGpuConditionCallback(s.observe(func(o *observations) []observation { return o.conditions })),
		tb.RegisterHwStatusCallback(s.observe(func(o *observations) []observation { return o.health })),
	)
	if err != nil {
		return nil, fmt.Errorf("register callback: %w", err)
	}
	return s, nil
}

func (s *gpuStates) observe(which func(*observations) []observation) metric.Int64Callback {
	return func(_ context.Context, o metric.Int64Observer) error {
		for _, point := range which(s.current.Load()) {
			o.Observe(point.value, point.attrs)
		}
		return nil
	}
}

// set takes how the GPUs are, and whether they are simulated; nil while DCGM does not answer.
func (s *gpuStates) set(states []gpuState, simulated bool) {
	if before := s.current.Load(); before != nil && slices.Equal(before.of, states) && before.simulated == simulated {
		return
	}
	next := &observations{of: states, simulated: simulated}
	for i := range states {
		g := &states[i]
		next.up = append(next.up, s.observation(&g.Identity, isUp(g.state), originOf(simulated)...))
		for _, state := range gpuStateAttributes {
			next.status = append(next.status, s.observation(&g.Identity, state == g.state, attribute.String("gpu.state", state.String())))
		}
		for _, state := range hwStates {
			next.health = append(next.health, s.observation(&g.Identity, state == g.health, attribute.String("hw.state", state.String())))
		}
		for i := range conditions {
			if g.conditions&(1<<i) != 0 {
				next.conditions = append(next.conditions, s.observation(&g.Identity, true, conditionAttributes(i, g.actions[i])...))
			}
		}
	}
	s.current.Store(next)
}

func conditionAttributes(i int, action string) []attribute.KeyValue {
	attributes := []attribute.KeyValue{attribute.String("gpu.condition", conditions[i].name.String())}
	if action != "" {
		attributes = append(attributes, attribute.String("gpu.condition.action", action))
	}
	return attributes
}

// originOf marks what a simulated libdcgm made up.
func originOf(simulated bool) []attribute.KeyValue {
	if !simulated {
		return nil
	}
	return []attribute.KeyValue{attribute.Bool("tracecore.simulated", true)}
}

func (s *gpuStates) observation(g *inventory.Identity, value bool, more ...attribute.KeyValue) observation {
	more = append(more, s.id, attribute.String("hw.id", g.ID), attribute.String("hw.name", g.Name), attribute.String("hw.model", g.Model))
	return observation{boolToInt(value), metric.WithAttributes(more...)}
}

func (s *gpuStates) shutdown() { s.telemetry.Shutdown() }
