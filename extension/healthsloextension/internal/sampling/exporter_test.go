// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const testWindow = time.Minute

var (
	epoch   = time.Unix(1_700_000_000, 0)
	testKey = ExporterKey{ID: "otlp_grpc", Signal: "traces"}
)

func after(seconds int) time.Time { return epoch.Add(time.Duration(seconds) * time.Second) }

// moment is what an exporter says at one moment, and what is to be made of it.
type moment struct {
	seconds     int
	counts      Counts
	failureRate float64
	stalled     bool
}

func TestExporter(t *testing.T) {
	f := func(name string, waits bool, moments ...moment) {
		t.Helper()
		e := newExporter(testKey, testWindow, testWindow/2, time.Time{})
		for i, m := range moments {
			got := e.observe(after(m.seconds), &m.counts, waits)
			require.InDelta(t, m.failureRate, got.FailureRate, 1e-12, "%s, moment %d", name, i)
			require.Equal(t, m.stalled, got.Stalled, "%s, moment %d", name, i)
		}
	}
	f("works", false,
		moment{0, Counts{Sent: 100, SendFailed: 100}, 0, false},
		moment{60, Counts{Sent: 200, SendFailed: 100, InFlight: 1}, 0, false},
		moment{120, Counts{Sent: 300, SendFailed: 100, InFlight: 1}, 0, false})
	f("fails without retry", false,
		moment{0, Counts{}, 0, false},
		moment{5, Counts{SendFailed: 20}, 1, false},
		moment{10, Counts{Sent: 20, SendFailed: 20}, 0.5, false},
		moment{64, Counts{Sent: 20, SendFailed: 20}, 0.5, false},
		moment{70, Counts{Sent: 40, SendFailed: 20}, 0, false})
	f("a dead backend that is retried stalls, then its queue overflows", false,
		moment{0, Counts{InFlight: 1}, 0, false},
		moment{30, Counts{InFlight: 1}, 0, false},
		moment{59, Counts{InFlight: 1, EnqueueFailed: 60}, 1, false},
		moment{60, Counts{InFlight: 1, EnqueueFailed: 60}, 1, true},
		moment{65, Counts{InFlight: 1, Sent: 10, EnqueueFailed: 60}, 60.0 / 70, false},
		moment{125, Counts{InFlight: 1, Sent: 20, EnqueueFailed: 60}, 0, false})
	f("a request after an idle hour is no stall", false,
		moment{0, Counts{}, 0, false},
		moment{3600, Counts{InFlight: 1}, 0, false},
		moment{3605, Counts{InFlight: 1}, 0, false},
		moment{3660, Counts{InFlight: 1}, 0, true})
	f("a batcher that holds items is no stall", false,
		moment{0, Counts{QueueSize: 10, QueueCapacity: 100}, 0, false},
		moment{120, Counts{QueueSize: 10, QueueCapacity: 100}, 0, false})
	f("one item finished is no stall", false,
		moment{0, Counts{InFlight: 1}, 0, false},
		moment{30, Counts{InFlight: 1, Sent: 1}, 0, false},
		moment{60, Counts{InFlight: 1, Sent: 2}, 0, false},
		moment{90, Counts{InFlight: 1, Sent: 3}, 0, false},
		moment{149, Counts{InFlight: 1, Sent: 3}, 0, false},
		moment{150, Counts{InFlight: 1, Sent: 3}, 0, true})
	f("a request that was not looked at for a while is no stall", false,
		moment{0, Counts{InFlight: 1}, 0, false},
		moment{50, Counts{InFlight: 1}, 0, false},
		moment{111, Counts{InFlight: 1}, 0, false},
		moment{170, Counts{InFlight: 1}, 0, false},
		moment{171, Counts{InFlight: 1}, 0, true})
	f("counters that restart", false,
		moment{0, Counts{SendFailed: 100}, 0, false},
		moment{5, Counts{SendFailed: 120}, 1, false},
		moment{10, Counts{SendFailed: 1}, 0, false},
		moment{15, Counts{SendFailed: 1, Sent: 3}, 0, false})
	f("failures of who waits for the result are counted twice", false,
		moment{0, Counts{}, 0, false},
		moment{5, Counts{Sent: 6, SendFailed: 3, EnqueueFailed: 3}, 0.5, false})
	f("unless that is known", true,
		moment{0, Counts{}, 0, false},
		moment{5, Counts{Sent: 6, SendFailed: 3, EnqueueFailed: 3}, 1.0 / 3, false},
		moment{10, Counts{Sent: 6, SendFailed: 4, EnqueueFailed: 3}, 0.4, false},
		moment{15, Counts{Sent: 6, SendFailed: 4, EnqueueFailed: 14}, 14.0 / 20, false},
		moment{20, Counts{Sent: 6, SendFailed: 5, EnqueueFailed: 14}, 15.0 / 21, false},
		moment{25, Counts{}, 0, false},
		moment{30, Counts{EnqueueFailed: 2}, 1, false})
}

