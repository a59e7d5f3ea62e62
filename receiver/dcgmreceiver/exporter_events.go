// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/exporterview"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/record"
)

// events records what has happened to a GPU, as dcgm-exporter does: counts of a GPU with MIG are on each of its instances.
func (r exporterRecording) events(g *gpu, subjects []*gpu) {
	for _, subject := range subjects {
		labels := r.exporter.labelsOf(subject, g)
		r.lastXID(r.xidKeys(subject, g), labels)
		r.xidCounts(g, labels)
		r.clockEvents(g, labels)
	}
	r.healthStatus(g)
}

// event records a point of each metric that tells an event.
func (r exporterRecording) event(event exporterview.Event, labels pcommon.Map, value int64, more ...catalog.Attr) {
	for _, m := range r.exporter.Events[event] {
		if r.Tally.Take() {
			r.Batch.AddOf(labels, m, record.Point{Value: count(value), At: r.Now, Start: r.Start}, more...)
		}
	}
}

func window(d time.Duration) catalog.Attr {
	return catalog.Attr{Key: "window_size_in_ms", Value: strconv.FormatInt(d.Milliseconds(), 10)}
}

// xidKeys are whose XIDs concern an entity: a MIG instance's are its own, those of its compute instances, and those of its GPU, which end it too.
func (r exporterRecording) xidKeys(subject, g *gpu) []inventory.Key {
	if subject == g {
		return keysOf(g, nil)
	}
	return keysOf(g, slices.DeleteFunc(r.partsOf(g), func(part *gpu) bool { return part.known.MIG.GI != subject.known.MIG.GI }))
}

// lastXID is not recorded any more after a while, unless it is to stay.
func (r exporterRecording) lastXID(keys []inventory.Key, labels pcommon.Map) {
	e := r.exporter
	last, ok := e.xids.Last(keys...)
	if !ok || !e.cfg.StickyXID && last.At < r.Engine-e.cfg.XIDWindow.Microseconds() {
		return
	}
	r.event(exporterview.XIDLast, labels, int64(last.Code),
		catalog.Attr{Key: "err_code", Value: strconv.Itoa(last.Code)}, catalog.Attr{Key: "err_msg", Value: exporterview.MessageOf(last.Code)})
}

func (r exporterRecording) xidCounts(g *gpu, labels pcommon.Map) {
	e := r.exporter
	if e.wants(exporterview.XIDCount) {
		counts := e.xids.Since(r.Engine-e.cfg.XIDWindow.Microseconds(), g.known.Key())
		if len(counts) == 0 {
			r.event(exporterview.XIDCount, labels, 0, window(e.cfg.XIDWindow))
		}
		for _, c := range counts {
			r.event(exporterview.XIDCount, labels, c.Count, window(e.cfg.XIDWindow), catalog.Attr{Key: "xid", Value: strconv.Itoa(c.Code)})
		}
	}
	if e.wants(exporterview.XIDTotal) && r.collector.xids.journal != nil {
		r.xidTotals(g, labels)
	}
}

func (r exporterRecording) xidTotals(g *gpu, labels pcommon.Map) {
	for code, total := range r.collector.xids.journal.Totals(g.known.Key()) {
		r.event(exporterview.XIDTotal, labels, total, catalog.Attr{Key: "xid", Value: strconv.Itoa(code)})
	}
}

// keysOf are those of a GPU and of what it is partitioned into.
func keysOf(g *gpu, parts []*gpu) []inventory.Key {
	keys := []inventory.Key{g.known.Key()}
	for _, part := range parts {
		keys = append(keys, part.known.Key())
	}
	return keys
}

func (r exporterRecording) clockEvents(g *gpu, labels pcommon.Map) {
	e := r.exporter
	name := func(bit int) catalog.Attr {
		return catalog.Attr{Key: "clock_event", Value: exporterview.ClockEventNames()[bit]}
	}
	if e.wants(exporterview.ClockEventsCount) {
		for bit, n := range g.clocks.Since(r.Engine - e.cfg.ClockEventsWindow.Microseconds()) {
			if n > 0 {
				r.event(exporterview.ClockEventsCount, labels, n, window(e.cfg.ClockEventsWindow), name(bit))
			}
		}
	}
	if e.wants(exporterview.ClockEventsTotal) {
		for bit := range exporterview.ClockEventNames() {
			if n := g.throttle.Count(uint(bit)); n > 0 { //nolint:gosec // There are nine.
				r.event(exporterview.ClockEventsTotal, labels, n, name(bit))
			}
		}
	}
}

// healthStatus records the incidents of the newest check, or that a watch has none. Instances have none of their own.
func (r exporterRecording) healthStatus(g *gpu) {
	h := &r.checks
	if !r.exporter.wants(exporterview.HealthStatus) || h.checked == 0 {
		return
	}
	labels := r.exporter.labelsOf(g, g)
	open := h.incidents.Open(g.known.Key())
	watches := exporterview.HealthWatches()
	for i, watch := range watches {
		system := dcgm.HealthSystems(1) << i
		if i == len(watches)-1 {
			system = dcgm.HealthAll
		}
		codes := map[int]dcgm.HealthResult{}
		for j := range open {
			if open[j].System == system {
				codes[open[j].Code] = open[j].Result
			}
		}
		if len(codes) == 0 {
			codes[0] = dcgm.HealthPass
		}
		for code, result := range codes {
			r.event(exporterview.HealthStatus, labels, int64(result), catalog.Attr{Key: "health_watch", Value: watch}, catalog.Attr{Key: "health_error_code", Value: exporterview.ErrorName(code)})
		}
	}
}
