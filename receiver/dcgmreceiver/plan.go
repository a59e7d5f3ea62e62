// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/watching"
)

// class is a set of entities of one kind that are read together, for the same fields.
type class struct {
	layout   *catalog.Layout
	gpm      map[dcgm.FieldID]bool // not wanted without GPM
	gpus     []*gpu
	entities []dcgm.Entity
	fields   [catalog.Tiers][]dcgm.FieldID
	live     []dcgm.FieldID        // those of the fastest tier that give values in use; nil while that is open
	refused  map[dcgm.FieldID]bool // not watched, and whether that may end
}

// uuid is the field that says whose the values of the class are.
func (s *class) uuid() dcgm.FieldID { return inventory.UUIDOf(s.entities[0].Kind) }

// plan identifies the GPUs, and has the host engine watch what their series need. What it cannot have for one GPU is
// left for the next plan; what fails as a whole is an error, and nothing is left behind at the host engine.
func (c *collector) plan(ctx context.Context, now time.Time) error {
	err := c.readLastXIDs(ctx)
	c.planned, c.incomplete = false, false // Watches that could not be read are rebuilt now.
	if err != nil {
		return err
	}
	if err := c.choosePlanned(ctx); err != nil {
		return err
	}
	if err := c.watchAll(ctx, now); err != nil {
		return errors.Join(err, c.release(ctx))
	}
	c.planned = true
	c.due = [catalog.Tiers]time.Time{}
	c.plans++
	return nil
}

// choosePlanned takes all GPUs that the host engine has into the plan, and those of the last
// plan of which it still tells a status.
func (c *watcher) choosePlanned(ctx context.Context) error {
	entities := slices.Clone(c.all)
	for _, entity := range c.entities {
		if slices.Contains(c.all, entity) || isNoGPU(entity) {
			continue
		}
		status, err := c.src.Status(ctx, entity)
		if lost(err) {
			return fail(selftelemetry.KindEnumerate, err)
		}
		if status != dcgm.StatusUnknown {
			entities = append(entities, entity)
		}
	}
	slices.SortFunc(entities, dcgm.Entity.Compare)
	c.entities, c.active = entities, c.listed
	return nil
}

func (c *collector) watchAll(ctx context.Context, now time.Time) error {
	if err := c.holder.RemoveDoubted(ctx); err != nil {
		return fail(kindWatch, err)
	}
	if err := c.watchIdentities(ctx, false); err != nil {
		return err
	}
	if err := c.identify(ctx, now); err != nil {
		return err
	}
	members, err := c.members(ctx)
	if err != nil {
		return err
	}
	sets := watching.Sets(members, c.needs)
	if err := c.reconcile(ctx, sets, c.xidWants(), now); err != nil {
		return err
	}
	c.classify(sets)
	c.watched = c.countWatched()
	return c.xids.begin(ctx, c)
}

// members are the GPUs that can be read, with what they have, and the NVSwitches and other devices. The others have no values.
func (c *watcher) members(ctx context.Context) ([]watching.Member, error) {
	var members []watching.Member
	for _, g := range c.gpus {
		if !slices.Contains(c.active, g.entity()) {
			g.fresh = 0
			g.forget()
			continue
		}
		if err := c.profile(ctx, g); err != nil {
			return nil, err
		}
		members = append(members, watching.Member{Entity: g.entity(), GPM: g.known.GPM(), Profiled: g.profiled})
		for _, part := range c.partsOf(g) {
			part.profiled, part.profilingUnknown = g.profiled, g.profilingUnknown
			members = append(members, watching.Member{Entity: part.entity(), GPM: g.known.GPM(), Profiled: g.profiled})
		}
	}
	for _, g := range slices.Concat(c.switches, c.devices) {
		members = append(members, watching.Member{Entity: g.entity(), GPM: c.hasGPM(g)})
	}
	return members, nil
}

