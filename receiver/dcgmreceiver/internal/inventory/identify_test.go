// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

func TestIdentityAndFactsAreReadFromSamples(t *testing.T) {
	of := Samples{}
	for field, text := range map[dcgm.FieldID]string{
		fieldDriverVersion: "580.65.06", fieldName: "NVIDIA H100 80GB HBM3", fieldSerial: "165", FieldUUID: uuidA, fieldPCIBusID: "00000000:01:00.0", fieldVBIOS: "96.00",
		fieldFabricCluster: "cluster", fieldFabricClique: "7", fieldChassisSerial: "chassis",
	} {
		of[field] = dcgm.SampleOf(field, 1, text)
	}
	for field, number := range map[dcgm.FieldID]int64{
		fieldCUDADriver: 13010, fieldNVMLIndex: 2, fieldMinor: 3, fieldComputeCapability: 9 << 16, fieldGPM: 1, fieldVirtualMode: 2, fieldChassisSlot: 4,
	} {
		of[field] = dcgm.SampleOf(field, 1, number)
	}
	id, facts := ofGPU(of)
	require.Equal(t, Identity{ID: uuidA, Name: "nvidia3", Model: "NVIDIA H100 80GB HBM3", Vendor: "nvidia"}, id)
	require.Equal(t, Facts{
		Serial: "165", PCIBusID: "00000000:01:00.0", VBIOS: "96.00", Driver: "580.65.06", CUDADriver: "13.1", NVMLIndex: "2",
		FabricClique: "7", FabricCluster: "cluster", ChassisSerial: "chassis", ChassisSlot: "4", VirtualizationMode: "vgpu", GPMSupport: "1", Architecture: catalog.Hopper,
	}, facts)
	require.Equal(t, "9.0", facts.Architecture.String())
	require.Equal(t, facts, Facts{}.or(facts), "what reads blank is as it was")
	require.Equal(t, "new", Facts{VBIOS: "new"}.or(facts).VBIOS)
}

func TestWhatNoBoardHasIsNotKnown(t *testing.T) {
	for field, numbers := range map[dcgm.FieldID][]int64{
		fieldCUDADriver: {0, 999, 99_991}, fieldNVMLIndex: {-1, 255}, fieldMinor: {-1, 255}, fieldComputeCapability: {0, 0xffff, 100 << 16, 9<<16 | 10}, fieldGPM: {-1, 2}, fieldVirtualMode: {-1, 5},
	} {
		for _, number := range numbers {
			id, facts := ofGPU(Samples{field: dcgm.SampleOf(field, 1, number)})
			require.Equal(t, Identity{Vendor: "nvidia"}, id, "field %d: %d", field, number)
			require.Equal(t, Facts{}, facts, "field %d: %d", field, number)
		}
	}
	for field, numbers := range map[dcgm.FieldID][]int64{
		fieldCUDADriver: {1000, 99_990}, fieldNVMLIndex: {0, 254}, fieldComputeCapability: {1 << 16, 99<<16 | 9}, fieldGPM: {0, 1}, fieldVirtualMode: {0, 4},
	} {
		for _, number := range numbers {
			_, facts := ofGPU(Samples{field: dcgm.SampleOf(field, 1, number)})
			require.NotEqual(t, Facts{}, facts, "field %d: %d", field, number)
		}
	}
}

func TestGPMFallsBackOnTheArchitecture(t *testing.T) {
	for _, tt := range []struct {
		told string
		arch catalog.Architecture
		want bool
	}{{"1", 8 << 16, true}, {"0", catalog.Hopper, false}, {"", catalog.Hopper, true}, {"", 8<<16 | 9, false}, {"", 0, false}} {
		require.Equal(t, tt.want, (&Facts{GPMSupport: tt.told, Architecture: tt.arch}).GPM(), "%+v", tt)
	}
}

func TestPlaceholdersAreNoTexts(t *testing.T) {
	for _, text := range []string{"", " ", "N/A", "[N/A]", "n/a", "Unknown", "[Unknown Error]", "[Not Supported]", "ERR!", "[GPU is lost]"} {
		require.Empty(t, textOf(dcgm.SampleOf(fieldName, 1, text)), text)
	}
	for _, text := range []string{"NVIDIA H100 80GB HBM3", "0", "Unknown Soldier"} {
		require.Equal(t, text, textOf(dcgm.SampleOf(fieldName, 1, text)))
	}
	require.Empty(t, textOf(dcgm.Sample{Type: dcgm.String, Reason: dcgm.Blank}))
	require.Empty(t, textOf(dcgm.Sample{}))
}

func TestUUIDKeepsItsModelAndItsDeviceFileUntilTwoSamplesAgree(t *testing.T) {
	entity := gpu(2)
	k := Known{Identity: Identity{ID: "GPU-1", Name: ByNumber(entity)}}
	for i, tt := range []struct {
		told, model string
		at          int64
		want        Identity
	}{
		{"", "", 1, Identity{ID: "GPU-1", Name: "gpu2", Model: "", Vendor: Vendor}},
		{"nvidia2", "H100", 2, Identity{ID: "GPU-1", Name: "nvidia2", Model: "H100", Vendor: Vendor}},
		{"nvidia77", "other", 3, Identity{ID: "GPU-1", Name: "nvidia2", Model: "H100", Vendor: Vendor}},
		{"nvidia77", "other", 3, Identity{ID: "GPU-1", Name: "nvidia2", Model: "H100", Vendor: Vendor}},
		{"nvidia78", "", 4, Identity{ID: "GPU-1", Name: "nvidia2", Model: "H100", Vendor: Vendor}},
		{"nvidia2", "", 5, Identity{ID: "GPU-1", Name: "nvidia2", Model: "H100", Vendor: Vendor}},
		{"nvidia78", "", 6, Identity{ID: "GPU-1", Name: "nvidia2", Model: "H100", Vendor: Vendor}},
		{"", "", 7, Identity{ID: "GPU-1", Name: "nvidia2", Model: "H100", Vendor: Vendor}},
		{"nvidia78", "", 8, Identity{ID: "GPU-1", Name: "nvidia2", Model: "H100", Vendor: Vendor}},
		{"nvidia78", "", 9, Identity{ID: "GPU-1", Name: "nvidia78", Model: "H100", Vendor: Vendor}},
	} {
		k.Identity = k.settle(Identity{ID: "GPU-1", Name: tt.told, Model: tt.model, Vendor: Vendor}, entity, tt.at)
		require.Equal(t, tt.want, k.Identity, "sample %d", i)
	}
	k = Known{Identity: Identity{ID: "gpu2", Name: "nvidia1", Model: "A100", Vendor: Vendor}}
	require.Equal(t, Identity{ID: "gpu2", Name: "nvidia2", Model: "H100", Vendor: Vendor}, k.settle(Identity{ID: "gpu2", Name: "nvidia2", Model: "H100", Vendor: Vendor}, entity, 1), "a number is nobody's")
}
