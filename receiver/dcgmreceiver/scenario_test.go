// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What each shipped node gives at its third collection, when everything that needs two
// samples has them.
func TestNodesGiveTheirMetrics(t *testing.T) {
	for scenario, devices := range map[string][]string{
		"h100x8":      {"nvidia0", "nvidia7", "nvswitch3"},
		"a100x4-mig":  {"nvidia0", "nvidia3"},
		"gb200-grace": {"nvidia0"},
		"l4x1":        {"nvidia0"},
		"mixed":       {"nvidia0", "nvidia1", "nvidia2"},
		"empty":       nil,
	} {
		t.Run(scenario, func(t *testing.T) {
			simulate(t, scenario, nil, func(s *simulation) {
				t := s.t
				s.pass(10 * time.Second)
				s.pass(10 * time.Second)
				require.Len(t, s.sink.AllMetrics(), 3)
				requireGolden(t, scenario, s.now().of(devices...).lines())
			})
		})
	}
}

func TestDemoFaultWritesOnlyWhatNamesOneGPU(t *testing.T) {
	for gpu, want := range map[string]string{
		"3": "ecc gpu=3 type=dbe count=1 location=device\n", "3 4": "", "": "", " 3": "", "3/": "", "GPU": "", "-1": "", "8": "", "3\n4": "", "*": "",
	} {
		control := filepath.Join(t.TempDir(), "control")
		require.NoError(t, os.WriteFile(control, nil, 0o600))
		c := exec.Command("../../internal/dcgmsim/demo-fault", "ecc", gpu)
		c.Env = append(os.Environ(), "DCGMSIM_CONTROL="+control, "DCGMSIM_SCENARIO=../../internal/dcgmsim/scenarios/h100x8.scenario")
		out, err := c.CombinedOutput()
		require.Equal(t, want != "", err == nil, "%q: %s", gpu, out)
		sent, err := os.ReadFile(control)
		require.NoError(t, err)
		require.Equal(t, want, string(sent), "%q: %s", gpu, out)
	}
}

// NVIDIA's list of compute capabilities, https://developer.nvidia.com/cuda-gpus.
func TestModelsHaveTheComputeCapabilitiesOfRealBoards(t *testing.T) {
	want := map[string]string{"a100": "8.0", "gb200": "10.0", "h100": "9.0", "l4": "8.9", "p4": "6.1"}
	files, err := os.ReadDir("../../internal/dcgmsim/models")
	require.NoError(t, err)
	var scenario, boards strings.Builder
	var models []string
	for _, file := range files {
		fmt.Fprintf(&scenario, "include models/%s\n", file.Name())
		model := strings.TrimSuffix(file.Name(), ".model")
		if model == "common" { // What all models begin with.
			continue
		}
		fmt.Fprintf(&boards, "gpu %d model=%s uuid=GPU-00000000-0000-0000-0000-%012d pci=00000000:%02X:00.0\n", len(models), model, len(models), len(models)+1)
		models = append(models, model)
	}
	simulate(t, scenario.String()+boards.String(), nil, func(s *simulation) {
		got := map[string]string{}
		for _, g := range s.collector.gpus {
			got[models[g.entity().ID]] = g.known.Architecture.String()
		}
		require.Equal(s.t, want, got)
	})
}
