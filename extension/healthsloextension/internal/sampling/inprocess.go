// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// Collector is what a metric reader of the Collector's telemetry can do.
type Collector interface {
	Collect(ctx context.Context, rm *metricdata.ResourceMetrics) error
}

// InProcess reads from the Collector's own metric reader. It is for one goroutine.
type InProcess struct {
	collector Collector
	collected metricdata.ResourceMetrics // kept for its memory
}

// NewInProcess returns a source that collects.
func NewInProcess(collector Collector) *InProcess {
	return &InProcess{collector: collector}
}

// Name implements [Source].
func (*InProcess) Name() string { return SourceInProcess }

// Read implements [Source]. A callback that fails costs its own instrument: the reader goes on
// with the others and returns the error besides.
func (s *InProcess) Read(ctx context.Context) (*Reading, error) {
	err := s.collector.Collect(ctx, &s.collected)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if errors.Is(err, sdkmetric.ErrReaderShutdown) || errors.Is(err, sdkmetric.ErrReaderNotRegistered) {
		return nil, err
	}
	reading := newReading()
	reading.Incomplete = err
	for _, scope := range s.collected.ScopeMetrics {
		for i := range scope.Metrics {
			reading.addMetric(&scope.Metrics[i])
		}
	}
	return reading.sorted(), nil
}

func (r *Reading) addMetric(m *metricdata.Metrics) {
	fold, ok := folds[m.Name]
	if !ok {
		return
	}
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		addPoints(r, fold, data.DataPoints)
	case metricdata.Gauge[int64]:
		addPoints(r, fold, data.DataPoints)
	case metricdata.Sum[float64]:
		addPoints(r, fold, data.DataPoints)
	case metricdata.Gauge[float64]:
		addPoints(r, fold, data.DataPoints)
	}
}

func addPoints[N int64 | float64](r *Reading, fold func(*Reading, point), points []metricdata.DataPoint[N]) {
	for i := range points {
		r.add(fold, point{
			label: func(key string) string {
				if value, ok := points[i].Attributes.Value(attribute.Key(key)); ok {
					return value.String()
				}
				return ""
			},
			value: float64(points[i].Value),
		})
	}
}
