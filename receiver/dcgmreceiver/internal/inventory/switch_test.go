// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

func nvswitch(id uint32) dcgm.Entity { return dcgm.Entity{Kind: dcgm.Switch, ID: id} }

func switchSamples(uuid string, pci ...int64) Samples {
	of := Samples{fieldSwitchUUID: dcgm.SampleOf(fieldSwitchUUID, 1, uuid), fieldSwitchPhysicalID: dcgm.SampleOf(fieldSwitchPhysicalID, 1, int64(2))}
	for i, n := range pci {
		field := fieldSwitchPCIDomain + dcgm.FieldID(i)
		of[field] = dcgm.SampleOf(field, 1, n)
	}
	return of
}

func TestSwitchIsKnownByItsUUID(t *testing.T) {
	for uuid, want := range map[string]string{
		"205376746160130": "205376746160130", "SWX-4D6E1A2B-9C3F-0001-8B1A-5C3E9F700001": "SWX-4D6E1A2B-9C3F-0001-8B1A-5C3E9F700001",
		"": "", "N/A": "", "0": "", "65536": "", "a b c d e f": "",
	} {
		id, facts := ofSwitch(nvswitch(3), switchSamples(uuid, 0, 0xc1, 0, 0))
		require.Equal(t, Identity{ID: want, Name: "nvswitch3", Model: "NVSwitch", Vendor: "nvidia"}, id, uuid)
		require.Equal(t, Facts{PCIBusID: "00000000:C1:00.0", PhysicalID: "2"}, facts)
	}
}

func TestAddressOfASwitchThatIsNotKnownIsNone(t *testing.T) {
	for name, pci := range map[string][]int64{
		"all zero": {0, 0, 0, 0}, "one part is missing": {0, 0xc1, 0}, "no such bus": {0, 256, 0, 0}, "no such device": {0, 1, 32, 0}, "no such function": {0, 1, 0, 8}, "negative": {-1, 1, 0, 0},
	} {
		require.Empty(t, switchPCIBusID(switchSamples("", pci...)), name)
	}
	require.Equal(t, "0001AB00:FF:1F.7", switchPCIBusID(switchSamples("", 0x1ab00, 255, 31, 7)))
}

// look answers a question for the identities of a GPU and of switches.
func lookAtSwitches(node Node, switches map[uint32]Samples, order ...uint32) (Node, []Change) {
	answers := Identities{Asked: []dcgm.Entity{gpu(0)}, Samples: map[dcgm.Entity]Samples{gpu(0): told(uuidA, "01")}}
	for _, id := range order {
		answers.Asked = append(answers.Asked, nvswitch(id))
		answers.Samples[nvswitch(id)] = switches[id]
	}
	return Refresh(node, Answers{Identities: &answers}, time.Time{})
}

func TestSwitchesAreTheNodesWhicheverGPUsAreConfigured(t *testing.T) {
	devices, err := ParseDevices([]string{"7"})
	require.NoError(t, err)
	node, _ := lookAtSwitches(New(devices, 0), map[uint32]Samples{0: switchSamples("205376746160130"), 1: {}}, 0, 1)
	require.Len(t, node.Present(), 2)
	first, second := node.Find(Key{dcgm.Switch, "205376746160130"}), node.Find(Key{dcgm.Switch, "nvswitch1"})
	require.NotNil(t, first)
	require.NotNil(t, second, "it goes by its number until it tells")
	require.False(t, first.Nameless)
	require.True(t, first.Up())

	node, changes := lookAtSwitches(node, map[uint32]Samples{1: switchSamples("205376746160130")}, 1)
	moved := node.Find(Key{dcgm.Switch, "205376746160130"})
	require.Equal(t, nvswitch(1), moved.Entity, "its number has moved")
	require.Equal(t, "nvswitch1", moved.Name)
	require.Contains(t, changes, Change{Kind: Renamed, Key: moved.Key(), Entity: nvswitch(1)})
	require.Equal(t, Stranger, node.Judge(moved, dcgm.SampleOf(fieldSwitchUUID, 1, "205376746160131")))
	require.Equal(t, Same, node.Judge(moved, dcgm.SampleOf(fieldSwitchUUID, 1, "205376746160130")))

	node, _ = lookAtSwitches(node, nil)
	require.Len(t, node.Gone(), 1)
	require.False(t, node.Gone()[0].Up())
}
