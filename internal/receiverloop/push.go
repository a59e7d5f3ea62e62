// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
)

// PushError is the error of a push: the next component did not take the batch.
type PushError struct {
	signal string
	err    error
}

func (e *PushError) Error() string { return "push " + e.signal + ": " + e.err.Error() }

// Unwrap returns the error of the next component.
func (e *PushError) Unwrap() error { return e.err }

// PushMetrics hands metrics to next and counts that. An error is a [PushError].
func (l *Loop) PushMetrics(next consumer.Metrics, metrics pmetric.Metrics) error {
	points := metrics.DataPointCount()
	ctx := l.obs.StartMetricsOp(l.pushing)
	err := l.push("metrics", func() error { return next.ConsumeMetrics(ctx, metrics) })
	l.obs.EndMetricsOp(ctx, l.format, points, err)
	return err
}

// PushLogs hands logs to next and counts that. An error is a [PushError].
func (l *Loop) PushLogs(next consumer.Logs, logs plog.Logs) error {
	records := logs.LogRecordCount()
	ctx := l.obs.StartLogsOp(l.pushing)
	err := l.push("logs", func() error { return next.ConsumeLogs(ctx, logs) })
	l.obs.EndLogsOp(ctx, l.format, records, err)
	return err
}

func (l *Loop) push(signal string, consume func() error) error {
	l.pushes.Add(1)
	err := consume()
	l.pushes.Add(-1)
	switch {
	case err == nil:
		l.Self.IncEmissions(1)
		return nil
	case context.Cause(l.pushing) == nil: // What Shutdown cancelled is nobody's failure.
		l.Self.IncError(selftelemetry.KindDownstream)
	}
	return &PushError{signal, err}
}

// Collected says how a collection that began at begin went, its push included: a collection that failed in any part is no activity.
func (l *Loop) Collected(begin time.Time, err error) {
	l.Self.ObserveLatency(time.Since(begin))
	if err == nil {
		l.Self.MarkActivity()
	}
}
