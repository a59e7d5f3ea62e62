// SPDX-License-Identifier: Apache-2.0

// Package xid says what the XIDs of NVIDIA GPUs and the SXIDs of NVSwitches mean, what to do about them, and how bad they are. The codes
// are data, a row each with its source, in codes.tsv; a [Table] is that data with what a user changed of it.
//
// A code that the table does not know keeps its number. XIDs 144 to 150 and 154 say in the text of the kernel's message what follows;
// [Table.Message] reads that.
package xid
