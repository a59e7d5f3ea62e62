// SPDX-License-Identifier: Apache-2.0

// Package sampling turns the Collector's own cumulative metrics into windowed facts: failure
// rates, stalls, queue depths, objectives. One goroutine samples; readers load the last result.
package sampling

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

const (
	// historySpan is how long an exporter's history remembers, minHistoryStep the least distance
	// of two of its points. The two bound its memory.
	historySpan    = time.Hour
	minHistoryStep = 30 * time.Second
)

// droppedByViews is said where nothing was seen of any exporter for a whole window.
const droppedByViews = "No exporter has metrics: service::telemetry::metrics::views may drop otelcol_exporter_*, which health_slo reads"

// Settings is what a [Sampler] works with.
type Settings struct {
	// Window is the rolling window, Interval the time between two passes.
	Window, Interval time.Duration

	// Source may be nil; Reason then says why there is none.
	Source Source
	Reason string

	Objectives []ObjectiveSettings

	// Readiness reports whether the Collector is ready now.
	Readiness func() Readiness

	// Publish is called at the end of each pass, in the sampler's goroutine.
	Publish func(*View)

	Logger *zap.Logger
}

// Sampler samples in one goroutine and publishes the result of the last pass.
type Sampler struct {
	set     Settings
	view    atomic.Pointer[View]
	waiting atomic.Pointer[map[string]bool]
	views   atomic.Bool
	kick    chan struct{}

	// What follows belongs to the sampling goroutine.
	exporters  map[ExporterKey]*exporter
	objectives []*objective
	last       time.Time // of the pass before
	firstRead  time.Time // of the first pass whose reading worked
	lastRead   time.Time // of the last one
	unseen     time.Time // since when no exporter was seen; zero while one is
	dropped    bool      // the views were said to drop metrics
	failing    bool      // the last reading failed
	incomplete bool      // the last reading that worked was
}

// NewSampler returns a sampler that has not sampled yet.
func NewSampler(set Settings) *Sampler {
	s := &Sampler{set: set, kick: make(chan struct{}, 1), exporters: map[ExporterKey]*exporter{}}
	s.view.Store(s.newView(time.Time{}, nil))
	s.waiting.Store(&map[string]bool{})
	return s
}

// View returns the result of the last pass. It never blocks.
func (s *Sampler) View() View {
	return *s.view.Load()
}

// SetWaitingExporters says which exporters have sending_queue::wait_for_result set.
func (s *Sampler) SetWaitingExporters(ids map[string]bool) {
	s.waiting.Store(&ids)
}

// SetViews reports whether the user configured metric views, which may drop what is read here.
func (s *Sampler) SetViews(configured bool) {
	s.views.Store(configured)
}

// Kick asks for a pass now. It never blocks.
func (s *Sampler) Kick() {
	select {
	case s.kick <- struct{}{}:
	default: // a pass is due anyway
	}
}

// Run samples until the context is done.
func (s *Sampler) Run(ctx context.Context) {
	ticker := time.NewTicker(s.set.Interval)
	defer ticker.Stop()
	for {
		s.sample(ctx, time.Now())
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-s.kick:
		}
	}
}

func (s *Sampler) sample(ctx context.Context, now time.Time) {
	reading, err := s.read(ctx)
	if ctx.Err() != nil {
		return
	}
	s.logChange(err)
	view := s.newView(now, err)
	if reading != nil {
		s.logIncomplete(reading.Incomplete)
		view.Exporters = s.observeExporters(now, reading)
		view.GPUs = reading.GPUs
		s.suspectViews(view)
		s.lastRead = now
		if s.firstRead.IsZero() {
			s.firstRead = now
		}
	}
	view.Objectives = s.observeObjectives(now, reading)
	if reading != nil {
		s.warnOfUnmeasured(now)
	}
	s.last = now
	s.view.Store(view)
	s.set.Publish(view)
}

func (s *Sampler) newView(now time.Time, err error) *View {
	view := &View{At: now, Window: s.set.Window, HistoryStep: max(minHistoryStep, s.set.Interval), Source: SourceNone, SourceReason: s.set.Reason}
	if s.set.Source != nil {
		view.Source, view.SourceReason = s.set.Source.Name(), ""
	}
	if err != nil {
		view.SourceReason = err.Error()
	}
	return view
}

