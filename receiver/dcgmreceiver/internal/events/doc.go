// SPDX-License-Identifier: Apache-2.0

// Package events is what becomes of fields of which every sample counts, read as a history with a cursor. All times are
// the host engine's: where its clock is set back, events go on from there. It is pure but for the store of a [Journal], which takes
// each XID exactly once, over reconnects, restarts and reloads.
package events
