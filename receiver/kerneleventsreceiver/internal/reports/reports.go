// SPDX-License-Identifier: Apache-2.0

// Package reports makes events of records: a line that a rule matches, and the lines of the report that it begins.
package reports

import (
	"bytes"
	"cmp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/kmsg"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/rules"
)

// The bounds of a report.
const (
	MaxLines = 64
	MaxBytes = 16 << 10
	MaxOpen  = 16

	// MaxAge is how long a report may take whose rule does not say so, by the time of its records and, where none come, by the clock.
	MaxAge = 2 * time.Second
)

// Event is what one rule saw.
type Event struct {
	Rule     *rules.Rule
	Captures []rules.Capture
	Lines    []string
	Omitted  int // lines of the report beyond the bounds

	// Of the record that began it.
	Sequence     uint64
	Since        time.Duration
	Facility     int
	Priority     int
	Continuation bool
	Caller       string
	Device       string

	// Wall is when it was, for an event that is of no record of this log.
	Wall time.Time
}

// Assembler keeps the reports that go on. It is for one goroutine.
type Assembler struct {
	Rules *rules.Set

	open []*report // the oldest first
}

type report struct {
	Event
	bytes int
	begun time.Time
}

// Add takes a record at now. It returns the events that are complete with it, and whether the record belongs to an event or is one that is
// to be ignored. A line that a rule matches goes on with a report of its own kind alone: a report does not hide other events.
func (a *Assembler) Add(record *kmsg.Record, now time.Time) (done []Event, matched bool) {
	line := valid(record.Text)
	done = a.close(func(r *report) bool { return record.Since-r.Since > r.maxAge() })
	rule, captures := a.Rules.Match(line)
	if ended, belongs := a.join(record.Caller, line, rule, captures); belongs {
		return append(done, ended...), true
	}
	if rule == nil {
		return done, false
	}
	r := &report{Event: event(rule, captures, record), begun: now}
	if rule.Ignore || !rule.Joins() {
		r.Lines = []string{string(line)}
		return append(done, r.Event), true
	}
	r.add(line)
	return append(done, a.begin(r)...), true
}

// begin opens a report. It ends the one before of the same origin, and the oldest where there are too many.
func (a *Assembler) begin(r *report) []Event {
	done := a.close(func(other *report) bool {
		return other.Rule == r.Rule && sameCaller(other.Caller, []byte(r.Caller)) && !r.Rule.Differ(other.Captures, r.Captures)
	})
	if len(a.open) == MaxOpen {
		done = append(done, a.open[0].Event)
		a.open = slices.Delete(a.open, 0, 1)
	}
	a.open = append(a.open, r)
	return done
}

// Continue adds a record to the newest report that it belongs to, and to nothing else.
func (a *Assembler) Continue(record *kmsg.Record) (done []Event, belongs bool) {
	line := valid(record.Text)
	rule, captures := a.Rules.Match(line)
	return a.join(record.Caller, line, rule, captures)
}

// join adds a line to the newest report that it belongs to. The rule that matches it, if any, and its captures are given.
func (a *Assembler) join(caller, line []byte, rule *rules.Rule, captures []rules.Capture) (done []Event, belongs bool) {
	for i, r := range slices.Backward(a.open) {
		if rule != nil && rule.Kind != r.Rule.Kind || !sameCaller(r.Caller, caller) {
			continue
		}
		ends := r.Rule.Ends(line)
		if !ends && !r.Rule.Belongs(line) || r.Rule.Differ(r.Captures, r.Rule.Detail(line, captures)) {
			continue
		}
		r.Captures = rules.Merge(r.Captures, captures)
		r.add(line)
		if ends {
			a.open = slices.Delete(a.open, i, i+1)
			done = []Event{r.Event}
		}
		return done, true
	}
	return nil, false
}

// valid returns a line as UTF-8, which OTLP requires: names of processes may have any bytes.
func valid(line []byte) []byte {
	if utf8.Valid(line) {
		return line
	}
	return bytes.ToValidUTF8(line, []byte("\uFFFD"))
}

// sameCaller says whether two records can be of one report. Older kernels do not say who logged them.
func sameCaller(a string, b []byte) bool { return a == "" || len(b) == 0 || a == string(b) }

// Due returns the reports that have been open for too long at now.
func (a *Assembler) Due(now time.Time) []Event {
	return a.close(func(r *report) bool { return now.Sub(r.begun) >= r.maxAge() })
}

// Flush returns all reports as they are.
func (a *Assembler) Flush() []Event { return a.close(func(*report) bool { return true }) }

// Open returns the sequence numbers of the records that began reports which go on.
func (a *Assembler) Open() []uint64 {
	var sequences []uint64
	for _, r := range a.open {
		sequences = append(sequences, r.Sequence)
	}
	return sequences
}

// Waiting says whether any report goes on.
func (a *Assembler) Waiting() bool { return len(a.open) > 0 }

func (a *Assembler) close(which func(*report) bool) []Event {
	var done []Event
	a.open = slices.DeleteFunc(a.open, func(r *report) bool {
		if which(r) {
			done = append(done, r.Event)
			return true
		}
		return false
	})
	return done
}

func event(rule *rules.Rule, captures []rules.Capture, record *kmsg.Record) Event {
	return Event{
		Rule: rule, Captures: captures,
		Sequence: record.Sequence, Since: record.Since, Facility: record.Facility, Priority: record.Priority, Continuation: record.Continuation,
		Caller: string(valid(record.Caller)), Device: string(valid(record.Property("DEVICE"))),
	}
}

func (r *report) maxAge() time.Duration { return cmp.Or(r.Rule.Within, MaxAge) }

func (r *report) add(line []byte) {
	r.Captures = r.Rule.Detail(line, r.Captures)
	if len(r.Lines) == MaxLines || r.bytes+len(line) > MaxBytes {
		r.Omitted++
		return
	}
	r.Lines = append(r.Lines, string(line))
	r.bytes += len(line)
}
