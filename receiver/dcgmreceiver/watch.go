// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/watching"
)

// Watches for events keep their history at least that long, and longer than any pause between two collections.
const (
	eventPeriod  = time.Second
	sxidPeriod   = 30 * time.Second // that of the host engine's own looks, so that it repeats a code no sooner
	eventKeepAge = 10 * time.Minute
)

const fieldClocksEventReasons dcgm.FieldID = 112

// needsOf are what layouts need of their entities. A UUID alone is not worth a watch.
func needsOf(layouts map[dcgm.EntityKind]*catalog.Layout) map[dcgm.EntityKind]watching.Needs {
	all := map[dcgm.EntityKind]watching.Needs{}
	for kind, l := range layouts {
		needs := watching.Needs{GPMOnly: l.GPMOnly()}
		for slot := range l.Slots() {
			needs.Fields = append(needs.Fields, catalog.Need{Field: l.Field(slot), Tier: l.SlotTier(slot)})
		}
		if kind == dcgm.GPU || len(l.Rows) > 0 {
			all[kind] = needs
		}
	}
	return all
}

func watchSettings(clockEvents bool, pace *catalog.Pace) watching.Settings {
	s := watching.Settings{Periods: pace.Periods, Identity: map[dcgm.EntityKind][]dcgm.FieldID{
		dcgm.GPU: inventory.Fields, dcgm.GPUInstance: inventory.InstanceFields, dcgm.ComputeInstance: inventory.InstanceFields,
		dcgm.Switch: inventory.SwitchFields,
	}}
	if clockEvents {
		normal := pace.Periods[catalog.Normal]
		s.Events = []watching.Event{{Field: fieldClocksEventReasons, Kinds: catalog.KindsOf(dcgm.GPU), Period: min(eventPeriod, normal), KeepAge: max(eventKeepAge, 2*normal)}}
	}
	return s
}

// watchIdentities has the identities of all GPUs sampled, fast or as seldom as they change. That of the UUID becomes
// faster with its own tier.
func (c *watcher) watchIdentities(ctx context.Context, fast bool) error {
	c.identitiesAreFast = fast
	if c.frugal {
		return nil // They are among everything else.
	}
	problems, err := c.holder.Add(ctx, c.watches.Identities(c.active, fast))
	if err != nil {
		return fail(kindWatch, err)
	}
	c.note(problems)
	return nil
}

// reconcile has the host engine hold what some sets need. Where it has too few groups of fields from the start, as few
// as are possible take their place until it is asked again. What it holds already is not given away for that.
func (c *watcher) reconcile(ctx context.Context, sets []watching.Set, events []watching.Want, now time.Time) error {
	c.ungrouped = nil
	nothingToLose := c.frugal || !c.holder.Holds(watching.Values)
	if c.frugal = c.frugal && !c.holder.Due(now); !c.frugal {
		wants := watching.InOrder(slices.Concat(c.watches.Identities(c.active, false), c.watches.Wants(sets), events))
		problems, err := c.holder.Reconcile(ctx, wants, now)
		if err != nil {
			return fail(kindWatch, err)
		}
		c.frugal = nothingToLose && slices.ContainsFunc(problems, isBeyondGroups)
		c.note(problems)
	}
	if c.frugal {
		problems, err := c.holder.Reconcile(ctx, watching.InOrder(append(c.watches.Frugal(sets), events...)), now)
		if err != nil {
			return fail(kindWatch, err)
		}
		c.note(problems)
	}
	c.noteHeld()
	c.holder.Postpone(now)
	return nil
}

// isBeyondGroups reports whether the host engine has too few groups for a field of GPUs, MIG instances or NVSwitches. The others come last, and
// change nothing for these.
func isBeyondGroups(p watching.Problem) bool {
	return slices.ContainsFunc(p.Fields, func(r dcgm.Refusal) bool {
		return watching.KindOf(r) == watching.BeyondGroups && catalog.LevelOf(r.Field)&catalog.KindsOf(kinds...) != 0
	})
}

// noteHeld notes what the host engine does not hold in the end.
func (c *watcher) noteHeld() {
	c.refused = map[dcgm.FieldID]watching.Refusal{}
	beyond := 0
	for field, r := range c.holder.Refused(c.entities) {
		c.refused[field] = watching.KindOf(r)
		c.incomplete = c.incomplete || c.refused[field] != watching.UnknownField
		beyond += int(boolToInt(c.refused[field] == watching.BeyondGroups))
	}
	c.noGroup = nil
	switch why := c.holder.Instead(); {
	case c.ungrouped != nil:
		c.noGroup = fmt.Errorf("%w of MIG instances or devices, see dcgmi group --list: some are not watched: %w", dcgm.ErrNoGroup, c.ungrouped)
	case why != nil:
		c.noGroup = fmt.Errorf("%w of GPUs, see dcgmi group --list: all GPUs are watched for what any of them needs: %w", dcgm.ErrNoGroup, why)
	case beyond > 0:
		c.noGroup = fmt.Errorf("%w of fields, see dcgmi fieldgroup --list: %d fields are not watched", dcgm.ErrNoGroup, beyond)
	case c.frugal:
		c.noGroup = fmt.Errorf("%w of fields, see dcgmi fieldgroup --list: all fields are sampled at the collection interval", dcgm.ErrNoGroup)
	default:
		return
	}
	c.incomplete = true
	c.noGroup = fail(kindWatch, c.noGroup)
	c.self.IncError(kindWatch)
}

// note counts and logs what the host engine has just refused.
func (c *watcher) note(problems []watching.Problem) {
	for _, p := range problems {
		if len(p.Entities) > 0 {
			c.incomplete = true
			c.logger.Warn("host engine does not take some GPUs, trying again", zap.Any("gpus", p.Entities), zap.Duration("in", c.holder.Pause()))
		}
		if p.NoGroup != nil && c.holder.Instead() == nil {
			c.ungrouped = p.NoGroup
		}
		c.noteRefused(p.Fields)
	}
}

// forgetChoices leaves sources that need a field which this host engine does not know, as
// after its downgrade, to those that have what it knows.
func (s *class) forgetChoices(unknown []dcgm.FieldID) {
	if len(unknown) == 0 {
		return
	}
	for _, g := range s.gpus {
		g.values.ForgetChoices(unknown)
	}
}

// countWatched counts the distinct fields that some GPU is watched for.
func (c *reader) countWatched() int64 {
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

// release frees all groups. They are gone anyhow where the connection is.
func (c *reader) release(ctx context.Context) error {
	c.planned, c.watched, c.classes = false, 0, nil
	if err := c.holder.Release(ctx); err != nil {
		return fail(kindWatch, err)
	}
	return nil
}
