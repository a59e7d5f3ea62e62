// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"context"
	"math/rand/v2"
	"time"
)

// Cadence is the sequence of intended ticks: a grid first + k*interval on the monotonic clock, each tick delayed by a random time below
// jitter. The grid never moves, so neither lateness nor a stepped wall clock accumulates.
type Cadence struct {
	first    time.Time
	interval time.Duration
	jitter   time.Duration
	index    int64 // grid point of the last tick; -1 before the first
}

// NewCadence returns the cadence whose first grid point is first. The interval is positive, the jitter is not negative and below it.
func NewCadence(first time.Time, interval, jitter time.Duration) *Cadence {
	return &Cadence{first: first, interval: interval, jitter: jitter, index: -1}
}

// Aligned returns the first multiple of interval since the Unix epoch that is not before earliest, whose monotonic reading it keeps.
func Aligned(earliest time.Time, interval time.Duration) time.Time {
	into := time.Duration(earliest.UnixNano() % int64(interval))
	return earliest.Add((interval - into) % interval)
}

// Next returns the intended instant of the tick to wait for at now, and how many ticks before it are missed because their instants have
// passed. The first tick is never missed.
func (c *Cadence) Next(now time.Time) (due time.Time, missed int64) {
	previous := c.index
	c.index++
	due = c.due()
	if due.Before(now) && previous >= 0 {
		c.index = ceilDiv(now.Sub(c.first), c.interval)
		due = c.due()
	}
	return due, c.index - previous - 1
}

func (c *Cadence) due() time.Time {
	due := c.first.Add(time.Duration(c.index) * c.interval)
	if c.jitter > 0 {
		due = due.Add(rand.N(c.jitter))
	}
	return due
}

func ceilDiv(a, b time.Duration) int64 {
	return int64((a + b - 1) / b)
}

// Wait waits until instant. It reports false if ctx ends first.
func Wait(ctx context.Context, instant time.Time) bool {
	timer := time.NewTimer(time.Until(instant))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}
