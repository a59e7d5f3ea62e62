// SPDX-License-Identifier: Apache-2.0

//go:build unix

package record

import (
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// BenchmarkRows records all rows of eight GPUs, each of which has a value for every field.
func BenchmarkRows(b *testing.B) {
	on := map[string]bool{}
	for _, row := range catalog.Rows() {
		on[row.Name] = true
	}
	var ids []string
	for gpu := range 8 {
		ids = append(ids, "GPU-"+strconv.Itoa(gpu))
	}
	gpus, p, points := groupOf(dcgm.GPU, on, 100, ids...), newPass(1_000_000), 0
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		p.Tally.Begin()
		p.Rows(0, len(catalog.Rows()), gpus)
		points = Emit(pcommon.NewResource(), p.Batch).DataPointCount()
	}
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(points), "points")
	require.Greater(b, points, 1000)
}

// cpuTime is the CPU time of this process in nanoseconds, garbage collection included.
func cpuTime(b *testing.B) int64 {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}
