// SPDX-License-Identifier: Apache-2.0

package watching

import "time"

// What a host engine refuses is asked for again after a pause that doubles from firstPause to lastPause.
const (
	firstPause = time.Minute
	lastPause  = time.Hour
)

// Retry is when what was refused is asked for again.
type Retry struct {
	pause time.Duration
	at    time.Time // zero before anything was asked for
}

// Due reports whether what was refused is to be asked for again.
func (r *Retry) Due(now time.Time) bool { return !r.at.IsZero() && now.After(r.at) }

// Pause is that before what is refused is asked for again.
func (r *Retry) Pause() time.Duration { return r.pause }

// Postpone begins the pause, and makes the next one longer: that of which something is refused is interrupted for a
// moment.
func (r *Retry) Postpone(now time.Time) {
	r.at = now.Add(r.pause)
	r.pause = min(2*r.pause, lastPause)
}
