// SPDX-License-Identifier: Apache-2.0

// Package telemetry is the telemetry factory of distributions that have the health_slo
// extension. It is the Collector's own, otelconftelemetry, with one metric reader more, through
// which the extension reads the Collector's metrics in process. Configuration, endpoints,
// names and resource are upstream's.
package telemetry
