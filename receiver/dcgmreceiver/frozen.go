// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/events"
)

// thaw is how long after the XID that freezes it a host engine may go on to sample.
const thaw = time.Minute

// freeze notes an XID after which a host engine calls the driver no longer.
func (c *notifier) freeze(code xid.Code, o events.Occurrence) {
	if !code.Frozen {
		return
	}
	c.xids.journal.Freeze(o.Time)
	c.logger.Error("host engine calls the driver no longer after this XID: recover the GPU, then restart nv-hostengine",
		zap.Int("gpu.xid.code", code.Number), zap.Stringer("entity", o.Entity), zap.Time("at", time.UnixMicro(o.Time)))
}

// isFrozen reports whether the values of a GPU stand still since such an XID. A host engine that samples for long after it has not stopped,
// or has been restarted.
func (c *notifier) isFrozen(g *gpu) bool {
	const patience = 2
	if c.xids.journal == nil {
		return false
	}
	c.hear(g)
	frozen := c.xids.journal.Frozen()
	if frozen > 0 && g.still == 0 && g.heard > frozen+thaw.Microseconds() {
		c.xids.journal.Freeze(0)
		return false
	}
	return frozen > 0 && g.still >= patience
}

// hear notes whether the UUID of a GPU, which is sampled at every collection, has been sampled again.
func (c *notifier) hear(g *gpu) {
	slot, _ := c.Slot(fieldUUID)
	if s := g.values.At(slot); s.Reason == dcgm.OK && s.TS != g.heard {
		g.heard, g.still = s.TS, 0
		return
	}
	g.still++
}
