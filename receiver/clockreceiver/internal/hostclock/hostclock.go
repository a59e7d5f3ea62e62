// SPDX-License-Identifier: Apache-2.0

// Package hostclock is the one door to the kernel's clocks: its NTP discipline and the PTP
// hardware clocks. Where the platform has neither, every read returns an error that matches
// [errors.ErrUnsupported].
package hostclock

import "time"

// Discipline is what the kernel knows about the system clock.
// Source: adjtimex(2), read without changing anything.
type Discipline struct {
	Offset          time.Duration // still to be corrected by the phase-locked loop
	ErrorEstimated  time.Duration
	ErrorMax        time.Duration
	FrequencyOffset float64 // ratio; 1e-6 is one part per million
	Synchronized    bool
	TAIOffset       time.Duration // TAI minus UTC; 0 means that nothing has set it in the kernel
}

// PHC is one PTP hardware clock compared with the system clock.
type PHC struct {
	Device string        // path of the device file
	Offset time.Duration // hardware clock minus system clock
}
