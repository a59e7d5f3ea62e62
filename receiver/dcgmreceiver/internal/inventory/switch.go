// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"fmt"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// switchModel is the model of every NVSwitch: DCGM names none.
const switchModel = "NVSwitch"

// ofSwitch reads identity and facts of an NVSwitch, whose name is DCGM's number: it has no other one.
func ofSwitch(entity dcgm.Entity, samples Samples) (Identity, Facts) {
	return Identity{ID: uuidOf(dcgm.Switch, samples[fieldSwitchUUID]), Name: ByNumber(entity), Model: switchModel, Vendor: Vendor}, Facts{
		PCIBusID:   switchPCIBusID(samples),
		Firmware:   textOf(samples[fieldSwitchFirmware]),
		PhysicalID: numberText(samples[fieldSwitchPhysicalID], 0, mostIndex),
	}
}

// switchPCIBusID writes the PCI address as DCGM writes those of GPUs, "" where the host engine does not know it: then all of it is 0.
func switchPCIBusID(samples Samples) string {
	const mostDomain, mostBus, mostDevice, mostFunction = 1<<32 - 1, 255, 31, 7
	var parts [4]int64
	for i, part := range [...]struct {
		field dcgm.FieldID
		most  int64
	}{{fieldSwitchPCIDomain, mostDomain}, {fieldSwitchPCIBus, mostBus}, {fieldSwitchPCIDevice, mostDevice}, {fieldSwitchPCIFunction, mostFunction}} {
		if numberText(samples[part.field], 0, part.most) == "" {
			return ""
		}
		parts[i] = samples[part.field].Int()
	}
	if parts == [4]int64{} {
		return ""
	}
	return fmt.Sprintf("%08X:%02X:%02X.%X", parts[0], parts[1], parts[2], parts[3])
}
