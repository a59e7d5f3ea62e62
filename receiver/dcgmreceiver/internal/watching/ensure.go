// SPDX-License-Identifier: Apache-2.0

package watching

import (
	"context"
	"slices"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// ensure adds a watch for the entities that have none, and asks again for what was refused of those that have one.
func (h *Holder) ensure(ctx context.Context, want *Want, retry bool) ([]Problem, error) {
	without := slices.Clone(want.Entities)
	var problems []Problem
	for _, g := range h.groups {
		for _, w := range g.watches {
			if !w.is(want) {
				continue
			}
			without = slices.DeleteFunc(without, g.has)
			if retry {
				some, err := h.again(ctx, w)
				if problems = append(problems, some...); err != nil {
					return problems, err
				}
			}
		}
	}
	if len(without) == 0 {
		return problems, nil
	}
	g, some, err := h.groupOf(ctx, without)
	problems = append(problems, some...)
	if err != nil || g == nil {
		return problems, err
	}
	some, err = h.watch(ctx, g, Want{Watch: want.Watch, Purpose: want.Purpose, Entities: without})
	return append(problems, some...), err
}

// groupOf returns the group of some entities, and makes it where there is none; nil if the host engine takes none of
// them.
func (h *Holder) groupOf(ctx context.Context, entities []dcgm.Entity) (*held, []Problem, error) {
	if i := slices.IndexFunc(h.groups, func(g *held) bool { return slices.Equal(g.asked, entities) }); i >= 0 {
		return h.groups[i], nil, nil
	}
	group, refused, err := h.door.Group(ctx, entities)
	if err != nil {
		return h.everything(ctx, entities, err)
	}
	g := &held{Group: group, asked: entities, entities: entities}
	var problems []Problem
	if len(refused) > 0 {
		g.entities = slices.DeleteFunc(slices.Clone(entities), func(e dcgm.Entity) bool { return slices.Contains(refused, e) })
		problems = append(problems, Problem{Entities: refused})
	}
	if len(g.entities) == 0 {
		return nil, problems, ofConnection(h.door.Release(ctx, group))
	}
	h.groups = append(h.groups, g)
	return g, problems, nil
}

// everything takes DCGM's own group of all GPUs where the host engine has none left. Other entities go without.
func (h *Holder) everything(ctx context.Context, entities []dcgm.Entity, why error) (*held, []Problem, error) {
	if err := ofConnection(why); err != nil {
		return nil, nil, err
	}
	problems := []Problem{{NoGroup: why}}
	if entities[0].Kind != dcgm.GPU {
		return nil, problems, nil
	}
	group, err := h.door.Everything(ctx)
	if err != nil {
		return nil, problems, err
	}
	g := &held{Group: group, asked: entities, entities: entities, instead: why}
	h.groups = append(h.groups, g)
	return g, problems, nil
}

func (h *Holder) watch(ctx context.Context, g *held, want Want) ([]Problem, error) {
	w := &Held{Want: want, Refused: map[dcgm.FieldID]dcgm.Refusal{}, group: g}
	g.watches = append(g.watches, w)
	return h.ask(ctx, w, want.Watch)
}

// again asks for what was refused and may be taken now.
func (h *Holder) again(ctx context.Context, w *Held) ([]Problem, error) {
	watch := w.Watch
	watch.Fields = slices.DeleteFunc(slices.Clone(w.Fields), func(f dcgm.FieldID) bool {
		r, refused := w.Refused[f]
		return !refused || KindOf(r) == UnknownField
	})
	if len(watch.Fields) == 0 {
		return nil, nil
	}
	return h.ask(ctx, w, watch)
}

// known leaves out the fields that the host engine is known not to know, which are refused without a call.
func (h *Holder) known(w *Held, fields []dcgm.FieldID) []dcgm.FieldID {
	return slices.DeleteFunc(slices.Clone(fields), func(f dcgm.FieldID) bool {
		r, unknown := h.unknown[f]
		if unknown {
			w.Refused[f] = r
		}
		return unknown
	})
}

// ask has the host engine watch some fields of a watch, and notes what it refuses.
func (h *Holder) ask(ctx context.Context, w *Held, watch dcgm.Watch) ([]Problem, error) {
	watch.Fields = h.known(w, watch.Fields)
	if len(watch.Fields) == 0 {
		return nil, nil
	}
	refused, err := h.door.Watch(ctx, w.group.Group, watch)
	if err != nil {
		return nil, err
	}
	w.index = w.group.Watches() - 1
	for _, field := range watch.Fields {
		delete(w.Refused, field)
	}
	for _, r := range refused {
		w.Refused[r.Field] = r
		if KindOf(r) == UnknownField {
			h.unknown[r.Field] = r
		}
	}
	if len(refused) == 0 {
		return nil, nil
	}
	return []Problem{{Fields: refused}}, nil
}
