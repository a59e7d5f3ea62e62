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
	match := a.Rules.Match(line)
	if ended, belongs := a.join(record.Caller, line, match); belongs {
		return append(done, ended...), true
	}
	if match.Rule == nil {
		return done, false
	}
	event := event(match, record)
	if match.Rule.Ignore || !match.Rule.Joins() {
		event.Lines = []string{match.Text}
		return append(done, event), true
	}
	r := &report{Event: event, begun: now}
	r.addLine(match.Text)
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
	return a.join(record.Caller, line, a.Rules.Match(line))
}

// join adds a line to the newest report that it belongs to.
func (a *Assembler) join(caller, line []byte, match rules.Match) (done []Event, belongs bool) {
	for i, r := range slices.Backward(a.open) {
		if match.Rule != nil && match.Rule.Kind != r.Rule.Kind || !sameCaller(r.Caller, caller) {
			continue
		}
		ends := r.Rule.Ends(line)
		if !ends && !r.Rule.Belongs(line) {
			continue
		}
		text := string(line)
		if r.Rule.Differ(r.Captures, r.Rule.Detail(text, slices.Clip(match.Captures))) {
			continue
		}
		r.Captures = rules.Merge(r.Captures, match.Captures)
		r.add(text)
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

func event(match rules.Match, record *kmsg.Record) Event {
	return Event{
		Rule: match.Rule, Captures: match.Captures,
		Sequence: record.Sequence, Since: record.Since, Facility: record.Facility, Priority: record.Priority, Continuation: record.Continuation,
		Caller: string(valid(record.Caller)), Device: string(valid(record.Property("DEVICE"))),
	}
}

func (r *report) maxAge() time.Duration { return cmp.Or(r.Rule.Within, MaxAge) }

// add adds a line and what it says.
func (r *report) add(line string) {
	r.Captures = r.Rule.Detail(line, r.Captures)
	r.addLine(line)
}

func (r *report) addLine(line string) {
	if len(r.Lines) == MaxLines || r.bytes+len(line) > MaxBytes {
		r.Omitted++
		return
	}
	r.Lines = append(r.Lines, line)
	r.bytes += len(line)
}
