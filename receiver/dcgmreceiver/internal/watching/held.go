// SPDX-License-Identifier: Apache-2.0

package watching

import (
	"context"
	"slices"
	"time"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Held is a watch that a host engine holds.
type Held struct {
	Want
	Refused map[dcgm.FieldID]dcgm.Refusal

	group *held
	index int // of the watch in its group
}

// held is a group that a host engine holds, and its watches.
type held struct {
	*dcgm.Group

	asked    []dcgm.Entity
	entities []dcgm.Entity // those of them that the host engine took
	watches  []*Held
	doubted  bool
	instead  error // why this is DCGM's own group of all GPUs
}

func (g *held) has(e dcgm.Entity) bool { return slices.Contains(g.entities, e) }

// isWanted reports whether the watches of the group are wanted of some of its entities. That for identities may be
// faster than what is wanted, and costs too little to interrupt the others.
func (g *held) isWanted(wants []Want) bool {
	return len(g.watches) > 0 && !slices.ContainsFunc(g.watches, func(w *Held) bool {
		return !slices.ContainsFunc(wants, func(want Want) bool {
			same := w.is(&want) || w.Purpose == Identity && want.Purpose == Identity
			return same && slices.ContainsFunc(want.Entities, g.has)
		})
	})
}

// is reports whether two watches are the same but for their entities.
func (w *Want) is(other *Want) bool {
	return w.Purpose == other.Purpose && w.Period == other.Period && w.KeepAge == other.KeepAge && w.KeepSamples == other.KeepSamples && slices.Equal(w.Fields, other.Fields)
}

// Refused returns what is not watched of some entities for any purpose, by field.
func (h *Holder) Refused(of []dcgm.Entity) map[dcgm.FieldID]dcgm.Refusal {
	out := map[dcgm.FieldID]dcgm.Refusal{}
	for _, g := range h.groups {
		if slices.ContainsFunc(of, g.has) {
			g.addRefused(out)
		}
	}
	return out
}

func (g *held) addRefused(out map[dcgm.FieldID]dcgm.Refusal) {
	watched := map[dcgm.FieldID]bool{}
	for _, w := range g.watches {
		for _, field := range w.Fields {
			_, refused := w.Refused[field]
			watched[field] = watched[field] || !refused
		}
	}
	for _, w := range g.watches {
		for field, r := range w.Refused {
			if !watched[field] {
				out[field] = r
			}
		}
	}
}

// Holds reports whether anything is watched for a purpose.
func (h *Holder) Holds(purpose Purpose) bool {
	return slices.ContainsFunc(h.groups, func(g *held) bool {
		return slices.ContainsFunc(g.watches, func(w *Held) bool { return w.Purpose == purpose && len(w.Refused) < len(w.Fields) })
	})
}

// Instead returns why DCGM's own group of all GPUs takes the place of another one, nil if it does not.
func (h *Holder) Instead() error {
	for _, g := range h.groups {
		if g.instead != nil {
			return g.instead
		}
	}
	return nil
}

// Events returns the watches for events that the host engine holds.
func (h *Holder) Events() []*Held {
	var out []*Held
	for _, g := range h.groups {
		for _, w := range g.watches {
			if w.Purpose == Events && len(w.Refused) == 0 {
				out = append(out, w)
			}
		}
	}
	return out
}

// Read returns the samples of a watch since an instant, and where to go on.
func (w *Held) Read(ctx context.Context, door dcgm.Reader, since time.Time) ([]dcgm.Sample, time.Time, error) {
	return door.ReadSince(ctx, w.group.Group, w.index, since)
}

// Doubt has the group of the watch rebuilt.
func (w *Held) Doubt() { w.group.doubted = true }
