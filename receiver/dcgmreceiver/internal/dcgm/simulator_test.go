// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"cmp"
	"debug/elf"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	godcgm "github.com/NVIDIA/go-dcgm/pkg/dcgm"
	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// TestRatesNeedTwoSamples holds the simulator to the zeroes that the recording shows first:
// fields that are zero in the first phase and another number in the next.
func TestRatesNeedTwoSamples(t *testing.T) {
	first, steady := map[uint]string{}, map[uint]string{}
	for _, l := range readRecording(t) {
		if l.Kind == "value" && l.Entity == 0 && l.Type == "int64" {
			switch l.Phase {
			case "first-read-after-watch":
				first[l.Field] = string(l.Value)
			case "steady":
				steady[l.Field] = string(l.Value)
			}
		}
	}
	var rates []godcgm.Short
	for id, value := range first {
		if value == `"0"` && steady[id] != `"0"` {
			rates = append(rates, godcgm.Short(id)) //nolint:gosec // Field ids are 16 bits wide.
		}
	}
	slices.SortFunc(rates, cmp.Compare)
	require.Len(t, rates, 57)

	sim := simtest.StartManual(t, "h100x8")
	_, err := godcgm.Init(godcgm.Standalone, "localhost:5555", "0")
	require.NoError(t, err)
	defer func() { require.NoError(t, godcgm.Shutdown()) }()
	group, err := godcgm.NewDefaultGroup("rates")
	require.NoError(t, err)
	fields, err := godcgm.FieldGroupCreate("rates", rates)
	require.NoError(t, err)
	require.NoError(t, godcgm.WatchFieldsWithGroupEx(fields, group, watchPeriod.Microseconds(), 300, 0))
	for range 2 {
		values, err := godcgm.EntityGetLatestValues(godcgm.FE_GPU, 0, rates)
		require.NoError(t, err)
		for _, v := range values {
			require.Equal(t, sim.Now().Equal(time.Unix(1767225600, 0)), v.Int64() == 0, "field %d", v.FieldID)
		}
		sim.Advance(watchPeriod)
	}
}

// TestSimulatorHasAllSymbols compares with what go-dcgm calls. It binds lazily, and a symbol
// that is missing would end the process.
func TestSimulatorHasAllSymbols(t *testing.T) {
	library, err := elf.Open(filepath.Join("..", "..", "..", "..", "bin", "sim", libraryName))
	require.NoError(t, err)
	defer func() { require.NoError(t, library.Close()) }()
	defined, err := library.DynamicSymbols()
	require.NoError(t, err)
	var names []string
	for _, s := range defined {
		if s.Section != elf.SHN_UNDEF {
			names = append(names, s.Name)
		}
	}
	binary, err := elf.Open("/proc/self/exe")
	require.NoError(t, err)
	defer func() { require.NoError(t, binary.Close()) }()
	imported, err := binary.ImportedSymbols()
	require.NoError(t, err)
	const many = 40
	var called int
	for _, s := range imported {
		if strings.HasPrefix(strings.ToLower(s.Name), "dcgm") || s.Name == "errorString" {
			require.Contains(t, names, s.Name)
			called++
		}
	}
	require.Greater(t, called, many, "go-dcgm no longer binds at run time?")
	require.Contains(t, names, "dcgmConnect_v3", "go-dcgm looks it up by name")
}

// TestSimulatedBoardsHaveTheFieldsOfRealOnes compares with what boards of these models were
// seen to support.
func TestSimulatedBoardsHaveTheFieldsOfRealOnes(t *testing.T) {
	nodes := map[string]struct {
		scenario string
		gpu      uint
	}{
		"NVIDIA A100-SXM4-40GB": {"a100x4-mig", 2},
		"NVIDIA H100 80GB HBM3": {"h100x8", 0},
		"NVIDIA L4":             {"l4x1", 0},
		"Tesla P4":              {"mixed", 2},
	}
	matrix := readSupportMatrix(t)
	for model, node := range nodes {
		t.Run(model, func(t *testing.T) {
			sim := simtest.StartManual(t, node.scenario)
			_, err := godcgm.Init(godcgm.Standalone, "localhost:5555", "0")
			require.NoError(t, err)
			defer func() { require.NoError(t, godcgm.Shutdown()) }()
			require.NotEmpty(t, matrix[model])
			group, err := godcgm.CreateGroup(model)
			require.NoError(t, err)
			require.NoError(t, godcgm.AddEntityToGroup(group, godcgm.FE_GPU, node.gpu))
			for name, supported := range matrix[model] {
				id, known := godcgm.GetFieldID(name)
				require.True(t, known, name)
				fields, err := godcgm.FieldGroupCreate(name, []godcgm.Short{id})
				require.NoError(t, err)
				if err := godcgm.WatchFieldsWithGroupEx(fields, group, watchPeriod.Microseconds(), 300, 0); err != nil {
					require.ErrorContains(t, err, "Profiling is not supported", name)
				}
				require.NoError(t, godcgm.FieldGroupDestroy(fields))
				sim.Advance(watchPeriod)
				values, err := godcgm.EntitiesGetLatestValues(gpus(node.gpu), []godcgm.Short{id}, 0)
				require.NoError(t, err)
				require.Equal(t, supported, appendSamples(nil, values)[0].Reason == OK, name)
			}
		})
	}
}

func readSupportMatrix(t *testing.T) map[string]map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "support-matrix.tsv"))
	require.NoError(t, err)
	matrix := map[string]map[string]bool{}
	for line := range strings.Lines(string(text)) {
		column := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if matrix[column[0]] == nil {
			matrix[column[0]] = map[string]bool{}
		}
		matrix[column[0]][column[1]] = column[2] == "yes"
	}
	return matrix
}
