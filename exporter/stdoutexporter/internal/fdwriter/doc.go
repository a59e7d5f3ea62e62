// SPDX-License-Identifier: Apache-2.0

// Package fdwriter is the only door to the file descriptors of the process: one [Writer] per descriptor, shared by all who write to it.
//
// Text reaches the descriptor in whole lines and in one write(2) per call. A write that blocks in the kernel cannot be interrupted, so one
// that may block runs in a goroutine of its own and its caller may leave; the turn stays taken until the kernel is done.
package fdwriter
