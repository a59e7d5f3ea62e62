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

// Identities are the answers to a question for [Fields] or [InstanceFields] of all entities.
type Identities struct {
	Asked     []dcgm.Entity // GPUs before what is in them
	Samples   map[dcgm.Entity]Samples
	Instances []dcgm.Instance // where MIG instances belong
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
		r.recognizeAll(answers.Identities)
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
	now     time.Time
	changes []Change

	asked     []dcgm.Entity
	answers   map[dcgm.Entity]Samples
	instances []dcgm.Instance
	pool      []Known // those that have not been found again yet
	next      []Known // those that have
}

func (r *refresh) change(kind ChangeKind, key Key, entity dcgm.Entity) {
	r.changes = append(r.changes, Change{Kind: kind, Key: key, Entity: entity})
}

// recognizeAll finds every entity among those that are known. The rest has left.
func (r *refresh) recognizeAll(of *Identities) {
	r.asked, r.answers, r.instances = of.Asked, maps.Clone(of.Samples), of.Instances
	r.dropImplausible()
	r.dropDuplicates()
	r.pool = slices.Clone(r.node.Known)
	var added []Key
	for _, entity := range r.asked {
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

// choose finds those that are configured. MIG instances are with their GPU.
func (r *refresh) choose() {
	chosen := map[string]bool{}
	for i := range r.next {
		if k := &r.next[i]; k.Entity.Kind == dcgm.GPU {
			k.Chosen = r.node.devices.has(k.Entity, k.ID)
			chosen[k.ID] = k.Chosen
		}
	}
	for i := range r.next {
		if k := &r.next[i]; k.Entity.Kind != dcgm.GPU {
			k.Chosen = chosen[k.Parent]
		}
	}
}

// recognize finds an entity by its UUID. One that does not tell it, as when it is lost, is the one
// that had its number, or goes by its number until it does.
func (r *refresh) recognize(entity dcgm.Entity) (k Known, isNew bool) {
	samples := r.answers[entity]
	id, facts := r.identify(entity)
	if id.ID == "" {
		r.change(Unidentified, Key{entity.Kind, ByNumber(entity)}, entity)
		if k, found := r.pull(func(k *Known) bool { return k.Entity == entity && !k.unidentified() }); found {
			return k, false
		}
		id.ID = ByNumber(entity)
	} else if numbered, found := r.pull(hasKey(Key{entity.Kind, ByNumber(entity)})); found {
		r.change(Identified, numbered.Key(), entity)
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

// isNameless reports whether something that the entity goes by is missing and may still be told.
func (k *Known) isNameless(samples Samples) bool {
	late := k.unidentified() && isLate(samples[FieldUUID])
	if k.Entity.Kind != dcgm.GPU {
		return late || k.Parent == "" || k.MIG.Profile == "" && isLate(samples[fieldName])
	}
	return late || k.Model == "" && isLate(samples[fieldName]) || k.Name == ByNumber(k.Entity) && isLate(samples[fieldMinor])
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
func (r *refresh) numberOf(key Key) dcgm.Entity { return r.node.Find(key).Entity }

// observe brings up to date how the host engine stands to those that are present.
func (r *refresh) observe(s *Statuses) {
	for i := range r.node.Known {
		k := r.node.Known[i]
		if !k.asked {
			continue
		}
		before := k
		status := r.statusOf(&k, s)
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

// statusOf is that of a GPU, and of a MIG instance that of its GPU: the host engine has none of its own.
func (r *refresh) statusOf(k *Known, s *Statuses) dcgm.EntityStatus {
	gpu := k
	if k.Entity.Kind != dcgm.GPU {
		if !slices.Contains(s.Listed, k.Entity) {
			return dcgm.StatusUnknown
		}
		gpu = r.node.Find(Key{dcgm.GPU, k.Parent})
	}
	if gpu == nil {
		return dcgm.StatusOK
	}
	if status, told := s.Of[gpu.Entity]; told {
		return status
	}
	return dcgm.StatusOK
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
