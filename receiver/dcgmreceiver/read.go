// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/series"
)

// dropStrangers reports whether the values under some number are of another GPU than the plan
// has there, and drops them. The plan is void then. What can be no UUID, or is the UUID of another
// GPU of the plan, counts as blank.
func (c *reader) dropStrangers() bool {
	found := false
	for _, class := range c.classes {
		slot, told := class.layout.Slot(class.uuid())
		if !told {
			continue
		}
		for _, g := range class.gpus {
			found = c.dropStranger(g, slot) || found
		}
	}
	c.planned = c.planned && !found
	return found
}

// dropStranger takes no values of a MIG instance that does not tell whose they are: another one may have its number.
func (c *reader) dropStranger(g *gpu, slot int) bool {
	s := g.values.At(slot)
	switch c.node.Judge(g.known, s) {
	case inventory.Same:
		if s.Reason != dcgm.OK && isInstance(g.entity()) {
			g.forget()
		}
	case inventory.Dubious:
		g.values.Blank(slot)
		c.tally.Drop(series.Implausible)
	case inventory.Stranger:
		g.forget()
		c.holder.Doubt(g.entity())
		return true
	}
	return false
}

// read brings the values up to date, tier by tier as each is due.
func (c *collector) read(ctx context.Context, now time.Time) error {
	c.overdue = 0
	if err := c.readNormal(ctx, now); err != nil || c.dropStrangers() {
		return err
	}
	if c.noteSkew(); c.setBack {
		c.rewind()
	}
	if err := c.observe(ctx, now); err != nil {
		return err
	}
	if err := c.readEvents(ctx); err != nil {
		return err
	}
	if err := c.readXIDs(ctx); err != nil {
		return err
	}
	if c.isDue(catalog.Slow, now) {
		if err := c.readSlow(ctx, now); err != nil {
			return err
		}
	}
	if c.isDue(catalog.Static, now) {
		return c.identifyAgain(ctx, now)
	}
	return nil
}

// noteSkew logs once that the clocks differ. Ages are right all the same.
func (c *reader) noteSkew() {
	skewed, isNews := c.clock.Skewed(c.readAt)
	switch skew := zap.Duration("skew", c.clock.Skew(c.readAt)); {
	case !isNews:
	case skewed:
		c.logger.Warn("clocks of the Collector and the host engine differ, points carry the host engine's time", skew)
	default:
		c.logger.Info("clocks of the Collector and the host engine agree again", skew)
	}
}

// isDue says whether a tier is to be read now, and notes when it will be next. Ticks are a
// little early or late, so half an interval does not count.
func (c *reader) isDue(t catalog.Tier, now time.Time) bool {
	if now.Before(c.due[t]) {
		return false
	}
	c.due[t] = now.Add(c.Periods[t] - c.Periods[catalog.Normal]/2)
	return true
}

// liveFields returns the fields of the fastest tier that some entity of the class has a use for.
func (s *class) liveFields() []dcgm.FieldID {
	live := map[dcgm.FieldID]bool{s.uuid(): true}
	for _, g := range s.gpus {
		g.values.AddLive(live)
	}
	return slices.DeleteFunc(slices.Clone(s.fields[catalog.Normal]), func(f dcgm.FieldID) bool { return !live[f] })
}

// readNormal leaves out the fields that nothing is made of, but for a look now and then: a
// driver may begin to support one.
func (c *reader) readNormal(ctx context.Context, now time.Time) error {
	c.unread[catalog.Normal], c.setBack = map[dcgm.Entity]error{}, false
	for _, class := range c.classes {
		for _, g := range class.gpus {
			g.fresh = 0
		}
		fields := class.live
		if fields == nil || !now.Before(c.due[catalog.Slow]) {
			fields = class.fields[catalog.Normal]
		}
		if err := c.readFields(ctx, class, catalog.Normal, fields); err != nil {
			return err
		}
	}
	return nil
}

func (c *reader) readFields(ctx context.Context, class *class, t catalog.Tier, fields []dcgm.FieldID) error {
	if len(fields) == 0 {
		return nil
	}
	samples, unread, err := c.src.Read(ctx, class.entities, fields, c.buf)
	c.buf = samples
	if err != nil {
		return fail(selftelemetry.KindRead, err)
	}
	c.readAt = time.Now()
	news := c.scatter(class, samples)
	for i, entity := range class.entities {
		if unread[entity] != nil {
			class.forgetFields(class.gpus[i], fields)
		}
	}
	if t == catalog.Normal {
		c.clock.Seen(news, c.readAt, c.Periods[t])
		c.setBack = c.setBack || news.SetBack()
	}
	c.noteFresh(class, fields, c.clock.Now(c.readAt))
	maps.Copy(c.unread[t], c.listedOf(unread))
	return nil
}

