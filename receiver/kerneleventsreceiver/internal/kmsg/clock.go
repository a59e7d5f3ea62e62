// SPDX-License-Identifier: Apache-2.0

package kmsg

import "time"

// Clock turns the time of records, which counts from boot, into wall time. It takes the distance of both clocks once, so that times keep the
// record's microseconds, and again when the wall clock is stepped.
type Clock struct {
	// Now reads the wall clock and the one that counts from boot at the same instant.
	Now func() (wall time.Time, sinceBoot time.Duration)

	boot    time.Time     // when the clock of the records was 0, by the wall clock
	earlier time.Time     // the same, before the last step
	stepped time.Duration // records up to here are from before that step
	updated time.Duration
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

// Wall returns the wall time of a record.
func (c *Clock) Wall(since time.Duration) time.Time {
	if since <= c.stepped {
		return c.earlier.Add(since)
	}
	return c.boot.Add(since)
}
