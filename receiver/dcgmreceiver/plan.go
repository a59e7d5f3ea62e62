// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// A plan that lacks something is made anew: a GPU that could not be identified or watched,
// profiling that another client holds, a watch that another client ended. The pause before
// that doubles from firstReplan to lastReplan, since a new plan interrupts rates for a moment.
const (
	firstReplan = time.Minute
	lastReplan  = time.Hour
)

// class is a set of GPUs that have the same fields, with their group at the host engine.
type class struct {
	gpus         []*gpu
	entities     []dcgm.Entity
	group        *dcgm.Group
	fields       [catalog.Tiers][]dcgm.FieldID // watched
	live         []dcgm.FieldID                // those of the fastest tier that give values in use; nil while that is open
	events       int                           // number of the group's watch for events; -1 if there is none
	since        time.Time                     // events were read up to here
	eventsFailed bool                          // events could not be read at the last collection
	refused      map[dcgm.FieldID]bool         // could not be watched
}

// plan identifies the GPUs, makes a group for every class of them and watches what their
// series need. What it cannot have for one GPU is left for the next plan; what fails as a
// whole is an error, and nothing is left behind at the host engine.
func (c *collector) plan(ctx context.Context, now time.Time) error {
	if err := c.release(ctx); lost(err) {
		return err
	}
	c.incomplete, c.noGroup = false, nil
	clear(c.refused)
	if err := c.choosePlanned(ctx); err != nil {
		return err
	}
	if err := c.watchAll(ctx, now); err != nil {
		return errors.Join(err, c.release(ctx))
	}
	c.watched = c.countWatched()
	c.planned, c.replanAt = true, now.Add(c.replanPause)
	c.replanPause = min(2*c.replanPause, lastReplan)
	c.due = [catalog.Tiers]time.Time{}
	c.plans++
	return nil
}

// choosePlanned takes all GPUs that the host engine has into the plan, and those of the last
// plan of which it still tells a status.
func (c *collector) choosePlanned(ctx context.Context) error {
	entities := slices.Clone(c.all)
	for _, entity := range c.entities {
		if slices.Contains(c.all, entity) {
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
	c.entities, c.active = entities, c.listed
	return nil
}

func (c *collector) watchAll(ctx context.Context, now time.Time) error {
	if len(c.active) > 0 {
		if err := c.watchIdentities(ctx); err != nil {
			return err
		}
	}
	if err := c.identify(ctx, now); err != nil {
		return err
	}
	if err := c.classify(ctx); err != nil {
		return err
	}
	for _, class := range c.classes {
		if err := c.watchClass(ctx, class); err != nil {
			return err
		}
		c.clearSheets(class)
	}
	return nil
}

// clearSheets says of every field that it has no value yet, or never will.
func (c *collector) clearSheets(class *class) {
	for _, g := range class.gpus {
		for slot := range c.Slots() {
			g.sheet[slot] = dcgm.Sample{Reason: dcgm.NotSupported}
			if c.mayCome(class, g, c.Field(slot)) {
				g.sheet[slot].Reason = dcgm.Blank
			}
		}
		for _, fields := range class.fields {
			for _, field := range fields {
				slot, _ := c.Slot(field)
				g.sheet[slot].Reason = dcgm.Blank
			}
		}
	}
}

// mayCome tells of a field that is not watched whether it is missing because of an error, so that the next plan may
// have it.
func (c *collector) mayCome(class *class, g *gpu, field dcgm.FieldID) bool {
	if c.gpmFields[field] && !g.known.GPM() {
		return false
	}
	return class.refused[field] || g.unasked && dcgm.IsProfiling(field)
}

// release frees all groups. They are gone anyhow where the connection is.
func (c *collector) release(ctx context.Context) error {
	c.planned, c.watched = false, 0
	groups := c.groups
	c.groups, c.classes = nil, nil
	var errs []error
	for _, group := range groups {
		if err := c.src.Release(ctx, group); err != nil {
			errs = append(errs, fail(kindWatch, err))
		}
	}
	return errors.Join(errs...)
}

// newGroup makes a group, or takes DCGM's own one of all GPUs where the host engine has none left.
func (c *collector) newGroup(ctx context.Context, entities []dcgm.Entity) (*dcgm.Group, error) {
	group, refused, err := c.src.Group(ctx, entities)
	if err != nil && !lost(err) {
		c.noteNoGroup(fmt.Errorf("%w of GPUs, see dcgmi group --list: all GPUs are watched for what any of them needs: %w", dcgm.ErrNoGroup, err))
		group, err = c.src.Everything(ctx)
	}
	if err != nil {
		return nil, fail(kindWatch, err)
	}
	c.groups = append(c.groups, group)
	if len(refused) > 0 {
		c.incomplete = true
		c.logger.Warn("host engine does not take some GPUs, trying again", zap.Any("gpus", refused), zap.Duration("in", c.replanPause))
	}
	return group, nil
}

// noteNoGroup keeps the first reason for which the host engine has too few groups.
func (c *collector) noteNoGroup(err error) {
	c.incomplete = true
	if c.noGroup == nil {
		c.self.IncError(kindWatch)
		c.noGroup = fail(kindWatch, err)
	}
}

// classify sorts the GPUs that can be read by the fields that they have. The others have no
// values.
func (c *collector) classify(ctx context.Context) error {
	byFields := map[string]*class{}
	for _, g := range c.gpus {
		if !slices.Contains(c.active, g.entity()) {
			g.fresh = 0
			g.forget()
			continue
		}
		if err := c.profile(ctx, g); err != nil {
			return err
		}
		key := fmt.Sprint(g.known.GPM(), c.Fields(catalog.Normal, c.wanted(g)), c.Fields(catalog.Slow, c.wanted(g)))
		if byFields[key] == nil {
			byFields[key] = &class{events: -1, refused: map[dcgm.FieldID]bool{}}
		}
		byFields[key].gpus = append(byFields[key].gpus, g)
		byFields[key].entities = append(byFields[key].entities, g.entity())
	}
	for _, class := range byFields {
		c.classes = append(c.classes, class)
	}
	slices.SortFunc(c.classes, func(a, b *class) int { return a.entities[0].Compare(b.entities[0]) })
	return nil
}

// profile asks which profiling fields the GPU has, if any series needs some.
func (c *collector) profile(ctx context.Context, g *gpu) error {
	g.profiled = map[dcgm.FieldID]bool{}
	if !c.profiling {
		return nil
	}
	fields, err := c.src.ProfilingFields(ctx, g.entity())
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
func (c *collector) noteProfiling(g *gpu, err error) {
	if err != nil {
		c.incomplete = true
		c.self.IncError(selftelemetry.KindEnumerate)
	}
	if err != nil && !g.unasked {
		c.logger.Warn("GPU does not tell what profiling it has, asking again", zap.String("hw.id", g.known.ID), zap.Duration("in", c.replanPause), zap.Error(err))
	}
	g.unasked = err != nil
}

// wanted tells which of the needed fields are watched on a GPU.
func (c *collector) wanted(g *gpu) func(dcgm.FieldID) bool {
	return func(field dcgm.FieldID) bool {
		if !dcgm.IsProfiling(field) {
			return true
		}
		return g.profiled[field] && (g.known.GPM() || !c.gpmFields[field])
	}
}