// forgetFields drops values that could not be read again.
func (s *class) forgetFields(g *gpu, fields []dcgm.FieldID) {
	for _, field := range fields {
		if slot, needed := s.layout.Slot(field); needed {
			g.values.Drop(slot, dcgm.Status)
		}
	}
}

// listedOf keeps the GPUs that the host engine reads now: of the others it says so itself.
func (c *roster) listedOf(unread map[dcgm.Entity]error) map[dcgm.Entity]error {
	listed := map[dcgm.Entity]error{}
	for entity, why := range unread {
		if slices.Contains(c.listed, entity) {
			listed[entity] = why
		}
	}
	return listed
}

// unreadable returns an error that names the GPUs whose last read failed in any tier, nil if there is none.
func (c *reader) unreadable() error {
	all := map[dcgm.Entity]error{}
	for _, unread := range c.unread {
		maps.Copy(all, unread)
	}
	if len(all) == 0 {
		return nil
	}
	entities := slices.SortedFunc(maps.Keys(all), dcgm.Entity.Compare)
	if first := entities[0]; first.Kind != dcgm.GPU { // GPUs come first.
		return fail(selftelemetry.KindRead, fmt.Errorf("host engine does not read %s: %w", someOf(entities), all[first]))
	}
	gpus := ofKind(entities, dcgm.GPU)
	return fail(selftelemetry.KindRead, fmt.Errorf("host engine does not read GPUs %v: %w", numbersOf(gpus), all[gpus[0]]))
}

// numbersOf returns DCGM's numbers, as messages have them.
func numbersOf(gpus []dcgm.Entity) []uint32 {
	numbers := make([]uint32, len(gpus))
	for i, gpu := range gpus {
		numbers[i] = gpu.ID
	}
	return numbers
}

// scatter gives samples to their GPUs. They come GPU by GPU. What was not asked for is dropped.
func (c *reader) scatter(class *class, samples []dcgm.Sample) series.News {
	var news series.News
	g := class.gpus[0]
	for i := range samples {
		s := &samples[i]
		if g.entity() != s.Entity {
			at := slices.Index(class.entities, s.Entity)
			if at < 0 {
				c.tally.Drop(dcgm.Status)
				continue
			}
			g = class.gpus[at]
		}
		slot, needed := class.layout.Slot(s.Field)
		if !needed {
			c.tally.Drop(dcgm.Status)
			continue
		}
		news.Put(g.values, slot, *s)
	}
	return news
}

// noteFresh counts the values that fields have at the engine's time.
func (c *reader) noteFresh(class *class, fields []dcgm.FieldID, now int64) {
	for _, field := range fields {
		slot, _ := class.layout.Slot(field)
		for _, g := range class.gpus {
			s := g.values.At(slot)
			if s.Reason != dcgm.OK {
				continue
			}
			stale := now-s.TS > class.layout.SlotLimit(slot)
			if stale {
				c.overdue |= catalog.KindsOf(g.entity().Kind)
			}
			if !stale && class.layout.SlotTier(slot) == catalog.Normal && field != class.uuid() {
				g.fresh++
				g.sampled = true
			}
		}
	}
}

// readSlow reads what changes with settings and links. Links and the engine's usage are
// extras: where the engine refuses them, their metrics are absent.
func (c *reader) readSlow(ctx context.Context, now time.Time) error {
	c.unread[catalog.Slow] = map[dcgm.Entity]error{}
	for _, class := range c.classes {
		class.live = class.liveFields()
		if err := c.readFields(ctx, class, catalog.Slow, class.fields[catalog.Slow]); err != nil {
			return err
		}
	}
	c.unsupported = c.countUnsupported()
	if c.enabled[metricLinks.Name] || c.enabled[metricSwitchLinks.Name] && len(c.switches) > 0 {
		links, err := c.extras.Links(ctx)
		if lost(err) {
			return fail(selftelemetry.KindRead, err)
		}
		for _, g := range slices.Concat(c.gpus, c.switches) {
			g.links = links[g.entity()]
		}
	}
	if err := c.exporter.readPeers(ctx, c.extras); err != nil {
		return err
	}
	if c.enabled[metricEngineMemory.Name] || c.enabled[metricEngineCPU.Name] {
		used, err := c.extras.Usage(ctx)
		if lost(err) {
			return fail(selftelemetry.KindRead, err)
		}
		c.used = nil
		if err == nil {
			c.used = &usage{Usage: used, at: now}
		}
	}
	return nil
}

// countUnsupported counts the distinct fields that some GPU, its driver or the host engine does
// not have.
func (c *reader) countUnsupported() int64 {
	var n int64
	for slot := range c.Slots() {
		if slices.ContainsFunc(c.gpus, func(g *gpu) bool { return g.values.At(slot).Reason == dcgm.NotSupported }) {
			n++
		}
	}
	return n
}
