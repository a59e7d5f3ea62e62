// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package hostclock

import (
	"errors"
	"fmt"
)

// ReadDiscipline is not available on this platform.
func ReadDiscipline() (Discipline, error) {
	return Discipline{}, fmt.Errorf("read clock discipline: %w", errors.ErrUnsupported)
}

// ReadPHCs finds no PTP hardware clocks on this platform.
func ReadPHCs(string) ([]PHC, error) {
	return nil, nil
}
