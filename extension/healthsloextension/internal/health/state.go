// SPDX-License-Identifier: Apache-2.0

// Package health decides whether the Collector is alive and ready. It folds the events of the
// Collector's lifecycle, the statuses of its components and a heartbeat into two verdicts.
// It does no I/O and reads no clock.
package health

import (
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component/componentstatus"
)

const (
	// BeatInterval is how often the heartbeat is expected: cheap, and many beats within StaleAfter.
	BeatInterval = time.Second

	// StaleAfter is the age at which a heartbeat means a stuck process. Ten missed beats are
	// beyond what CPU throttling or a garbage collection does to a process that still works.
	StaleAfter = 10 * BeatInterval
)

type phase int

const (
	starting phase = iota
	ready
	draining
	stopped
)

// phaseNames are for people; each but ready is a reason against readiness.
var phaseNames = [...]string{starting: "starting", ready: "ready", draining: "draining", stopped: "shutting down"}

// Verdict holds the reasons against health, none when all is well.
type Verdict []string

// OK reports whether nothing speaks against health.
func (v Verdict) OK() bool {
	return len(v) == 0
}

// State is safe for concurrent use. Its methods never block on anything but each other, so that
// they may be called where the Collector holds its own locks. The zero value is a Collector
// that is about to start.
type State struct {
	mu         sync.Mutex
	phase      phase
	phaseSince time.Time
	lastBeat   time.Time
	instances  instances
}

// Start begins the process's life: it is alive and not yet ready.
func (s *State) Start(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enter(starting, now)
	s.lastBeat = now
}

// Beat records that the process got to run. Ages are taken from monotonic clock readings, so a
// step of the wall clock does no harm, and one beat after a suspension makes all well again.
func (s *State) Beat(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastBeat = now
}

// enter keeps since when a phase lasts. The lock is held.
func (s *State) enter(next phase, now time.Time) {
	if s.phase != next || s.phaseSince.IsZero() {
		s.phase, s.phaseSince = next, now
	}
}

// Ready records that every pipeline has started.
func (s *State) Ready(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enter(ready, now)
}

// Drain records that receivers are about to stop. It reports whether that ended readiness.
func (s *State) Drain(now time.Time) (wasReady bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wasReady = s.phase == ready
	s.enter(draining, now)
	return wasReady
}

// Stop records that the extension itself shuts down.
func (s *State) Stop(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enter(stopped, now)
}

// Observe records the status of one instance of a component.
func (s *State) Observe(source *componentstatus.InstanceID, event *componentstatus.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.instances.observe(source, event)
}

// Liveness is about the process alone: only a stuck heartbeat, a fatal error or the shutdown
// speaks against it, never starting, draining or a component that will not recover.
func (s *State) Liveness(now time.Time) Verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.liveness(now)
}

func (s *State) liveness(now time.Time) Verdict {
	var verdict Verdict
	if s.phase == stopped {
		verdict = append(verdict, phaseNames[stopped])
	}
	if age := now.Sub(s.lastBeat); age > StaleAfter {
		verdict = append(verdict, fmt.Sprintf("process loop stuck for %v", age.Truncate(time.Second)))
	}
	return append(verdict, s.instances.reasons(componentstatus.StatusFatalError)...)
}

// Readiness is about work: the pipelines run, are not about to stop, and no component has an
// error it will not recover from by itself.
func (s *State) Readiness() Verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readiness()
}

// Starting reports whether the pipelines are yet to start.
func (s *State) Starting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.phase == starting
}

func (s *State) readiness() Verdict {
	var verdict Verdict
	if s.phase != ready {
		verdict = append(verdict, phaseNames[s.phase])
	}
	return append(verdict, s.instances.reasons(componentstatus.StatusPermanentError)...)
}