// read runs callbacks of whatever components the Collector has: one that panics must not take
// the Collector down with it.
func (s *Sampler) read(ctx context.Context) (reading *Reading, err error) {
	if s.set.Source == nil {
		return nil, nil
	}
	defer func() {
		if reason := recover(); reason != nil {
			reading, err = nil, fmt.Errorf("panic: %v", reason)
		}
	}()
	return s.set.Source.Read(ctx)
}

// logChange says once that readings fail, and once that they work again.
func (s *Sampler) logChange(err error) {
	if failing := err != nil; failing != s.failing {
		s.failing = failing
		if failing {
			s.set.Logger.Warn("Cannot read the Collector's own metrics: the gauges of exporters and queues are absent until it works again",
				zap.String("source", s.set.Source.Name()), zap.Error(err))
			return
		}
		s.set.Logger.Info("The Collector's own metrics can be read again", zap.String("source", s.set.Source.Name()))
	}
}

// logIncomplete says once that readings miss something, and once that they are whole again.
func (s *Sampler) logIncomplete(err error) {
	if incomplete := err != nil; incomplete != s.incomplete {
		s.incomplete = incomplete
		if incomplete {
			s.set.Logger.Warn("Some of the Collector's own metrics cannot be read: a component's callback fails", zap.Error(err))
			return
		}
		s.set.Logger.Info("All of the Collector's own metrics can be read again")
	}
}

// suspectViews says once that no exporter shows up although metrics can be read, where the
// user's views may be why.
func (s *Sampler) suspectViews(view *View) {
	if len(view.Exporters) > 0 || !s.views.Load() {
		s.unseen = time.Time{}
		return
	}
	if s.unseen.IsZero() {
		s.unseen = view.At
	}
	if view.At.Sub(s.unseen) < s.set.Window {
		return
	}
	view.SourceReason = droppedByViews
	if !s.dropped {
		s.dropped = true
		s.set.Logger.Warn(droppedByViews, zap.Duration("window", s.set.Window))
	}
}

func (s *Sampler) observeExporters(now time.Time, reading *Reading) []Exporter {
	waiting := *s.waiting.Load()
	seen := make([]Exporter, 0, len(reading.Exporters))
	for key, counts := range reading.Exporters {
		e, known := s.exporters[key]
		if !known {
			e = newExporter(key, s.set.Window, s.set.Interval, s.lastRead)
			s.exporters[key] = e
		}
		seen = append(seen, e.observe(now, counts, waiting[key.ID]))
	}
	slices.SortFunc(seen, func(a, b Exporter) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Signal, b.Signal)) })
	return seen
}

func (s *Sampler) observeObjectives(now time.Time, reading *Reading) []Objective {
	if s.last.IsZero() {
		for _, set := range s.set.Objectives {
			s.objectives = append(s.objectives, newObjective(set, s.set.Interval, now))
		}
	}
	p := &pass{now: now, elapsed: s.elapsed(now), reading: reading, exporters: s.exporters, readiness: s.set.Readiness()}
	states := make([]Objective, 0, len(s.objectives))
	for _, o := range s.objectives {
		states = append(states, o.observe(p))
	}
	return states
}

// warnOfUnmeasured says once which named components keep an objective from being measured.
func (s *Sampler) warnOfUnmeasured(now time.Time) {
	if now.Sub(s.firstRead) < s.set.Window {
		return
	}
	for i, o := range s.objectives {
		if o.warned || o.known {
			continue
		}
		o.warned = true
		for j, id := range o.missing() {
			s.set.Logger.Warn("An objective is not measured: one of its components has not reported what its indicator is about",
				zap.String("key", fmt.Sprintf("objectives::%d::components::%d", i, j)), zap.String("component", id),
				zap.String("indicator", o.Indicator), zap.Duration("window", s.set.Window))
		}
	}
}

// elapsed is the time since the pass before. A process that was suspended saw nothing meanwhile.
func (s *Sampler) elapsed(now time.Time) time.Duration {
	if s.last.IsZero() {
		return 0
	}
	return min(now.Sub(s.last), maxIntervals*s.set.Interval)
}
