// SPDX-License-Identifier: Apache-2.0

//go:build unix

// Package benchtest is for the benchmarks of the extension.
package benchtest

import (
	"syscall"
	"testing"
	"time"
)

// ReportCPU reports the CPU time per operation from here to the end of b, of all threads: garbage collection is part
// of the cost, and a busy machine is not. It also reports allocations.
func ReportCPU(b *testing.B) {
	b.Helper()
	b.ReportAllocs()
	before := cpuTime(b)
	b.Cleanup(func() { b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op") })
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
