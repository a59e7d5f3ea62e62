// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

// list asks the host engine what it has: GPUs, the MIG instances in them, NVSwitches, and what else something is wanted of.
func (c *watcher) list(ctx context.Context, now time.Time) error {
	gpus, err := c.src.Entities(ctx, dcgm.GPU)
	if err != nil {
		return fail(selftelemetry.KindEnumerate, err)
	}
	instances, err := c.listInstances(ctx)
	if err != nil {
		return err
	}
	switches, err := c.listSwitches(ctx)
	if err != nil {
		return err
	}
	if !slices.Equal(gpus.All, ofKind(c.all, dcgm.GPU)) || !slices.Equal(switches, ofKind(c.all, dcgm.Switch)) {
		c.outer.due = time.Time{} // They have come or gone with their NVLinks.
	}
	if err := c.listDevices(ctx, now); err != nil {
		return err
	}
	others := slices.Concat(instances, switches, c.outer.entities)
	c.all, c.listed = slices.Concat(gpus.All, others), slices.Concat(gpus.Supported, others)
	return nil
}

// listSwitches lists NVSwitches where something is wanted of them. A host engine without the module that knows them has none, and where the
// call fails for another reason, those that were there are.
func (c *watcher) listSwitches(ctx context.Context) ([]dcgm.Entity, error) {
	if !c.wants.switches {
		return nil, nil
	}
	some, err := c.src.Entities(ctx, dcgm.Switch)
	switch {
	case lost(err):
		return nil, fail(selftelemetry.KindEnumerate, err)
	case dcgm.IsUnserved(err):
		return nil, nil
	case err != nil:
		c.self.IncError(selftelemetry.KindEnumerate)
		return ofKind(c.entities, dcgm.Switch), nil
	default:
		return some.All, nil
	}
}

// listInstances lists compute instances only where there are GPU instances to hold them. A host engine that does not
// serve the call has none, and where the call fails for another reason, those that were there are.
func (c *watcher) listInstances(ctx context.Context) ([]dcgm.Entity, error) {
	var all []dcgm.Entity
	for _, kind := range []dcgm.EntityKind{dcgm.GPUInstance, dcgm.ComputeInstance} {
		some, err := c.src.Entities(ctx, kind)
		switch {
		case lost(err):
			return nil, fail(selftelemetry.KindEnumerate, err)
		case dcgm.IsUnserved(err):
			return nil, nil
		case err != nil:
			c.self.IncError(selftelemetry.KindEnumerate)
			return instancesOf(c.entities), nil
		case len(some.All) == 0:
			return all, nil
		}
		all = append(all, some.All...)
	}
	return all, nil
}

func isInstance(e dcgm.Entity) bool {
	return e.Kind == dcgm.GPUInstance || e.Kind == dcgm.ComputeInstance
}

func isNoGPU(e dcgm.Entity) bool { return e.Kind != dcgm.GPU }

func without(entities []dcgm.Entity, kind dcgm.EntityKind) []dcgm.Entity {
	return slices.DeleteFunc(slices.Clone(entities), func(e dcgm.Entity) bool { return e.Kind == kind })
}

func ofKind(entities []dcgm.Entity, kind dcgm.EntityKind) []dcgm.Entity {
	return slices.DeleteFunc(slices.Clone(entities), func(e dcgm.Entity) bool { return e.Kind != kind })
}

func instancesOf(entities []dcgm.Entity) []dcgm.Entity {
	return slices.DeleteFunc(slices.Clone(entities), func(e dcgm.Entity) bool { return !isInstance(e) })
}

// readIdentities reads what entities go by, each kind for the fields that tell it.
func (c *reader) readIdentities(ctx context.Context) (*inventory.Identities, error) {
	answers := &inventory.Identities{Asked: c.entities, Samples: make(map[dcgm.Entity]inventory.Samples, len(c.entities))}
	for _, entity := range c.entities {
		answers.Samples[entity] = inventory.Samples{}
	}
	unread := map[dcgm.Entity]error{}
	for _, kind := range kinds {
		some := ofKind(c.entities, kind)
		if len(some) == 0 {
			continue
		}
		samples, failed, err := c.src.Read(ctx, some, c.identityFieldsToRead(kind), nil)
		if err != nil {
			return nil, fail(selftelemetry.KindEnumerate, err)
		}
		maps.Copy(unread, failed)
		for _, s := range samples {
			if of := answers.Samples[s.Entity]; of != nil {
				of[s.Field] = s
				continue
			}
			c.tally.Drop(dcgm.Status) // It was not asked for.
		}
	}
	c.unread[catalog.Static] = c.listedOf(unread)
	if len(instancesOf(c.entities)) == 0 {
		return answers, nil
	}
	var err error
	if answers.Instances, err = c.extras.Hierarchy(ctx); lost(err) {
		return nil, fail(selftelemetry.KindEnumerate, err)
	}
	return answers, nil
}

// logPartition says how a GPU is partitioned now.
func (c *watcher) logPartition(gpu *inventory.Known) {
	instances := c.node.Instances(gpu)
	c.logger.Info("GPU is repartitioned", zap.String("hw.id", gpu.ID), zap.Any("gpu.mig.instances", instances))
}

// instances records how each GPU is partitioned.
func (r *recording) instances(g *gpu) {
	if !g.up() {
		return
	}
	counts := r.node.Instances(g.known)
	for _, profile := range slices.Sorted(maps.Keys(counts)) {
		r.add(g, metricInstances, counts[profile], profile)
	}
}
