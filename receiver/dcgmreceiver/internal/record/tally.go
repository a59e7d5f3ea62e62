// SPDX-License-Identifier: Apache-2.0

package record

import (
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/series"
)

// Tally counts what recording did. Drops are totals, the rest is of the last collection.
type Tally struct {
	Dropped [series.Reasons]int64
	Points  int
	Over    int   // points left out for the limit of series
	Oldest  int64 // timestamp in microseconds of the oldest value of the fastest tier; 0 if none

	limit int
}

// NewTally returns a tally with a limit of the series of a collection.
func NewTally(limit int) *Tally { return &Tally{limit: limit} }

// Begin forgets the last collection.
func (t *Tally) Begin() { t.Points, t.Over, t.Oldest = 0, 0, 0 }

// Drop counts a value that is not emitted.
func (t *Tally) Drop(reason dcgm.Reason) { t.Dropped[reason]++ }

// Take reports whether one more point may be emitted.
func (t *Tally) Take() bool {
	if t.Points >= t.limit {
		t.Over++
		t.Drop(series.BeyondLimit)
		return false
	}
	t.Points++
	return true
}

// See notes the timestamp of a value of the fastest tier.
func (t *Tally) See(at int64) {
	if t.Oldest == 0 || at < t.Oldest {
		t.Oldest = at
	}
}
