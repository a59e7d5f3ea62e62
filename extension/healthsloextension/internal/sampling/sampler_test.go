// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/benchtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a source that answers what a test makes it answer.
type script struct {
	read atomic.Pointer[func() (*Reading, error)]
}

func (*script) Name() string { return SourceInProcess }

func (s *script) Read(context.Context) (*Reading, error) { return (*s.read.Load())() }

func (s *script) does(read func() (*Reading, error)) { s.read.Store(&read) }

func (s *script) says(counts map[ExporterKey]*Counts) {
	s.does(func() (*Reading, error) {
		reading := newReading()
		for key, c := range counts {
			same := *c
			reading.Exporters[key] = &same
		}
		return reading, nil
	})
}

type subject struct {
	*Sampler
	t      *testing.T // of the bubble
	source *script
	logs   *observer.ObservedLogs
	passes atomic.Int64
}

func newSubject(change func(*Settings)) *subject {
	core, logs := observer.New(zapcore.DebugLevel)
	s := &subject{source: &script{}, logs: logs}
	s.source.says(nil)
	set := Settings{
		Window: testWindow, Interval: 5 * time.Second, Source: s.source, Logger: zap.New(core),
		Readiness: func() Readiness { return Ready },
		Publish:   func(*View) { s.passes.Add(1) },
	}
	if change != nil {
		change(&set)
	}
	s.Sampler = NewSampler(set)
	return s
}

// run samples in a bubble of its own until the test is done with it.
func run(t *testing.T, change func(*Settings), test func(s *subject)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newSubject(change)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Run(ctx)
		}()
		synctest.Wait()
		s.t = t
		test(s)
		cancel()
		<-done
	})
}

func TestSamplerSamplesAtOnceAndThenByItsInterval(t *testing.T) {
	run(t, nil, func(s *subject) {
		t := s.t
		require.EqualValues(t, 1, s.passes.Load())
		time.Sleep(5*time.Minute + time.Second)
		require.EqualValues(t, 61, s.passes.Load())
		s.Kick()
		synctest.Wait()
		require.EqualValues(t, 62, s.passes.Load())
		require.Equal(t, View{
			At: time.Now(), Window: testWindow, HistoryStep: minHistoryStep, Source: SourceInProcess, Exporters: []Exporter{}, Objectives: []Objective{},
		}, s.View())
	})
}

func TestViewBeforeTheFirstPass(t *testing.T) {
	require.Equal(t, View{Window: testWindow, HistoryStep: minHistoryStep, Source: SourceInProcess}, newSubject(nil).View())
	noSource := func(set *Settings) { set.Source, set.Reason = nil, "because" }
	require.Equal(t, View{Window: testWindow, HistoryStep: minHistoryStep, Source: SourceNone, SourceReason: "because"}, newSubject(noSource).View())
	rare := func(set *Settings) { set.Interval = 4 * time.Minute }
	require.Equal(t, 4*time.Minute, newSubject(rare).View().HistoryStep)
}

func TestExportersAreSortedAndCarryState(t *testing.T) {
	a, b, c := ExporterKey{"a", "traces"}, ExporterKey{"b", "logs"}, ExporterKey{"b", "traces"}
	run(t, nil, func(s *subject) {
		t := s.t
		s.source.says(map[ExporterKey]*Counts{b: {Sent: 1}, c: {SendFailed: 3, Sent: 1}, a: {QueueSize: 1, QueueCapacity: 4}})
		time.Sleep(5 * time.Second)
		synctest.Wait()
		history := s.View().Exporters[0].History
		require.Equal(t, []Point{{At: time.Now(), QueueRatio: 0.25}}, history)
		point := func(rate float64) []Point { return []Point{{At: time.Now(), FailureRate: rate}} }
		require.Equal(t, []Exporter{
			{ID: "a", Signal: "traces", HasQueue: true, QueueRatio: 0.25, History: history},
			{ID: "b", Signal: "logs", History: point(0)},
			{ID: "b", Signal: "traces", FailureRate: 0.75, History: point(0.75)},
		}, s.View().Exporters)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Zero(t, s.View().Exporters[2].FailureRate, "a failure is forgotten after a window")
	})
}

