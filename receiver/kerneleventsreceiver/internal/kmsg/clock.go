// SPDX-License-Identifier: Apache-2.0

package kmsg

import (
	"slices"
	"time"
)

// Clock turns the time of records, which counts from boot, into wall time. It takes the distance of both clocks once, so that times keep the
// record's microseconds, and again when the wall clock is stepped.
type Clock struct {
	// Now reads the wall clock and the one that counts from boot at the same instant.
	Now func() (wall time.Time, sinceBoot time.Duration)

	boot    time.Time     // when the clock of the records was 0, by the wall clock
	earlier time.Time     // the same, before the last step
	stepped time.Duration // records up to here are from before that step
	updated time.Duration

	lags []time.Duration // of the last records that were read as they came
	lag  time.Duration
}

// step is how far the clocks may move against each other: slewing, and the time between reading the one and the other, are less.
const step = 10 * time.Millisecond

// Update looks for a step of the wall clock. Records from before the last Update keep their time.
func (c *Clock) Update() {
	wall, sinceBoot := c.Now()
	boot := wall.Add(-sinceBoot)
	moved := boot.Sub(c.boot)
	switch {
	case c.boot.IsZero():
		c.boot, c.earlier = boot, boot
	case moved > step || moved < -step:
		c.earlier, c.boot, c.stepped = c.boot, boot, c.updated
	}
	c.updated = sinceBoot
}

// samples is how many records say how far the clock of the records is behind: one alone may have been held back by the kernel.
const samples = 3

// Came takes the time of a record that was waited for. The clock of the records is the processor's: nobody disciplines it, so that it drifts
// by seconds a day, and it stands still while the machine sleeps.
func (c *Clock) Came(since time.Duration) {
	_, sinceBoot := c.Now()
	c.lags = append(c.lags, sinceBoot-since)
	c.lags = c.lags[max(0, len(c.lags)-samples):]
	if moved := slices.Min(c.lags) - c.lag; moved > step || moved < -step {
		c.lag += moved
	}
}

// Wall returns the wall time of a record.
func (c *Clock) Wall(since time.Duration) time.Time {
	since += c.lag
	if since <= c.stepped {
		return c.earlier.Add(since)
	}
	return c.boot.Add(since)
}
