// SPDX-License-Identifier: Apache-2.0

package events

import "math/bits"

// Bits counts how often each bit of a mask has been set.
type Bits struct {
	Stream

	start int64 // when counting began, in microseconds
	mask  uint64
	count [64]int64 // by bit
}

// Observe takes a sample. The first one tells what is set already, which is no event. After the clock has been set back,
// counting restarts, with the bits that were set before.
func (b *Bits) Observe(ts int64, mask uint64) {
	switch b.Take(ts) {
	case Again:
		return
	case First:
		b.start, b.mask, b.count = ts, mask, [64]int64{}
	case Back:
		b.start, b.count = ts, [64]int64{}
	case Next:
	}
	for risen := mask &^ b.mask; risen != 0; risen &= risen - 1 {
		b.count[bits.TrailingZeros64(risen)]++
	}
	b.mask = mask
}

// Restart has the next sample be the first one.
func (b *Bits) Restart() { b.Stream = Stream{} }

// Begun reports whether there has been a sample.
func (b *Bits) Begun() bool { return b.begun }

// Start returns when counting began, in microseconds.
func (b *Bits) Start() int64 { return b.start }

// Count returns how often a bit has been set.
func (b *Bits) Count(bit uint) int64 { return b.count[bit] }
