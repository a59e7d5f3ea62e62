// SPDX-License-Identifier: Apache-2.0

package events

import (
	"slices"
	"time"
)

// The host engine looks for fatal errors of NVSwitches every 30 s, and appends what the driver holds each time, with the time of the look
// (DCGM, modules/nvswitch, RunOnce and UpdateFatalErrorsAllSwitches). A code that comes again that much later is the same one.
const (
	repeatsFrom  = 25 * time.Second
	repeatsUntil = 75 * time.Second
)

// repeats reports whether an occurrence that was taken is one that the host engine has reported before and holds.
func (p *Position) repeats(o Occurrence) bool {
	return slices.ContainsFunc(p.Seen, func(before Occurrence) bool {
		gap := time.Duration(o.Time-before.Time) * time.Microsecond
		return before.Entity == o.Entity && before.Field == o.Field && before.Value == o.Value && gap >= repeatsFrom && gap <= repeatsUntil
	})
}
