// SPDX-License-Identifier: Apache-2.0

// Package gpuattributionprocessor says whose a GPU is: it puts pods, claims and jobs onto the series and
// events of the GPU that they hold, and restarts counters when the holder changes.
package gpuattributionprocessor

//go:generate mdatagen metadata.yaml

// The test that mdatagen 0.150 generates of a processor's metrics does not compile.
//
//go:generate rm internal/metadata/generated_metrics_test.go
