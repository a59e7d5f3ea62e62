// SPDX-License-Identifier: Apache-2.0

package watching

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Member is an entity that is to be watched, with what it has.
type Member struct {
	dcgm.Entity
	GPM      bool                  // GPM gives its profiling
	Profiled map[dcgm.FieldID]bool // profiling fields that it has
}

// Needs are what is needed of entities of a kind.
type Needs struct {
	Fields  []catalog.Need        // by importance
	GPMOnly map[dcgm.FieldID]bool // not needed of an entity without GPM
}

// wants reports whether a field is watched on an entity.
func (n *Needs) wants(m *Member, field dcgm.FieldID) bool {
	if m.Kind == dcgm.Link {
		return wantsOfLink(m, field)
	}
	if !dcgm.IsProfiling(field) {
		return true
	}
	return m.Profiled[field] && (m.GPM || !n.GPMOnly[field])
}

// wantsOfLink reports whether a field is watched on an NVLink: those of GPUs have others than those of NVSwitches, and profiling with GPM alone.
func wantsOfLink(m *Member, field dcgm.FieldID) bool {
	end, _ := m.Port()
	return catalog.EndOf(field) == end.Kind && (m.GPM || !dcgm.IsProfiling(field))
}

// Set is a set of entities of one kind that are watched for the same fields.
type Set struct {
	Kind     dcgm.EntityKind
	GPM      bool
	Entities []dcgm.Entity
	Fields   []catalog.Need // by importance
}

// Tier returns the fields of one tier, in the order of their numbers.
func (s *Set) Tier(t catalog.Tier) []dcgm.FieldID {
	fields := s.some(func(n catalog.Need) bool { return n.Tier == t })
	slices.Sort(fields)
	return fields
}

// some returns fields by importance.
func (s *Set) some(keep func(catalog.Need) bool) []dcgm.FieldID {
	var fields []dcgm.FieldID
	for _, n := range s.Fields {
		if keep(n) {
			fields = append(fields, n.Field)
		}
	}
	return fields
}

// Sets sorts members by the fields that are needed of them, in the order of their first entities. What nothing is
// needed of is in none.
func Sets(members []Member, needs map[dcgm.EntityKind]Needs) []Set {
	var sets []Set
	at := map[string]int{}
	for i := range members {
		m := &members[i]
		of, needed := needs[m.Kind]
		if !needed {
			continue
		}
		set := Set{Kind: m.Kind, GPM: m.GPM}
		for _, n := range of.Fields {
			if of.wants(m, n.Field) {
				set.Fields = append(set.Fields, n)
			}
		}
		if len(set.Fields) == 0 {
			continue
		}
		key := fmt.Sprint(set)
		if _, known := at[key]; !known {
			at[key] = len(sets)
			sets = append(sets, set)
		}
		known := &sets[at[key]]
		known.Entities = append(known.Entities, m.Entity)
	}
	slices.SortFunc(sets, func(a, b Set) int { return a.Entities[0].Compare(b.Entities[0]) })
	return sets
}

// Purpose is what a watch is for. They are in the order of their importance, the most important first.
type Purpose uint8

// Purposes. Profiling is apart from the rest: it is refused as a whole where another client holds it or rights are
// missing.
const (
	Identity Purpose = iota
	Values
	Profiling
	SlowValues
	SlowProfiling
	Events
)

// Want is a watch that the host engine should hold.
type Want struct {
	dcgm.Watch
	Purpose  Purpose
	Entities []dcgm.Entity // of one kind
}

// Event is a field of which every sample counts.
type Event struct {
	Field   dcgm.FieldID
	Kinds   catalog.Kinds
	Period  time.Duration
	KeepAge time.Duration
}

// Settings are what a configuration makes of watches.
type Settings struct {
	Periods  [catalog.Tiers]time.Duration
	Identity map[dcgm.EntityKind][]dcgm.FieldID
	Events   []Event
}

