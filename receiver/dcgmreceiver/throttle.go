// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

func (r *recording) throttleEvents(g *gpu) {
	if !g.throttle.Begun() {
		return
	}
	if why := r.whySilent(g); why != dcgm.OK {
		for range catalog.ClocksEventReasons {
			r.tally.drop(why)
		}
		return
	}
	start := pcommon.Timestamp(g.throttle.Start() * 1000) //nolint:gosec // Timestamps are positive.
	at := pcommon.Timestamp(g.throttle.Last() * 1000)     //nolint:gosec // Timestamps are positive.
	for _, b := range catalog.ClocksEventReasons {
		if r.wants(metricThrottleEvents) {
			r.batch.AddOf(*g.attrs, metricThrottleEvents, point(g.throttle.Count(b.Bit), at, start), metricThrottleEvents.With(b.Reason)...)
		}
	}
}

// whySilent says why the events of a GPU are not known to be all there are.
func (r *recording) whySilent(g *gpu) dcgm.Reason {
	switch {
	case !g.up():
		return dcgm.Blank
	case r.micros-g.throttle.Last() > r.Limit(catalog.Normal):
		return dcgm.Stale
	default:
		return dcgm.OK
	}
}
