// SPDX-License-Identifier: Apache-2.0

package holders

import (
	"slices"
	"time"
)

// Answer is what a source knows at one time. It is not changed once a [Book] has it.
type Answer struct {
	At       time.Time
	Holdings map[Ref][]Holding
	Since    map[Ref]time.Time // when holders changed, where the source knows that better than by the time of its answer
	Shares   map[Ref]int       // into how many shares a GPU is divided, where the source knows

	Incomplete bool         // somebody holds a GPU of which the source does not know which one: none is free
	Unsure     map[Ref]bool // GPUs of which the source does not know whether somebody holds them

	first   time.Time         // of the answers that this one follows
	changed map[Ref]time.Time // when holders changed, within these
}

// keptChanges is how long the release of a GPU is remembered.
const keptChanges = time.Hour

// follow notes since when each GPU has had its holders.
func (a *Answer) follow(previous *Answer) {
	a.first, a.changed = a.At, map[Ref]time.Time{}
	var before map[Ref][]Holding
	if previous != nil {
		a.first, before = previous.first, previous.Holdings
		for ref, at := range previous.changed {
			if a.Holdings[ref] != nil || a.At.Sub(at) < keptChanges {
				a.changed[ref] = at
			}
		}
	}
	for ref, holdings := range a.Holdings {
		if !slices.Equal(before[ref], holdings) {
			a.changed[ref] = a.changeOf(ref)
		}
	}
	for ref := range before {
		if _, held := a.Holdings[ref]; !held {
			a.changed[ref] = a.changeOf(ref)
		}
	}
}

// changeOf trusts a source's time of a change unless it lies in the future.
func (a *Answer) changeOf(ref Ref) time.Time {
	if at, known := a.Since[ref]; known && at.Before(a.At) {
		return at
	}
	return a.At
}

// since returns when the holders of a ref were first so.
func (a *Answer) since(ref Ref) time.Time {
	if at, changed := a.changed[ref]; changed {
		return at
	}
	return a.first
}
