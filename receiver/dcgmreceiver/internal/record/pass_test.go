// SPDX-License-Identifier: Apache-2.0

package record

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/series"
)

const second = 1_000_000 // microseconds

func enabled(metrics ...string) map[string]bool {
	out := map[string]bool{}
	for _, m := range metrics {
		out[m] = true
	}
	return out
}

// groupOf are entities of a kind with a sample of every field at a second.
func groupOf(kind dcgm.EntityKind, on map[string]bool, at int64, ids ...string) Group {
	g := Group{Layout: catalog.NewLayout(kind, catalog.Rows(), on, nil, catalog.NewPace(10*time.Second, 0))}
	for _, id := range ids {
		attrs := pcommon.NewMap()
		attrs.PutStr("hw.id", id)
		e := Entity{Attrs: attrs, Values: series.NewSet(g.Layout)}
		for slot := range g.Layout.Slots() {
			new(series.News).Put(e.Values, slot, dcgm.SampleOf(g.Layout.Field(slot), at*second, int64(1)))
		}
		g.Entities = append(g.Entities, e)
	}
	return g
}

// emitted are the points of a batch: metric, entity and times in seconds.
func emitted(b *Batch) []string {
	var out []string
	for _, rm := range Emit(pcommon.NewResource(), b).ResourceMetrics().All() {
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			for _, p := range pointsOf(m).All() {
				id, _ := p.Attributes().Get("hw.id")
				out = append(out, fmt.Sprintf("%s %s at %d since %d", m.Name(), id.Str(), p.Timestamp()/1e9, p.StartTimestamp()/1e9))
			}
		}
	}
	return out
}

func newPass(limit int) *Pass {
	return &Pass{Batch: NewBatch(catalog.ScopeName, "", catalog.Metrics()), Tally: NewTally(limit), Engine: 100 * second, Now: 105e9, Start: 90e9, Enabled: enabled("gpu.up", "dcgm.up")}
}

func TestPointsHaveTheTimesOfTheirSamples(t *testing.T) {
	p := newPass(100)
	p.Rows(0, len(catalog.Rows()), groupOf(dcgm.GPU, enabled("hw.power", "hw.energy"), 100, "a"))
	require.Equal(t, []string{"hw.energy a at 100 since 100", "hw.power a at 100 since 90"}, emitted(p.Batch))
	require.Equal(t, int64(100*second), p.Tally.Oldest)

	p.Rows(0, len(catalog.Rows()), groupOf(dcgm.GPU, enabled("hw.power"), 80, "a"))
	require.Equal(t, []string{"hw.power a at 80 since 80"}, emitted(p.Batch), "no point starts after its own time")
	require.Equal(t, int64(80*second), p.Tally.Oldest)

	p.Tally.Begin()
	p.Rows(0, len(catalog.Rows()), groupOf(dcgm.GPU, enabled("gpu.power.limit"), 100, "a"))
	require.Zero(t, p.Tally.Oldest, "it is not of the fastest tier")
}

func TestWhatMattersLeastOfAllEntitiesIsLeftOut(t *testing.T) {
	p := newPass(5)
	p.Add(pcommon.NewMap(), catalog.Named("gpu.up"), 1)
	on := enabled("hw.power", "hw.gpu.memory.usage", "gpu.bar1.usage")
	p.Rows(0, len(catalog.Rows()), groupOf(dcgm.GPU, on, 100, "a", "b"), groupOf(dcgm.GPUInstance, on, 100, "c"))
	require.Equal(t, []string{
		"gpu.up  at 105 since 90", "hw.gpu.memory.usage a at 100 since 90", "hw.gpu.memory.usage b at 100 since 90",
		"hw.power a at 100 since 90", "hw.power b at 100 since 90",
	}, emitted(p.Batch))
	require.Equal(t, 4, p.Tally.Over)
	require.Equal(t, int64(4), p.Tally.Dropped[series.BeyondLimit])
	p.Tally.Begin()
	require.Zero(t, p.Tally.Over)
	require.Zero(t, p.Tally.Points)
	require.Equal(t, int64(4), p.Tally.Dropped[series.BeyondLimit], "drops are totals")
}

func TestWhatIsDisabledTakesNoPlace(t *testing.T) {
	p := newPass(1)
	p.Add(pcommon.NewMap(), catalog.Named("gpu.info"), 1)
	p.AddSelf(7e9, catalog.Named("dcgm.reconnects"), catalog.Number{})
	require.Empty(t, emitted(p.Batch))
	require.Zero(t, p.Tally.Points)
	p.AddSelf(7e9, catalog.Named("dcgm.up"), catalog.Number{I: 1})
	require.Equal(t, []string{"dcgm.up  at 7 since 90"}, emitted(p.Batch))
	require.Zero(t, p.Tally.Points, "the limit does not count what is of no entity")
}

func TestUnchangedValuesAreEmittedOnceWhereWanted(t *testing.T) {
	for _, newOnly := range []bool{false, true} {
		p := newPass(100)
		p.NewOnly = newOnly
		g := groupOf(dcgm.GPU, enabled("hw.power", "gpu.power.limit"), 100, "a")
		p.Rows(0, len(catalog.Rows()), g)
		require.Len(t, emitted(p.Batch), 6)
		slot, _ := g.Layout.Slot(155)
		new(series.News).Put(g.Entities[0].Values, slot, dcgm.SampleOf(155, 110*second, int64(1)))
		p.Tally.Begin()
		p.Rows(0, len(catalog.Rows()), g)
		again := emitted(p.Batch)
		require.Equal(t, newOnly, slices.Equal([]string{"hw.power a at 110 since 90"}, again), "%v", again)
		require.Equal(t, 6, p.Tally.Points, "series count whether they have something new or not")
		require.Equal(t, int64(110*second), p.Tally.Oldest)
	}
}

func TestLossesAreCountedByReason(t *testing.T) {
	p := newPass(100)
	g := groupOf(dcgm.GPU, enabled("hw.power", "hw.temperature", "gpu.sm.utilization"), 100, "a")
	for field, why := range map[dcgm.FieldID]dcgm.Reason{155: dcgm.NoPermission, 150: dcgm.Status, 140: dcgm.NotSupported} {
		slot, _ := g.Layout.Slot(field)
		g.Entities[0].Values.Drop(slot, why)
	}
	slot, _ := g.Layout.Slot(1002)
	new(series.News).Put(g.Entities[0].Values, slot, dcgm.SampleOf(1002, 100*second, 7.0))
	p.Rows(0, len(catalog.Rows()), g)
	require.Empty(t, emitted(p.Batch))
	require.Equal(t, [series.Reasons]int64{dcgm.NoPermission: 1, dcgm.Status: 1, series.Implausible: 1}, p.Tally.Dropped)
	require.Zero(t, p.Tally.Points)
}
