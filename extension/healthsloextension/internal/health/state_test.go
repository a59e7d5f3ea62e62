// SPDX-License-Identifier: Apache-2.0

package health

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/pipeline"
)

var (
	traces  = pipeline.NewID(pipeline.SignalTraces)
	metrics = pipeline.NewID(pipeline.SignalMetrics)

	otlpTraces  = instance(component.KindExporter, "otlp_grpc", traces)
	otlpMetrics = instance(component.KindExporter, "otlp_grpc", metrics)
	receiver    = instance(component.KindReceiver, "otlp_grpc", traces)
	ownInstance = instance(component.KindExtension, "health_slo")

	errBoom = errors.New("boom")
)

func instance(kind component.Kind, id string, pipelines ...pipeline.ID) *componentstatus.InstanceID {
	return componentstatus.NewInstanceID(component.MustNewID(id), kind, pipelines...)
}

// event is one thing that happens to a State.
type event func(*State)

func start(s *State)       { s.Start(time.Now()) }
func becomeReady(s *State) { s.Ready(time.Now()) }
func drain(s *State)       { s.Drain(time.Now()) }
func stop(s *State)        { s.Stop(time.Now()) }

func status(source *componentstatus.InstanceID, status componentstatus.Status) event {
	return func(s *State) {
		// A fresh copy: the same instance may be reported through different pointers.
		same := *source
		s.Observe(&same, componentstatus.NewEvent(status))
	}
}

func permanent(source *componentstatus.InstanceID, err error) event {
	return func(s *State) { s.Observe(source, componentstatus.NewPermanentErrorEvent(err)) }
}

func fatal(source *componentstatus.InstanceID, err error) event {
	return func(s *State) { s.Observe(source, componentstatus.NewFatalErrorEvent(err)) }
}

func stuck(s *State) { s.Beat(time.Now().Add(-StaleAfter - 2*time.Second)) }
func beat(s *State)  { s.Beat(time.Now()) }

func TestTruthTable(t *testing.T) {
	type events = []event
	const (
		ok         = componentstatus.StatusOK
		begin      = componentstatus.StatusStarting
		stopping   = componentstatus.StatusStopping
		gone       = componentstatus.StatusStopped
		retrying   = componentstatus.StatusRecoverableError
		permStatus = componentstatus.StatusPermanentError
	)
	for _, tt := range []struct {
		name    string
		events  events
		healthz Verdict
		readyz  Verdict
	}{
		{"started", events{start}, nil, Verdict{"starting"}},
		{"ready", events{start, becomeReady}, nil, nil},
		{"draining", events{start, becomeReady, drain}, nil, Verdict{"draining"}},
		{"draining without having been ready", events{start, drain}, nil, Verdict{"draining"}},
		{"ready again", events{start, becomeReady, drain, becomeReady}, nil, nil},
		{"shutting down", events{start, becomeReady, drain, stop}, Verdict{"shutting down"}, Verdict{"shutting down"}},
		{"shutting down without a drain", events{start, becomeReady, stop}, Verdict{"shutting down"}, Verdict{"shutting down"}},
		{"started again", events{start, becomeReady, stop, start}, nil, Verdict{"starting"}},

		{"components come up", events{status(otlpTraces, begin), status(otlpTraces, ok), start, becomeReady}, nil, nil},
		{"components that are still starting do not count", events{start, status(otlpTraces, begin), becomeReady}, nil, nil},
		{"recoverable error", events{start, becomeReady, status(otlpTraces, retrying)}, nil, nil},
		{"recoverable error while starting", events{start, status(otlpTraces, retrying)}, nil, Verdict{"starting"}},
		{
			"permanent error",
			events{start, becomeReady, permanent(otlpTraces, errBoom)},
			nil,
			Verdict{"component exporter:otlp_grpc: permanent error: boom"},
		},
		{
			"permanent error without a cause",
			events{start, becomeReady, status(otlpTraces, permStatus)},
			nil,
			Verdict{"component exporter:otlp_grpc: permanent error"},
		},
		{
			"permanent error of an extension",
			events{start, becomeReady, permanent(ownInstance, errBoom)},
			nil,
			Verdict{"component extension:health_slo: permanent error: boom"},
		},
		{
			"permanent error before the start",
			events{permanent(otlpTraces, errBoom), start, becomeReady},
			nil,
			Verdict{"component exporter:otlp_grpc: permanent error: boom"},
		},
		{
			"permanent error while starting",
			events{start, permanent(otlpTraces, errBoom)},
			nil,
			Verdict{"starting", "component exporter:otlp_grpc: permanent error: boom"},
		},
		{
			"permanent error of one instance, the other is fine",
			events{start, becomeReady, permanent(otlpTraces, errBoom), status(otlpMetrics, ok)},
			nil,
			Verdict{"component exporter:otlp_grpc: permanent error: boom"},
		},
		{
			"one line for a component with two failed instances",
			events{start, becomeReady, permanent(otlpMetrics, errors.New("later")), permanent(otlpTraces, errors.New("earlier"))},
			nil,
			Verdict{"component exporter:otlp_grpc: permanent error: earlier"},
		},
		{
			"same id, different kinds",
			events{start, becomeReady, permanent(receiver, errBoom), permanent(otlpTraces, errBoom)},
			nil,
			Verdict{"component exporter:otlp_grpc: permanent error: boom", "component receiver:otlp_grpc: permanent error: boom"},
		},
		{
			"reasons are sorted",
			events{
				start, becomeReady,
				permanent(instance(component.KindExporter, "c"), nil), permanent(instance(component.KindExporter, "a"), nil),
				permanent(instance(component.KindProcessor, "b"), nil), permanent(instance(component.KindConnector, "d"), nil),
				permanent(instance(component.KindReceiver, "e"), nil),
			},
			nil,
			Verdict{
				"component connector:d: permanent error", "component exporter:a: permanent error", "component exporter:c: permanent error",
				"component processor:b: permanent error", "component receiver:e: permanent error",
			},
		},
		{"component stopped after a permanent error", events{start, becomeReady, permanent(otlpTraces, errBoom), status(otlpTraces, stopping), status(otlpTraces, gone)}, nil, nil},
		{
			"permanent error, then drained and stopped",
			events{start, becomeReady, permanent(otlpTraces, errBoom), drain, status(otlpTraces, stopping), status(otlpTraces, gone)},
			nil,
			Verdict{"draining"},
		},
		{
			"component that fails to stop",
			events{start, becomeReady, drain, status(otlpTraces, stopping), permanent(otlpTraces, errBoom)},
			nil,
			Verdict{"draining", "component exporter:otlp_grpc: permanent error: boom"},
		},
		{
			"status after the shutdown",
			events{start, becomeReady, drain, stop, status(ownInstance, gone)},
			Verdict{"shutting down"},
			Verdict{"shutting down"},
		},
		{
			"fatal error",
			events{start, becomeReady, fatal(receiver, errBoom)},
			Verdict{"component receiver:otlp_grpc: fatal error: boom"},
			Verdict{"component receiver:otlp_grpc: fatal error: boom"},
		},
		{
			"fatal error is terminal",
			events{start, becomeReady, fatal(receiver, errBoom), status(receiver, stopping), status(receiver, ok)},
			Verdict{"component receiver:otlp_grpc: fatal error: boom"},
			Verdict{"component receiver:otlp_grpc: fatal error: boom"},
		},
		{
			"fatal outranks permanent",
			events{start, becomeReady, fatal(otlpTraces, errors.New("z")), permanent(otlpMetrics, errors.New("a"))},
			Verdict{"component exporter:otlp_grpc: fatal error: z"},
			Verdict{"component exporter:otlp_grpc: fatal error: z"},
		},

		{"stuck process", events{start, becomeReady, stuck}, Verdict{"process loop stuck for 12s"}, nil},
		{"process that was suspended", events{start, becomeReady, stuck, beat}, nil, nil},
		{"stuck and fatal", events{start, stuck, fatal(receiver, nil)}, Verdict{"process loop stuck for 12s", "component receiver:otlp_grpc: fatal error"}, Verdict{"starting", "component receiver:otlp_grpc: fatal error"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s State
			for _, happen := range tt.events {
				happen(&s)
			}
			require.Equal(t, tt.healthz, s.Liveness(time.Now()), "healthz")
			require.Equal(t, tt.readyz, s.Readiness(), "readyz")
			require.Equal(t, len(tt.healthz) == 0, s.Liveness(time.Now()).OK())
		})
	}
}

