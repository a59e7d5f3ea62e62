// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"cmp"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Facts are what changes with a driver, a firmware or a place in the rack, "" if unknown.
type Facts struct {
	Serial, PCIBusID, VBIOS, Driver, CUDADriver, NVMLIndex                      string
	FabricClique, FabricCluster, ChassisSerial, ChassisSlot, VirtualizationMode string
	Firmware, PhysicalID                                                        string // of an NVSwitch

	GPMSupport   string // 1 if GPM gives profiling, else 0
	Architecture catalog.Architecture
}

// or returns what is known, and of what is not, what was known before: a GPU that is lost or
// being reset reads blank and is the same as ever.
func (f Facts) or(before Facts) Facts {
	return Facts{
		Serial:             cmp.Or(f.Serial, before.Serial),
		PCIBusID:           cmp.Or(f.PCIBusID, before.PCIBusID),
		VBIOS:              cmp.Or(f.VBIOS, before.VBIOS),
		Driver:             cmp.Or(f.Driver, before.Driver),
		CUDADriver:         cmp.Or(f.CUDADriver, before.CUDADriver),
		NVMLIndex:          cmp.Or(f.NVMLIndex, before.NVMLIndex),
		FabricClique:       cmp.Or(f.FabricClique, before.FabricClique),
		FabricCluster:      cmp.Or(f.FabricCluster, before.FabricCluster),
		ChassisSerial:      cmp.Or(f.ChassisSerial, before.ChassisSerial),
		ChassisSlot:        cmp.Or(f.ChassisSlot, before.ChassisSlot),
		VirtualizationMode: cmp.Or(f.VirtualizationMode, before.VirtualizationMode),
		Firmware:           cmp.Or(f.Firmware, before.Firmware),
		PhysicalID:         cmp.Or(f.PhysicalID, before.PhysicalID),
		GPMSupport:         cmp.Or(f.GPMSupport, before.GPMSupport),
		Architecture:       cmp.Or(f.Architecture, before.Architecture),
	}
}

// Raw returns what is known of a GPU or an NVSwitch as DCGM has it in a field, false for a field that is not among it.
func (k *Known) Raw(field dcgm.FieldID) (string, bool) {
	switch field {
	case fieldDriverVersion:
		return k.Driver, true
	case fieldName:
		return k.Model, true
	case fieldSerial:
		return k.Serial, true
	case FieldUUID:
		return k.ID, true
	case fieldPCIBusID:
		return k.PCIBusID, true
	case fieldVBIOS:
		return k.VBIOS, true
	case fieldFabricCluster:
		return k.FabricCluster, true
	case fieldFabricClique:
		return k.FabricClique, true
	case fieldChassisSerial:
		return k.ChassisSerial, true
	case fieldChassisSlot:
		return k.ChassisSlot, true
	case fieldSwitchFirmware:
		return k.Firmware, true
	case fieldSwitchUUID:
		return k.ID, true
	case fieldSwitchPhysicalID:
		return k.PhysicalID, true
	default:
		return "", false
	}
}

// GPM reports whether GPM gives profiling. It falls back on the architecture where the engine does not tell.
func (f *Facts) GPM() bool {
	return f.GPMSupport == "1" || f.GPMSupport == "" && f.Architecture >= catalog.Hopper
}
