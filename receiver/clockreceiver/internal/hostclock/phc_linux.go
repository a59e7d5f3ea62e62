// SPDX-License-Identifier: Apache-2.0

package hostclock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// phcSamples is how often a hardware clock is compared in one reading; the comparison that
// took the shortest time is the most exact.
const phcSamples = 5

// ReadPHCs compares every PTP hardware clock whose device file matches pattern with the
// system clock. Clocks that can be read are returned beside the joined errors of the others.
// A host without any has none and no error.
func ReadPHCs(pattern string) ([]PHC, error) {
	devices, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("list PTP hardware clocks: %w", err)
	}
	var phcs []PHC
	var errs []error
	for _, device := range devices {
		offset, err := readPHC(device)
		if errors.Is(err, fs.ErrNotExist) {
			continue // unplugged after it was listed
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("read PTP hardware clock %s: %w", device, err))
			continue
		}
		phcs = append(phcs, PHC{Device: device, Offset: offset})
	}
	return phcs, errors.Join(errs...)
}

func readPHC(device string) (time.Duration, error) {
	f, err := os.Open(device)
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // Nothing was written, so there is nothing to lose.
	// A PTP clock's file descriptor is its clock id, see clock_gettime(2).
	return compare(clock(unix.CLOCK_REALTIME), clock(unix.FdToClockID(int(f.Fd()))))
}

// clock returns a function that reads the clock with this id.
func clock(id int32) func() (time.Time, error) {
	return func() (time.Time, error) {
		var ts unix.Timespec
		if err := unix.ClockGettime(id, &ts); err != nil {
			return time.Time{}, fmt.Errorf("clock_gettime: %w", err)
		}
		return time.Unix(ts.Unix()), nil
	}
}

// compare returns other minus reference. Each reading of other lies between two readings of
// reference and is held against their midpoint; the closest pair wins.
func compare(reference, other func() (time.Time, error)) (time.Duration, error) {
	var offset time.Duration
	shortest := time.Duration(-1)
	for range phcSamples {
		before, err1 := reference()
		read, err2 := other()
		after, err3 := reference()
		if err := errors.Join(err1, err2, err3); err != nil {
			return 0, err
		}
		if window := after.Sub(before); shortest < 0 || window < shortest {
			shortest = window
			offset = read.Sub(before.Add(window / 2))
		}
	}
	return offset, nil
}
