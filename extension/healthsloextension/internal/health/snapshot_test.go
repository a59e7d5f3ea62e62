// SPDX-License-Identifier: Apache-2.0

package health

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

func TestSnapshotShowsSinceWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s State
		begin := time.Now()
		at := func(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }
		happen := func(e event) {
			e(&s)
			time.Sleep(time.Second)
		}
		happen(status(otlpTraces, componentstatus.StatusStarting))                                        // 0
		happen(start)                                                                                     // 1
		happen(status(otlpTraces, componentstatus.StatusOK))                                              // 2
		happen(status(receiver, componentstatus.StatusOK))                                                // 3
		happen(becomeReady)                                                                               // 4
		happen(func(s *State) { s.Observe(receiver, componentstatus.NewRecoverableErrorEvent(errBoom)) }) // 5
		happen(func(s *State) { s.Observe(receiver, componentstatus.NewRecoverableErrorEvent(errBoom)) }) // 6
		happen(status(otlpMetrics, componentstatus.StatusStarting))                                       // 7
		happen(status(ownInstance, componentstatus.StatusOK))                                             // 8
		happen(becomeReady)                                                                               // 9

		require.Equal(t, Snapshot{
			Phase: "ready",
			Since: at(4),
			Components: []Component{
				{Kind: "receiver", ID: "otlp_grpc", Pipelines: []string{"traces"}, Status: "recoverable error", Since: at(5), Error: "boom", Failed: true},
				{Kind: "exporter", ID: "otlp_grpc", Pipelines: []string{"metrics", "traces"}, Status: "starting", Since: at(7)},
				{Kind: "extension", ID: "health_slo", Status: "ok", Since: at(8)},
			},
		}, s.Snapshot(time.Now()))

		happen(drain) // 10
		got := s.Snapshot(time.Now())
		require.Equal(t, "draining", got.Phase)
		require.Equal(t, at(10), got.Since)
		require.Equal(t, Verdict{"draining"}, got.Readiness)
		require.Empty(t, got.Liveness)
	})
}

func TestMemoryIsBoundedWhateverReports(t *testing.T) {
	var s State
	for i := range maxInstances + 100 {
		status(instance(component.KindReceiver, "r"+strconv.Itoa(i)), componentstatus.StatusOK)(&s)
	}
	require.Len(t, s.instances, maxInstances)
	permanent(instance(component.KindReceiver, "r0"), errBoom)(&s)
	require.Contains(t, s.Readiness(), "component receiver:r0: permanent error: boom")
}

func TestTheFirstPhaseBeginsWithTheStart(t *testing.T) {
	var s State
	begin := time.Unix(1_700_000_000, 0)
	s.Start(begin)
	require.Equal(t, begin, s.Snapshot(begin.Add(time.Minute)).Since)
}

func TestComponentsOfAKindAreSortedByID(t *testing.T) {
	var s State
	for _, id := range []string{"b", "c", "a"} {
		status(instance(component.KindReceiver, id), componentstatus.StatusOK)(&s)
	}
	var ids []string
	for _, c := range s.Snapshot(time.Now()).Components {
		ids = append(ids, c.ID)
	}
	require.Equal(t, []string{"a", "b", "c"}, ids)
}

// Instances in one state with one error are that of the component for as long as the first of them.
func TestOfTwoEqualReportsTheOlderCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s State
		begin := time.Now()
		for _, source := range []*componentstatus.InstanceID{otlpMetrics, otlpTraces} {
			s.Observe(source, componentstatus.NewRecoverableErrorEvent(errBoom))
			time.Sleep(time.Second)
		}
		for range 20 { // in whatever order they come
			require.Equal(t, begin, s.Snapshot(time.Now()).Components[0].Since)
		}
	})
}
