// SPDX-License-Identifier: Apache-2.0

package selftelemetry

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tracecoreai/tracecore/internal/selftelemetry/internal/metadata"
)

// Exporter reports on one exporter. It is safe for concurrent use.
type Exporter interface {
	// IncCallSuccess counts one Consume call that succeeded. An empty payload is a success.
	IncCallSuccess()
	// IncCallFailure counts one Consume call that failed.
	IncCallFailure(kind Kind)
	// Successes returns how many calls succeeded since construction.
	Successes() int64
	// Failures returns how many calls failed since construction.
	Failures() int64
}

// NewExporter returns the self-telemetry of the exporter id, never nil.
func NewExporter(set component.TelemetrySettings, id component.ID) Exporter {
	tb, failure := newInstruments(set)
	if failure != nil {
		reportInitFailure(set, id, "exporter", failure)
		return NopExporter()
	}
	return newExporter(tb, id)
}

type exporter struct {
	counts
	calls    metric.Int64Counter
	success  []metric.AddOption
	failures *kindCounter
}

// counts are an exporter's totals, kept beside the instruments because those can't be read.
type counts struct{ succeeded, failed atomic.Int64 }

func (c *counts) Successes() int64 { return c.succeeded.Load() }
func (c *counts) Failures() int64  { return c.failed.Load() }

func newExporter(tb *metadata.TelemetryBuilder, id component.ID) *exporter {
	attrs := componentID(id)
	return &exporter{
		calls:    tb.ExporterCallsTotal,
		success:  addOptions(attrs, attribute.String("result", "success")),
		failures: newKindCounter(tb.ExporterCallsTotal, nil, attrs, attribute.String("result", "failure")),
	}
}

func (e *exporter) IncCallSuccess() {
	e.succeeded.Add(1)
	e.calls.Add(context.Background(), 1, e.success...)
}

func (e *exporter) IncCallFailure(kind Kind) {
	e.failed.Add(1)
	e.failures.inc(kind)
}
