// SPDX-License-Identifier: Apache-2.0

package catalog

import "github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"

// Kinds is a set of kinds of entities.
type Kinds uint16

// KindsOf returns the set of some kinds.
func KindsOf(kinds ...dcgm.EntityKind) Kinds {
	var set Kinds
	for _, kind := range kinds {
		set |= 1 << kind
	}
	return set
}

// Has reports whether a kind is in the set.
func (k Kinds) Has(kind dcgm.EntityKind) bool { return k>>kind&1 == 1 }

var (
	gpus      = KindsOf(dcgm.GPU)
	instances = KindsOf(dcgm.GPU, dcgm.GPUInstance, dcgm.ComputeInstance)
	switches  = KindsOf(dcgm.Switch)
)

// levels are the fields that a MIG instance has a value of its own of, and those of NVSwitches. Asked for any other, a host
// engine gives an instance what its GPU has.
var levels = [...]struct {
	first, last dcgm.FieldID
	kinds       Kinds
}{
	{90, 93, instances},
	{250, 254, instances},
	{701, 707, switches},
	{856, 864, switches},
	{866, 869, switches},
	{1001, 1004, instances},
	{1005, 1005, KindsOf(dcgm.GPU, dcgm.GPUInstance)},
	{1006, 1008, instances},
	{1013, 1016, instances},
	{1524, 1524, switches},
	{1600, 1602, instances},
	{1625, 1628, instances},
}

// kindsOf are the kinds of entities of which a source has a value of their own.
func (s *Source) kindsOf() Kinds {
	kinds := ^Kinds(0)
	for _, field := range s.Fields {
		kinds &= levelOf(field)
	}
	return kinds
}

func levelOf(field dcgm.FieldID) Kinds {
	for _, l := range levels {
		if field >= l.first && field <= l.last {
			return l.kinds
		}
	}
	return gpus
}
