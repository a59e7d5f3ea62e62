// SPDX-License-Identifier: Apache-2.0

// Package integration holds the tests of the health_slo extension that need a whole Collector,
// with our telemetry factory and with upstream's. It is a module of its own, so that importing
// the extension brings none of that along.
package integration
