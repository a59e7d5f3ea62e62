// SPDX-License-Identifier: Apache-2.0

package events

import (
	"cmp"
	"slices"
	"time"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Occurrence is a sample of a field that the host engine appends to when something happens. Two of one entity at one instant are two
// only if their values differ: DCGM keeps one sample for an instant.
type Occurrence struct {
	Entity dcgm.Entity
	Field  dcgm.FieldID
	Time   int64 // microseconds since the Unix epoch on the host engine's clock
	Value  int64
}

func (o Occurrence) compare(other Occurrence) int {
	return cmp.Or(cmp.Compare(o.Time, other.Time), o.Entity.Compare(other.Entity), cmp.Compare(o.Field, other.Field), cmp.Compare(o.Value, other.Value))
}

// Position is how far a history of occurrences has been read. It does not depend on a connection: a host engine that has restarted goes on
// with its clock.
type Position struct {
	// Until is the engine's time at the newest read, in microseconds since the Unix epoch; 0 before the first one.
	Until int64 `json:"until"`

	// Seen are the occurrences that may be read again, in the order of their time: those that the engine still has, for where its clock is
	// set back, and the newest of each entity, with which the engine answers to a question for later ones.
	Seen []Occurrence `json:"seen,omitempty"`
}

// overlap is how late the engine may append a sample after its timestamp.
const overlap = 10 * time.Second

// KeepAge is how long the engine is to keep an occurrence that is not read, and how long it is remembered that one was.
const KeepAge = time.Hour

// maxSeen bounds what is remembered beside what the next read answers with: that is bounded by what the engine keeps.
const maxSeen = 10_000

// Since returns the instant to read from.
func (p *Position) Since() time.Time { return time.UnixMicro(max(0, p.Until-overlap.Microseconds())) }

// Rewind goes on at an instant in microseconds, to which the clock has been set back.
func (p *Position) Rewind(to int64) { p.Until = min(p.Until, to) }

// Take returns the occurrences among samples that were not taken before, in the order of their time. The samples are those since [Position.Since],
// and next is the engine's time at which they were read.
func (p *Position) Take(samples []dcgm.Sample, next time.Time) []Occurrence {
	p.Until = next.UnixMicro()
	taken := p.unseen(samples)
	if len(taken) > 0 {
		p.Seen = append(p.Seen, taken...)
		p.forget()
	}
	return taken
}

// unseen returns the occurrences among samples that were not taken before.
func (p *Position) unseen(samples []dcgm.Sample) []Occurrence {
	var some []Occurrence
	for i := range samples {
		if s := &samples[i]; s.Reason == dcgm.OK { // An entity without any answers with a row that says so.
			some = append(some, Occurrence{Entity: s.Entity, Field: s.Field, Time: s.TS, Value: s.Int()})
		}
	}
	if len(some) == 0 {
		return nil
	}
	seen := make(map[Occurrence]bool, len(p.Seen))
	for _, o := range p.Seen {
		seen[o] = true
	}
	slices.SortFunc(some, Occurrence.compare)
	return slices.DeleteFunc(slices.Compact(some), func(o Occurrence) bool { return seen[o] })
}

// forget keeps of what was seen what may be read again.
func (p *Position) forget() {
	type history struct {
		entity dcgm.Entity
		field  dcgm.FieldID
	}
	slices.SortFunc(p.Seen, Occurrence.compare)
	newest := map[history]int64{}
	for _, o := range p.Seen {
		newest[history{o.Entity, o.Field}] = o.Time
	}
	edge, sure, beyond := p.Until-KeepAge.Microseconds(), p.Since().UnixMicro(), len(p.Seen)-maxSeen
	p.Seen = slices.DeleteFunc(p.Seen, func(o Occurrence) bool {
		if newest[history{o.Entity, o.Field}] == o.Time || o.Time >= edge && (beyond <= 0 || o.Time >= sure) {
			return false
		}
		beyond--
		return true
	})
}
