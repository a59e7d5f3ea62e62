// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"maps"
	"slices"
	"strings"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// recognition finds out who the entities are that have been asked.
type recognition struct {
	refresh
	Identities

	pool []Known // those that have not been found again yet
	next []Known // those that have
}

// run finds every entity among those that are known. The rest has left.
func (r *recognition) run() {
	r.Samples = maps.Clone(r.Samples)
	r.dropImplausible()
	r.dropDuplicates()
	r.pool = slices.Clone(r.node.Known)
	var added []Key
	for _, entity := range r.Asked {
		k, isNew := r.recognize(entity)
		k.asked = true
		r.next = append(r.next, k)
		if isNew {
			added = append(added, k.Key())
		}
	}
	present := len(r.next)
	for _, k := range r.pool {
		if r.isRemoved(&k) || r.isReplaced(&k, r.next[:present], added) {
			r.change(Replaced, k.Key(), r.numberOf(k.Key()))
			continue
		}
		r.next = append(r.next, r.leave(k))
	}
	r.choose()
	r.compareParts()
	r.node.Known, r.owned = r.next, true
	r.node.Version++
}

// choose finds those that are configured. MIG instances and NVLinks are with their GPU, and NVSwitches and CPUs are the node's.
func (r *recognition) choose() {
	chosen := map[string]bool{}
	for i := range r.next {
		if k := &r.next[i]; k.Entity.Kind == dcgm.GPU {
			k.Chosen = r.node.devices.has(k.Entity, k.ID)
			chosen[k.ID] = k.Chosen
		}
	}
	for i := range r.next {
		if k := &r.next[i]; k.Entity.Kind != dcgm.GPU {
			k.Chosen = isOfNode(k) || chosen[k.Parent]
		}
	}
}

// isOfNode reports whether an entity is in no GPU.
func isOfNode(k *Known) bool {
	return k.Entity.Kind == dcgm.Switch || !HasUUID(k.Entity.Kind) && k.Parent == ""
}

// recognize finds an entity by its UUID. One that does not tell it, as when it is lost, is the one
// that had its number, or goes by its number until it does.
func (r *recognition) recognize(entity dcgm.Entity) (k Known, isNew bool) {
	samples := r.Samples[entity]
	id, facts := r.identify(entity)
	if id.ID == "" {
		r.change(Unidentified, Key{entity.Kind, ByNumber(entity)}, entity)
		if k, found := r.pull(func(k *Known) bool { return k.Entity == entity && !k.unidentified() }); found {
			return k, false
		}
		id, facts = r.recall(entity, id, facts)
	} else if HasUUID(entity.Kind) {
		if numbered, found := r.pull(hasKey(Key{entity.Kind, ByNumber(entity)})); found {
			r.change(Identified, numbered.Key(), entity)
		}
	}
	k, known := r.pull(hasKey(Key{entity.Kind, id.ID}))
	if !known {
		k = Known{Identity: Identity{Name: ByNumber(entity)}, Status: dcgm.StatusOK}
	}
	r.takeNumber(entity)
	before := k.Identity
	k.Identity, k.Facts, k.Entity = k.settle(id, entity, samples[fieldMinor].TS), facts.or(k.Facts), entity
	k.Nameless = k.isNameless(samples)
	switch {
	case !known:
		r.change(Added, k.Key(), entity)
	case k.Identity != before:
		r.change(Renamed, k.Key(), entity)
	}
	return k, !known
}

// recall returns what an entity went by in an earlier run, else its number. It has another number now if another entity reports its UUID.
func (r *recognition) recall(entity dcgm.Entity, id Identity, facts Facts) (Identity, Facts) {
	was, found := r.node.remembered[entity]
	if _, told := r.owners()[Key{entity.Kind, was.ID}]; !found || told {
		id.ID = ByNumber(entity)
		return id, facts
	}
	return id.or(was.Identity), facts.or(Facts{PCIBusID: was.PCIBusID})
}

// isNameless reports whether something that the entity goes by is missing and may still be told.
func (k *Known) isNameless(samples Samples) bool {
	late := k.unidentified() && isLate(samples[UUIDOf(k.Entity.Kind)])
	switch k.Entity.Kind {
	case dcgm.GPU:
		return late || k.Model == "" && isLate(samples[fieldName]) || k.Name == ByNumber(k.Entity) && isLate(samples[fieldMinor])
	case dcgm.Switch:
		return late
	case dcgm.Link, dcgm.CPU, dcgm.CPUCore:
		return false
	default:
		return late || k.Parent == "" || k.MIG.Profile == "" && isLate(samples[fieldName])
	}
}

func hasKey(key Key) func(*Known) bool { return func(k *Known) bool { return k.Key() == key } }

// pull takes the first that is wanted out of the pool.
func (r *recognition) pull(wanted func(*Known) bool) (Known, bool) {
	for i := range r.pool {
		if wanted(&r.pool[i]) {
			k := r.pool[i]
			r.pool = slices.Delete(r.pool, i, i+1)
			return k, true
		}
	}
	return Known{}, false
}

// takeNumber leaves nobody in the pool with a number.
func (r *recognition) takeNumber(entity dcgm.Entity) {
	for i := range r.pool {
		if r.pool[i].Entity == entity {
			r.pool[i].Entity.ID = nobodys
		}
	}
}

// leave notes that an entity is not there any more. If it comes back, its counters restart.
func (r *recognition) leave(k Known) Known {
	if k.asked {
		r.change(Left, k.Key(), k.Entity)
	}
	k.asked, k.Status, k.Unlisted = false, dcgm.StatusUnknown, true
	if k.absent.IsZero() {
		k.absent = r.now
	}
	return k
}

// isReplaced reports whether another one is in the slot of an entity that is not there any more, or, where the slot of
// either is not known, one that has not been known before has its number.
func (r *recognition) isReplaced(k *Known, present []Known, added []Key) bool {
	if k.Entity.Kind != dcgm.GPU {
		return false
	}
	return slices.ContainsFunc(present, func(p Known) bool {
		switch {
		case p.Entity.Kind != dcgm.GPU:
			return false
		case p.PCIBusID != "" && k.PCIBusID != "":
			return strings.EqualFold(p.PCIBusID, k.PCIBusID)
		default:
			return p.Entity == r.numberOf(k.Key()) && slices.Contains(added, p.Key())
		}
	})
}

// numberOf is the entity that a key had before.
func (r *recognition) numberOf(key Key) dcgm.Entity { return r.node.Find(key).Entity }
