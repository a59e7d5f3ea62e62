// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/record"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/series"
)

// Metrics about DCGM itself.
var (
	metricConnected      = catalog.Named("dcgm.up")
	metricReconnects     = catalog.Named("dcgm.reconnects")
	metricScrapeDuration = catalog.Named("dcgm.scrape.duration")
	metricDropped        = catalog.Named("dcgm.values.dropped")
	metricWatched        = catalog.Named("dcgm.fields.watched")
	metricUnsupported    = catalog.Named("dcgm.fields.unsupported")
	metricRefused        = catalog.Named("dcgm.fields.refused")
	metricRebuilds       = catalog.Named("dcgm.watch.rebuilds")
	metricSampleAge      = catalog.Named("dcgm.sample.age")
	metricSkew           = catalog.Named("dcgm.clock.skew")
)

func count(n int64) catalog.Number { return catalog.Number{I: n} }

// dropReasons are the reasons of drops in the order of their counts.
var dropReasons = [series.Reasons]metadata.AttributeDcgmDropReason{
	dcgm.Blank:         metadata.AttributeDcgmDropReasonBlank,
	dcgm.Stale:         metadata.AttributeDcgmDropReasonStale,
	dcgm.NotSupported:  metadata.AttributeDcgmDropReasonNotSupported,
	dcgm.NoPermission:  metadata.AttributeDcgmDropReasonNoPermission,
	dcgm.Status:        metadata.AttributeDcgmDropReasonStatus,
	series.BeyondLimit: metadata.AttributeDcgmDropReasonCardinality,
	series.Implausible: metadata.AttributeDcgmDropReasonImplausible,
}

// recordSelf writes what is known of DCGM itself.
func (c *reader) recordSelf(p *record.Pass) {
	for reason := dcgm.Blank; reason < series.Reasons; reason++ {
		p.AddSelf(p.Now, metricDropped, count(c.tally.Dropped[reason]), dropReasons[reason].String())
	}
	p.AddSelf(p.Now, metricWatched, count(c.watched))
	p.AddSelf(p.Now, metricUnsupported, count(c.unsupported))
	p.AddSelf(p.Now, metricRefused, count(c.countRefused()))
	p.AddSelf(p.Now, metricRebuilds, count(max(0, c.plans-1)))
	if c.tally.Oldest > 0 {
		age := max(0, c.clock.Now(c.readAt)-c.tally.Oldest) // A clock that has been set back leaves samples of the future.
		p.AddSelf(p.Now, metricSampleAge, catalog.Number{F: float64(age) / 1e6})
	}
	if c.src != nil && c.clock.Known() {
		p.AddSelf(p.Now, metricSkew, catalog.Number{F: c.clock.Skew(c.readAt).Seconds()})
	}
	if c.used != nil {
		c.recordUsage(p)
	}
}

func (c *reader) recordUsage(p *record.Pass) {
	if p.NewOnly && c.used.emitted {
		return
	}
	c.used.emitted = true
	at := timestamp(c.used.at)
	if c.plausibly(metricEngineMemory, float64(c.used.MemoryBytes)) {
		p.AddSelf(at, metricEngineMemory, count(c.used.MemoryBytes))
	}
	if c.plausibly(metricEngineCPU, c.used.CPU) {
		p.AddSelf(at, metricEngineCPU, catalog.Number{F: c.used.CPU})
	}
}

// plausibly reports whether a level may be emitted, or counts it.
func (c *reader) plausibly(m *catalog.Metric, value float64) bool {
	ok := catalog.RangeOf(m.Name).Holds(catalog.Level, value)
	if !ok {
		c.tally.Drop(series.Implausible)
	}
	return ok
}
