// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/record"
)

// tally counts what recording did. Drops are totals, the rest is of the last collection.
type tally struct {
	dropped [dropReasons]int64
	points  int
	over    int   // points left out for max_series
	oldest  int64 // timestamp in microseconds of the oldest value of the fastest tier; 0 if none
}

// Reasons of drops are those of samples, and two more.
const (
	beyondLimit = dcgm.Status + 1
	implausible = beyondLimit + 1
	dropReasons = implausible + 1
)

var dropAttributes = [dropReasons]metadata.AttributeDcgmDropReason{
	dcgm.Blank:        metadata.AttributeDcgmDropReasonBlank,
	dcgm.Stale:        metadata.AttributeDcgmDropReasonStale,
	dcgm.NotSupported: metadata.AttributeDcgmDropReasonNotSupported,
	dcgm.NoPermission: metadata.AttributeDcgmDropReasonNoPermission,
	dcgm.Status:       metadata.AttributeDcgmDropReasonStatus,
	beyondLimit:       metadata.AttributeDcgmDropReasonCardinality,
	implausible:       metadata.AttributeDcgmDropReasonImplausible,
}

// recording is one pass over all that is to be emitted at an instant.
type recording struct {
	*collector
	batch   *record.Batch
	now     pcommon.Timestamp
	micros  int64
	start   pcommon.Timestamp // of points that are no counters
	samples []dcgm.Sample     // scratch
}

// record writes all points of the GPUs. start is that of series that are no counters.
func (c *collector) record(batch *record.Batch, now, start time.Time) {
	r := &recording{
		collector: c,
		batch:     batch,
		now:       timestamp(now),
		micros:    now.UnixMicro(),
		start:     timestamp(start),
	}
	gpus := c.shown()
	r.states(c.stateOfAll(r.micros))
	for _, g := range slices.Concat(gpus, c.gone) {
		r.xids(g)
	}
	for _, g := range gpus {
		r.links(g)
	}
	for i := range c.Rows {
		for _, g := range gpus {
			r.series(&c.Rows[i], g, &g.states[i])
		}
	}
	for _, g := range gpus {
		r.throttleEvents(g)
		r.info(g)
	}
}

// wants reports whether one more point of a metric that is not in the table may be emitted.
func (r *recording) wants(m *catalog.Metric) bool { return r.enabled[m.Name] && r.take() }

// take reports whether one more point may be emitted.
func (r *recording) take() bool {
	if r.tally.points >= r.maxSeries {
		r.tally.over++
		r.tally.drop(beyondLimit)
		return false
	}
	r.tally.points++
	return true
}

// begin forgets the last collection.
func (t *tally) begin() { t.points, t.over, t.oldest = 0, 0, 0 }

func (t *tally) drop(reason dcgm.Reason) { t.dropped[reason]++ }

// series records one series of one GPU, or counts why it has no value.
func (r *recording) series(row *catalog.Placed, g *gpu, state *seriesState) {
	if row.GPM && !g.known.GPM() {
		return
	}
	before := state.chosen
	i, why := state.choose(len(row.Sources), func(i int) dcgm.Reason { return r.gather(g, row, i) })
	if i >= 0 {
		why = r.gather(g, row, i)
	}
	if state.chosen != before {
		g.fallbacks = r.fallbacksOf(g)
	}
	if counts := state.countsAsDrop(why); why != dcgm.OK {
		if counts {
			r.tally.drop(why)
		}
		return
	}
	src := &row.Sources[i]
	value, ok := src.Value(r.samples)
	if !ok {
		return
	}
	if !row.Range.Holds(src.Kind, value.F) {
		r.tally.drop(implausible)
		return
	}
	at := oldest(r.samples)
	ts := pcommon.Timestamp(at * 1000) //nolint:gosec // Timestamps are positive.
	start := min(r.start, ts)          // Another client's watch may have sampled before this receiver started.
	if src.Kind != catalog.Level {
		if value, start, ok = state.total.advance(src.Kind, at, value, r.SlotGap(row.Slots[i][0])); !ok {
			r.tally.drop(dcgm.Stale)
			return
		}
	}
	if !r.take() {
		return
	}
	if row.Tier == catalog.Normal {
		r.tally.see(at)
	}
	r.batch.AddOf(*g.attrs, row.Metric, record.Point{Value: value, At: ts, Start: start}, row.Attrs...)
}

