// SPDX-License-Identifier: Apache-2.0

// Package restarts remembers how often components were started again.
package restarts

import (
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component/componentstatus"
)

const (
	// memory is how long a restart counts.
	memory = time.Hour

	// maxRestarts and maxInstances are far beyond any use. They bound the memory of a process
	// that reloads all the time, or whose components come and go.
	maxRestarts  = 3600
	maxInstances = 10_000
)

// Process is the history of this process: it outlives the extension, which is made anew by
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
type History struct {
	mu        sync.Mutex
	instances map[componentstatus.InstanceID]*starts
}

// starts are those of one instance of a component.
type starts struct {
	last  time.Time
	again []time.Time // all but the first, the oldest first
}

// Observe takes note of a component that starts. Several extensions may report one event.
func (h *History) Observe(source *componentstatus.InstanceID, event *componentstatus.Event) {
	if event.Status() != componentstatus.StatusStarting {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.instances == nil {
		h.instances = map[componentstatus.InstanceID]*starts{}
	}
	instance, known := h.instances[*source]
	switch {
	case !known && len(h.instances) < maxInstances:
		h.instances[*source] = &starts{last: event.Timestamp()}
	case known && event.Timestamp().After(instance.last):
		instance.add(event.Timestamp())
	}
}

func (s *starts) add(at time.Time) {
	s.last = at
	s.prune(at)
	s.again = append(s.again[max(0, len(s.again)+1-maxRestarts):], at)
}

func (s *starts) prune(now time.Time) {
	s.again = slices.DeleteFunc(s.again, func(at time.Time) bool { return now.Sub(at) > memory })
}

// LastHour returns the number of restarts in the last hour of every component ever seen. The
// instances of a component, one for each set of pipelines, restart together: the most counts.
func (h *History) LastHour(now time.Time) map[Key]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	counts := make(map[Key]int, len(h.instances))
	for id, instance := range h.instances {
		instance.prune(now)
		key := Key{Kind: strings.ToLower(id.Kind().String()), ID: id.ComponentID().String()}
		counts[key] = max(counts[key], len(instance.again))
	}
	return counts
}
