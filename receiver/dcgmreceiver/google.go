// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/events"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/googleview"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/record"
)

// google makes the view of Google's dcgmreceiver: each GPU is a resource of its own.
type google struct {
	*googleview.View

	batch *record.Batch
	ofGPU []int // the place of each row in the layout of GPUs
}

// newGoogle returns nil where the view is not configured.
func newGoogle(cfg *Config, version string, logger *zap.Logger) *google {
	if !cfg.shows(viewGoogle) {
		return nil
	}
	if cfg.google.isImplied {
		logger.Warn(`switches of Google's dcgmreceiver are configured, so its metrics are emitted and no others: write "views: [google]" to say so, or switch metrics of this receiver instead`)
	}
	view := googleview.New(cfg.google.metrics)
	return &google{View: view, batch: record.NewBatch(catalog.ScopeName, version, view.Metrics)}
}

// rows are those of the view, none without one.
func (g *google) rows() []catalog.Row {
	if g == nil {
		return nil
	}
	return g.Rows
}

// place notes where the rows of the view, which come after before others, stand in the layouts.
func (g *google) place(layouts map[dcgm.EntityKind]*catalog.Layout, before int) {
	if g != nil {
		g.ofGPU = placesIn(layouts[dcgm.GPU], before, len(g.Rows))
	}
}

// wantsXIDs reports whether the view has a metric of XIDs.
func (g *google) wantsXIDs() bool { return g != nil && g.XIDs != nil }

// googleMetrics returns the GPUs as Google's receiver has them, each on a copy of the resource of the host.
func (r *gpuReceiver) googleMetrics(now time.Time) pmetric.Metrics {
	out := pmetric.NewMetrics()
	c := r.collector
	if c.google == nil {
		return out
	}
	pass := r.pass(c.google.batch, now)
	for _, g := range shown(c.gpus) {
		c.googleRows(&pass, g)
		resource := r.resource(r.simulated)
		r.cfg.google.describe(resource.Attributes(), g)
		if r.resources.keep(resource.Attributes()) {
			record.Emit(resource, c.google.batch).ResourceMetrics().MoveAndAppendTo(out.ResourceMetrics())
		}
	}
	return out
}

// googleRows records the values of a GPU. What its attributes say elsewhere, its resource says here.
func (c *collector) googleRows(pass *record.Pass, g *gpu) {
	for i, at := range c.google.ofGPU {
		if reading, ok, _ := g.values.Read(at, g.traits(), pass.Engine); ok {
			pass.Put(pcommon.NewMap(), c.google.Rows[i].Metric, &reading, c.google.Rows[i].Attrs...)
		}
	}
	if !c.google.wantsXIDs() || c.xids.journal == nil {
		return
	}
	counts, since, until := c.xids.journal.Counts(events.XIDs, g.known.Key())
	for i := range counts {
		if n := &counts[i]; !n.Overflow && pass.Tally.Take() {
			at := record.Point{Value: count(n.Number), At: record.Micros(until), Start: record.Micros(since)}
			pass.Batch.AddFilled(pcommon.NewMap(), c.google.XIDs, at, func(to pcommon.Map) { to.PutInt(googleview.XIDKey, int64(n.Code)) })
		}
	}
}
