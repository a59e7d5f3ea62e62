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
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// Fields that tell how a GPU is (dcgm_fields.h).
const (
	fieldRowRemapFailure dcgm.FieldID = 395
	fieldRowRemapPending dcgm.FieldID = 396
	fieldRecoveryAction  dcgm.FieldID = 1523
)

// statusInputs are the fields that hw.status needs.
var statusInputs = []dcgm.FieldID{fieldRowRemapFailure, fieldRowRemapPending, fieldRecoveryAction}

// Values of field 1523 (dcgm_structs.h).
const (
	recoveryGPUReset      = 1
	recoveryNodeReboot    = 2
	recoveryDrainP2P      = 3
	recoveryDrainAndReset = 4
)

// stateHealth is what the host engine's view of a GPU that it cannot read means.
var stateHealth = map[metadata.AttributeGpuState]metadata.AttributeHwState{
	metadata.AttributeGpuStateAbsent:       metadata.AttributeHwStateFailed,
	metadata.AttributeGpuStateLost:         metadata.AttributeHwStateFailed,
	metadata.AttributeGpuStateInaccessible: metadata.AttributeHwStateFailed,
	metadata.AttributeGpuStateUnknown:      metadata.AttributeHwStateDegraded,
	metadata.AttributeGpuStateUnsupported:  metadata.AttributeHwStateDegraded,
	metadata.AttributeGpuStateDisabled:     metadata.AttributeHwStateDegraded,
	metadata.AttributeGpuStateDetached:     metadata.AttributeHwStateDegraded,
	metadata.AttributeGpuStateUnreadable:   metadata.AttributeHwStateDegraded,
}

// health returns the one state of hw.status that a GPU is in at a time in microseconds.
func (c *collector) health(g *gpu, now int64) metadata.AttributeHwState {
	if state, unwell := stateHealth[g.state()]; unwell {
		return state
	}
	for i := range conditions {
		if state := conditions[i].health; state != metadata.AttributeHwStateOk && c.holds(&conditions[i], g, now) {
			return state
		}
	}
	return metadata.AttributeHwStateOk
}

// checkStatus asks the host engine for the status of a GPU that gives no fresh value, as where
// only slow metrics are enabled, or is not listed. Any other is well: a lost GPU reads as
// blank, with good status and timestamps.
func (c *collector) checkStatus(ctx context.Context, g *gpu) error {
	status := dcgm.StatusOK
	if g.fresh == 0 || !slices.Contains(c.listed, g.entity) {
		var err error
		if status, err = c.src.Status(ctx, g.entity); lost(err) {
			return fail(selftelemetry.KindRead, err)
		}
	}
	g.looks++
	c.checkSilence(g, status)
	before, state := g.up(), g.state()
	g.status, g.unlisted, g.unread = status, !slices.Contains(c.all, g.entity), c.unread[catalog.Normal][g.entity] != nil
	switch {
	case g.state() == metadata.AttributeGpuStateUnreadable:
		g.forget() // The receiver's status says so for all such GPUs together.
	case state == metadata.AttributeGpuStateUnreadable && g.up(): // Nothing says that it was reset meanwhile.
		c.due = [catalog.Tiers]time.Time{}
	case before && !g.up():
		g.forget()
		c.logger.Warn("GPU cannot be read", zap.String("hw.id", g.id), zap.Stringer("gpu.state", g.state()))
	case !before && g.up():
		g.restart()
		c.due = [catalog.Tiers]time.Time{}
		c.logger.Info("GPU can be read again", zap.String("hw.id", g.id))
	}
	return nil
}

// checkSilence has the plan made anew for a GPU that is well and gives nothing any more: one
// that was detached and attached again has lost its watches. Where only slow metrics are
// enabled, none ever gives anything here.
func (c *collector) checkSilence(g *gpu, status dcgm.EntityStatus) {
	const patience = 3
	if g.fresh > 0 || !g.spoken || status != dcgm.StatusOK || c.unread[catalog.Normal][g.entity] != nil {
		g.silent = 0
		return
	}
	g.silent++
	c.incomplete = c.incomplete || g.silent >= patience
}
