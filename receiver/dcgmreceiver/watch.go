// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Watches for events keep their history longer than any pause between two collections.
const (
	eventPeriod  = time.Second
	eventKeepAge = 10 * time.Minute
)

const fieldClocksEventReasons dcgm.FieldID = 112

// watchClass watches the fields of every tier. Profiling is watched apart from the rest: it
// fails as a whole where another client holds it or rights are missing, and the rest goes on.
func (c *collector) watchClass(ctx context.Context, class *class) (err error) {
	if class.group, err = c.newGroup(ctx, class.numbers); err != nil {
		return err
	}
	wanted := c.wanted(class.gpus[0])
	for t := range tiers {
		watch := dcgm.Watch{Period: c.periods[t], KeepSamples: 2}
		watch.Fields = c.fields(t, func(f dcgm.FieldID) bool { return wanted(f) && !dcgm.IsProfiling(f) })
		if err := c.watchFields(ctx, class, t, watch); err != nil {
			return fail(kindWatch, err)
		}
		watch.Fields = c.fields(t, func(f dcgm.FieldID) bool { return wanted(f) && dcgm.IsProfiling(f) })
		if err := c.watchFields(ctx, class, t, watch); lost(err) {
			return fail(kindWatch, err)
		} else if err != nil {
			class.refused = true
			c.profilingRefused(err)
		}
	}
	return c.watchEvents(ctx, class)
}

func (c *collector) watchFields(ctx context.Context, class *class, t tier, watch dcgm.Watch) error {
	for part := range slices.Chunk(watch.Fields, dcgm.MaxFields) {
		watch.Fields = part
		leftOut, err := c.src.Watch(ctx, class.group, watch)
		if err != nil {
			return err
		}
		c.noteLeftOut(leftOut)
		c.forgetChoices(class, leftOut)
		for _, field := range part {
			if !slices.Contains(leftOut, field) {
				class.fields[t] = append(class.fields[t], field)
			}
		}
	}
	return nil
}

// noteLeftOut says once of every field that the host engine does not know it.
func (c *collector) noteLeftOut(fields []dcgm.FieldID) {
	fields = slices.DeleteFunc(slices.Clone(fields), func(f dcgm.FieldID) bool { return c.leftOut[f] })
	if len(fields) == 0 {
		return
	}
	for _, field := range fields {
		c.leftOut[field] = true
	}
	c.logger.Info("host engine does not know some fields, other sources take their place where there are any", zap.Any("fields", fields))
}

// forgetChoices leaves sources that need a field which this host engine does not know, as
// after its downgrade, to those that have what it knows.
func (c *collector) forgetChoices(class *class, unknown []dcgm.FieldID) {
	if len(unknown) == 0 {
		return
	}
	for _, g := range class.gpus {
		for i := range c.rows {
			state := &g.states[i]
			if state.chosen > 0 && c.rows[i].sources[state.chosen-1].needsAny(unknown) {
				*state = seriesState{}
			}
		}
		g.fallbacks = c.fallbacksOf(g)
	}
}

// profilingRefused reports profiling that is there but cannot be watched now.
func (c *collector) profilingRefused(err error) {
	c.incomplete = true
	c.self.IncError(kindWatch)
	if c.plans == 0 {
		c.logger.Warn("profiling cannot be watched, its metrics are absent; it needs root or NVreg_RestrictProfilingToAdminUsers=0 at the host engine, and no other profiler on GPUs before Hopper",
			zap.Duration("retry", c.replanPause), zap.Error(err))
	}
}

func (c *collector) watchEvents(ctx context.Context, class *class) error {
	if !c.enabled[metricThrottleEvents] {
		return nil
	}
	watch := dcgm.Watch{Fields: []dcgm.FieldID{fieldClocksEventReasons}, Period: min(eventPeriod, c.periods[normal]), KeepAge: eventKeepAge}
	leftOut, err := c.src.Watch(ctx, class.group, watch)
	if err != nil {
		return fail(kindWatch, err)
	}
	if len(leftOut) == 0 {
		class.events, class.since = class.group.Watches()-1, c.since
	}
	return nil
}

// countWatched counts the distinct fields that some GPU is watched for.
func (c *collector) countWatched() int64 {
	fields := map[dcgm.FieldID]bool{}
	for _, class := range c.classes {
		for _, part := range class.fields {
			for _, field := range part {
				fields[field] = true
			}
		}
	}
	return int64(len(fields))
}
