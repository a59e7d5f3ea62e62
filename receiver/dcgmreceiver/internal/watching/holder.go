// SPDX-License-Identifier: Apache-2.0

package watching

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// spareGroups is how many more groups than the plan needs may be held, as after GPUs have come one by one, before all
// are rebuilt.
const spareGroups = 4

// Holder holds groups and watches at one host engine. It is not safe for concurrent use.
type Holder struct {
	door    dcgm.Watcher
	groups  []*held
	unknown map[dcgm.FieldID]dcgm.Refusal // fields that the host engine does not know

	Retry
}

// NewHolder returns a holder of nothing.
func NewHolder(door dcgm.Watcher) *Holder {
	return &Holder{door: door, unknown: map[dcgm.FieldID]dcgm.Refusal{}, Retry: Retry{pause: firstPause}}
}

// Problem is what a host engine has refused. It is no error of the whole.
type Problem struct {
	Entities []dcgm.Entity  // not taken into a group
	Fields   []dcgm.Refusal // not watched
	NoGroup  error          // no group of entities is left
}

// Reconcile brings what is held in line with what is wanted: it keeps what is both, removes what is not wanted or
// doubted, and adds the rest in the order in which it is wanted. An error is one of the whole connection.
func (h *Holder) Reconcile(ctx context.Context, wants []Want, now time.Time) ([]Problem, error) {
	if len(h.groups) > distinct(wants)+spareGroups {
		h.DoubtAll()
	}
	retry := h.Due(now)
	if err := h.remove(ctx, func(g *held) bool { return g.doubted || retry && g.instead != nil || !g.isWanted(wants) }); err != nil {
		return nil, err
	}
	return h.add(ctx, wants, retry)
}

// Add is Reconcile for a part of what is wanted: it leaves the rest as it is.
func (h *Holder) Add(ctx context.Context, wants []Want) ([]Problem, error) {
	return h.add(ctx, wants, false)
}

// RemoveDoubted frees the groups that are doubted.
func (h *Holder) RemoveDoubted(ctx context.Context) error {
	return h.remove(ctx, func(g *held) bool { return g.doubted })
}

func (h *Holder) add(ctx context.Context, wants []Want, retry bool) ([]Problem, error) {
	var problems []Problem
	for i := range wants {
		some, err := h.ensure(ctx, &wants[i], retry)
		problems = append(problems, some...)
		if err != nil {
			return problems, err
		}
	}
	return problems, nil
}

// Doubt has the groups of an entity rebuilt, as where it has lost its watches.
func (h *Holder) Doubt(entity dcgm.Entity) {
	for _, g := range h.groups {
		g.doubted = g.doubted || g.has(entity)
	}
}

// DoubtAll has all groups rebuilt.
func (h *Holder) DoubtAll() { h.DoubtKinds(^catalog.Kinds(0)) }

// DoubtKinds has the groups of entities of some kinds rebuilt.
func (h *Holder) DoubtKinds(kinds catalog.Kinds) {
	for _, g := range h.groups {
		g.doubted = g.doubted || kinds.Has(g.asked[0].Kind)
	}
}

// Release frees all groups.
func (h *Holder) Release(ctx context.Context) error {
	groups := h.groups
	h.groups = nil
	var errs []error
	for _, g := range groups {
		errs = appendNew(errs, h.door.Release(ctx, g.Group))
	}
	return errors.Join(errs...)
}

// appendNew appends an error that does not say what another one says already, as where all groups fail for one cause.
func appendNew(errs []error, err error) []error {
	if err == nil || slices.ContainsFunc(errs, func(other error) bool { return other.Error() == err.Error() }) {
		return errs
	}
	return append(errs, err)
}

// remove frees groups. What is refused when that is done is gone all the same, but for the connection.
func (h *Holder) remove(ctx context.Context, which func(*held) bool) error {
	var kept []*held
	var errs []error
	for _, g := range h.groups {
		if !which(g) {
			kept = append(kept, g)
			continue
		}
		errs = appendNew(errs, h.door.Release(ctx, g.Group))
	}
	h.groups = kept
	return ofConnection(errors.Join(errs...))
}

// ofConnection returns an error of the whole connection, nil for one of a single entity or field.
func ofConnection(err error) error {
	if errors.Is(err, dcgm.ErrDisconnected) || errors.Is(err, dcgm.ErrHung) || errors.Is(err, dcgm.ErrPanic) {
		return err
	}
	return nil
}

// distinct counts the sets of entities that wants name.
func distinct(wants []Want) int {
	sets := map[string]bool{}
	for i := range wants {
		sets[fmt.Sprint(wants[i].Entities)] = true
	}
	return len(sets)
}
