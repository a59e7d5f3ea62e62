// SPDX-License-Identifier: Apache-2.0

package events

import "time"

// Cursor is how far the history of a watch has been read.
type Cursor struct {
	next  time.Time
	ahead time.Time // how far it had been read when the clock was set back; zero if it was not
}

// NewCursor returns a cursor at an instant.
func NewCursor(at time.Time) *Cursor { return &Cursor{next: at} }

// Next returns where to read on.
func (c *Cursor) Next() time.Time { return c.next }

// Advance moves the cursor to where the host engine says that its answer ends.
func (c *Cursor) Advance(next time.Time) { c.next = next }

// Rewind moves the cursor back to an instant, as after the clock has been set back.
func (c *Cursor) Rewind(to time.Time) {
	if to.Before(c.next) {
		c.next, c.ahead = to, c.next
	}
}

// IsOld reports whether a sample is from before the clock was set back: it is ahead of what the clock can have reached,
// and has been read.
func (c *Cursor) IsOld(at, reached time.Time) bool {
	return at.After(reached) && !at.After(c.ahead)
}

// Stream is the order of the samples of one field of one entity. Times are in microseconds.
type Stream struct {
	begun, rewound bool
	last           int64
}

// Order is where a sample stands in a stream.
type Order uint8

// Orders.
const (
	Next  Order = iota // after the one before
	First              // the first one of all
	Again              // it has been seen
	Back               // the first one since the clock has been set back
)

// Take takes the timestamp of a sample.
func (s *Stream) Take(ts int64) Order {
	order := Next
	switch {
	case !s.begun:
		order = First
	case ts <= s.last:
		return Again
	case s.rewound:
		order = Back
	}
	s.begun, s.rewound, s.last = true, false, ts
	return order
}

// Rewind takes what comes after an instant for new, as after the clock has been set back.
func (s *Stream) Rewind(to int64) {
	if s.begun && to < s.last {
		s.last, s.rewound = to, true
	}
}

// Last returns the timestamp of the newest sample, 0 if there is none.
func (s *Stream) Last() int64 { return s.last }
