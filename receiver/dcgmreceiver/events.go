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
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/watching"
)

// history is how far the history of a watch has been read.
type history struct {
	*events.Cursor

	failed bool // at the last collection
}

// readEvents counts what happened to the clocks since the last collection. GPUs whose
// events cannot be read, as when one of them has lost its watch, go without them until
// the next plan.
func (c *collector) readEvents(ctx context.Context, now time.Time) error {
	c.rewind()
	read := map[*watching.Held]*history{}
	for _, watch := range c.eventWatches(fieldClocksEventReasons) {
		h := c.histories[watch]
		if h == nil {
			h = &history{Cursor: events.NewCursor(c.connectedAt(now))}
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
func (c *collector) eventWatches(field dcgm.FieldID) []*watching.Held {
	return slices.DeleteFunc(c.holder.Events(), func(w *watching.Held) bool { return !slices.Contains(w.Fields, field) })
}

func (c *collector) readEventsOf(ctx context.Context, watch *watching.Held, cursor *events.Cursor) error {
	samples, next, err := watch.Read(ctx, c.src, cursor.Next())
	if err != nil {
		return err
	}
	cursor.Advance(next)
	reached := c.newest().Add(2 * c.Periods[catalog.Normal])
	for _, s := range samples {
		if cursor.IsOld(time.UnixMicro(s.TS), reached) {
			continue
		}
		if g := c.gpuAt(s.Entity); g != nil && s.Field == fieldClocksEventReasons && !c.observeClocks(g, s) {
			c.tally.drop(implausible)
		}
	}
	return nil
}

// observeClocks reports false for what can be no mask.
func (c *collector) observeClocks(g *gpu, s dcgm.Sample) bool {
	if s.Reason != dcgm.OK {
		return true
	}
	if !catalog.IsClocksEventMask(s.Int()) {
		return false
	}
	g.throttle.Observe(s.TS, uint64(s.Int())) //nolint:gosec // It is a mask.
	return true
}

// rewind has events go on where the host engine's clock has been set back: a newer sample of a GPU has an older timestamp.
func (c *collector) rewind() {
	const slack = 1_000_000 // microseconds; less is an adjustment of the clock
	var to int64
	slot, _ := c.Slot(fieldUUID)
	for _, g := range c.gpus {
		if s := g.sheet[slot]; s.Reason == dcgm.OK {
			if s.TS < g.told-slack {
				to = max(to, s.TS)
			}
			g.told = s.TS
		}
	}
	if to == 0 {
		return
	}
	for _, h := range c.histories {
		h.Rewind(time.UnixMicro(to))
	}
	if c.xids.journal != nil {
		c.xids.journal.Rewind(to)
	}
	for _, g := range c.gpus {
		g.throttle.Rewind(to)
	}
}

// newest is the newest timestamp that the host engine has told of what it samples at every collection, the zero time if
// there is none.
func (c *collector) newest() time.Time {
	var newest int64
	slot, _ := c.Slot(fieldUUID)
	for _, g := range c.gpus {
		if s := g.sheet[slot]; s.Reason == dcgm.OK {
			newest = max(newest, s.TS)
		}
	}
	if newest == 0 {
		return time.Time{}
	}
	return time.UnixMicro(newest)
}

// connectedAt is when the connection began, on the host engine's clock as far as that is known: events before it are
// not counted.
func (c *collector) connectedAt(now time.Time) time.Time {
	if newest := c.newest(); !newest.IsZero() {
		return newest.Add(-now.Sub(c.since))
	}
	return c.since
}
