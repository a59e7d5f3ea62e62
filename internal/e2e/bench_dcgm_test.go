// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package e2e

import (
	"os"
	"os/exec"
	"testing"
	"time"

	godcgm "github.com/NVIDIA/go-dcgm/pkg/dcgm"
	"github.com/stretchr/testify/require"
)

// bareCallProcess marks the process that runs [BenchmarkBareCall].
const bareCallProcess = "TRACECORE_BARE_CALL"

// bareCall is this test binary, started over to call go-dcgm and do nothing else: the dynamic linker reads
// LD_LIBRARY_PATH at the start of a process.
func bareCall(b *testing.B) *exec.Cmd {
	b.Helper()
	b.Setenv(bareCallProcess, "1")
	return exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkBareCall$", "-test.benchtime=1x") //nolint:gosec // This very binary.
}

// BenchmarkBareCall reads the fields of dcgm-exporter's default counters that the receiver's own benchmark
// reads, every second, for longer than a measurement takes.
func BenchmarkBareCall(b *testing.B) {
	if os.Getenv(bareCallProcess) == "" {
		b.Skip("BenchmarkNode runs it in a process of its own")
	}
	entities, fields := watchedByHand(b)
	for range 10 * time.Minute / time.Second {
		_, err := godcgm.EntitiesGetLatestValues(entities, fields, 0)
		require.NoError(b, err)
		time.Sleep(time.Second)
	}
}

// watchedByHand connects to the simulated host engine and watches the fields of its eight GPUs.
func watchedByHand(b *testing.B) (entities []godcgm.GroupEntityPair, fields []godcgm.Short) {
	b.Helper()
	fields = []godcgm.Short{
		100, 101, 140, 150, 155, 156, 202, 203, 204, 206, 207, 251, 252, 253, 393, 394, 395, 449, 1001, 1002, 1004, 1005, 1009, 1010,
	}
	_, err := godcgm.Init(godcgm.Standalone, "localhost:5555", "0")
	require.NoError(b, err)
	group, err := godcgm.CreateGroup("bare call")
	require.NoError(b, err)
	for gpu := range uint(8) {
		require.NoError(b, godcgm.AddEntityToGroup(group, godcgm.FE_GPU, gpu))
		entities = append(entities, godcgm.GroupEntityPair{EntityGroupId: godcgm.FE_GPU, EntityId: gpu})
	}
	watch, err := godcgm.FieldGroupCreate("bare call", fields)
	require.NoError(b, err)
	require.NoError(b, godcgm.WatchFieldsWithGroupEx(watch, group, time.Second.Microseconds(), 60, 0))
	return entities, fields
}
