// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Answers are what a host engine has answered. Either part may be absent.
type Answers struct {
	Identities *Identities
	Statuses   *Statuses
}

// Identities are the answers to a question for [Fields] of all entities.
type Identities struct {
	Asked   []dcgm.Entity
	Samples map[dcgm.Entity]Samples
}

// Statuses say how the host engine stands to the entities that are present.
type Statuses struct {
	Listed []dcgm.Entity                     // those that it has
	Of     map[dcgm.Entity]dcgm.EntityStatus // those that are not here are well
	Unread map[dcgm.Entity]error             // those that it did not read
}

// Refresh returns what is known after some answers, and what is different. What was known is left as it is, and
// returned where nothing differs.
func Refresh(old Node, answers Answers, now time.Time) (Node, []Change) {
	r := &refresh{node: old, now: now}
	if answers.Identities != nil {
		r.identify(answers.Identities)
	}
	if answers.Statuses != nil {
		r.observe(answers.Statuses)
		r.expire()
	}
	return r.node, r.changes
}

type refresh struct {
	node    Node
	owned   bool // the slice of the node is not the one of the caller any more
	asked   []dcgm.Entity
	answers map[dcgm.Entity]Samples
	pool    []Known // those that have not been found again yet
	now     time.Time
	changes []Change
}

func (r *refresh) change(kind ChangeKind, key Key, entity dcgm.Entity) {
	r.changes = append(r.changes, Change{Kind: kind, Key: key, Entity: entity})
}

// identify finds every entity among those that are known. The rest has left.
func (r *refresh) identify(of *Identities) {
	r.asked, r.answers = of.Asked, maps.Clone(of.Samples)
	r.dropImplausible()
	r.dropDuplicates()
	r.pool = slices.Clone(r.node.Known)
	next := make([]Known, 0, len(r.asked)+len(r.pool))
	var added []Key
	for _, entity := range r.asked {
		k, isNew := r.recognize(entity)
		k.asked = true
		next = append(next, k)
		if isNew {
			added = append(added, k.Key())
		}
	}
	for _, k := range r.pool {
		if r.isReplaced(&k, next[:len(r.asked)], added) {
			r.change(Replaced, k.Key(), k.Entity)
			continue
		}
		next = append(next, r.leave(k))
	}
	for i := range next {
		next[i].Chosen = r.node.devices.has(next[i].Entity, next[i].ID)
	}
	r.node.Known, r.owned = next, true
	r.node.Version++
}

// recognize finds an entity by its UUID. One that does not tell it, as when it is lost, is the one
// that had its number, or goes by its number until it does.
func (r *refresh) recognize(entity dcgm.Entity) (k Known, isNew bool) {
	samples := r.answers[entity]
	id, facts := identify(samples)
	if id.ID == "" {
		r.change(Unidentified, Key{entity.Kind, ByNumber(entity)}, entity)
		if k, found := r.pull(func(k *Known) bool { return k.Entity == entity && !k.unidentified() }); found {
			return k, false
		}
		id.ID = ByNumber(entity)
	} else if numbered, found := r.pull(hasKey(Key{entity.Kind, ByNumber(entity)})); found {
		r.change(Replaced, numbered.Key(), entity)
	}
	k, known := r.pull(hasKey(Key{entity.Kind, id.ID}))
	if !known {
		k = Known{Identity: Identity{Name: ByNumber(entity)}, Status: dcgm.StatusOK}
	}
	r.takeNumber(entity)
	before := k.Identity
	k.Identity, k.Facts, k.Entity = k.settle(id, entity, samples[fieldMinor].TS), facts.or(k.Facts), entity
	k.Nameless = k.unidentified() && isLate(samples[FieldUUID]) ||
		k.Model == "" && isLate(samples[fieldName]) || k.Name == ByNumber(entity) && isLate(samples[fieldMinor])
	switch {
	case !known:
		r.change(Added, k.Key(), entity)
	case k.Identity != before:
		r.change(Renamed, k.Key(), entity)
	}
	return k, !known
}

func hasKey(key Key) func(*Known) bool { return func(k *Known) bool { return k.Key() == key } }

// pull takes the first that is wanted out of the pool.
func (r *refresh) pull(wanted func(*Known) bool) (Known, bool) {
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
func (r *refresh) takeNumber(entity dcgm.Entity) {
	for i := range r.pool {
		if r.pool[i].Entity == entity {
			r.pool[i].Entity.ID = nobodys
		}
	}
}

// leave notes that an entity is not there any more. If it comes back, its counters begin anew.
func (r *refresh) leave(k Known) Known {
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
func (r *refresh) isReplaced(k *Known, present []Known, added []Key) bool {
	return slices.ContainsFunc(present, func(p Known) bool {
		switch {
		case p.Entity.Kind != k.Entity.Kind:
			return false
		case p.PCIBusID != "" && k.PCIBusID != "":
			return strings.EqualFold(p.PCIBusID, k.PCIBusID)
		default:
			return p.Entity == r.numberOf(k.Key()) && slices.Contains(added, p.Key())
		}
	})
}

// numberOf is the entity that a key had before.
func (r *refresh) numberOf(key Key) dcgm.Entity { return r.node.Find(key).Entity }

// observe brings up to date how the host engine stands to those that are present.
func (r *refresh) observe(s *Statuses) {
	for i := range r.node.Known {
		k := r.node.Known[i]
		if !k.asked {
			continue
		}
		status, told := s.Of[k.Entity]
		if !told {
			status = dcgm.StatusOK
		}
		before := k
		k.looks = min(k.looks+1, patience+1)
		k.Status, k.Unlisted, k.Unread = status, !slices.Contains(s.Listed, k.Entity), s.Unread[k.Entity] != nil
		switch {
		case k.State() != StateAbsent:
			k.absent = time.Time{}
		case k.absent.IsZero():
			k.absent = r.now
		}
		r.compare(&before, &k)
		r.set(i, k)
	}
}

func (r *refresh) compare(before, k *Known) {
	was, is := before.State(), k.State()
	c := Change{Key: k.Key(), Entity: k.Entity, State: is}
	switch {
	case is == was:
		return
	case is == StateUnreadable:
		c.Kind = Unreadable
	case was == StateUnreadable && is.Up():
		c.Kind = Readable
	case was.Up() && !is.Up():
		c.Kind = Lost
	case !was.Up() && is.Up():
		c.Kind = Back
	default:
		return // One that cannot be read for another reason than before.
	}
	r.changes = append(r.changes, c)
}

func (r *refresh) set(i int, k Known) {
	if r.node.Known[i] == k {
		return
	}
	r.own()
	r.node.Known[i] = k
}

func (r *refresh) own() {
	if !r.owned {
		r.node.Known, r.owned = slices.Clone(r.node.Known), true
		r.node.Version++
	}
}

// expire forgets what has been absent for long. Only statuses say that it still is.
func (r *refresh) expire() {
	gone := func(k Known) bool { return !k.absent.IsZero() && r.now.Sub(k.absent) >= r.node.forgetAfter }
	if !slices.ContainsFunc(r.node.Known, gone) {
		return
	}
	r.own()
	for i := range r.node.Known {
		if k := &r.node.Known[i]; gone(*k) {
			r.change(Forgotten, k.Key(), k.Entity)
		}
	}
	r.node.Known = slices.DeleteFunc(r.node.Known, gone)
}
