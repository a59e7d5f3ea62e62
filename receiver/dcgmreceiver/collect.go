// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Metrics that are not in the table, because no conversion of fields gives them.
const (
	metricUp             = "gpu.up"
	metricInfo           = "gpu.info"
	metricStatus         = "hw.status"
	metricLinks          = "gpu.nvlink.links"
	metricThrottleEvents = "gpu.throttle.events"
	metricEngineMemory   = "dcgm.hostengine.memory.usage"
	metricEngineCPU      = "dcgm.hostengine.cpu.utilization"
)

// collector reads GPUs through one source at a time. What it knows of GPUs outlives sources.
type collector struct {
	*layout
	devices   *devices
	enabled   map[string]bool
	gpmFields map[dcgm.FieldID]bool // not wanted from a GPU without GPM
	maxSeries int
	logger    *zap.Logger
	self      selftelemetry.Receiver

	src     dcgm.Source  // nil while disconnected
	all     []dcgm.GPUID // the GPUs that the host engine has now
	listed  []dcgm.GPUID // those of them that it reads now
	planned bool         // what follows is what the host engine holds for us
	numbers []dcgm.GPUID // the GPUs of the plan
	active  []dcgm.GPUID // those of them that were read when it was made
	groups  []*dcgm.Group
	classes []*class
	leftOut map[dcgm.FieldID]bool // fields that the host engine does not know
	plans   int64
	watched int64 // distinct fields

	incomplete  bool // the plan lacks something and is made anew at replanAt
	overdue     bool // some field that is watched was stale at the last collection, and the same
	replanAt    time.Time
	replanPause time.Duration

	known  map[string]*gpu // by UUID
	gpus   []*gpu          // those that are there and configured
	absent []string        // devices that are configured and not there
	gone   []*gpu          // those that were there before and are not now

	due   [tiers]time.Time
	since time.Time // the begin of the connection: events before it are not counted
	buf   []dcgm.Sample
	used  *usage
	tally tally
}

// usage is what the host engine consumed at an instant.
type usage struct {
	dcgm.Usage
	at time.Time
}

func newCollector(cfg *Config, devices *devices, logger *zap.Logger, self selftelemetry.Receiver) *collector {
	enabled := enabledMetrics(cfg.MetricsBuilderConfig.Metrics)
	l := newLayout(table, enabled, cfg.CollectionInterval, cfg.StaleAfter)
	return &collector{
		layout:    l,
		devices:   devices,
		enabled:   enabled,
		gpmFields: l.gpmOnly(),
		maxSeries: cfg.MaxSeries,
		logger:    logger,
		self:      self,
		known:     map[string]*gpu{},
		leftOut:   map[dcgm.FieldID]bool{},
	}
}

// attach begins to use a source. Nothing is planned on it yet.
func (c *collector) attach(src dcgm.Source, now time.Time) {
	c.src = src
	c.planned, c.groups, c.classes, c.numbers = false, nil, nil, nil
	c.replanPause = firstReplan
	c.since = now
}

// detach stops using a source whose connection is gone, and with it all groups and watches.
// Nothing that came through it is emitted again.
func (c *collector) detach() {
	c.src = nil
	c.planned, c.groups, c.classes, c.watched = false, nil, nil, 0
	c.used = nil
	for _, g := range c.gpus {
		g.forget()
	}
}

// prepare makes the plan fit the GPUs that are there now.
func (c *collector) prepare(ctx context.Context, now time.Time) error {
	gpus, err := c.src.GPUs(ctx)
	if err != nil {
		return fail(selftelemetry.KindEnumerate, err)
	}
	c.all, c.listed = gpus.All, gpus.Supported
	retry := (c.incomplete || c.overdue) && now.After(c.replanAt)
	if c.planned && !retry && within(c.all, c.numbers) && within(c.listed, c.active) {
		return nil
	}
	return c.plan(ctx, now)
}

// within reports whether the plan has all of these GPUs. One that has left stays in the plan,
// so that nothing changes for the others and it is read again when it is back.
func within(gpus, plan []dcgm.GPUID) bool {
	return !slices.ContainsFunc(gpus, func(number dcgm.GPUID) bool { return !slices.Contains(plan, number) })
}

// collect brings all that is known up to date. Where another GPU has come under a number, it
// is done once more on a new plan.
func (c *collector) collect(ctx context.Context, now time.Time) error {
	for range 2 {
		if err := c.prepare(ctx, now); err != nil {
			return err
		}
		if err := c.read(ctx, now); err != nil || c.planned {
			return err
		}
	}
	return nil
}

// dropStrangers reports whether the values under some number are of another GPU than the plan
// has there, and drops them. The plan is void then.
func (c *collector) dropStrangers() bool {
	found := false
	slot := c.slots[fieldUUID]
	for _, class := range c.classes {
		for _, g := range class.gpus {
			if s := &g.sheet[slot]; s.Reason == dcgm.OK && s.Text() != g.id {
				g.forget()
				found = true
			}
		}
	}
	c.planned = c.planned && !found
	return found
}

