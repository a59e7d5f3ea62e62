// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"fmt"
	"strconv"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Fields of identity (dcgm_fields.h).
const (
	fieldDriverVersion     dcgm.FieldID = 1
	fieldCUDADriver        dcgm.FieldID = 5
	fieldName              dcgm.FieldID = 50
	fieldNVMLIndex         dcgm.FieldID = 52
	fieldSerial            dcgm.FieldID = 53
	fieldMinor             dcgm.FieldID = 55
	fieldPCIBusID          dcgm.FieldID = 57
	fieldComputeCapability dcgm.FieldID = 63
	fieldVBIOS             dcgm.FieldID = 85
	fieldGPM               dcgm.FieldID = 94
	fieldFabricCluster     dcgm.FieldID = 172
	fieldFabricClique      dcgm.FieldID = 173
	fieldVirtualMode       dcgm.FieldID = 500
	fieldChassisSerial     dcgm.FieldID = 572
	fieldChassisSlot       dcgm.FieldID = 573
	fieldSwitchPhysicalID  dcgm.FieldID = 863
	fieldSwitchPCIDomain   dcgm.FieldID = 866
	fieldSwitchPCIBus      dcgm.FieldID = 867
	fieldSwitchPCIDevice   dcgm.FieldID = 868
	fieldSwitchPCIFunction dcgm.FieldID = 869
	fieldSwitchUUID        dcgm.FieldID = 878
	fieldSwitchFirmware    dcgm.FieldID = 1524

	// FieldUUID tells whose the other values of a GPU or a MIG instance are.
	FieldUUID dcgm.FieldID = 54
)

// HasUUID reports whether entities of a kind tell whose their values are. The others go by their numbers.
func HasUUID(kind dcgm.EntityKind) bool {
	return kind != dcgm.Link && kind != dcgm.CPU && kind != dcgm.CPUCore
}

// UUIDOf is the field that tells whose the other values of an entity of a kind are, 0 if none does.
func UUIDOf(kind dcgm.EntityKind) dcgm.FieldID {
	switch {
	case !HasUUID(kind):
		return 0
	case kind == dcgm.Switch:
		return fieldSwitchUUID
	default:
		return FieldUUID
	}
}

// Fields are those that tell identity and facts.
var Fields = []dcgm.FieldID{
	fieldDriverVersion, fieldCUDADriver, fieldName, fieldNVMLIndex, fieldSerial, FieldUUID, fieldMinor, fieldPCIBusID,
	fieldComputeCapability, fieldVBIOS, fieldGPM, fieldFabricCluster, fieldFabricClique, fieldVirtualMode,
	fieldChassisSerial, fieldChassisSlot,
}

// InstanceFields are those that tell the identity of a MIG instance: the UUID, and as its name the profile.
var InstanceFields = []dcgm.FieldID{fieldName, FieldUUID}

// SwitchFields are those that tell identity and facts of an NVSwitch.
var SwitchFields = []dcgm.FieldID{
	fieldSwitchPhysicalID, fieldSwitchPCIDomain, fieldSwitchPCIBus, fieldSwitchPCIDevice, fieldSwitchPCIFunction, fieldSwitchUUID, fieldSwitchFirmware,
}

// Samples are those of one entity.
type Samples map[dcgm.FieldID]dcgm.Sample

// ofGPU reads identity and facts of a GPU, "" where DCGM does not tell.
func ofGPU(samples Samples) (Identity, Facts) {
	text := func(id dcgm.FieldID) string { return textOf(samples[id]) }
	id := Identity{ID: uuidOf(dcgm.GPU, samples[FieldUUID]), Model: text(fieldName), Vendor: Vendor}
	if minor := numberText(samples[fieldMinor], 0, mostIndex); minor != "" {
		id.Name = Vendor + minor
	}
	return id, Facts{
		Serial:             text(fieldSerial),
		PCIBusID:           text(fieldPCIBusID),
		VBIOS:              text(fieldVBIOS),
		Driver:             text(fieldDriverVersion),
		CUDADriver:         cudaVersion(samples[fieldCUDADriver]),
		NVMLIndex:          numberText(samples[fieldNVMLIndex], 0, mostIndex),
		FabricClique:       text(fieldFabricClique),
		FabricCluster:      text(fieldFabricCluster),
		ChassisSerial:      text(fieldChassisSerial),
		ChassisSlot:        text(fieldChassisSlot),
		VirtualizationMode: virtualizationMode(samples[fieldVirtualMode]),
		GPMSupport:         numberText(samples[fieldGPM], 0, 1),
		Architecture:       architectureOf(samples[fieldComputeCapability]),
	}
}

// textOf returns the value as a string, "" if there is none.
func textOf(s dcgm.Sample) string {
	switch {
	case s.Type == 0 || s.Reason != dcgm.OK:
		return ""
	case s.Type == dcgm.String && isPlaceholder(s.Text()):
		return ""
	case s.Type == dcgm.String:
		return s.Text()
	default:
		return strconv.FormatInt(s.Int(), 10)
	}
}

// mostIndex is the largest plausible number of a device: NVIDIA's device files have fewer than 255, and 255 is
// that of the driver itself.
const mostIndex = 254

// numberText is textOf for a number within a range, "" outside.
func numberText(s dcgm.Sample, least, most int64) string {
	if s.Int() < least || s.Int() > most {
		return ""
	}
	return textOf(s)
}

// cudaVersion reads 13000 as 13.0 (cuDriverGetVersion).
func cudaVersion(s dcgm.Sample) string {
	const least, most = 1000, 99_990
	if numberText(s, least, most) == "" {
		return ""
	}
	return fmt.Sprintf("%d.%d", s.Int()/1000, s.Int()%1000/10)
}

// architectureOf returns 0 if the engine does not tell.
func architectureOf(s dcgm.Sample) catalog.Architecture {
	if a := catalog.Architecture(s.Int()); textOf(s) != "" && a.Plausible() {
		return a
	}
	return 0
}

// virtualizationModes are DCGM_GPU_VIRTUALIZATION_MODE_* of dcgm_fields.h.
var virtualizationModes = [...]string{"none", "passthrough", "vgpu", "host_vgpu", "host_vsga"}

func virtualizationMode(s dcgm.Sample) string {
	if textOf(s) == "" || s.Int() < 0 || s.Int() >= int64(len(virtualizationModes)) {
		return ""
	}
	return virtualizationModes[s.Int()]
}

// isLate tells of a sample without a plausible value whether it may have one later.
func isLate(s dcgm.Sample) bool {
	conclusive := s.Reason == dcgm.NotSupported || s.Reason == dcgm.NoPermission
	return !conclusive && (s.Reason != dcgm.OK || s.Type != 0)
}
