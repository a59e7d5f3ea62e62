// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/record"
)

func (r *recording) throttleEvents(g *gpu) {
	if !g.throttle.Begun() {
		return
	}
	if why := r.whySilent(g); why != dcgm.OK {
		for range catalog.ClocksEventReasons {
			r.Tally.Drop(why)
		}
		return
	}
	isNew := g.throttle.Last() != g.sent
	g.sent = g.throttle.Last()
	p := record.Point{At: record.Micros(g.throttle.Last()), Start: record.Micros(g.throttle.Start())}
	for _, b := range catalog.ClocksEventReasons {
		if r.Wants(metricThrottleEvents) && (isNew || !r.NewOnly) {
			p.Value.I = g.throttle.Count(b.Bit)
			r.Batch.AddOf(*g.attrs, metricThrottleEvents, p, metricThrottleEvents.With(b.Reason)...)
		}
	}
}

// whySilent says why the events of a GPU are not known to be all there are.
func (r *recording) whySilent(g *gpu) dcgm.Reason {
	switch {
	case !g.up():
		return dcgm.Blank
	case r.Engine-g.throttle.Last() > r.Limit(catalog.Normal):
		return dcgm.Stale
	default:
		return dcgm.OK
	}
}
