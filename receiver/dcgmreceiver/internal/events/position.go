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

	// Seen are the occurrences that may be read again, in the order of their time: those shortly before Until, since the engine may append late,
	// and the newest of each entity, since the engine answers with it where its clock has been set back.
	Seen []Occurrence `json:"seen,omitempty"`
}

// overlap is how late the engine may append a sample after its timestamp.
const overlap = 10 * time.Second

// maxSeen bounds what is kept where the engine's clock is set back after a burst.
const maxSeen = 10_000

// Since returns the instant to read from.
func (c *Position) Since() time.Time { return time.UnixMicro(max(0, c.Until-overlap.Microseconds())) }

// Take returns the occurrences among samples that were not taken before, in the order of their time. The samples are those since [Position.Since],
// and next is the engine's time at which they were read.
func (c *Position) Take(samples []dcgm.Sample, next time.Time) []Occurrence {
	var taken []Occurrence
	seen := map[Occurrence]bool{}
	for _, o := range c.Seen {
		seen[o] = true
	}
	for i := range samples {
		s := &samples[i]
		if s.Reason != dcgm.OK { // An entity without any answers with a row that says so.
			continue
		}
		o := Occurrence{Entity: s.Entity, Field: s.Field, Time: s.TS, Value: s.Int()}
		if !seen[o] {
			seen[o] = true
			taken = append(taken, o)
		}
	}
	c.Seen = append(c.Seen, taken...)
	slices.SortFunc(taken, Occurrence.compare)
	c.Until = next.UnixMicro()
	c.forget()
	return taken
}

// forget keeps of what was seen what may be read again.
func (c *Position) forget() {
	type history struct {
		entity dcgm.Entity
		field  dcgm.FieldID
	}
	slices.SortFunc(c.Seen, Occurrence.compare)
	newest := map[history]int64{}
	for _, o := range c.Seen {
		newest[history{o.Entity, o.Field}] = o.Time
	}
	edge := c.Since().UnixMicro()
	c.Seen = slices.DeleteFunc(c.Seen, func(o Occurrence) bool { return o.Time < edge && newest[history{o.Entity, o.Field}] != o.Time })
	c.Seen = c.Seen[max(0, len(c.Seen)-maxSeen):]
}
