// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// The bounds of how long a report may take.
const (
	minWithin = 100 * time.Millisecond
	maxWithin = time.Minute
)

// checkReport checks what concerns reports of several lines.
func (r *Rule) checkReport() error {
	switch {
	case r.Joins() && r.Ignore:
		return errors.New(`"more": is of no use with "ignore", which is about one line`)
	case !r.Joins() && r.End != "":
		return errors.New(`"end": is of use only with "more"`)
	case !r.Joins() && len(r.Same) > 0:
		return errors.New(`"same": is of use only with "more"`)
	case !r.Joins() && r.Within != 0:
		return errors.New(`"within": is of use only with "more"`)
	case r.Within != 0 && (r.Within < minWithin || r.Within > maxWithin):
		return fmt.Errorf(`"within": must be at least %s and at most %s, got %s`, minWithin, maxWithin, r.Within)
	}
	for _, more := range r.more {
		if err := checkNarrow("more", more); err != nil {
			return err
		}
	}
	if r.end == nil {
		return nil
	}
	return checkNarrow("end", r.end)
}

// checkContains refuses a text that keeps the pattern from ever being tried on a line that it matches.
func (r *Rule) checkContains() error {
	for _, text := range r.Contains {
		if !canHave(r.Pattern, text) {
			return fmt.Errorf(`"contains": no line that "pattern" matches can have %q`, text)
		}
	}
	return nil
}

// ordinary are lines that have nothing in common, and belong to no report.
var ordinary = []string{
	"Linux version 6.8.0 (build@host) (gcc 13.2.0) #1 SMP PREEMPT_DYNAMIC",
	"NET: Registered PF_INET6 protocol family",
	"EXT4-fs (sda1): mounted filesystem with ordered data mode. Quota mode: none.",
	"usb 1-1: new high-speed USB device number 2 using xhci_hcd",
	"systemd[1]: Started Session 1 of User root.",
	"audit: type=1400 audit(1700000000.123:456): apparmor=\"STATUS\"",
	"nvidia-uvm: Loaded the UVM driver, major device number 508.",
}

// checkNarrow refuses an expression for lines of a report that takes lines which have nothing to do with each other.
func checkNarrow(key string, e *expression) error {
	matched := slices.DeleteFunc(slices.Clone(ordinary), func(line string) bool { return !e.MatchString(line) })
	if len(matched) < 2 {
		return nil
	}
	return fmt.Errorf("%q: %q matches lines of other origin, such as %q and %q", key, e, matched[0], matched[1])
}

// checkCaptured checks that captures that a key names are captured.
func (r *Rule) checkCaptured(key string, names []string) error {
	for _, name := range names {
		if _, ok := Captures[name]; !ok {
			return fmt.Errorf("%q: capture %q is not known", key, name)
		}
		captures := func(e *expression) bool { return slices.Contains(e.names, name) }
		if !captures(r.pattern) && !slices.ContainsFunc(r.details, captures) {
			return fmt.Errorf(`%q: neither "pattern" nor "details" captures %q`, key, name)
		}
	}
	return nil
}
