// SPDX-License-Identifier: Apache-2.0

package holders

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	gpuA = "GPU-5fd4f087-86f3-7a43-b711-4771313afc50"
	migA = "MIG-c7ddd0c2-1dfb-5f8a-9d4b-0f2f9c0b7b11"
)

func TestIDsOfEveryPluginNameTheirGPU(t *testing.T) {
	for id, want := range map[string]Device{
		gpuA: {UUIDRef(gpuA), "", Exclusive},
		"GPU-5FD4F087-86F3-7A43-B711-4771313AFC50": {UUIDRef(gpuA), "", Exclusive},
		gpuA + "::3":           {UUIDRef(gpuA), "3", Timeslice},
		migA:                   {UUIDRef(migA), "", MIG},
		migA + "::0":           {UUIDRef(migA), "0", Timeslice},
		"MIG-" + gpuA + "/7/0": {UUIDRef(gpuA).Instance("7"), "", MIG},
		"nvidia0":              {NameRef("nvidia0"), "", Exclusive},
		"nvidia12/gi3":         {NameRef("nvidia12").Instance("3"), "", MIG},
		"nvidia0/vgpu2":        {NameRef("nvidia0"), "2", Timeslice},
		"nvidia0/gi1/vgpu2":    {NameRef("nvidia0").Instance("1"), "2", Timeslice},
		"0000:3b:00.0":         {PCIRef("00000000:3B:00.0"), "", Exclusive},
		"0000:3b:00.4":         {busRef(PCIRef("0000:3b:00.0")), "00.4", VGPU},
		"0000:3b:01.1":         {busRef(PCIRef("0000:3b:00.0")), "01.1", VGPU},
	} {
		t.Run(id, func(t *testing.T) {
			got, known := ParseDevice(id)
			require.True(t, known)
			require.Equal(t, want, got)
		})
	}
	for _, id := range []string{"", "0", "gpu0", "nvidia", "nvidia0/", "nvidia0/gi", "nvidia0/vgpu", "nvidia0/vgpux", gpuA + "::", gpuA + "::x", gpuA + "x", "GPU-1", "::1", "0000:3b:00.0::x", "eth0"} {
		_, known := ParseDevice(id)
		require.False(t, known, id)
	}
}

func TestCDINamesCarryUUIDsOrNothing(t *testing.T) {
	for name, want := range map[string]Ref{
		"k8s.gpu.nvidia.com/device=" + gpuA:         UUIDRef(gpuA),
		"runtime.nvidia.com/gpu=" + migA:            UUIDRef(migA),
		"k8s.gpu.nvidia.com/claim=8a-gpu-0":         "",
		"k8s.gpu.nvidia.com/device=gpu-0-mig-9-4-4": "",
	} {
		got, known := ParseCDI(name)
		require.Equal(t, want != "", known, name)
		require.Equal(t, want, got.Ref, name)
	}
}

func TestJobFilesAreNamedByNumber(t *testing.T) {
	for name, want := range map[string]Ref{
		"0": NumberRef("0"), "12": NumberRef("12"), "07": NumberRef("7"), "2.0": NumberRef("2").Instance("0"), "2.013": NumberRef("2").Instance("13"),
		"": "", "job.17": "", "2.": "", ".0": "", "2.0.1": "", "0~": "", ".0.swp": "", "nvidia0": "", "-1": "",
	} {
		got, known := ParseJobFile(name)
		require.Equal(t, want != "", known, name)
		require.Equal(t, want, got.Ref, name)
	}
}

func TestPCIAddressesOfDriverKernelAndNVMLAreOne(t *testing.T) {
	for _, address := range []string{"0000:3b:00.0", "00000000:3B:00.0", "0000:3B:00", "PCI:0000:3b:00", "00000000:3b:00.7"} {
		require.Equal(t, Ref("pci:0:3b:00"), PCIRef(address), address)
	}
	require.NotEqual(t, PCIRef("0001:3b:00.0"), PCIRef("0000:3b:00.0"))
	for _, address := range []string{"", "3b:00.0", "0000:3b:00.", "zzzz:3b:00.0", "0000:3b:00.0 "} {
		require.Empty(t, PCIRef(address), address)
	}
}
