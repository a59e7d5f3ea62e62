// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"slices"
	"time"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Watches for events keep their history at least that long, and longer than any pause between two collections.
const (
	eventPeriod  = time.Second
	eventKeepAge = 10 * time.Minute
)

// watchClass watches the fields of every tier, profiling apart from the rest: it is refused as a whole where another
// client holds it or rights are missing, and is not halved with the rest then.
func (c *collector) watchClass(ctx context.Context, class *class) (err error) {
	if class.group, err = c.newGroup(ctx, class.entities); err != nil {
		return err
	}
	wanted := c.wanted(class.gpus[0])
	for t := range catalog.Tiers {
		for _, profiling := range []bool{false, true} {
			fields := c.Fields(t, func(f dcgm.FieldID) bool { return wanted(f) && dcgm.IsProfiling(f) == profiling })
			if err := c.watchFields(ctx, class, t, fields); err != nil {
				return fail(kindWatch, err)
			}
		}
	}
	return c.watchEvents(ctx, class)
}

func (c *collector) watchFields(ctx context.Context, class *class, t catalog.Tier, fields []dcgm.FieldID) error {
	for part := range slices.Chunk(fields, dcgm.MaxFields) {
		refused, err := c.src.Watch(ctx, class.group, dcgm.Watch{Fields: part, Period: c.Periods[t], KeepSamples: 2})
		if err != nil {
			return err
		}
		c.noteRefused(refused)
		c.forgetChoices(class, idsOf(fieldsByKind(refused)[unknownField]))
		for _, r := range refused {
			class.refused[r.Field] = kindOfRefusal(r) != unknownField
		}
		out := idsOf(refused)
		class.fields[t] = append(class.fields[t], slices.DeleteFunc(slices.Clone(part), func(f dcgm.FieldID) bool { return slices.Contains(out, f) })...)
	}
	return nil
}

// forgetChoices leaves sources that need a field which this host engine does not know, as
// after its downgrade, to those that have what it knows.
func (c *collector) forgetChoices(class *class, unknown []dcgm.FieldID) {
	if len(unknown) == 0 {
		return
	}
	for _, g := range class.gpus {
		for i := range c.Rows {
			state := &g.states[i]
			if state.chosen > 0 && c.Rows[i].Sources[state.chosen-1].NeedsAny(unknown) {
				*state = seriesState{}
			}
		}
		g.fallbacks = c.fallbacksOf(g)
	}
}

func (c *collector) watchEvents(ctx context.Context, class *class) error {
	if !c.enabled[metricThrottleEvents.Name] {
		return nil
	}
	watch := dcgm.Watch{Fields: []dcgm.FieldID{catalog.FieldClocksEventReasons}, Period: min(eventPeriod, c.Periods[catalog.Normal]), KeepAge: max(eventKeepAge, 2*c.Periods[catalog.Normal])}
	refused, err := c.src.Watch(ctx, class.group, watch)
	if err != nil {
		return fail(kindWatch, err)
	}
	c.noteRefused(refused)
	if len(refused) == 0 {
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
