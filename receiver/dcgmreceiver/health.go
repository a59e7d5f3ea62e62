// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
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
	metadata.AttributeGpuStateFrozen:       metadata.AttributeHwStateDegraded,
}

// health returns the one state of hw.status that a GPU is in at a time of the host engine in microseconds.
func (c *roster) health(g *gpu, engine int64) metadata.AttributeHwState {
	state, _ := c.healthOf(g, engine)
	return state
}

// healthOf returns the one state of hw.status, and why: a gpu.state or a gpu.condition, "" for ok.
func (c *roster) healthOf(g *gpu, engine int64) (metadata.AttributeHwState, string) {
	if state, unwell := stateHealth[g.state()]; unwell {
		return state, g.state().String()
	}
	for i := range conditions {
		if state := conditions[i].health; state != metadata.AttributeHwStateOk && c.holds(&conditions[i], g, engine) {
			return state, conditions[i].name.String()
		}
	}
	return metadata.AttributeHwStateOk, ""
}
