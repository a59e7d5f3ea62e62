// SPDX-License-Identifier: Apache-2.0

// Package dcgmrecording writes recordings of what a DCGM host engine answered, and takes out of them what identifies hardware. A recording
// is one JSON object a line; internal/dcgmsim/README.md lists the kinds of lines, and the simulated libdcgm replays them.
package dcgmrecording
