// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/series"
)

// refresh brings what is known of the GPUs up to date, and does with their values what the changes ask for.
func (c *collector) refresh(answers inventory.Answers, now time.Time) {
	before, known := c.node.Version, c.known
	node, changes := inventory.Refresh(c.node, answers, now)
	c.node = node
	if node.Version != before {
		c.attachValues()
	}
	for _, change := range changes {
		c.apply(change)
		if change.Kind == inventory.Replaced {
			c.noticeReplaced(known[change.Key])
		}
	}
}

// attachValues gives everything that is known its values, and drops those of what is known no more.
func (c *roster) attachValues() {
	values := make(map[inventory.Key]*gpu, len(c.node.Known))
	for i := range c.node.Known {
		k := &c.node.Known[i]
		g := c.known[k.Key()]
		if g == nil {
			g = &gpu{values: series.NewSet(c.layouts[k.Entity.Kind])}
		}
		if g.known == nil || g.known.Identity != k.Identity {
			g.attrs = attributesOf(k.Identity)
		}
		g.known = k
		values[k.Key()] = g
	}
	c.known = values
	c.gpus, c.parts, c.switches, c.devices = split(c.valuesOf(c.node.Present()))
	c.gone, _, c.left, _ = split(c.valuesOf(c.node.Gone()))
}

// split tells GPUs from what they are partitioned into, from NVSwitches, and from other devices.
func split(some []*gpu) (gpus, parts, switches, others []*gpu) {
	for _, g := range some {
		switch {
		case isInstance(g.entity()):
			parts = append(parts, g)
		case g.entity().Kind == dcgm.Switch:
			switches = append(switches, g)
		case isNoGPU(g.entity()):
			others = append(others, g)
		default:
			gpus = append(gpus, g)
		}
	}
	return gpus, parts, switches, others
}

// present are the GPUs, MIG instances and NVSwitches that are there and configured.
func (c *roster) present() []*gpu {
	if len(c.parts) == 0 && len(c.switches) == 0 {
		return c.gpus
	}
	return slices.Concat(c.gpus, c.parts, c.switches)
}

func (c *roster) valuesOf(some []*inventory.Known) []*gpu {
	out := make([]*gpu, len(some))
	for i, k := range some {
		out[i] = c.known[k.Key()]
	}
	return out
}

func (c *collector) apply(change inventory.Change) {
	g := c.known[change.Key]
	switch change.Kind {
	case inventory.Left:
		g.forget()
	case inventory.Forgotten:
		c.dropFromPlan(change.Entity)
		c.xids.forget(change.Key)
		c.exporter.forget(change.Key)
	case inventory.Replaced:
		c.holder.Doubt(change.Entity) // What has its number now has no watches yet.
	case inventory.Lost:
		g.forget()
		if change.Key.Kind == dcgm.GPU {
			c.logger.Warn("GPU cannot be read", zap.String("hw.id", change.Key.ID), zap.String("gpu.state", string(change.State)))
		}
	case inventory.Back:
		g.restart()
		if change.Was != inventory.StateFrozen { // A host engine that was restarted has recovered no GPU.
			g.cleared = c.clock.Now(time.Now())
		}
		c.due = [catalog.Tiers]time.Time{}
		if change.Key.Kind == dcgm.GPU {
			c.logger.Info("GPU can be read again", zap.String("hw.id", change.Key.ID))
		}
	case inventory.Repartitioned:
		c.logPartition(g.known)
	case inventory.Readable:
		c.due = [catalog.Tiers]time.Time{}
	case inventory.Unidentified:
		c.incomplete = c.incomplete || slices.Contains(c.listed, change.Entity)
	case inventory.Implausible:
		c.tally.Drop(series.Implausible)
	case inventory.Duplicate:
		c.logger.Warn("two entities have the same UUID, one of them goes without",
			zap.String("hw.id", change.Key.ID), zap.Stringer("entity", change.Entity), zap.Stringer("without", change.Other))
	case inventory.Added, inventory.Renamed, inventory.Identified, inventory.Unreadable: // Their values come and go with them.
	}
}