// purposes are those of the values of a tier, the second one for profiling.
var purposes = [catalog.Tiers][2]Purpose{
	catalog.Normal: {Values, Profiling},
	catalog.Slow:   {SlowValues, SlowProfiling},
	catalog.Static: {SlowValues, SlowProfiling},
}

// Identities returns the watches for the identities of some entities, by kind. Those of some are sampled as fast as
// everything else.
func (s *Settings) Identities(entities []dcgm.Entity, fast bool) []Want {
	period := s.Periods[catalog.Static]
	if fast {
		period = s.Periods[catalog.Normal]
	}
	var wants []Want
	for kind, some := range byKind(entities) {
		if fields := s.Identity[kind]; len(fields) > 0 {
			wants = append(wants, Want{Purpose: Identity, Entities: some, Watch: dcgm.Watch{Fields: fields, Period: period, KeepSamples: 1}})
		}
	}
	return InOrder(wants)
}

// Wants returns the watches that a host engine should hold for the values of some sets, the most important first.
func (s *Settings) Wants(sets []Set) []Want {
	var wants []Want
	for i := range sets {
		set := &sets[i]
		for t := range catalog.Tiers {
			for j, profiling := range []bool{false, true} {
				fields := set.some(func(n catalog.Need) bool { return n.Tier == t && dcgm.IsProfiling(n.Field) == profiling })
				wants = append(wants, s.watches(set, purposes[t][j], t, fields)...)
			}
		}
		wants = append(wants, s.events(set)...)
	}
	return InOrder(wants)
}

// Frugal returns watches of as few fields groups as are possible, for a host engine that has too few: everything is
// sampled at the fastest pace, and what one group has no room for comes last.
func (s *Settings) Frugal(sets []Set) []Want {
	var wants []Want
	for i := range sets {
		set := &sets[i]
		fields := slices.Clone(s.Identity[set.Kind])
		for _, n := range set.Fields {
			if !slices.Contains(fields, n.Field) {
				fields = append(fields, n.Field)
			}
		}
		wants = append(wants, s.watches(set, Values, catalog.Normal, fields)...)
		wants = append(wants, s.events(set)...)
	}
	return InOrder(wants)
}

func (s *Settings) watches(set *Set, purpose Purpose, t catalog.Tier, fields []dcgm.FieldID) []Want {
	var wants []Want
	for part := range slices.Chunk(fields, dcgm.MaxFields) {
		watch := dcgm.Watch{Fields: part, Period: s.Periods[t], KeepSamples: 2}
		wants = append(wants, Want{Purpose: purpose, Entities: set.Entities, Watch: watch})
	}
	return wants
}

func (s *Settings) events(set *Set) []Want {
	var wants []Want
	for _, e := range s.Events {
		if e.Kinds.Has(set.Kind) {
			watch := dcgm.Watch{Fields: []dcgm.FieldID{e.Field}, Period: e.Period, KeepAge: e.KeepAge}
			wants = append(wants, Want{Purpose: Events, Entities: set.Entities, Watch: watch})
		}
	}
	return wants
}

// InOrder puts the most important first: whatever is more important of any GPU or NVSwitch before what is less of all, and then NVLinks and
// CPUs, so that a host engine with too few groups has them for GPUs.
func InOrder(wants []Want) []Want {
	slices.SortStableFunc(wants, func(a, b Want) int {
		isLast := func(w *Want) int { return max(0, int(w.Entities[0].Kind)-int(dcgm.ComputeInstance)) }
		return cmp.Or(isLast(&a)-isLast(&b), int(a.Purpose)-int(b.Purpose), a.Entities[0].Compare(b.Entities[0]))
	})
	return wants
}

func byKind(entities []dcgm.Entity) map[dcgm.EntityKind][]dcgm.Entity {
	kinds := map[dcgm.EntityKind][]dcgm.Entity{}
	for _, e := range entities {
		kinds[e.Kind] = append(kinds[e.Kind], e)
	}
	return kinds
}
