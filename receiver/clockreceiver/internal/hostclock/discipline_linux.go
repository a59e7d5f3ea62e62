// SPDX-License-Identifier: Apache-2.0

package hostclock

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// ReadDiscipline reads the kernel's NTP discipline.
func ReadDiscipline() (Discipline, error) {
	var tx unix.Timex
	state, err := unix.Adjtimex(&tx)
	if err != nil {
		return Discipline{}, fmt.Errorf("read clock discipline: adjtimex: %w", err)
	}
	return disciplineOf(state, &tx), nil
}

// disciplineOf converts units as adjtimex(2) gives them: errors in µs, the offset in ns with
// STA_NANO and else in µs, the frequency in parts per million with a 16-bit fraction.
func disciplineOf(state int, tx *unix.Timex) Discipline {
	offsetUnit := time.Microsecond
	if tx.Status&unix.STA_NANO != 0 {
		offsetUnit = time.Nanosecond
	}
	return Discipline{
		Offset:          time.Duration(tx.Offset) * offsetUnit,
		ErrorEstimated:  time.Duration(tx.Esterror) * time.Microsecond,
		ErrorMax:        time.Duration(tx.Maxerror) * time.Microsecond,
		FrequencyOffset: float64(tx.Freq) / (1 << 16) / 1e6,
		Synchronized:    state != unix.TIME_ERROR && tx.Status&unix.STA_UNSYNC == 0,
		TAIOffset:       time.Duration(tx.Tai) * time.Second,
	}
}
