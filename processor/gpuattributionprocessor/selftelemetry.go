// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/metadata"
)

// result is what looking for the holder of a data point or log record gave.
type result int

const (
	attributed result = iota
	shared
	free
	unknown
	wrongNode
	results
)

var resultNames = [results]string{"attributed", "shared", "free", "unknown", "wrong_node"}

func resultOf(s *holders.State) result {
	switch {
	case s.Status == holders.Unknown:
		return unknown
	case s.Status == holders.Free:
		return free
	case len(s.Holdings) == 1:
		return attributed
	default:
		return shared
	}
}

// tally counts lookups of one batch.
type tally [results]int64

// selfTelemetry reports on the processor itself.
type selfTelemetry struct {
	builder *metadata.TelemetryBuilder
	id      attribute.KeyValue
	lookups [results]metric.MeasurementOption
}

func newSelfTelemetry(a *attributor) (*selfTelemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(a.set.TelemetrySettings)
	if err != nil {
		return nil, fmt.Errorf("make instruments: %w", err)
	}
	t := &selfTelemetry{builder: builder, id: attribute.String("component_id", a.set.ID.String())}
	for i, name := range resultNames {
		t.lookups[i] = metric.WithAttributeSet(attribute.NewSet(t.id, attribute.String("result", name)))
	}
	return t, errors.Join(
		builder.RegisterGpuAttributionSourceAgeSecondsCallback(func(_ context.Context, o metric.Float64Observer) error {
			for _, s := range a.sources {
				s.mu.Lock()
				if !s.whole.IsZero() {
					o.Observe(time.Since(s.whole).Seconds(), t.of(s))
				}
				s.mu.Unlock()
			}
			return nil
		}),
		builder.RegisterGpuAttributionHoldersCallback(t.observe(a, func(s *source) int { return s.held })),
		builder.RegisterGpuAttributionUnresolvedDevicesCallback(t.observe(a, func(s *source) int { return s.missing })),
	)
}

func (t *selfTelemetry) of(s *source) metric.MeasurementOption {
	return metric.WithAttributes(t.id, attribute.String("source", s.name))
}

func (t *selfTelemetry) observe(a *attributor, value func(*source) int) metric.Int64Callback {
	return func(_ context.Context, o metric.Int64Observer) error {
		for _, s := range a.sources {
			s.mu.Lock()
			if !s.last.IsZero() {
				o.Observe(int64(value(s)), t.of(s))
			}
			s.mu.Unlock()
		}
		return nil
	}
}

// count counts what a source's reply lacks.
func (t *selfTelemetry) count(s *source, r reply) {
	if kind := r.kind(); kind != "" {
		t.builder.GpuAttributionErrorsTotal.Add(context.Background(), 1,
			metric.WithAttributes(t.id, attribute.String("source", s.name), attribute.String("kind", kind)))
	}
	if r.restarted {
		t.builder.GpuAttributionKubeletRestartsTotal.Add(context.Background(), 1, metric.WithAttributes(t.id))
	}
}

func (t *selfTelemetry) countLookups(ctx context.Context, n *tally) {
	for i, count := range n {
		if count > 0 {
			t.builder.GpuAttributionLookupsTotal.Add(ctx, count, t.lookups[i])
		}
	}
}

func (t *selfTelemetry) shutdown() { t.builder.Shutdown() }
