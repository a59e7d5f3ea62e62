// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"slices"
	"time"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Layout is what a configuration makes of the rows for one kind of entity: the series to emit, the fields that they
// and others need, and where in an entity's buffer the newest sample of each field stands.
type Layout struct {
	*Pace
	Rows []Placed

	slots  []int          // by field: 1 + slot, 0 if nothing needs it
	fields []dcgm.FieldID // by slot
	tierOf []Tier         // by slot
	limits []int64        // by slot
	needs  []Need         // of something beside the rows
}

// Placed is a row at one kind of entity.
type Placed struct {
	*Row
	Rank    int      // place of the row among all
	Sources []Source // those of the row that entities of the kind have
	Slots   [][]int  // by source and field
}

// Need is a field that something beside the rows needs.
type Need struct {
	Field dcgm.FieldID
	Tier  Tier
}

// Pace is how often each tier is sampled and when its samples are stale.
type Pace struct {
	Periods [Tiers]time.Duration

	interval, staleAfter time.Duration
	seldom               bool
}

// lastField is the largest number of a field that may be needed; DCGM 4.6 has fields up to 1612.
const lastField dcgm.FieldID = 4095

// NewPace returns the pace of a collection interval. staleAfter is the age at which a sample of the fastest tier is
// stale; 0 leaves it to the periods.
func NewPace(interval, staleAfter time.Duration) *Pace {
	p := &Pace{interval: interval, staleAfter: staleAfter}
	for t, floor := range floors {
		p.Periods[t] = max(interval, floor)
	}
	return p
}

// Seldom returns a pace for entities that the host engine may sample no more often than it does by itself, once a minute: their samples are
// stale as late as those of the slow tier.
func (p *Pace) Seldom() *Pace {
	seldom := *p
	seldom.seldom = true
	return &seldom
}

// Limit is the age at which a sample is stale, in microseconds: three periods and at least half a minute, or what the
// user set for values that are sampled every interval, in proportion for those sampled less often.
func (p *Pace) Limit(t Tier) int64 {
	if p.seldom {
		t = max(t, Slow)
	}
	period := p.Periods[t]
	if p.staleAfter > 0 {
		return time.Duration(float64(p.staleAfter) * float64(period) / float64(p.interval)).Microseconds()
	}
	return max(3*period, 30*time.Second).Microseconds()
}

// NewLayout lays out those of some rows that mean something at a kind of entity and whose metric is enabled, and what
// else is needed of such entities.
func NewLayout(kind dcgm.EntityKind, rows []Row, enabled map[string]bool, needs []Need, pace *Pace) *Layout {
	l := &Layout{Pace: pace, needs: needs, slots: make([]int, lastField+1)}
	for i := range rows {
		if r := &rows[i]; enabled[r.Name] && r.Kinds.Has(kind) {
			l.Rows = append(l.Rows, l.placeRow(kind, i, r))
		}
	}
	for _, need := range needs {
		l.place(need.Field, need.Tier)
	}
	for _, t := range l.tierOf {
		l.limits = append(l.limits, pace.Limit(t))
	}
	return l
}

func (l *Layout) placeRow(kind dcgm.EntityKind, rank int, r *Row) Placed {
	p := Placed{Row: r, Rank: rank}
	for _, src := range r.Sources {
		if !src.kindsOf().Has(kind) {
			continue
		}
		var slots []int
		for _, field := range src.Fields {
			slots = append(slots, l.place(field, r.Tier))
		}
		p.Sources, p.Slots = append(p.Sources, src), append(p.Slots, slots)
	}
	return p
}

// place returns the slot of a field, which is read in the fastest tier that anything needs it in.
func (l *Layout) place(field dcgm.FieldID, t Tier) int {
	slot, known := l.Slot(field)
	if !known {
		slot = len(l.fields)
		l.slots[field] = slot + 1
		l.fields = append(l.fields, field)
		l.tierOf = append(l.tierOf, t)
	}
	l.tierOf[slot] = min(l.tierOf[slot], t)
	return slot
}

// Slot returns the slot of a field, false if nothing needs it.
func (l *Layout) Slot(field dcgm.FieldID) (int, bool) {
	if field > lastField {
		return 0, false
	}
	return l.slots[field] - 1, l.slots[field] > 0
}

// Needs returns what something beside the rows needs.
func (l *Layout) Needs() []Need { return l.needs }

// Slots returns how many slots there are.
func (l *Layout) Slots() int { return len(l.tierOf) }

// Field returns the field at a slot.
func (l *Layout) Field(slot int) dcgm.FieldID { return l.fields[slot] }

// SlotTier returns the tier of the field at a slot.
func (l *Layout) SlotTier(slot int) Tier { return l.tierOf[slot] }

// SlotLimit returns the age in microseconds at which a sample at a slot is stale.
func (l *Layout) SlotLimit(slot int) int64 { return l.limits[slot] }

// SlotPeriod returns the time between two samples at a slot.
func (l *Layout) SlotPeriod(slot int) time.Duration { return l.Periods[l.tierOf[slot]] }

// Fields returns the fields of one tier for which keep holds, in the order of their numbers.
func (l *Layout) Fields(t Tier, keep func(dcgm.FieldID) bool) []dcgm.FieldID {
	var out []dcgm.FieldID
	for slot, field := range l.fields {
		if l.tierOf[slot] == t && keep(field) {
			out = append(out, field)
		}
	}
	slices.Sort(out)
	return out
}

// NeedsProfiling reports whether anything needs a profiling field.
func (l *Layout) NeedsProfiling() bool {
	return slices.ContainsFunc(l.fields, dcgm.IsProfiling)
}

// GPMOnly returns the fields that no row wants from a GPU without GPM.
func (l *Layout) GPMOnly() map[dcgm.FieldID]bool {
	only, wanted := map[dcgm.FieldID]bool{}, map[dcgm.FieldID]bool{}
	for _, r := range l.Rows {
		into := wanted
		if r.GPM {
			into = only
		}
		for _, src := range r.Sources {
			for _, field := range src.Fields {
				into[field] = true
			}
		}
	}
	for field := range wanted {
		delete(only, field)
	}
	return only
}