// dropFromPlan leaves the watches as they are: those of an entity that is not there cost nothing.
func (c *collector) dropFromPlan(entity dcgm.Entity) {
	isIt := func(e dcgm.Entity) bool { return e == entity }
	c.entities = slices.DeleteFunc(slices.Clone(c.entities), isIt)
	for _, class := range c.classes {
		class.entities = slices.DeleteFunc(slices.Clone(class.entities), isIt)
		class.gpus = slices.DeleteFunc(slices.Clone(class.gpus), func(g *gpu) bool { return g.entity() == entity })
	}
	c.classes = slices.DeleteFunc(c.classes, func(class *class) bool { return len(class.entities) == 0 })
}

// identify reads the identity of all entities and selects those to collect.
func (c *collector) identify(ctx context.Context, now time.Time) error {
	answers, err := c.readIdentities(ctx)
	if err != nil {
		return err
	}
	c.refresh(inventory.Answers{Identities: answers}, now)
	return nil
}

// identifyAgain plans again at the next collection if another GPU has come under a number. As long as a GPU
// that can be read does not tell what it goes by, identities are sampled and read with everything else.
func (c *collector) identifyAgain(ctx context.Context, now time.Time) error {
	before := c.numbers()
	err := c.identify(ctx, now)
	for entity, key := range c.numbers() {
		c.planned = c.planned && before[entity] == key
	}
	if err != nil || !c.planned || !slices.ContainsFunc(c.present(), func(g *gpu) bool { return g.known.Nameless }) {
		return err
	}
	c.due[catalog.Static] = now
	if c.identitiesAreFast {
		return nil
	}
	return c.watchIdentities(ctx, true)
}

// numbers says what each entity is known by.
func (c *roster) numbers() map[dcgm.Entity]inventory.Key {
	out := map[dcgm.Entity]inventory.Key{}
	for _, g := range c.present() {
		out[g.entity()] = g.known.Key()
	}
	return out
}

// shown are those of some entities that are to be emitted.
func shown(some []*gpu) []*gpu {
	if !slices.ContainsFunc(some, func(g *gpu) bool { return !g.known.Shown() }) {
		return some
	}
	return slices.DeleteFunc(slices.Clone(some), func(g *gpu) bool { return !g.known.Shown() })
}

// observe asks the host engine for the status of every GPU that gives no fresh value, as where
// only slow metrics are enabled, or is not listed. Any other is well: a lost GPU reads as
// blank, with good status and timestamps.
func (c *collector) observe(ctx context.Context, now time.Time) error {
	statuses := &inventory.Statuses{Listed: c.all, Unread: c.unread[catalog.Normal], Frozen: map[dcgm.Entity]bool{}}
	for _, g := range c.gpus {
		statuses.Frozen[g.entity()] = c.isFrozen(g)
		status := dcgm.StatusOK
		if g.fresh == 0 || !slices.Contains(c.listed, g.entity()) {
			var err error
			if status, err = c.src.Status(ctx, g.entity()); lost(err) {
				return fail(selftelemetry.KindRead, err)
			}
			if statuses.Of == nil {
				statuses.Of = map[dcgm.Entity]dcgm.EntityStatus{}
			}
			statuses.Of[g.entity()] = status
		}
		c.checkMissingSamples(g, status)
	}
	for _, g := range c.parts {
		if c.known[inventory.Key{Kind: dcgm.GPU, ID: g.known.Parent}].fresh > 0 {
			c.checkMissingSamples(g, dcgm.StatusOK)
		}
	}
	c.refresh(inventory.Answers{Statuses: statuses}, now)
	for _, g := range slices.Concat(c.present(), c.devices) {
		if g.known.State() == inventory.StateUnreadable {
			g.forget() // The receiver's status says so for all such GPUs together.
		}
	}
	return nil
}

// checkMissingSamples has the plan rebuilt for a GPU that is well and gives nothing any more: one
// that was detached and attached again has lost its watches. Where only slow metrics are
// enabled, none ever gives anything here.
func (c *collector) checkMissingSamples(g *gpu, status dcgm.EntityStatus) {
	const patience = 3
	if g.fresh > 0 || !g.sampled || status != dcgm.StatusOK || c.unread[catalog.Normal][g.entity()] != nil {
		g.missed = 0
		return
	}
	if g.missed++; g.missed >= patience {
		c.incomplete = true
		c.holder.Doubt(g.entity())
	}
}
