// SPDX-License-Identifier: Apache-2.0

package series

import (
	"time"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
)

// cumulative is the state of one cumulative series. Times are DCGM's, in microseconds since the
// Unix epoch.
type cumulative struct {
	begun   bool
	setBack bool  // the clock has been set back since the last sample
	start   int64 // StartTimestamp of the points
	last    int64 // timestamp of the last sample
	value   catalog.Number
}

// advance takes the value of a counter or a rate at an instant. It reports
// false for a sample older than the last one, which says nothing new, unless the clock has been set back. Samples are
// taken once in a period.
func (t *cumulative) advance(k catalog.Kind, at int64, value catalog.Number, period time.Duration) bool {
	if at < t.last && (t.setBack || at < t.last-gap(period)) {
		*t = cumulative{}
	}
	if at < t.last {
		return false
	}
	t.setBack = t.setBack && at == t.last
	if k == catalog.Counter {
		t.set(at, value)
	} else {
		t.integrate(at, value.F, gap(period))
	}
	return true
}

// set takes an absolute counter. A decrease is a reset: the series restarts at the sample
// that shows it, so that no point is less than the one before it and of the same start.
func (t *cumulative) set(at int64, value catalog.Number) {
	if !t.begun || value.I < t.value.I || value.F < t.value.F {
		t.start = at
	}
	t.begun, t.last, t.value = true, at, value
}

// gap is the time in microseconds between samples that are no neighbours any more. A neighbour may be missed once, and
// timers are late.
func gap(period time.Duration) int64 { return (2*period + period/4).Microseconds() }

// integrate adds a rate, which is an average over the time since the sample before it. That
// holds between neighbours only: after more than gap the series restarts from zero, since
// what happened in between is not known.
func (t *cumulative) integrate(at int64, perSecond float64, gap int64) {
	elapsed := at - t.last
	if !t.begun || elapsed > gap {
		*t = cumulative{begun: true, start: at, last: at}
		return
	}
	sum := t.value.F + max(perSecond, 0)*float64(elapsed)/1e6
	if sum > catalog.MostInt {
		*t = cumulative{begun: true, start: at, last: at} // As a counter of 64 bits that wraps.
		return
	}
	t.last, t.value = at, catalog.Number{I: int64(sum), F: sum}
}
