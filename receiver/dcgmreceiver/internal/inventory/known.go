// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Key is what an entity is known by as long as it is known: numbers change, this does not.
type Key struct {
	Kind dcgm.EntityKind
	ID   string // hw.id
}

// Known is all that is known of one entity beside its values. It outlives connections.
type Known struct {
	Entity dcgm.Entity // without a number that any has where another one has come under its own
	Identity
	Facts

	Status   dcgm.EntityStatus
	Chosen   bool // it is configured
	Unlisted bool // the host engine does not have it any more
	Unread   bool // the host engine says that all is well, and does not read it
	Frozen   bool // the host engine says that all is well, and does not ask the driver any more
	Nameless bool // its UUID, name or model has not been read yet

	asked   bool      // it was among those whose identity was asked for last
	absent  time.Time // since when it is absent; zero if it is not
	looks   uint8     // how often its status was observed, up to one more than patience
	renamed renaming
}

// nobodys is the number of an entity whose own another one has now.
const nobodys = math.MaxUint32

// patience is how many observations an entity may stay without what it goes by.
const patience = 3

// Key returns what the entity is known by.
func (k *Known) Key() Key { return Key{k.Entity.Kind, k.ID} }

// Shown reports whether anything is to be said of it. One that can be read and does not tell yet what it goes by is
// left for a few observations, so that its series have one name.
func (k *Known) Shown() bool {
	return k.Chosen && (!k.Nameless || !k.Up() || k.looks > patience)
}

// unidentified reports whether the entity goes by its number.
func (k *Known) unidentified() bool { return k.ID == ByNumber(k.Entity) }

// ByNumber is what an entity goes by as long as DCGM does not tell its UUID and its device file.
func ByNumber(entity dcgm.Entity) string {
	return fmt.Sprintf("%s%d", prefixes[entity.Kind], entity.ID)
}

var prefixes = map[dcgm.EntityKind]string{dcgm.GPU: "gpu", dcgm.GPUInstance: "gi", dcgm.ComputeInstance: "ci", dcgm.Switch: "nvswitch", dcgm.Link: "nvlink", dcgm.CPU: "cpu", dcgm.CPUCore: "core"}

// Node is what is known of one host engine's entities.
type Node struct {
	// Known are those that are there, in the order in which they were asked for, and then those that have left.
	Known []Known

	// Version is another one whenever what is known is.
	Version uint64

	devices     *Devices
	forgetAfter time.Duration
	duplicates  map[dcgm.Entity]string // UUIDs that entities tell and that are of others
	remembered  map[dcgm.Entity]Remembered
}

// Remembered is what an entity went by in an earlier run.
type Remembered struct {
	Identity
	PCIBusID string
}

// Remember takes an entity that does not report its UUID, as when it was lost before the start, for the one that had its number in an earlier
// run. What an entity reports itself comes first.
func (n *Node) Remember(of map[dcgm.Entity]Remembered) { n.remembered = of }

// New returns a node of which nothing is known and some devices are chosen. What has been absent for forgetAfter is
// known no more.
func New(devices *Devices, forgetAfter time.Duration) Node {
	return Node{devices: devices, forgetAfter: forgetAfter}
}

// Present returns those that are chosen and were there when they were asked for last.
func (n *Node) Present() []*Known {
	return n.some(func(k *Known) bool { return k.asked && k.Chosen })
}

// Gone returns those that are chosen and have left.
func (n *Node) Gone() []*Known {
	return n.some(func(k *Known) bool { return !k.asked && k.Chosen })
}

func (n *Node) some(keep func(*Known) bool) []*Known {
	var out []*Known
	for i := range n.Known {
		if keep(&n.Known[i]) {
			out = append(out, &n.Known[i])
		}
	}
	return out
}

// Find returns what is known of a key, nil if nothing is.
func (n *Node) Find(key Key) *Known {
	if i := slices.IndexFunc(n.Known, func(k Known) bool { return k.Key() == key }); i >= 0 {
		return &n.Known[i]
	}
	return nil
}

// Missing returns the configured devices that are not there, as they are configured.
func (n *Node) Missing() []string { return n.devices.missing(n.Present()) }

// Never returns what those of the configured devices go by that are not there and have not been.
func (n *Node) Never() []Identity {
	names := n.devices.missing(append(n.Present(), n.Gone()...))
	out := make([]Identity, 0, len(names))
	for _, name := range names {
		out = append(out, absentIdentity(name))
	}
	return out
}
