// SPDX-License-Identifier: Apache-2.0

package inventory

import "github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"

// State is how the host engine stands to a GPU, as gpu.state spells it.
type State string

// The states: those of the host engine, one for what it does not have, one for what it says
// is well and cannot read, and one for what it does not ask the driver for any more.
const (
	StateUnknown      State = "unknown"
	StateOK           State = "ok"
	StateUnsupported  State = "unsupported"
	StateInaccessible State = "inaccessible"
	StateLost         State = "lost"
	StateFake         State = "fake"
	StateDisabled     State = "disabled"
	StateDetached     State = "detached"
	StateAbsent       State = "absent"
	StateUnreadable   State = "unreadable"
	StateFrozen       State = "frozen"
)

var stateOfStatus = map[dcgm.EntityStatus]State{
	dcgm.StatusUnknown:      StateUnknown,
	dcgm.StatusOK:           StateOK,
	dcgm.StatusUnsupported:  StateUnsupported,
	dcgm.StatusInaccessible: StateInaccessible,
	dcgm.StatusLost:         StateLost,
	dcgm.StatusFake:         StateFake,
	dcgm.StatusDisabled:     StateDisabled,
	dcgm.StatusDetached:     StateDetached,
}

// Up says whether the host engine can read an entity in this state. A fake one is injected, and read as any.
func (s State) Up() bool { return s == StateOK || s == StateFake }

// State is how the host engine says that the entity is, unless it says that all is well and cannot read it. It has no
// status for an entity that it does not list.
func (k *Known) State() State {
	state := stateOfStatus[k.Status]
	if state == StateUnknown && k.Unlisted {
		state = StateAbsent
	}
	switch {
	case !state.Up():
	case k.Unread:
		return StateUnreadable
	case k.Frozen:
		return StateFrozen
	}
	return state
}

// Up says whether the host engine can read the entity.
func (k *Known) Up() bool { return k.State().Up() }
