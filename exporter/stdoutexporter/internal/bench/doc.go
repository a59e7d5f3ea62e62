// SPDX-License-Identifier: Apache-2.0

// Package bench compares the stdout exporter with the file exporter and the debug exporter. It is a module of its own, so that these do
// not become dependencies of whoever imports the stdout exporter.
package bench
