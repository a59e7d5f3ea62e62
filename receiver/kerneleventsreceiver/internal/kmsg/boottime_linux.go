// SPDX-License-Identifier: Apache-2.0

package kmsg

import (
	"time"

	"golang.org/x/sys/unix"
)

// Now reads the clocks of this machine.
func Now() (wall time.Time, sinceBoot time.Duration) {
	var boot unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot); err != nil {
		return time.Now().Round(0), 0
	}
	return time.Now().Round(0), time.Duration(boot.Nano())
}
