// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"slices"
	"time"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// watchIdentities makes a group of all GPUs for their identities.
func (c *collector) watchIdentities(ctx context.Context) (err error) {
	c.identitiesAreFast = false
	if c.identities, err = c.newGroup(ctx, c.active); err != nil {
		return err
	}
	return c.watchIdentity(ctx, c.identities, catalog.Static)
}

// watchIdentity watches identities at the pace of a tier. That of the UUID becomes faster with its own.
func (c *collector) watchIdentity(ctx context.Context, group *dcgm.Group, t catalog.Tier) error {
	watch := dcgm.Watch{Fields: identityFields, Period: c.Periods[t], KeepSamples: 1}
	refused, err := c.src.Watch(ctx, group, watch)
	if err != nil {
		return fail(kindWatch, err)
	}
	c.noteRefused(refused)
	return nil
}

// identify reads the identity of all GPUs and selects those to collect.
func (c *collector) identify(ctx context.Context) error {
	samples, unread, err := c.src.Read(ctx, c.entities, c.identityFieldsToRead(), nil)
	if err != nil {
		return fail(selftelemetry.KindEnumerate, err)
	}
	c.unread[catalog.Static] = c.listedOf(unread)
	byGPU := map[dcgm.Entity]map[dcgm.FieldID]dcgm.Sample{}
	for _, entity := range c.entities {
		byGPU[entity] = map[dcgm.FieldID]dcgm.Sample{}
	}
	for _, s := range samples {
		if of := byGPU[s.Entity]; of != nil {
			of[s.Field] = s
			continue
		}
		c.tally.drop(dcgm.Status) // It was not asked for.
	}
	c.dropImplausible(byGPU)
	c.dropDuplicates(byGPU)
	c.gpus = c.gpus[:0:0]
	for _, entity := range c.entities {
		if g := c.gpuOf(entity, byGPU[entity]); c.devices.has(entity, g.id) {
			c.gpus = append(c.gpus, g)
		}
	}
	c.absent = c.devices.absent(c.gpus)
	c.gone = c.gone[:0]
	for _, g := range c.known {
		if !slices.Contains(c.gpus, g) && c.devices.has(g.entity, g.id) {
			g.status, g.unlisted = dcgm.StatusUnknown, true // If it comes back, its counters begin anew.
			g.forget()
			c.gone = append(c.gone, g)
		}
	}
	return nil
}

// gpuOf finds a GPU by its UUID. One that does not tell it, as when it is lost, is the one
// that had its number, or goes by its number until it does.
func (c *collector) gpuOf(entity dcgm.Entity, samples map[dcgm.FieldID]dcgm.Sample) *gpu {
	id, what := identify(samples)
	if id.id == "" {
		c.incomplete = c.incomplete || slices.Contains(c.active, entity)
		if g := c.identified(entity); g != nil {
			return g
		}
		id.id = unidentified(entity)
	} else {
		delete(c.known, unidentified(entity))
	}
	g, known := c.known[id.id]
	if !known {
		g = &gpu{sheet: make([]dcgm.Sample, c.Slots()), states: make([]seriesState, len(c.Rows)), status: dcgm.StatusOK}
		g.name = unidentified(entity)
		c.known[id.id] = g
	}
	for _, other := range c.known {
		if other.entity == entity {
			other.entity = unassigned
		}
	}
	before := g.identity
	g.identity, g.facts = g.settle(id, entity, samples[fieldMinor].TS), what.or(g.facts)
	if g.attrs == nil || g.identity != before {
		g.attrs = g.newAttributes()
	}
	g.entity = entity
	g.nameless = g.id == unidentified(entity) && isLate(samples[fieldUUID]) ||
		g.model == "" && isLate(samples[fieldName]) || g.name == unidentified(entity) && isLate(samples[fieldMinor])
	return g
}

// isLate tells of a sample without a plausible value whether it may have one later.
func isLate(s dcgm.Sample) bool {
	return !conclusive(s.Reason) && (s.Reason != dcgm.OK || s.Type != 0)
}

// identifyAgain plans anew at the next collection if another GPU has come under a number. As long as a GPU
// that can be read does not tell what it goes by, identities are sampled and read with everything else.
func (c *collector) identifyAgain(ctx context.Context, now time.Time) error {
	before := c.gpus
	err := c.identify(ctx)
	c.planned = c.planned && slices.Equal(before, c.gpus)
	if err != nil || !c.planned || !slices.ContainsFunc(c.gpus, (*gpu).isNameless) {
		return err
	}
	c.due[catalog.Static] = now
	if c.identitiesAreFast {
		return nil
	}
	c.identitiesAreFast = true
	return c.watchIdentity(ctx, c.identities, catalog.Normal)
}

// shown are the GPUs to emit. One that can be read and does not tell yet what it goes by is left for a few
// collections, so that its series have one name.
func (c *collector) shown() []*gpu {
	if !slices.ContainsFunc(c.gpus, (*gpu).waitsForName) {
		return c.gpus
	}
	return slices.DeleteFunc(slices.Clone(c.gpus), (*gpu).waitsForName)
}