func TestHeartbeatMayBeMissedForAWhile(t *testing.T) {
	var s State
	now := time.Now()
	s.Start(now)
	require.True(t, s.Liveness(now.Add(StaleAfter)).OK())
	require.False(t, s.Liveness(now.Add(StaleAfter+1)).OK())
	s.Beat(now.Add(time.Hour))
	require.True(t, s.Liveness(now.Add(time.Hour)).OK())
}

func TestDrainReportsWhetherReadinessEnded(t *testing.T) {
	var s State
	s.Start(time.Now())
	require.False(t, s.Drain(time.Now()), "never ready")
	s.Ready(time.Now())
	require.True(t, s.Drain(time.Now()))
	require.False(t, s.Drain(time.Now()), "already draining")
}

func TestErrorTextIsOneBoundedLine(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		var s State
		start(&s)
		becomeReady(&s)
		permanent(otlpTraces, errors.New(text))(&s)
		require.Equal(t, Verdict{"component exporter:otlp_grpc: permanent error: " + want}, s.Readiness())
	}
	f("two\nlines\r\n\tand tabs", "two lines and tabs")
	f("\x1b[31mred\x00", "[31mred")
	f("bad \xff byte", "bad \uFFFD byte")
	f("get http://user:p@ss@a:1/x@y: refused", "get http://[REDACTED]@a:1/x@y: refused")
	f(`dial "kafka://token@a", "http://b/c"`, `dial "kafka://[REDACTED]@a", "http://b/c"`)
	f(strings.Repeat("ü", maxErrorRunes-9)+"http://user:secret@a", strings.Repeat("ü", maxErrorRunes-9)+"http://[…")
	f(strings.Repeat("ü", maxErrorRunes), strings.Repeat("ü", maxErrorRunes))
	f(strings.Repeat("ü", maxErrorRunes+1), strings.Repeat("ü", maxErrorRunes-1)+"…")
}

func TestStateIsSafeForConcurrentUse(t *testing.T) {
	var s State
	var wg sync.WaitGroup
	for _, use := range []event{
		start, becomeReady, drain, beat,
		permanent(otlpTraces, errBoom), status(otlpTraces, componentstatus.StatusOK),
		func(s *State) { s.Liveness(time.Now()) }, func(s *State) { s.Readiness() },
	} {
		wg.Go(func() {
			for range 100 {
				use(&s)
			}
		})
	}
	wg.Wait()
	stop(&s)
	require.Contains(t, s.Readiness(), "shutting down")
}
