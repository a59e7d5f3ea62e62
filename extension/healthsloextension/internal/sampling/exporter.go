// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"time"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/window"
)

// maxIntervals is how many intervals may lie between two passes that are taken for consecutive ones.
const maxIntervals = 2

// exporter follows one exporter and one signal from pass to pass.
type exporter struct {
	key              ExporterKey
	length, interval time.Duration // of the window, and between two passes
	rate             *window.Rate

	overflow  float64   // see enqueueFailures
	finished  float64   // items sent or given up, at the pass before
	busySince time.Time // since when a request was in flight at each pass and nothing finished; zero while idle
	seen      time.Time // at the pass before

	lastBad, lastTotal float64 // items of the last pass alone

	worst   Point // since the newest point of the history
	history []Point
}

// newExporter follows an exporter that was not there before. If there was a reading before, its
// counters were at zero then: they appear with the first request.
func newExporter(key ExporterKey, length, interval time.Duration, readBefore time.Time) *exporter {
	e := &exporter{key: key, length: length, interval: interval, rate: window.NewRate(length)}
	if !readBefore.IsZero() {
		e.rate.Observe(readBefore, 0, 0)
	}
	return e
}

// observe takes the counts of a pass. waits means that the exporter has
// sending_queue::wait_for_result set.
func (e *exporter) observe(now time.Time, c *Counts, waits bool) Exporter {
	failed := c.SendFailed + e.enqueueFailures(c, waits)
	e.lastBad, e.lastTotal = e.rate.Observe(now, failed, c.Sent+failed)
	seen := Exporter{
		ID: e.key.ID, Signal: e.key.Signal,
		FailureRate: e.rate.Ratio(),
		HasQueue:    c.QueueCapacity > 0,
		Stalled:     e.stalled(now, c),
	}
	if seen.HasQueue {
		seen.QueueRatio = c.QueueSize / c.QueueCapacity
	}
	e.remember(now, &seen)
	seen.History = e.history
	return seen
}

// enqueueFailures leaves out what is a failed send as well: an exporter that waits for the
// result counts a failed request twice, first as sent and then as enqueued. Between the two the
// difference dips, which is no reason to restart the window.
func (e *exporter) enqueueFailures(c *Counts, waits bool) float64 {
	if !waits {
		return c.EnqueueFailed
	}
	if c.EnqueueFailed == 0 {
		e.overflow = 0 // the counters restarted
	}
	e.overflow = max(e.overflow, c.EnqueueFailed-c.SendFailed)
	return e.overflow
}

// stalled asks for a request in flight at every pass of a whole window: one that was just
// begun after an idle time is no stall, and nor is one that nobody looked at meanwhile.
func (e *exporter) stalled(now time.Time, c *Counts) bool {
	finished, unwatched := c.Sent+c.SendFailed, now.Sub(e.seen) > maxIntervals*e.interval
	e.seen = now
	if e.busySince.IsZero() || finished != e.finished || unwatched {
		e.busySince, e.finished = now, finished
	}
	if c.InFlight <= 0 {
		e.busySince = time.Time{}
		return false
	}
	return now.Sub(e.busySince) >= e.length
}

// remember keeps the worst of each step of the last hour. Views share the points, so none is
// changed once it is there.
func (e *exporter) remember(now time.Time, seen *Exporter) {
	e.worst.FailureRate = max(e.worst.FailureRate, seen.FailureRate)
	e.worst.QueueRatio = max(e.worst.QueueRatio, seen.QueueRatio)
	e.worst.Stalled = e.worst.Stalled || seen.Stalled
	if n := len(e.history); n > 0 && now.Sub(e.history[n-1].At) < minHistoryStep {
		return
	}
	e.worst.At = now
	e.history = append(e.history, e.worst)
	for now.Sub(e.history[0].At) >= historySpan {
		e.history = e.history[1:]
	}
	e.worst = Point{}
}
