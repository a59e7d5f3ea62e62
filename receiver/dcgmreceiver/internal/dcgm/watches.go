// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"cmp"
	"slices"
	"time"
)

// watching is one watch of the connection, as somebody asked for it.
type watching struct {
	Watch
	entities      []Entity
	group, fields uintptr
}

// watches are all watches of a connection. To DCGM the connection is one watcher of a field of
// a GPU: a later watch takes the place of an earlier one, and ending one ends the field's
// sampling for all. So where watches overlap, they are asked for in an order in which the one
// that needs most comes last, and those that an end took with it are asked for again.
type watches []*watching

// order is that in which watches are asked for: the fastest after the slower ones, and one
// that keeps a history after all that do not.
func order(a, b *watching) int {
	return cmp.Or(cmp.Compare(a.KeepAge, b.KeepAge), cmp.Compare(b.Period, a.Period))
}

func (w *watching) overlaps(other *watching) bool {
	return intersect(w.entities, other.entities) && intersect(w.Fields, other.Fields)
}

func intersect[T comparable](a, b []T) bool {
	return slices.ContainsFunc(a, func(x T) bool { return slices.Contains(b, x) })
}

// period is that at which a watch has to sample: the fastest of all that overlap, if it takes
// their place.
func (all watches) period(w *watching) time.Duration {
	period := w.Period
	for _, other := range all {
		if order(other, w) < 0 && other.overlaps(w) {
			period = min(period, other.Period)
		}
	}
	return period
}

// displaced returns the watches to ask for again, in order, after those of first have been
// asked for: the ones that come after them, and after those in turn.
func (all watches) displaced(first ...*watching) []*watching {
	var again []*watching
	for queue := slices.Clone(first); len(queue) > 0; queue = queue[1:] {
		for _, w := range all {
			if order(queue[0], w) < 0 && w.overlaps(queue[0]) && !slices.Contains(again, w) {
				again = append(again, w)
				queue = append(queue, w)
			}
		}
	}
	slices.SortStableFunc(again, order)
	return again
}

// affected returns the watches of others to ask for again, in order, once w has ended.
func (all watches) affected(w *watching) []*watching {
	var of []*watching
	for _, other := range all {
		if other.overlaps(w) {
			of = append(of, other)
		}
	}
	for _, other := range all.displaced(of...) {
		if !slices.Contains(of, other) {
			of = append(of, other)
		}
	}
	slices.SortStableFunc(of, order)
	return of
}

// cover reports whether others watch all that w does.
func (all watches) cover(w *watching) bool {
	for _, e := range w.entities {
		for _, field := range w.Fields {
			if !slices.ContainsFunc(all, func(other *watching) bool {
				return slices.Contains(other.entities, e) && slices.Contains(other.Fields, field)
			}) {
				return false
			}
		}
	}
	return true
}

// without forgets a watch.
func (all watches) without(w *watching) watches {
	return slices.DeleteFunc(all, func(other *watching) bool { return other == w })
}