// read brings the sheets up to date, tier by tier as each is due.
func (c *collector) read(ctx context.Context, now time.Time) error {
	c.overdue = false
	if err := c.readNormal(ctx, now); err != nil || c.dropStrangers() {
		return err
	}
	for _, g := range c.gpus {
		if err := c.checkStatus(ctx, g); err != nil {
			return err
		}
	}
	if err := c.readEvents(ctx); err != nil {
		return err
	}
	if c.isDue(slow, now) {
		if err := c.readSlow(ctx, now); err != nil {
			return err
		}
	}
	if c.isDue(static, now) {
		return c.identifyAgain(ctx)
	}
	return nil
}

// identifyAgain plans anew at the next collection if another GPU has come under a number.
func (c *collector) identifyAgain(ctx context.Context) error {
	before := c.gpus
	err := c.identify(ctx)
	c.planned = c.planned && slices.Equal(before, c.gpus)
	return err
}

// isDue says whether a tier is to be read now, and notes when it will be next. Ticks are a
// little early or late, so half an interval does not count.
func (c *collector) isDue(t tier, now time.Time) bool {
	if now.Before(c.due[t]) {
		return false
	}
	c.due[t] = now.Add(c.periods[t] - c.periods[normal]/2)
	return true
}

// readNormal leaves out the fields that nothing is made of, but for a look now and then: a
// driver may begin to support one.
func (c *collector) readNormal(ctx context.Context, now time.Time) error {
	for _, class := range c.classes {
		for _, g := range class.gpus {
			g.fresh = 0
		}
		fields := class.live
		if fields == nil || !now.Before(c.due[slow]) {
			fields = class.fields[normal]
		}
		if err := c.readFields(ctx, class, fields, now); err != nil {
			return err
		}
	}
	return nil
}

func (c *collector) readFields(ctx context.Context, class *class, fields []dcgm.FieldID, now time.Time) error {
	samples, err := c.src.Read(ctx, class.numbers, fields, c.buf)
	c.buf = samples
	if err != nil {
		return fail(selftelemetry.KindRead, err)
	}
	c.scatter(class, samples, now.UnixMicro())
	return nil
}

// scatter puts samples on the sheets of their GPUs. They come GPU by GPU. What was not asked
// for is dropped.
func (c *collector) scatter(class *class, samples []dcgm.Sample, now int64) {
	g := class.gpus[0]
	for i := range samples {
		s := &samples[i]
		if uint32(g.number) != s.Entity {
			at := slices.Index(class.numbers, dcgm.GPUID(s.Entity))
			if at < 0 {
				c.tally.drop(dcgm.Status)
				continue
			}
			g = class.gpus[at]
		}
		slot, needed := c.slots[s.Field]
		if !needed {
			c.tally.drop(dcgm.Status)
			continue
		}
		g.sheet[slot] = *s
		if s.Reason != dcgm.OK {
			continue
		}
		stale := now-s.TS > c.limits[slot]
		c.overdue = c.overdue || stale
		if !stale && c.tierOf[slot] == normal && s.Field != fieldUUID {
			g.fresh++
			g.spoken = true
		}
	}
}

// readEvents counts what happened to the clocks since the last collection. A group whose
// events cannot be read, as when one of its GPUs has lost its watch, goes without them until
// the next plan.
func (c *collector) readEvents(ctx context.Context) error {
	for _, class := range c.classes {
		if class.events < 0 {
			continue
		}
		err := c.readEventsOf(ctx, class)
		if lost(err) {
			return fail(selftelemetry.KindRead, err)
		}
		if err != nil {
			c.incomplete = true
			c.self.IncError(selftelemetry.KindRead)
		}
		if err != nil && !class.deaf {
			c.logger.Warn("events of some GPUs cannot be read, trying again with new watches", zap.Any("gpus", class.numbers), zap.Error(err))
		}
		class.deaf = err != nil
	}
	return nil
}

func (c *collector) readEventsOf(ctx context.Context, class *class) error {
	samples, until, err := c.src.ReadSince(ctx, class.group, class.events, class.since)
	if err != nil {
		return err
	}
	class.since = until
	for _, s := range samples {
		if i := slices.Index(class.numbers, dcgm.GPUID(s.Entity)); i >= 0 && s.Field == fieldClocksEventReasons {
			class.gpus[i].throttle.observe(s)
		}
	}
	return nil
}

// readSlow reads what changes with faults and settings. Links and the engine's usage are
// extras: where the engine refuses them, their metrics are absent.
func (c *collector) readSlow(ctx context.Context, now time.Time) error {
	for _, class := range c.classes {
		class.live = c.liveFields(class)
		if err := c.readFields(ctx, class, class.fields[slow], now); err != nil {
			return err
		}
	}
	if c.enabled[metricLinks] {
		links, err := c.src.Links(ctx)
		if lost(err) {
			return fail(selftelemetry.KindRead, err)
		}
		for _, g := range c.gpus {
			g.links = links[g.number]
		}
	}
	if c.enabled[metricEngineMemory] || c.enabled[metricEngineCPU] {
		used, err := c.src.Usage(ctx)
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