// gather collects the samples of source i into r.samples, or says why they give no value.
func (r *recording) gather(g *gpu, row *catalog.Placed, i int) dcgm.Reason {
	if known := g.known.Architecture; known != 0 && known < row.Sources[i].From {
		return dcgm.NotSupported
	}
	r.samples = r.samples[:0]
	for _, slot := range row.Slots[i] {
		s := g.sheet[slot]
		if s.Reason != dcgm.OK {
			return s.Reason
		}
		if r.micros-s.TS > r.SlotLimit(slot) {
			return dcgm.Stale
		}
		r.samples = append(r.samples, s)
	}
	return dcgm.OK
}

func oldest(samples []dcgm.Sample) int64 {
	at := samples[0].TS
	for _, s := range samples[1:] {
		at = min(at, s.TS)
	}
	return at
}

func (t *tally) see(at int64) {
	if t.oldest == 0 || at < t.oldest {
		t.oldest = at
	}
}

// states records how the GPUs are, what matters most of all of them first.
func (r *recording) states(gpus []gpuState) {
	for i := range gpus {
		r.add(&gpus[i], metricUp, boolToInt(isUp(gpus[i].state)))
	}
	for _, state := range hwStates {
		for i := range gpus {
			r.add(&gpus[i], metricHealth, boolToInt(state == gpus[i].health), metadata.AttributeHwTypeGpu.String(), state.String())
		}
	}
	for _, state := range gpuStateAttributes {
		for i := range gpus {
			r.add(&gpus[i], metricStatus, boolToInt(state == gpus[i].state), state.String())
		}
	}
}

// described is whoever has the attributes of an entity.
type described interface{ attributes() pcommon.Map }

// add records a point without a row about an entity, now.
func (r *recording) add(of described, m *catalog.Metric, value int64, attrs ...string) {
	if r.wants(m) {
		r.batch.AddOf(of.attributes(), m, point(value, r.now, r.start), m.With(attrs...)...)
	}
}

func (r *recording) links(g *gpu) {
	for _, link := range linkAttributes {
		if hasLinks(g.links) {
			r.add(g, metricLinks, countLinks(g.links, link.state), link.attribute.String())
		}
	}
}

var linkAttributes = [...]struct {
	state     dcgm.LinkState
	attribute metadata.AttributeGpuNvlinkLinkState
}{
	{dcgm.LinkUp, metadata.AttributeGpuNvlinkLinkStateUp},
	{dcgm.LinkDown, metadata.AttributeGpuNvlinkLinkStateDown},
	{dcgm.LinkDisabled, metadata.AttributeGpuNvlinkLinkStateDisabled},
}

func countLinks(links []dcgm.LinkState, state dcgm.LinkState) int64 {
	var n int64
	for _, l := range links {
		n += boolToInt(l == state)
	}
	return n
}

// hasLinks is false for a GPU without NVLink, which reports all its links as not supported.
func hasLinks(links []dcgm.LinkState) bool {
	return int(countLinks(links, dcgm.LinkNotSupported)) < len(links)
}

// info records what is known of a GPU and no measurement.
func (r *recording) info(g *gpu) {
	f := &g.known.Facts
	r.add(g, metricInfo, 1, f.Serial, f.PCIBusID, f.VBIOS, f.Driver, f.CUDADriver,
		f.Architecture.String(), f.NVMLIndex, f.ChassisSerial, f.ChassisSlot, f.VirtualizationMode, strconv.FormatUint(uint64(g.entity().ID), 10))
	if f.FabricCluster+f.FabricClique != "" {
		r.add(g, metricFabricInfo, 1, f.FabricCluster, f.FabricClique)
	}
	if r.profiling && g.profiled != nil && !g.unasked {
		r.add(g, metricProfiling, int64(len(g.profiled)))
	}
	for _, fallback := range g.fallbacks {
		r.add(g, metricFallbacks, fallback.series, fallback.metric)
	}
}

// fallbacksOf counts the series of each metric that do not have their first source.
func (c *collector) fallbacksOf(g *gpu) []fallback {
	var out []fallback
	for i := range c.Rows {
		if g.states[i].chosen <= 1 {
			continue
		}
		metric := c.Rows[i].Name
		at := slices.IndexFunc(out, func(f fallback) bool { return f.metric == metric })
		if at < 0 {
			at = len(out)
			out = append(out, fallback{metric: metric})
		}
		out[at].series++
	}
	return out
}

// point is a point of a metric of integers.
func point(value int64, at, start pcommon.Timestamp) record.Point {
	return record.Point{Value: catalog.Number{I: value}, At: at, Start: start}
}

func timestamp(t time.Time) pcommon.Timestamp { return pcommon.NewTimestampFromTime(t) }

func boolToInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
