// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/events"
)

// energyFields count the energy since the driver was loaded, in joules and in millijoules. It grows while a GPU has power, and begins anew
// with a reset of the GPU and with its driver alone.
var energyFields = [...]dcgm.FieldID{1611, 156}

// observeReset reports since when the energy of a GPU is counted anew: it was reset, be it by somebody who never took it away from the host
// engine. Other counters stand still for long, or are not documented to begin anew.
func (c *roster) observeReset(g *gpu, engine int64) (since int64, reset bool) {
	for i, field := range energyFields {
		s, known := c.newest(g, field, engine)
		if !known || !catalog.RangeOf("hw.energy").Holds(catalog.Counter, s.Float()) {
			continue
		}
		at, fell := g.energy[i].Observe(s.TS, s.Int())
		if fell && at > g.reset {
			g.reset, since, reset = at, at, true
		}
	}
	return since, reset
}

// judgeReset ends what a reset of a GPU has ended, and reports the reset.
func (c *historian) judgeReset(g *gpu, engine int64) {
	since, reset := c.observeReset(g, engine)
	if !reset {
		return
	}
	g.cleared = max(g.cleared, since)
	if c.notices() {
		c.xids.journal.Notice(g.subject(), events.Notice{
			Event: "gpu.reset", Time: since, Severity: xid.Warn, Text: "was reset, or its driver was loaded again: it counts its energy anew",
		})
	}
}
