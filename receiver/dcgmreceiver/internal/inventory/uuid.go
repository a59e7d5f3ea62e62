// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"maps"
	"regexp"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

var gpuUUID = regexp.MustCompile(`^GPU-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// uuids are what UUIDs look like by kind. Drivers before 470 name an instance after its GPU.
var uuids = map[dcgm.EntityKind]*regexp.Regexp{
	dcgm.GPU:             gpuUUID,
	dcgm.GPUInstance:     migUUID,
	dcgm.ComputeInstance: migUUID,
	dcgm.Switch:          switchUUID,
}

// switchUUID is what NVIDIA's libraries name an NVSwitch by: SWX- and a UUID, or the number of the device.
var switchUUID = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z-]{5,79}$`)

var migUUID = regexp.MustCompile(`^MIG-([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|GPU-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(/\d+){1,2})$`)

// uuidOf returns the UUID that a sample tells of an entity of a kind, "" if it is none.
func uuidOf(kind dcgm.EntityKind, s dcgm.Sample) string {
	text := textOf(s)
	if re := uuids[kind]; re != nil && re.MatchString(text) {
		return text
	}
	return ""
}

// Verdict says whose the values of an entity are, by the UUID that came with them.
type Verdict uint8

// Verdicts.
const (
	Same     Verdict = iota // its own, as far as is known
	Dubious                 // its own: what is told can be no UUID, or is the one of another entity
	Stranger                // those of an entity that has come under the number
)

// Judge compares the sample of an entity's UUID with what is known of it.
func (n *Node) Judge(k *Known, s dcgm.Sample) Verdict {
	if s.Reason != dcgm.OK || textOf(s) == k.ID {
		return Same
	}
	if uuid := uuidOf(k.Entity.Kind, s); uuid == "" || uuid == n.duplicates[k.Entity] {
		return Dubious
	}
	return Stranger
}

// dropImplausible makes blank what can be no identity, so that what is known is kept.
func (r *recognition) dropImplausible() {
	for _, entity := range r.Asked {
		if s := r.Samples[entity][UUIDOf(entity.Kind)]; s.Reason == dcgm.OK && s.Type != 0 && uuidOf(entity.Kind, s) == "" {
			r.dropUUID(entity)
		}
	}
}

// dropUUID makes the UUID of an entity blank. What the caller answered stays as it is.
func (r *recognition) dropUUID(entity dcgm.Entity) {
	samples := maps.Clone(r.Samples[entity])
	field := UUIDOf(entity.Kind)
	s := samples[field]
	s.Reason = dcgm.Blank
	samples[field] = s
	r.Samples[entity] = samples
	r.change(Implausible, Key{entity.Kind, ByNumber(entity)}, entity)
}

// dropDuplicates makes blank the UUID of an entity that another one of its kind has.
func (r *recognition) dropDuplicates() {
	owners, before := r.owners(), r.node.duplicates
	r.node.duplicates = nil
	for _, entity := range r.Asked {
		uuid := uuidOf(entity.Kind, r.Samples[entity][UUIDOf(entity.Kind)])
		owner := owners[Key{entity.Kind, uuid}]
		if uuid == "" || owner == entity {
			continue
		}
		r.dropUUID(entity)
		if r.node.duplicates == nil {
			r.node.duplicates = map[dcgm.Entity]string{}
		}
		r.node.duplicates[entity] = uuid
		if before[entity] != uuid {
			r.changes = append(r.changes, Change{Kind: Duplicate, Key: Key{entity.Kind, uuid}, Entity: owner, Other: entity})
		}
	}
}

// owners says whose each UUID is: of the entity that had it before, else of the first that tells it.
func (r *recognition) owners() map[Key]dcgm.Entity {
	owners := map[Key]dcgm.Entity{}
	for _, entity := range r.Asked {
		key := Key{entity.Kind, uuidOf(entity.Kind, r.Samples[entity][UUIDOf(entity.Kind)])}
		known := r.node.Find(key)
		if _, owned := owners[key]; !owned || known != nil && known.Entity == entity {
			owners[key] = entity
		}
	}
	return owners
}
