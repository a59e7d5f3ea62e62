// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/record"
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
)

// selfRecord writes points about DCGM itself. The limit of series does not count them.
type selfRecord struct {
	batch      *record.Batch
	enabled    map[string]bool
	now, start pcommon.Timestamp
}

func (s *selfRecord) add(m *catalog.Metric, value catalog.Number, attrs ...string) {
	s.addAt(s.now, m, value, attrs...)
}

func (s *selfRecord) addAt(at pcommon.Timestamp, m *catalog.Metric, value catalog.Number, attrs ...string) {
	if s.enabled[m.Name] {
		s.batch.Add(m, record.Point{Value: value, At: at, Start: s.start}, m.With(attrs...)...)
	}
}

func count(n int64) catalog.Number { return catalog.Number{I: n} }

// recordSelf writes what is known of DCGM itself.
func (c *collector) recordSelf(s *selfRecord) {
	for reason := dcgm.Blank; reason < dropReasons; reason++ {
		s.add(metricDropped, count(c.tally.dropped[reason]), dropAttributes[reason].String())
	}
	s.add(metricWatched, count(c.watched))
	s.add(metricUnsupported, count(c.unsupported))
	s.add(metricRefused, count(c.countRefused()))
	s.add(metricRebuilds, count(max(0, c.plans-1)))
	if c.tally.oldest > 0 {
		// Where the host engine's clock is ahead of this one, the age is not known to be more than 0.
		age := max(0, c.readAt.Sub(time.UnixMicro(c.tally.oldest)))
		s.add(metricSampleAge, catalog.Number{F: age.Seconds()})
	}
	if c.used != nil {
		c.recordUsage(s)
	}
}

func (c *collector) recordUsage(s *selfRecord) {
	at := timestamp(c.used.at)
	if c.plausibly(metricEngineMemory, float64(c.used.MemoryBytes)) {
		s.addAt(at, metricEngineMemory, count(c.used.MemoryBytes))
	}
	if c.plausibly(metricEngineCPU, c.used.CPU) {
		s.addAt(at, metricEngineCPU, catalog.Number{F: c.used.CPU})
	}
}

// plausibly reports whether a level may be emitted, or counts it.
func (c *collector) plausibly(m *catalog.Metric, value float64) bool {
	ok := catalog.RangeOf(m.Name).Holds(catalog.Level, value)
	if !ok {
		c.tally.drop(implausible)
	}
	return ok
}
