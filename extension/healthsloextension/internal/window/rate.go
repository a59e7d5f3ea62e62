// SPDX-License-Identifier: Apache-2.0

// Package window has the one rolling window behind every rate of the extension.
package window

import "time"

// slots bounds what a window remembers: samples closer together than a slot share one.
const slots = 60

// Rate is the share of bad among all that was counted within a rolling window, from two
// cumulative counters. It reads no clock, and its memory is bounded whatever the number of
// samples. It is not safe for concurrent use.
//
// A window ends with the last count: what is bad leaves it with time, but what it is compared
// with stays until more is counted. So a ratio never rises while nothing is counted.
type Rate struct {
	length  time.Duration
	now     time.Time
	samples []sample // of growth alone; the oldest is the last one at or before the start of the window
}

type sample struct {
	at         time.Time
	bad, total float64
}

// NewRate returns a rate over a window of the given length.
func NewRate(length time.Duration) *Rate {
	return &Rate{length: length, samples: make([]sample, 0, slots+3)}
}

// Observe takes the values of both counters and returns by how much they grew since the call
// before: not at all in the first call, and not at all when either went backwards. In that
// case the counters restarted, and so does the window.
func (r *Rate) Observe(at time.Time, bad, total float64) (badGrowth, totalGrowth float64) {
	r.now = at
	next := sample{at, bad, total}
	if len(r.samples) == 0 {
		r.samples = append(r.samples, next)
		return 0, 0
	}
	last := r.samples[len(r.samples)-1]
	switch {
	case bad < last.bad || total < last.total:
		r.samples = append(r.samples[:0], next)
		return 0, 0
	case bad > last.bad || total > last.total:
		r.append(next)
		r.expire(at.Add(-r.length))
	}
	return bad - last.bad, total - last.total
}

// append lets the newest sample take the place of the one before where both are in one slot.
func (r *Rate) append(next sample) {
	if n := len(r.samples); n > 1 && next.at.Sub(r.samples[n-2].at) < r.length/slots {
		r.samples = r.samples[:n-1]
	}
	r.samples = append(r.samples, next)
}

// expire drops what lies before start, but for the last sample there: it is the base line.
func (r *Rate) expire(start time.Time) {
	r.samples = append(r.samples[:0], r.samples[r.base(start):]...)
}

// base is the index of the last sample at or before start, or of the oldest.
func (r *Rate) base(start time.Time) int {
	base := 0
	for base+1 < len(r.samples) && !r.samples[base+1].at.After(start) {
		base++
	}
	return base
}

// Bad returns what was counted as bad within the window that ends now.
func (r *Rate) Bad() float64 {
	if len(r.samples) == 0 {
		return 0
	}
	return r.samples[len(r.samples)-1].bad - r.samples[r.base(r.now.Add(-r.length))].bad
}

// Total returns what Bad is compared with: all that was counted within the window that ends with
// the last count.
func (r *Rate) Total() float64 {
	if len(r.samples) == 0 {
		return 0
	}
	return r.samples[len(r.samples)-1].total - r.samples[0].total
}

// Ratio returns bad ÷ total of the window, from 0 to 1, and 0 if nothing was counted in it.
// Before a whole window has been observed it covers what has.
func (r *Rate) Ratio() float64 {
	bad := r.Bad()
	if bad == 0 {
		return 0
	}
	return min(1, bad/r.Total())
}
