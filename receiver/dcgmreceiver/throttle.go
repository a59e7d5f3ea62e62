// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	mathbits "math/bits"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// throttleEvents counts how often each bit of the clock event reasons has been set.
type throttleEvents struct {
	begun bool
	start int64 // timestamp of the first sample
	last  int64
	mask  uint64
	count [64]int64 // by bit
}

// observe takes samples of one GPU in the order of their timestamps. The first one tells
// what is set already, which is no event. It reports false for what can be no mask.
func (e *throttleEvents) observe(s dcgm.Sample) bool {
	if s.Reason != dcgm.OK || s.TS <= e.last {
		return true
	}
	if !catalog.IsClocksEventMask(s.Int()) {
		return false
	}
	mask := uint64(s.Int()) //nolint:gosec // It is a mask.
	if !e.begun {
		*e = throttleEvents{begun: true, start: s.TS, mask: mask}
	}
	for risen := mask &^ e.mask; risen != 0; risen &= risen - 1 {
		e.count[mathbits.TrailingZeros64(risen)]++
	}
	e.mask, e.last = mask, s.TS
	return true
}

func (r *recording) throttleEvents(g *gpu) {
	if !g.throttle.begun {
		return
	}
	if why := r.whySilent(g); why != dcgm.OK {
		for range catalog.ClocksEventReasons {
			r.tally.drop(why)
		}
		return
	}
	start := pcommon.Timestamp(g.throttle.start * 1000) //nolint:gosec // Timestamps are positive.
	at := pcommon.Timestamp(g.throttle.last * 1000)     //nolint:gosec // Timestamps are positive.
	for _, b := range catalog.ClocksEventReasons {
		if r.wants(metricThrottleEvents) {
			r.batch.AddOf(*g.attrs, metricThrottleEvents, point(g.throttle.count[b.Bit], at, start), metricThrottleEvents.With(b.Reason)...)
		}
	}
}

// whySilent says why the events of a GPU are not known to be all there are.
func (r *recording) whySilent(g *gpu) dcgm.Reason {
	switch {
	case !g.up():
		return dcgm.Blank
	case r.micros-g.throttle.last > r.Limit(catalog.Normal):
		return dcgm.Stale
	default:
		return dcgm.OK
	}
}