func TestWaitingExportersAreDistinguished(t *testing.T) {
	run(t, nil, func(s *subject) {
		t := s.t
		s.SetWaitingExporters(map[string]bool{"waits": true})
		double := &Counts{Sent: 6, SendFailed: 3, EnqueueFailed: 3}
		s.source.says(map[ExporterKey]*Counts{{"waits", "logs"}: double, {"x", "logs"}: double})
		time.Sleep(5 * time.Second)
		synctest.Wait()
		require.InDelta(t, 1.0/3, s.View().Exporters[0].FailureRate, 1e-12)
		require.InDelta(t, 1.0/2, s.View().Exporters[1].FailureRate, 1e-12)
	})
}

func TestFailingSourceIsReportedOnceAndLeavesNothingBehind(t *testing.T) {
	f := func(fail func() (*Reading, error), want string) {
		t.Helper()
		run(t, nil, func(s *subject) {
			t := s.t
			works := map[ExporterKey]*Counts{testKey: {Sent: 10}}
			s.source.says(works)
			time.Sleep(time.Minute)
			require.Len(t, s.View().Exporters, 1)
			s.source.does(fail)
			time.Sleep(time.Minute)
			require.Empty(t, s.View().Exporters, "absent, not the last values")
			require.Equal(t, want, s.View().SourceReason)
			require.Equal(t, SourceInProcess, s.View().Source)
			s.source.says(works)
			time.Sleep(time.Minute)
			require.Len(t, s.View().Exporters, 1)
			require.Empty(t, s.View().SourceReason)
			require.Equal(t, 1, s.logs.FilterLevelExact(zapcore.WarnLevel).Len())
			require.Equal(t, 1, s.logs.FilterMessage("The Collector's own metrics can be read again").Len())
			require.Equal(t, 2, s.logs.Len())
		})
	}
	f(func() (*Reading, error) { return nil, errors.New("down") }, "down")
	f(func() (*Reading, error) { panic("oops") }, "panic: oops")
}

// Counters may be as old as the process: what they held before the first reading is not the
// window's.
func TestFirstReadingsThatFailLeaveLifetimeCountersOut(t *testing.T) {
	s := newSubject(func(set *Settings) {
		set.Objectives = []ObjectiveSettings{{Name: "export", Indicator: "exporter_success_ratio", Target: 0.9, Windows: twoWindows}}
	})
	s.source.does(func() (*Reading, error) { return nil, errors.New("not yet") })
	s.sample(t.Context(), epoch)
	s.sample(t.Context(), after(5))
	s.source.says(map[ExporterKey]*Counts{testKey: {Sent: 100, SendFailed: 100}})
	s.sample(t.Context(), after(10))
	require.Zero(t, s.View().Exporters[0].FailureRate)
	require.InDelta(t, 1.0, s.View().Objectives[0].Current, 0)

	s.source.does(func() (*Reading, error) { return nil, errors.New("for a moment") })
	s.sample(t.Context(), after(15))
	late := ExporterKey{ID: "late", Signal: "logs"}
	s.source.says(map[ExporterKey]*Counts{testKey: {Sent: 100, SendFailed: 100}, late: {SendFailed: 1}})
	s.sample(t.Context(), after(20))
	require.InDelta(t, 1.0, s.View().Exporters[0].FailureRate, 0, "it was not there when the last reading worked")
	require.Zero(t, s.View().Exporters[1].FailureRate)
}

func TestViewsThatDropEverythingAreSuspectedOnce(t *testing.T) {
	run(t, nil, func(s *subject) {
		t := s.t
		time.Sleep(10 * time.Minute)
		require.Zero(t, s.logs.Len(), "idle exporters are no matter without views")
		s.SetViews(true)
		time.Sleep(testWindow - time.Millisecond) // the pass at the end of it may be the one that reports
		require.Empty(t, s.View().SourceReason)
		time.Sleep(10 * time.Minute)
		require.Equal(t, droppedByViews, s.View().SourceReason)
		require.Equal(t, 1, s.logs.FilterMessage(droppedByViews).Len())
		s.source.says(manyExporters(1))
		time.Sleep(10 * time.Minute)
		require.Empty(t, s.View().SourceReason)
		require.Equal(t, 1, s.logs.Len())
		s.source.says(nil)
		time.Sleep(testWindow - time.Millisecond)
		require.Empty(t, s.View().SourceReason, "none was seen for less than a window")
	})
}

