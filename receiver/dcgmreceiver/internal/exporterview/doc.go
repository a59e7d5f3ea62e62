// SPDX-License-Identifier: Apache-2.0

// Package exporterview says what dcgm-exporter makes of a counters file: names, types, help and labels of its series, and
// the fields that they come from.
package exporterview
