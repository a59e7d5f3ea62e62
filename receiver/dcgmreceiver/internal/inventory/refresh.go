// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"slices"
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
	Frozen map[dcgm.Entity]bool              // those of which it does not ask the driver any more
}

// Refresh returns what is known after some answers, and what is different. What was known is left as it is, and
// returned where nothing differs.
func Refresh(old Node, answers Answers, now time.Time) (Node, []Change) {
	r := &refresh{node: old, now: now}
	if answers.Identities != nil {
		of := &recognition{refresh: *r, Identities: *answers.Identities}
		of.run()
		*r = of.refresh
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
}

func (r *refresh) change(kind ChangeKind, key Key, entity dcgm.Entity) {
	r.changes = append(r.changes, Change{Kind: kind, Key: key, Entity: entity})
}

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
		k.Frozen = s.Frozen[k.Entity]
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
	c := Change{Key: k.Key(), Entity: k.Entity, State: is, Was: was}
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
