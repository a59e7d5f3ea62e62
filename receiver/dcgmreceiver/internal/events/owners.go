// SPDX-License-Identifier: Apache-2.0

package events

import (
	"cmp"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

// Owner is who has, or had, a number of DCGM's. Times are the host engine's, in microseconds.
type Owner struct {
	Entity     dcgm.Entity       `json:"entity"`
	Key        inventory.Key     `json:"key"`
	Attributes map[string]string `json:"attributes"`
	PCIBusID   string            `json:"bus,omitempty"`
	From       int64             `json:"from"`
	Until      int64             `json:"until,omitempty"` // 0 while it has the number
	Noted      int64             `json:"noted,omitempty"` // when it was seen that it has it no more
}

// OwnerOf returns the owner of a number with the attributes of its points.
func OwnerOf(entity dcgm.Entity, key inventory.Key, attributes pcommon.Map, busID string) Owner {
	o := Owner{Entity: entity, Key: key, Attributes: map[string]string{}, PCIBusID: busID}
	for name, value := range attributes.All() {
		o.Attributes[name] = value.AsString()
	}
	return o
}

// GPU is what the GPU is known by that an owner is, or is in.
func (o *Owner) GPU() inventory.Key {
	if gpu := o.Attributes["hw.parent"]; isInstance(o.Entity) && gpu != "" {
		return inventory.Key{Kind: dcgm.GPU, ID: gpu}
	}
	return o.Key
}

// gpuOf is what the GPU is known by that something is, or is in.
func (o Owners) gpuOf(key inventory.Key) inventory.Key {
	for i := range slices.Backward(o) {
		if o[i].Key == key {
			return o[i].GPU()
		}
	}
	return key
}

// Subject is the owner as records have it.
func (o *Owner) Subject() *Subject {
	attributes := pcommon.NewMap()
	for name, value := range o.Attributes {
		attributes.PutStr(name, value)
	}
	return &Subject{Attributes: attributes, PCIBusID: o.PCIBusID}
}

// Owners are those of all numbers now, and those of the last [KeepAge], in the order in which they came.
type Owners []Owner

// maxOwners bounds those that are remembered: MIG instances come and go.
const maxOwners = 4096

// Of returns who had a number at a time. One that has left had it until another one came. It reports false for a number that nobody has had,
// and no owner where somebody else had it, or nobody knows.
func (o Owners) Of(entity dcgm.Entity, at int64) (owner *Owner, had bool) {
	var newest *Owner
	for i := range o {
		one := &o[i]
		if one.Entity != entity {
			continue
		}
		if one.From <= at && (one.Until == 0 || at < one.Until) {
			return one, true
		}
		newest = one
	}
	if newest != nil && newest.From <= at {
		return newest, true
	}
	return nil, newest != nil
}

// Within returns what a GPU is known by, and whatever has, or had, the number of an instance in it.
func (o Owners) Within(gpu inventory.Key) []inventory.Key {
	keys := []inventory.Key{gpu}
	for i := range o {
		if o[i].Attributes["hw.parent"] == gpu.ID {
			keys = append(keys, o[i].Key)
		}
	}
	return keys
}

// Remembered returns what the GPUs and NVSwitches go by that have their numbers. MIG instances come and go with their numbers.
func (o Owners) Remembered() map[dcgm.Entity]inventory.Remembered {
	of := map[dcgm.Entity]inventory.Remembered{}
	for i := range o {
		one := &o[i]
		if one.Until != 0 || isInstance(one.Entity) || one.Key.ID == inventory.ByNumber(one.Entity) {
			continue
		}
		of[one.Entity] = inventory.Remembered{
			Identity: inventory.Identity{ID: one.Key.ID, Name: one.Attributes["hw.name"], Model: one.Attributes["hw.model"], Vendor: one.Attributes["hw.vendor"]},
			PCIBusID: one.PCIBusID,
		}
	}
	return of
}

// Kin returns somebody who has or had a number, for what all of them have in common.
func (o Owners) Kin(entity dcgm.Entity) *Owner {
	for i := range slices.Backward(o) {
		if o[i].Entity == entity {
			return &o[i]
		}
	}
	return nil
}

// handover is one look at who has the numbers.
type handover struct {
	now, before int64 // the look, and the one before it; 0 if there was none
	unbroken    bool  // nothing but one interval is between the two
}

// after returns the owners after a look at all that are there, and whether they are others. What was known is left as it is.
func (o Owners) after(h handover, present []Owner) (next Owners, changed bool) {
	next = slices.Clone(o)
	for i := range next {
		one := &next[i]
		if one.Until != 0 {
			continue
		}
		at := slices.IndexFunc(present, func(p Owner) bool { return p.Entity == one.Entity })
		switch {
		case at >= 0 && one.is(&present[at]):
			changed = one.rename(&present[at]) || changed
		default:
			one.Until, one.Noted, changed = h.until(), h.now, true
		}
	}
	for _, p := range present {
		if !slices.ContainsFunc(next, func(one Owner) bool { return one.Entity == p.Entity && one.Until == 0 }) {
			p.From = h.from(&p, next)
			next, changed = append(next, p), true
		}
	}
	edge := h.now - KeepAge.Microseconds()
	next = slices.DeleteFunc(next, func(one Owner) bool { return one.Until != 0 && one.Noted < edge })
	beyond := len(next) - maxOwners
	return slices.DeleteFunc(next, func(one Owner) bool {
		if one.Until == 0 || beyond <= 0 {
			return false
		}
		beyond--
		return true
	}), changed
}

// is reports whether an owner is the one that has its number now. One that does not tell its UUID is the one that had the number.
func (o *Owner) is(present *Owner) bool {
	byNumber := inventory.ByNumber(o.Entity)
	return o.Key == present.Key || o.Key.ID == byNumber || present.Key.ID == byNumber
}

// rename takes over what an owner goes by now, unless that is only its number.
func (o *Owner) rename(present *Owner) bool {
	if present.Key.ID == inventory.ByNumber(o.Entity) && o.Key != present.Key || o.same(present) {
		return false
	}
	o.Key, o.Attributes, o.PCIBusID = present.Key, present.Attributes, cmp.Or(present.PCIBusID, o.PCIBusID)
	return true
}

func (o *Owner) same(present *Owner) bool {
	if o.Key != present.Key || o.PCIBusID != present.PCIBusID || len(o.Attributes) != len(present.Attributes) {
		return false
	}
	for name, value := range present.Attributes {
		if o.Attributes[name] != value {
			return false
		}
	}
	return true
}

// until is when an owner that is not there any more has lost its number: when that was seen, as an XID mostly comes before its GPU goes. After
// a break, nobody knows more than that it was there before.
func (h handover) until() int64 {
	if h.unbroken || h.before == 0 {
		return h.now
	}
	return h.before
}

// from is since when one that was not there before has its number. It came after the look before, unless the number was another one's then. At
// the first look of all, and after a break, a GPU or an NVSwitch counts as the one that was there all the time, and a MIG instance does not.
func (h handover) from(p *Owner, before Owners) int64 {
	latest := int64(0)
	for i := range before {
		if before[i].Entity == p.Entity {
			latest = max(latest, before[i].Until)
		}
	}
	switch {
	case h.unbroken:
		return max(h.before, latest)
	case !isInstance(p.Entity) && latest == 0:
		return h.before
	}
	return h.now
}

// rewind goes on at a time to which the host engine's clock has been set back.
func (o Owners) rewind(to int64) Owners {
	next := slices.Clone(o)
	for i := range next {
		one := &next[i]
		one.From, one.Until, one.Noted = min(one.From, to), min(one.Until, to), min(one.Noted, to)
	}
	return next
}

// Numbers are who has, or had, which number. They are part of a [Journal], and safe for concurrent use.
type Numbers struct {
	mu     sync.Mutex
	owners Owners
	looked int64 // the engine's time when they were there last
	dirty  bool
}

// Own takes who has which number at a time of the host engine. It is unbroken where the look before is the one of the last collection.
func (n *Numbers) Own(now int64, unbroken bool, present []Owner) {
	n.mu.Lock()
	defer n.mu.Unlock()
	next, changed := n.owners.after(handover{now: now, before: n.looked, unbroken: unbroken}, present)
	n.owners, n.looked, n.dirty = next, now, n.dirty || changed
}

// Looked notes that at a time of the host engine everybody had the number of before.
func (n *Numbers) Looked(now int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.looked = now
}

// Owners returns those that have, or had, a number. They are not to be changed.
func (n *Numbers) Owners() Owners {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.owners
}

func (n *Numbers) rewind(to int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.owners, n.looked = n.owners.rewind(to), min(n.looked, to)
}

func (n *Numbers) load(s *state) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.owners, n.looked = s.Owners, s.Looked
}

// store gives a state what is known, and reports whether a store does not have it yet.
func (n *Numbers) store(s *state) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	s.Owners, s.Looked = n.owners, n.looked
	return n.dirty
}

// stored notes that a store has what a state has.
func (n *Numbers) stored() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dirty = false
}

func isInstance(e dcgm.Entity) bool {
	return e.Kind == dcgm.GPUInstance || e.Kind == dcgm.ComputeInstance
}