// partsOf are what a GPU is partitioned into.
func (c *roster) partsOf(of *gpu) []*gpu {
	return slices.DeleteFunc(slices.Clone(c.parts), func(g *gpu) bool { return g.known.Parent != of.known.ID })
}

// classify makes of every set that is watched one that is read, for what is watched: a field that the host engine does
// not know fails a read.
func (c *reader) classify(sets []watching.Set) {
	c.classes = nil
	for i := range sets {
		class := &class{layout: c.layouts[sets[i].Kind], gpm: c.needs[sets[i].Kind].GPMOnly, entities: sets[i].Entities, refused: map[dcgm.FieldID]bool{}}
		for _, entity := range class.entities {
			class.gpus = append(class.gpus, c.at(entity))
		}
		var unknown []dcgm.FieldID
		for field, r := range c.holder.Refused(class.entities) {
			class.refused[field] = watching.KindOf(r) != watching.UnknownField
			if !class.refused[field] {
				unknown = append(unknown, field)
			}
		}
		for t := range catalog.Tiers {
			class.fields[t] = slices.DeleteFunc(sets[i].Tier(t), func(f dcgm.FieldID) bool {
				_, refused := class.refused[f]
				return refused
			})
		}
		class.forgetChoices(unknown)
		class.clearValues()
		c.classes = append(c.classes, class)
	}
}

// at returns what has a number now, nil if nothing that is configured has.
func (c *roster) at(entity dcgm.Entity) *gpu {
	for _, some := range [][]*gpu{c.gpus, c.parts, c.switches, c.devices} {
		if i := slices.IndexFunc(some, func(g *gpu) bool { return g.entity() == entity }); i >= 0 {
			return some[i]
		}
	}
	return nil
}

// clearValues says of every field that is not watched that it has no value, or never will, and of those that are
// that they have none yet. What has a value keeps it.
func (s *class) clearValues() {
	watched := map[dcgm.FieldID]bool{}
	for _, fields := range s.fields {
		for _, field := range fields {
			watched[field] = true
		}
	}
	for _, g := range s.gpus {
		for slot := range s.layout.Slots() {
			field, sample := s.layout.Field(slot), g.values.At(slot)
			switch {
			case watched[field] && sample.TS > 0 && sample.Reason == dcgm.OK:
			case watched[field] || s.mayCome(g, field):
				g.values.Drop(slot, dcgm.Blank)
			default:
				g.values.Drop(slot, dcgm.NotSupported)
			}
		}
	}
}

// mayCome tells of a field that is not watched whether it is missing because of an error, so that the next plan may
// have it.
func (s *class) mayCome(g *gpu, field dcgm.FieldID) bool {
	if s.gpm[field] && !g.known.GPM() {
		return false
	}
	return s.refused[field] || g.profilingUnknown && dcgm.IsProfiling(field)
}

// profile asks which profiling fields the GPU has, if any series needs some.
func (c *watcher) profile(ctx context.Context, g *gpu) error {
	g.profiled = map[dcgm.FieldID]bool{}
	if !c.profiling {
		return nil
	}
	fields, err := c.extras.ProfilingFields(ctx, g.entity())
	if lost(err) {
		return fail(selftelemetry.KindEnumerate, err)
	}
	c.noteProfiling(g, err)
	for _, field := range fields {
		g.profiled[field] = true
	}
	return nil
}

// noteProfiling reports a GPU whose profiling could not be asked for. That is the trouble of
// one GPU: it goes without until the next plan.
func (c *watcher) noteProfiling(g *gpu, err error) {
	if err != nil {
		c.incomplete = true
		c.self.IncError(selftelemetry.KindEnumerate)
	}
	if err != nil && !g.profilingUnknown {
		c.logger.Warn("GPU does not tell what profiling it has, asking again", zap.String("hw.id", g.known.ID), zap.Duration("in", c.holder.Pause()), zap.Error(err))
	}
	g.profilingUnknown = err != nil
}
