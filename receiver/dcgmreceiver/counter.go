// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
)

// cumulative is the state of one cumulative series. Times are DCGM's, in microseconds since the
// Unix epoch.
type cumulative struct {
	begun bool
	start int64 // StartTimestamp of the points
	last  int64 // timestamp of the last sample
	value catalog.Number
}

// advance takes the value of a counter or a rate at an instant, and returns the total and
// its start. gap is the time between samples that are no neighbours any more. It reports
// false for a sample older than the last one, which says nothing new.
func (t *cumulative) advance(k catalog.Kind, at int64, value catalog.Number, gap int64) (catalog.Number, pcommon.Timestamp, bool) {
	if at < t.last-gap {
		*t = cumulative{} // The clock has been set back.
	}
	if at < t.last {
		return catalog.Number{}, 0, false
	}
	if k == catalog.Counter {
		t.set(at, value)
	} else {
		t.integrate(at, value.F, gap)
	}
	return t.value, pcommon.Timestamp(t.start * 1000), true //nolint:gosec // DCGM's timestamps are positive.
}

// set takes an absolute counter. A decrease is a reset: the series starts anew at the sample
// that shows it, so that no point is less than the one before it and of the same start.
func (t *cumulative) set(at int64, value catalog.Number) {
	if !t.begun || value.I < t.value.I || value.F < t.value.F {
		t.start = at
	}
	t.begun, t.last, t.value = true, at, value
}

// integrate adds a rate, which is an average over the time since the sample before it. That
// holds between neighbours only: after more than gap the series starts anew from zero, since
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
