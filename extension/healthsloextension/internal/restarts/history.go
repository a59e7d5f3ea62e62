// SPDX-License-Identifier: Apache-2.0

// Package restarts remembers how often components were started again.
package restarts

import (
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

const (
	// memory is how long a restart counts.
	memory = time.Hour

	// maxRestarts and maxComponents are far beyond any use. They bound the memory of a process
	// that reloads all the time, or whose components come and go.
	maxRestarts   = 3600
	maxComponents = 10_000
)

// Process is the history of this process: it outlives the extension, which is rebuilt by
// each configuration reload.
var Process History

// Key names a component as users do.
type Key struct {
	// Kind is receiver, processor, connector, exporter or extension.
	Kind string
	ID   string
}

// History is safe for concurrent use and never blocks on anything but itself. The zero value
// is empty.
//
// It counts by generation, which is one run of the Collector's service from start to reload: a
// component starts once in it, in however many pipelines it works.
type History struct {
	mu         sync.Mutex
	generation int
	components map[Key]*starts
}

// starts are those of one component.
type starts struct {
	generation int // of the last one
	last       time.Time
	again      []time.Time // all but the first, the oldest first
}

// Observe takes note of a component that starts. Several extensions may report one event.
func (h *History) Observe(source *componentstatus.InstanceID, event *componentstatus.Event) {
	if event.Status() != componentstatus.StatusStarting {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.components == nil {
		h.components = map[Key]*starts{}
	}
	key := Key{Kind: strings.ToLower(source.Kind().String()), ID: source.ComponentID().String()}
	known, ok := h.components[key]
	if !ok {
		if len(h.components) < maxComponents {
			h.components[key] = &starts{generation: h.generation, last: event.Timestamp()}
		}
		return
	}
	if source.Kind() == component.KindExtension && known.beginsAnother(h.generation, event.Timestamp()) {
		h.generation++
	}
	if known.generation != h.generation {
		known.generation = h.generation
		known.add(event.Timestamp())
	}
}

// beginsAnother reports whether the start of an extension is the first sign of a new generation:
// extensions start before all else, and each but once.
func (s *starts) beginsAnother(generation int, at time.Time) bool {
	return s.generation == generation && at.After(s.last)
}

func (s *starts) add(at time.Time) {
	s.last = at
	s.prune(at)
	s.again = append(s.again[max(0, len(s.again)+1-maxRestarts):], at)
}

func (s *starts) prune(now time.Time) {
	s.again = slices.DeleteFunc(s.again, func(at time.Time) bool { return now.Sub(at) > memory })
}

// FirstGeneration reports whether nothing was reloaded yet.
func (h *History) FirstGeneration() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.generation == 0
}

// LastHour returns the number of restarts in the last hour of every component ever seen.
func (h *History) LastHour(now time.Time) map[Key]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	counts := make(map[Key]int, len(h.components))
	for key, known := range h.components {
		known.prune(now)
		counts[key] = len(known.again)
	}
	return counts
}
