// SPDX-License-Identifier: Apache-2.0

//go:build !unix

// Package benchtest is for the benchmarks of the extension.
package benchtest

import "testing"

// ReportCPU reports allocations alone: CPU time is measured on Unix.
func ReportCPU(b *testing.B) { b.ReportAllocs() }
