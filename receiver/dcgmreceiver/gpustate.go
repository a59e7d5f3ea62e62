// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// gpuStates publishes which GPUs are up among the Collector's own metrics, where other
// components can see it. The receiver's goroutine sets it, readers of metrics call observe.
type gpuStates struct {
	telemetry *metadata.TelemetryBuilder
	id        attribute.KeyValue
	states    atomic.Pointer[[]gpuState]
}

type gpuState struct {
	identity identity
	status   metadata.AttributeGpuStatus
	up       int64
	attrs    metric.ObserveOption
}

func newGPUStates(set component.TelemetrySettings, id component.ID) (*gpuStates, error) {
	tb, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, fmt.Errorf("make instruments: %w", err)
	}
	s := &gpuStates{telemetry: tb, id: attribute.String("component_id", id.String())}
	if err := tb.RegisterGpuUpCallback(s.observe); err != nil {
		return nil, fmt.Errorf("register callback: %w", err)
	}
	return s, nil
}

func (s *gpuStates) observe(_ context.Context, o metric.Int64Observer) error {
	if states := s.states.Load(); states != nil {
		for _, state := range *states {
			o.Observe(state.up, state.attrs)
		}
	}
	return nil
}

// set takes what is known of the GPUs; none while DCGM does not answer.
func (s *gpuStates) set(gpus, gone []*gpu) {
	states := make([]gpuState, 0, len(gpus)+len(gone))
	for _, g := range gpus {
		states = append(states, gpuState{identity: g.identity, status: statusAttributes[g.status], up: boolToInt(g.up())})
	}
	for _, g := range gone {
		states = append(states, gpuState{identity: g.identity, status: absentStatus})
	}
	if before := s.states.Load(); before != nil && slices.EqualFunc(*before, states, sameState) {
		return
	}
	for i := range states {
		states[i].attrs = s.attributesOf(&states[i].identity, states[i].status)
	}
	s.states.Store(&states)
}

func sameState(a, b gpuState) bool { return a.identity == b.identity && a.status == b.status }

func (s *gpuStates) attributesOf(g *identity, status metadata.AttributeGpuStatus) metric.ObserveOption {
	return metric.WithAttributes(s.id, attribute.String("hw.id", g.id), attribute.String("hw.name", g.name),
		attribute.String("hw.model", g.model), attribute.String("gpu.status", status.String()))
}

func (s *gpuStates) shutdown() { s.telemetry.Shutdown() }
