// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/events"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/exporterview"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/series"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/watching"
)

// historian reads fields of which every sample counts.
type historian struct {
	*notifier

	since     time.Time // the begin of the connection: events before it are not counted
	histories map[*watching.Held]*history
}

// history is how far the history of a watch has been read.
type history struct {
	*events.Cursor

	failed bool // at the last collection
}

// readEvents counts what happened to the clocks since the last collection. GPUs whose
// events cannot be read, as when one of them has lost its watch, go without them until
// the next plan.
func (c *historian) readEvents(ctx context.Context) error {
	read := map[*watching.Held]*history{}
	for _, watch := range c.eventWatches(fieldClocksEventReasons) {
		h := c.histories[watch]
		if h == nil {
			h = &history{Cursor: events.NewCursor(time.UnixMicro(c.clock.Now(c.since)))}
		}
		read[watch] = h
		err := c.readEventsOf(ctx, watch, h.Cursor)
		if lost(err) {
			return fail(selftelemetry.KindRead, err)
		}
		if err != nil {
			c.incomplete = true
			watch.Doubt()
			c.self.IncError(selftelemetry.KindRead)
		}
		if err != nil && !h.failed {
			c.logger.Warn("events of some GPUs cannot be read, trying again with new watches", zap.Uint32s("gpus", numbersOf(watch.Entities)), zap.Error(err))
		}
		h.failed = err != nil
	}
	c.histories = read
	return nil
}

// eventWatches returns the watches that the host engine holds for the events of a field.
func (c *historian) eventWatches(field dcgm.FieldID) []*watching.Held {
	return slices.DeleteFunc(c.holder.Events(), func(w *watching.Held) bool { return !slices.Contains(w.Fields, field) })
}

func (c *historian) readEventsOf(ctx context.Context, watch *watching.Held, cursor *events.Cursor) error {
	samples, next, err := watch.Read(ctx, c.src, cursor.Next())
	if err != nil {
		return err
	}
	engine := time.UnixMicro(c.clock.Now(time.Now()))
	reached := engine.Add(2 * c.Periods[catalog.Normal])
	if next.After(reached) { // It is behind samples from before the clock was set back.
		next = engine
	}
	cursor.Advance(next)
	for _, s := range samples {
		if cursor.IsOld(time.UnixMicro(s.TS), reached) {
			continue
		}
		if g := c.at(s.Entity); g != nil && s.Field == fieldClocksEventReasons && !c.observeClocks(g, s) {
			c.tally.Drop(series.Implausible)
		}
	}
	return nil
}

// observeClocks reports false for what can be no mask.
func (c *historian) observeClocks(g *gpu, s dcgm.Sample) bool {
	if s.Reason != dcgm.OK {
		return true
	}
	if !catalog.IsClocksEventMask(s.Int()) {
		return false
	}
	c.noticeClocks(g, s.TS, uint64(s.Int())) //nolint:gosec // It is a mask.
	if c.exporter.wants(exporterview.ClockEventsCount) {
		g.clocks.Take(s.TS, uint64(s.Int()), c.Periods[catalog.Normal].Microseconds()) //nolint:gosec // It is a mask.
	}
	g.throttle.Observe(s.TS, uint64(s.Int())) //nolint:gosec // It is a mask.
	return true
}

// rewind has counters and events go on where the host engine's clock has been set back: events from the collection
// interval that has passed.
func (c *historian) rewind() {
	to := c.clock.Now(c.readAt) - c.Periods[catalog.Normal].Microseconds()
	for _, h := range c.histories {
		h.Rewind(time.UnixMicro(to))
	}
	if c.xids.journal != nil {
		c.xids.journal.Rewind(to)
	}
	for _, g := range c.known {
		g.values.SetBack()
		g.throttle.Rewind(to)
		g.energy = [len(energyFields)]events.Fall{}
	}
}
