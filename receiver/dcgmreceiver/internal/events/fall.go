// SPDX-License-Identifier: Apache-2.0

package events

// Fall finds where a counter has begun anew. One sample below those before may be odd; two in a row, of which the second is not below the first,
// are a counter that counts from less.
type Fall struct {
	begun     bool
	at, value int64 // the newest sample of the counter as it was
	low       int64 // that of the first sample below; used where lowAt is not 0
	lowAt     int64
}

// Observe takes a sample, in the order of their timestamps in microseconds. It reports when the first sample of the new count was taken.
func (f *Fall) Observe(at, value int64) (since int64, fell bool) {
	switch {
	case f.begun && at <= max(f.at, f.lowAt):
		return 0, false
	case !f.begun || value >= f.value:
		*f = Fall{begun: true, at: at, value: value}
		return 0, false
	case f.lowAt == 0 || value < f.low:
		f.lowAt, f.low = at, value
		return 0, false
	}
	since = f.lowAt
	*f = Fall{begun: true, at: at, value: value}
	return since, true
}
