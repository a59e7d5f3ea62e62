// SPDX-License-Identifier: Apache-2.0

//go:generate mdatagen metadata.yaml

// Package stdoutexporter writes telemetry to the standard output of the Collector as JSON lines that programs can read back.
package stdoutexporter
