// SPDX-License-Identifier: Apache-2.0

package selftelemetry

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/metric"

	"github.com/tracecoreai/tracecore/internal/selftelemetry/internal/metadata"
)

// Receiver reports on one receiver. It is safe for concurrent use.
type Receiver interface {
	// IncError counts one failed collection, read, decode or push.
	IncError(kind Kind)
	// IncEmissions counts n batches accepted downstream. A negative n is discarded.
	IncEmissions(n int64)
	// ObserveLatency records the duration of one collection including the push, whether it
	// succeeded or failed.
	ObserveLatency(d time.Duration)
	// SetDegraded starts or ends a degraded interval. A receiver that starts degraded says so
	// at once, so that the time counts from boot.
	SetDegraded(degraded bool)
	// MarkActivity records that a success happened now.
	MarkActivity()
	// Shutdown ends the reporting. The receiver calls it in its own Shutdown; calling it again
	// has no effect.
	Shutdown()
}

// NewReceiver returns the self-telemetry of the receiver id, never nil. The extra kinds are
// those the receiver's README documents beside [CanonicalKinds].
func NewReceiver(set component.TelemetrySettings, id component.ID, extra ...Kind) Receiver {
	tb, failure := newInstruments(set)
	if failure != nil {
		reportInitFailure(set, id, "receiver", failure)
		return NopReceiver()
	}
	r := newReceiver(tb, id, extra)
	if failure := r.observe(); failure != nil {
		r.Shutdown()
		reportInitFailure(set, id, "receiver", failure)
		return NopReceiver()
	}
	return r
}

type receiver struct {
	tb        *metadata.TelemetryBuilder
	errors    *kindCounter
	add       []metric.AddOption
	record    []metric.RecordOption
	observed  metric.ObserveOption
	activity  atomic.Int64 // Unix seconds of the last success
	degraded  degradedClock
	closeOnce sync.Once
}

func newReceiver(tb *metadata.TelemetryBuilder, id component.ID, extra []Kind) *receiver {
	attrs := componentID(id)
	set := metric.WithAttributes(attrs)
	r := &receiver{
		tb:       tb,
		errors:   newKindCounter(tb.ReceiverErrorsTotal, extra, attrs),
		add:      []metric.AddOption{set},
		record:   []metric.RecordOption{set},
		observed: set,
	}
	r.MarkActivity()
	return r
}

func (r *receiver) observe() *initFailure {
	err := r.tb.RegisterReceiverDegradedSecondsTotalCallback(func(_ context.Context, o metric.Float64Observer) error {
		o.Observe(r.degraded.total().Seconds(), r.observed)
		return nil
	})
	if err == nil {
		err = r.tb.RegisterReceiverLastActivityUnixSecondsCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(r.activity.Load(), r.observed)
			return nil
		})
	}
	if err != nil {
		return &initFailure{"unsupported_sdk", fmt.Errorf("register callbacks: %w", err)}
	}
	return nil
}

func (r *receiver) IncError(kind Kind) { r.errors.inc(kind) }

func (r *receiver) IncEmissions(n int64) {
	if n >= 0 {
		r.tb.ReceiverEmissionsTotal.Add(context.Background(), n, r.add...)
	}
}

func (r *receiver) ObserveLatency(d time.Duration) {
	r.tb.ReceiverCollectionLatencySeconds.Record(context.Background(), d.Seconds(), r.record...)
}

func (r *receiver) SetDegraded(degraded bool) { r.degraded.set(degraded) }

func (r *receiver) MarkActivity() { r.activity.Store(time.Now().Unix()) }

func (r *receiver) Shutdown() { r.closeOnce.Do(r.tb.Shutdown) }
