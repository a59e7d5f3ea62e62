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
	links     = KindsOf(dcgm.Link)
	cpus      = KindsOf(dcgm.CPU)
	cores     = KindsOf(dcgm.CPU, dcgm.CPUCore)
)

// levels are the fields that a MIG instance has a value of its own of, and those of NVSwitches, NVLinks, CPUs and their cores. Asked for any other, a host
// engine gives an instance what its GPU has.
var levels = [...]struct {
	first, last dcgm.FieldID
	kinds       Kinds
}{
	{90, 93, instances},
	{250, 254, instances},
	{580, 592, links},
	{701, 707, switches},
	{780, 824, links},
	{856, 864, switches},
	{865, 865, links},
	{866, 869, switches},
	{870, 877, links},
	{878, 878, KindsOf(dcgm.Switch, dcgm.Link)},
	{1001, 1004, instances},
	{1005, 1005, KindsOf(dcgm.GPU, dcgm.GPUInstance)},
	{1006, 1008, instances},
	{1013, 1016, instances},
	{1100, 1104, cores},
	{1110, 1112, cpus},
	{1120, 1120, cores},
	{1130, 1141, cpus},
	{1508, 1509, links},
	{1524, 1524, switches},
	{1525, 1533, links},
	{1600, 1602, instances},
	{1625, 1628, instances},
}

// kindsOf are the kinds of entities of which a source has a value of their own.
func (s *Source) kindsOf() Kinds {
	kinds := ^Kinds(0)
	for _, field := range s.Fields {
		kinds &= LevelOf(field)
	}
	return kinds
}

// LevelOf are the kinds of entities that have a value of their own of a field.
func LevelOf(field dcgm.FieldID) Kinds {
	for _, l := range levels {
		if field >= l.first && field <= l.last {
			return l.kinds
		}
	}
	return gpus
}

// linksOfSwitches are the fields that NVLinks of NVSwitches have; those of GPUs have the other ones.
var linksOfSwitches = [...]struct{ first, last dcgm.FieldID }{{780, 824}, {865, 865}, {870, 878}}

// EndOf is the kind of entity whose NVLinks have a field.
func EndOf(field dcgm.FieldID) dcgm.EntityKind {
	for _, l := range linksOfSwitches {
		if field >= l.first && field <= l.last {
			return dcgm.Switch
		}
	}
	return dcgm.GPU
}