// Its counters appear with the first finished request, and were zero before.
func TestExporterSeenLaterBeganAtZero(t *testing.T) {
	first := newExporter(testKey, testWindow, testWindow/2, time.Time{})
	require.Zero(t, first.observe(after(5), &Counts{SendFailed: 20}, false).FailureRate)
	later := newExporter(testKey, testWindow, testWindow/2, after(0))
	require.InDelta(t, 1.0, later.observe(after(5), &Counts{SendFailed: 20}, false).FailureRate, 0)
}

func TestQueueRatio(t *testing.T) {
	e := newExporter(testKey, testWindow, testWindow/2, time.Time{})
	got := e.observe(epoch, &Counts{QueueSize: 5, QueueCapacity: 20}, false)
	require.True(t, got.HasQueue)
	require.InDelta(t, 0.25, got.QueueRatio, 1e-12)
	got = e.observe(epoch, &Counts{QueueSize: 5}, false)
	require.False(t, got.HasQueue)
	require.Zero(t, got.QueueRatio)
}

func TestHistoryKeepsTheWorstOfEachStepForAnHour(t *testing.T) {
	f := func(interval, points int) {
		t.Helper()
		e := newExporter(testKey, testWindow, time.Duration(interval)*time.Second, time.Time{})
		var shared []Point
		for seconds := 0; seconds <= 2*3600; seconds += interval {
			counts := Counts{QueueCapacity: 10, Sent: float64(seconds)}
			if interval >= 30 || seconds%30 == 15 {
				counts.QueueSize = 9
			}
			got := e.observe(after(seconds), &counts, false)
			require.LessOrEqual(t, len(got.History), points)
			if seconds == 3600 {
				shared = got.History
			}
		}
		require.Len(t, e.history, points)
		require.Equal(t, after(7200), e.history[points-1].At)
		require.Equal(t, after(3600+max(30, interval)), e.history[0].At)
		for _, p := range e.history {
			require.InDelta(t, 0.9, p.QueueRatio, 0)
		}
		require.Equal(t, after(3600), shared[len(shared)-1].At, "what a view has does not change")
	}
	f(5, 120)
	f(240, 15)
}

func TestAPointOfTheHistoryForgetsTheOneBefore(t *testing.T) {
	e := newExporter(testKey, 10*time.Second, 5*time.Second, epoch.Add(-time.Second))
	for seconds := 0; seconds <= 120; seconds += 5 {
		counts := Counts{QueueCapacity: 10, Sent: float64(seconds), SendFailed: 1}
		if seconds >= 30 && seconds <= 45 {
			counts = Counts{QueueCapacity: 10, Sent: 30, SendFailed: 1, QueueSize: 9, InFlight: 1}
		}
		if seconds >= 65 {
			counts.SendFailed = 3
		}
		e.observe(after(seconds), &counts, false)
	}
	require.Equal(t, []Point{
		{At: after(0), FailureRate: 1},
		{At: after(30), FailureRate: 1.0 / 6, QueueRatio: 0.9},
		{At: after(60), QueueRatio: 0.9, Stalled: true},
		{At: after(90), FailureRate: 2.0 / 12},
		{At: after(120)},
	}, e.history)
}
