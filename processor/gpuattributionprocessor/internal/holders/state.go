// SPDX-License-Identifier: Apache-2.0

package holders

import (
	"slices"
	"time"
)

// Status says whether somebody holds a GPU.
type Status string

// The statuses of a GPU. It is unknown while a source has not answered and no other names a holder.
const (
	Allocated Status = "allocated"
	Free      Status = "free"
	Unknown   Status = "unknown"
)

// State is who holds a GPU for some time. It is never changed.
type State struct {
	Status     Status
	Holdings   []Holding // in a fixed order; none where instances of the GPU are held
	ShareCount int       // at least 1

	// Made once by whoever uses the state.
	Cache any
}

// Change is a new state of a GPU.
type Change struct {
	At    int64 // Unix nanoseconds
	State *State
}

var unknown = &State{Status: Unknown, ShareCount: 1}

// Current returns who holds the GPU as far as is known.
func (g *GPU) Current() *State {
	return g.timeline[len(g.timeline)-1].state
}

// At returns who held the GPU at a time, and since when.
func (g *GPU) At(at int64) (*State, int64) {
	for _, p := range slices.Backward(g.timeline) {
		if p.since <= at {
			return p.state, p.since
		}
	}
	return unknown, 0
}

// HeldSince returns since when those who held the GPU at a time have held it.
func (g *GPU) HeldSince(at int64) int64 {
	since := int64(0)
	var held []Holding
	for _, p := range slices.Backward(g.timeline) {
		switch {
		case p.since > at:
			continue
		case since != 0 && !slices.Equal(held, p.state.Holdings):
			return since
		}
		since, held = p.since, p.state.Holdings
	}
	return since
}

// Place returns how many changes of the GPU's holders there have been until a time.
func (g *GPU) Place(at int64) int {
	place := g.dropped
	for _, p := range g.timeline {
		if p.since > at {
			break
		}
		place++
	}
	return place
}

// Changed reports whether there are changes from a place on, until a time.
func (g *GPU) Changed(place int, until int64) bool {
	i := max(place-g.dropped, 0)
	return i < len(g.timeline) && g.timeline[i].since <= until
}

// Changes appends to out the changes from a place on, until a time, and returns the place behind them. A change that
// is noticed late is among them, although its time has passed.
func (g *GPU) Changes(out []Change, place int, until int64) ([]Change, int) {
	for i := max(place-g.dropped, 0); i < len(g.timeline) && g.timeline[i].since <= until; i++ {
		out = append(out, Change{At: g.timeline[i].since, State: g.timeline[i].state})
		place = g.dropped + i + 1
	}
	return out, place
}

// ID returns the UUID of the GPU, or of the GPU of an instance that has none of its own.
func (g *GPU) ID() string {
	if g.facts.ID == "" {
		return g.facts.Parent
	}
	return g.facts.ID
}

// Instance returns the number of a GPU instance that has no UUID of its own, else "".
func (g *GPU) Instance() string {
	if g.facts.ID == "" {
		return g.facts.GI
	}
	return ""
}

// Number returns DCGM's number of the GPU, "" if that is not known.
func (g *GPU) Number() string {
	if g.parent != nil {
		return g.parent.facts.Number
	}
	return g.facts.Number
}

// refresh works out who holds the GPU and notes it if that is new. at is when it is noticed.
func (b *Book) refresh(g *GPU, at time.Time) {
	state, since := b.stateOf(g)
	if since == 0 && len(g.timeline) > 0 {
		since = at.UnixNano()
	}
	if n := len(g.timeline); n > 0 {
		if last := g.timeline[n-1]; last.state.equal(state) {
			return
		} else if since <= last.since {
			since = max(last.since+1, at.UnixNano())
		}
	}
	if len(g.timeline) >= keptPeriods {
		g.timeline = slices.Delete(g.timeline, 0, 1)
		g.dropped++
	}
	g.timeline = append(g.timeline, period{since, state})
}

// stateOf returns who holds the GPU by the sources' answers, and since when if a source knows that.
func (b *Book) stateOf(g *GPU) (*State, int64) {
	holdings, shares, since := b.holdingsOf(g)
	if len(holdings) == 0 && g.parent != nil {
		holdings, shares, since = b.holdingsOf(g.parent)
	}
	s := &State{Status: Allocated, Holdings: holdings, ShareCount: max(shares, 1)}
	if len(holdings) == 0 && !b.instanceHeld(g) {
		s.Status = b.nobody(g)
	}
	return s, since
}

func (b *Book) holdingsOf(g *GPU) (holdings []Holding, shares int, since int64) {
	for _, answer := range b.answers {
		if answer == nil {
			continue
		}
		var own []Holding
		for _, ref := range g.refs {
			own = append(own, answer.Holdings[ref]...)
			shares = max(shares, answer.Shares[ref])
			since = max(since, answer.since(ref).UnixNano())
		}
		holdings = combine(holdings, unite(own))
	}
	return holdings, max(shares, total(holdings)), since
}

func total(holdings []Holding) int {
	if len(holdings) < 2 {
		return 1
	}
	sum := 0
	for _, h := range holdings {
		sum += h.Shares
	}
	return sum
}

func (b *Book) instanceHeld(g *GPU) bool {
	for _, instance := range g.instances {
		if holdings, _, _ := b.holdingsOf(instance); len(holdings) > 0 {
			return true
		}
	}
	return false
}

// nobody is the status of a GPU that no source names: free only if all have answered, and none is in doubt.
func (b *Book) nobody(g *GPU) Status {
	answered := false
	for i, answer := range b.answers {
		if answer == nil && !b.absent[i] || answer != nil && answer.doubts(g) {
			return Unknown
		}
		answered = answered || answer != nil
	}
	if !answered {
		return Unknown
	}
	return Free
}

func (a *Answer) doubts(g *GPU) bool {
	refs := g.refs
	if g.parent != nil {
		refs = slices.Concat(refs, g.parent.refs)
	}
	return a.Incomplete || slices.ContainsFunc(refs, func(ref Ref) bool { return a.Unsure[ref] })
}

func (s *State) equal(other *State) bool {
	return s.Status == other.Status && s.ShareCount == other.ShareCount && slices.Equal(s.Holdings, other.Holdings)
}

// Unresolved returns how many of the refs in a source's answer name no GPU that data came from.
func (b *Book) Unresolved(source int) int {
	answer := b.answers[source]
	if answer == nil {
		return 0
	}
	known := map[Ref]bool{}
	for _, gpu := range b.gpus {
		for _, ref := range gpu.refs {
			known[ref] = true
		}
	}
	unresolved := 0
	for ref := range answer.Holdings {
		if !known[ref] {
			unresolved++
		}
	}
	return unresolved
}
