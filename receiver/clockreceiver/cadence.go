// SPDX-License-Identifier: Apache-2.0

package clockreceiver

import (
	"math/rand/v2"
	"time"
)

// cadence is the sequence of intended ticks: a grid first + k*interval on the monotonic
// clock, each tick delayed by a random time below jitter. The grid never moves, so neither
// lateness nor a stepped wall clock accumulates.
type cadence struct {
	first    time.Time
	interval time.Duration
	jitter   time.Duration
	index    int64 // grid point of the last tick; -1 before the first
}

// newCadence aligns the grid to multiples of interval since the Unix epoch. Its first point
// is not before earliest, whose monotonic reading it keeps.
func newCadence(earliest time.Time, interval, jitter time.Duration) *cadence {
	into := time.Duration(earliest.UnixNano() % int64(interval))
	return &cadence{first: earliest.Add((interval - into) % interval), interval: interval, jitter: jitter, index: -1}
}

// next returns the intended instant of the tick to wait for at now, and how many ticks
// before it are missed because their instants have passed.
func (c *cadence) next(now time.Time) (due time.Time, missed int64) {
	previous := c.index
	c.index++
	due = c.due()
	if due.Before(now) && previous >= 0 {
		c.index = ceilDiv(now.Sub(c.first), c.interval)
		due = c.due()
	}
	return due, c.index - previous - 1
}

func (c *cadence) due() time.Time {
	due := c.first.Add(time.Duration(c.index) * c.interval)
	if c.jitter > 0 {
		due = due.Add(rand.N(c.jitter))
	}
	return due
}

func ceilDiv(a, b time.Duration) int64 {
	return int64((a + b - 1) / b)
}
