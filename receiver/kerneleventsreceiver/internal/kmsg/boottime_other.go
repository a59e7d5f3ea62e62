// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package kmsg

import "time"

var started = time.Now()

// Now reads the clocks of this machine. Where the time since boot is not known, records count from the start of this process.
func Now() (wall time.Time, sinceBoot time.Duration) {
	now := time.Now()
	return now.Round(0), now.Sub(started)
}
