// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/watching"
)

// cursor is how far the history of a watch has been read.
type cursor struct {
	since  time.Time
	failed bool // at the last collection
}

// readEvents counts what happened to the clocks since the last collection. GPUs whose
// events cannot be read, as when one of them has lost its watch, go without them until
// the next plan.
func (c *collector) readEvents(ctx context.Context) error {
	cursors := map[*watching.Held]*cursor{}
	for _, watch := range c.holder.Events() {
		at := c.cursors[watch]
		if at == nil {
			at = &cursor{since: c.since}
		}
		cursors[watch] = at
		err := c.readEventsOf(ctx, watch, at)
		if lost(err) {
			return fail(selftelemetry.KindRead, err)
		}
		if err != nil {
			c.incomplete = true
			watch.Doubt()
			c.self.IncError(selftelemetry.KindRead)
		}
		if err != nil && !at.failed {
			c.logger.Warn("events of some GPUs cannot be read, trying again with new watches", zap.Uint32s("gpus", numbersOf(watch.Entities)), zap.Error(err))
		}
		at.failed = err != nil
	}
	c.cursors = cursors
	return nil
}

func (c *collector) readEventsOf(ctx context.Context, watch *watching.Held, at *cursor) error {
	samples, until, err := watch.Read(ctx, c.src, at.since)
	if err != nil {
		return err
	}
	at.since = until
	for _, s := range samples {
		if g := c.gpuAt(s.Entity); g != nil && s.Field == fieldClocksEventReasons && !g.throttle.observe(s) {
			c.tally.drop(implausible)
		}
	}
	return nil
}