func TestPassThatIsCancelledPublishesNothing(t *testing.T) {
	s := newSubject(nil)
	ctx, cancel := context.WithCancel(t.Context())
	s.source.does(func() (*Reading, error) {
		cancel()
		return nil, ctx.Err()
	})
	s.sample(ctx, epoch)
	require.Zero(t, s.passes.Load())
	require.True(t, s.View().At.IsZero())
	require.Zero(t, s.logs.Len(), "that a stop ends the reading is no failure")
}

func TestObjectivesKeepTheOrderOfTheConfiguration(t *testing.T) {
	var readiness atomic.Int64
	readiness.Store(int64(Ready))
	set := func(set *Settings) {
		set.Readiness = func() Readiness { return Readiness(readiness.Load()) }
		set.Objectives = []ObjectiveSettings{
			{Name: "z", Indicator: "readiness", Target: 0.9, Windows: twoWindows},
			{Name: "a", Indicator: "exporter_success_ratio", Target: 0.9, Windows: twoWindows},
		}
	}
	run(t, set, func(s *subject) {
		t := s.t
		time.Sleep(9*time.Minute - time.Second)
		readiness.Store(int64(Unready))
		time.Sleep(time.Minute + 2*time.Second)
		got := s.View().Objectives
		require.Equal(t, []string{"z", "a"}, []string{got[0].Name, got[1].Name})
		require.False(t, got[1].Known)
		requireObjective(t, got[0], 0.9, 1-1.0/6, 2, 1.0/6)
	})
}

func TestComponentsThatAreNeverMeasuredAreReportedOnce(t *testing.T) {
	set := func(set *Settings) {
		set.Objectives = []ObjectiveSettings{
			{Name: "export", Indicator: "exporter_success_ratio", Target: 0.9, Windows: twoWindows, Components: []string{testKey.ID}},
			{Name: "fresh", Indicator: "receiver_freshness", Target: 0.9, Windows: twoWindows, Components: []string{"clock", "otlp"}},
		}
	}
	run(t, set, func(s *subject) {
		t := s.t
		s.source.does(func() (*Reading, error) {
			reading := newReading()
			reading.Exporters[testKey] = &Counts{Sent: 1}
			reading.LastActivity["clock"] = time.Now()
			return reading, nil
		})
		time.Sleep(testWindow - time.Millisecond)
		require.Zero(t, s.logs.Len())
		time.Sleep(10 * testWindow)
		require.Equal(t, 1, s.logs.Len())
		logged := s.logs.All()[0]
		require.Equal(t, zapcore.WarnLevel, logged.Level)
		require.Equal(t, map[string]any{
			"key": "objectives::1::components::1", "component": "otlp", "indicator": "receiver_freshness", "window": testWindow,
		}, logged.ContextMap())
		got := s.View().Objectives
		require.True(t, got[0].Known)
		require.False(t, got[1].Known)
	})
}

// A process that was suspended for a day neither met nor missed its objective meanwhile.
func TestSuspensionIsNotMeasured(t *testing.T) {
	s := newSubject(nil)
	s.sample(t.Context(), epoch)
	require.Zero(t, (&Sampler{set: s.set}).elapsed(epoch))
	require.Equal(t, 5*time.Second, s.elapsed(after(5)))
	require.Equal(t, 10*time.Second, s.elapsed(after(86400)))
}

// readings has the counts of many exporters.
func manyExporters(n int) map[ExporterKey]*Counts {
	counts := map[ExporterKey]*Counts{}
	for i := range n {
		counts[ExporterKey{fmt.Sprintf("otlp_grpc/%d", i), "metrics"}] = &Counts{Sent: 100, QueueSize: 1, QueueCapacity: 10, InFlight: 1}
	}
	return counts
}

// BenchmarkPass is one pass but for the reading.
func BenchmarkPass(b *testing.B) {
	s := newSubject(nil)
	reading := &Reading{Exporters: manyExporters(100)}
	s.source.does(func() (*Reading, error) { return reading, nil })
	now := epoch
	benchtest.ReportCPU(b)
	for b.Loop() {
		now = now.Add(5 * time.Second)
		s.sample(b.Context(), now)
	}
}
