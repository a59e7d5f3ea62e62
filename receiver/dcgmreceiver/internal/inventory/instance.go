// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"maps"
	"slices"
	"strconv"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// identify reads identity and facts of an entity. What a MIG instance is in comes from the host engine's hierarchy, and
// what it has of its GPU from the GPU, which has been recognized before.
func (r *recognition) identify(entity dcgm.Entity) (Identity, Facts) {
	samples := r.Samples[entity]
	switch entity.Kind {
	case dcgm.GPU:
		return ofGPU(samples)
	case dcgm.Switch:
		return ofSwitch(entity, samples)
	case dcgm.Link, dcgm.CPU, dcgm.CPUCore:
		return Identity{ID: ByNumber(entity), Name: ByNumber(entity), Vendor: Vendor, Parent: r.endOf(entity)}, Facts{}
	default:
	}
	id := Identity{
		ID:  uuidOf(entity.Kind, samples[FieldUUID]),
		MIG: MIG{Profile: textOf(samples[fieldName])},
	}
	instance, gpu := r.placeOf(entity)
	if gpu == nil {
		return id, Facts{}
	}
	id.Name, id.Model, id.Vendor, id.Parent = gpu.Name, gpu.Model, gpu.Vendor, gpu.ID
	id.MIG.GI = strconv.FormatUint(uint64(instance.GI), 10)
	if instance.CI != dcgm.NoInstance {
		id.MIG.CI = strconv.FormatUint(uint64(instance.CI), 10)
	}
	return id, gpu.Facts
}

// endOf returns the GPU that an NVLink is of, "" for one of an NVSwitch.
func (r *recognition) endOf(entity dcgm.Entity) string {
	parent, _ := entity.Port()
	if entity.Kind != dcgm.Link || parent.Kind != dcgm.GPU {
		return ""
	}
	if i := slices.IndexFunc(r.next, func(k Known) bool { return k.Entity == parent }); i >= 0 {
		return r.next[i].ID
	}
	return ByNumber(parent)
}

// placeOf returns where an instance belongs, and the GPU that it is in; nil where the host engine does not say.
func (r *recognition) placeOf(entity dcgm.Entity) (dcgm.Instance, *Known) {
	instance, found := find(r.Instances, entity)
	gpu := instance.Parent
	for range r.Instances { // No chain is longer.
		parent, isInstance := find(r.Instances, gpu)
		if !isInstance {
			break
		}
		gpu = parent.Parent
	}
	i := slices.IndexFunc(r.next, func(k Known) bool { return k.Entity == gpu })
	if !found || i < 0 {
		return instance, nil
	}
	return instance, &r.next[i]
}

func find(instances []dcgm.Instance, entity dcgm.Entity) (dcgm.Instance, bool) {
	for _, instance := range instances {
		if instance.Entity == entity {
			return instance, true
		}
	}
	return dcgm.Instance{}, false
}

// isRemoved reports whether an instance that is not there any more was taken away: its GPU is there and can be read.
// The instances of a GPU that cannot be read may come back.
func (r *recognition) isRemoved(k *Known) bool {
	return k.Entity.Kind != dcgm.GPU && slices.ContainsFunc(r.next, func(gpu Known) bool {
		return gpu.asked && gpu.Entity.Kind == dcgm.GPU && gpu.ID == k.Parent && gpu.Up()
	})
}

// compareParts finds the GPUs that are partitioned in another way than before.
func (r *recognition) compareParts() {
	before, now := partsOf(r.node.Known), partsOf(r.next)
	for i := range r.next {
		k := &r.next[i]
		if r.node.Find(k.Key()) != nil && k.Entity.Kind == dcgm.GPU && !maps.Equal(before[k.ID], now[k.ID]) {
			r.change(Repartitioned, k.Key(), k.Entity)
		}
	}
}

// partsOf are the UUIDs of the GPU instances that are there, or may come back, by that of their GPU.
func partsOf(known []Known) map[string]map[string]bool {
	parts := map[string]map[string]bool{}
	for i := range known {
		k := &known[i]
		if k.Entity.Kind != dcgm.GPUInstance {
			continue
		}
		if parts[k.Parent] == nil {
			parts[k.Parent] = map[string]bool{}
		}
		parts[k.Parent][k.ID] = true
	}
	return parts
}

// Instances counts the GPU instances of each profile of a GPU.
func (n *Node) Instances(gpu *Known) map[string]int64 {
	counts := map[string]int64{}
	for i := range n.Known {
		if k := &n.Known[i]; k.asked && k.Entity.Kind == dcgm.GPUInstance && k.Parent == gpu.ID && k.MIG.Profile != "" {
			counts[k.MIG.Profile]++
		}
	}
	return counts
}
