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

var hwStates = [...]metadata.AttributeHwState{
	metadata.AttributeHwStateOk,
	metadata.AttributeHwStateDegraded,
	metadata.AttributeHwStateFailed,
	metadata.AttributeHwStatePredictedFailure,
}

// statusStates is what the host engine's view of a GPU that it cannot read means.
var statusStates = map[dcgm.GPUStatus]metadata.AttributeHwState{
	dcgm.StatusLost:         metadata.AttributeHwStateFailed,
	dcgm.StatusInaccessible: metadata.AttributeHwStateFailed,
	dcgm.StatusUnknown:      metadata.AttributeHwStateDegraded,
	dcgm.StatusUnsupported:  metadata.AttributeHwStateDegraded,
	dcgm.StatusDisabled:     metadata.AttributeHwStateDegraded,
	dcgm.StatusDetached:     metadata.AttributeHwStateDegraded,
}

// conditions are the first that holds, worst first.
var conditions = []struct {
	field dcgm.FieldID
	is    int64
	state metadata.AttributeHwState
}{
	{fieldRecoveryAction, recoveryNodeReboot, metadata.AttributeHwStateFailed},
	{fieldRecoveryAction, recoveryGPUReset, metadata.AttributeHwStateFailed},
	{fieldRowRemapFailure, 1, metadata.AttributeHwStateFailed},
	{fieldRowRemapPending, 1, metadata.AttributeHwStatePredictedFailure},
	{fieldRecoveryAction, recoveryDrainAndReset, metadata.AttributeHwStateDegraded},
	{fieldRecoveryAction, recoveryDrainP2P, metadata.AttributeHwStateDegraded},
}

// health returns the one state of hw.status that a GPU is in.
func (c *collector) health(g *gpu) metadata.AttributeHwState {
	if state, unwell := statusStates[g.status]; unwell {
		return state
	}
	for _, condition := range conditions {
		slot, needed := c.slots[condition.field]
		if !needed {
			continue
		}
		if s := g.sheet[slot]; s.Reason == dcgm.OK && s.Int() == condition.is {
			return condition.state
		}
	}
	return metadata.AttributeHwStateOk
}
