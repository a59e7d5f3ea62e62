// SPDX-License-Identifier: Apache-2.0

// Package selftelemetrytest captures what a component reports on itself, for its tests.
package selftelemetrytest

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
)

// Receiver is a [selftelemetry.Receiver] that remembers every report.
// The zero value is ready, and it is safe for concurrent use.
type Receiver struct {
	mu         sync.Mutex
	errors     map[selftelemetry.Kind]int64
	emissions  int64
	latencies  []time.Duration
	degraded   []bool
	activities int
	shutdowns  int
}

var _ selftelemetry.Receiver = (*Receiver)(nil)

// IncError implements [selftelemetry.Receiver].
func (r *Receiver) IncError(kind selftelemetry.Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.errors == nil {
		r.errors = map[selftelemetry.Kind]int64{}
	}
	r.errors[kind]++
}

// IncEmissions implements [selftelemetry.Receiver].
func (r *Receiver) IncEmissions(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.emissions += max(n, 0)
}

// ObserveLatency implements [selftelemetry.Receiver].
func (r *Receiver) ObserveLatency(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.latencies = append(r.latencies, d)
}

// SetDegraded implements [selftelemetry.Receiver].
func (r *Receiver) SetDegraded(degraded bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.degraded = append(r.degraded, degraded)
}

// MarkActivity implements [selftelemetry.Receiver].
func (r *Receiver) MarkActivity() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.activities++
}

// Shutdown implements [selftelemetry.Receiver].
func (r *Receiver) Shutdown() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shutdowns++
}

// Report is what a Receiver captured: the number of errors by kind, of batches, of
// successes and of Shutdown calls, every latency, and every argument of SetDegraded in order.
type Report struct {
	Errors     map[selftelemetry.Kind]int64
	Emissions  int64
	Latencies  []time.Duration
	Degraded   []bool
	Activities int
	Shutdowns  int
}

// Report returns a copy of what was captured so far.
func (r *Receiver) Report() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Report{maps.Clone(r.errors), r.emissions, slices.Clone(r.latencies), slices.Clone(r.degraded), r.activities, r.shutdowns}
}

// Exporter is a [selftelemetry.Exporter] that remembers every report.
// The zero value is ready, and it is safe for concurrent use.
type Exporter struct {
	mu        sync.Mutex
	successes int64
	failures  map[selftelemetry.Kind]int64
}

var _ selftelemetry.Exporter = (*Exporter)(nil)

// IncCallSuccess implements [selftelemetry.Exporter].
func (e *Exporter) IncCallSuccess() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.successes++
}

// IncCallFailure implements [selftelemetry.Exporter].
func (e *Exporter) IncCallFailure(kind selftelemetry.Kind) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failures == nil {
		e.failures = map[selftelemetry.Kind]int64{}
	}
	e.failures[kind]++
}

// Successes implements [selftelemetry.Exporter].
func (e *Exporter) Successes() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.successes
}

// Failures implements [selftelemetry.Exporter].
func (e *Exporter) Failures() int64 {
	var n int64
	for _, count := range e.FailuresByKind() {
		n += count
	}
	return n
}

// FailuresByKind returns the number of failed calls of each kind.
func (e *Exporter) FailuresByKind() map[selftelemetry.Kind]int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.failures)
}
