// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"cmp"
	"fmt"
	"math"
)

// EntityKind is a kind of what DCGM reads (dcgm_fields.h, dcgm_field_entity_group_t).
type EntityKind uint8

// The kinds of entities that this package reads.
const (
	GPU             EntityKind = 1
	Switch          EntityKind = 3
	GPUInstance     EntityKind = 4
	ComputeInstance EntityKind = 5
	Link            EntityKind = 6
	CPU             EntityKind = 7
	CPUCore         EntityKind = 8
)

var entityKindNames = map[EntityKind]string{
	GPU: "GPU", Switch: "NVSwitch", GPUInstance: "GPU instance", ComputeInstance: "compute instance", Link: "NVLink", CPU: "CPU", CPUCore: "CPU core",
}

// String returns the kind as messages spell it.
func (k EntityKind) String() string {
	if name, known := entityKindNames[k]; known {
		return name
	}
	return fmt.Sprintf("entity of kind %d", uint8(k))
}

func (k EntityKind) plural() string {
	if k == Switch {
		return "NVSwitches"
	}
	return k.String() + "s"
}

// Entity is one thing that DCGM reads, by DCGM's number. A GPU's is neither NVML's index nor the device's minor number and
// may change with a reset; the UUID does not.
type Entity struct {
	Kind EntityKind
	ID   uint32
}

// String returns kind and number, as in "GPU 3" and "NVLink 17 of GPU 3".
func (e Entity) String() string {
	if e.Kind == Link {
		parent, port := e.Port()
		return fmt.Sprintf("%s %d of %s", e.Kind, port, parent)
	}
	return fmt.Sprintf("%s %d", e.Kind, e.ID)
}

// Instance is where a MIG instance belongs. Its UUID and the name of its profile are fields of its own.
type Instance struct {
	Entity, Parent Entity // a GPU instance in a GPU, or a compute instance in a GPU instance
	GPUUUID        string
	GPUIndex       uint32 // NVML's index of the GPU
	GI, CI         uint32 // NVML's numbers of the GPU instance and of the compute instance; CI is NoInstance for a GPU instance
	Profile        uint32 // NVML's number of the profile
	Slices         uint32
}

// NoInstance is the number of a compute instance where there is none.
const NoInstance = math.MaxUint32

// LinkOf returns the NVLink at a port of a GPU or an NVSwitch (dcgm_structs.h, dcgm_link_t).
func LinkOf(parent Entity, port int) Entity {
	return Entity{Link, uint32(parent.Kind) | uint32(port)<<8 | parent.ID<<24} //nolint:gosec // No more than 256 ports.
}

// Port returns the GPU or the NVSwitch that an NVLink is of, and its port there.
func (e Entity) Port() (parent Entity, port uint32) {
	return Entity{EntityKind(e.ID), e.ID >> 24}, e.ID >> 8 & 0xffff //nolint:gosec // The kind is the lowest byte.
}

// Compare orders entities by kind, then by number.
func (e Entity) Compare(other Entity) int {
	return cmp.Or(cmp.Compare(e.Kind, other.Kind), cmp.Compare(e.ID, other.ID))
}
