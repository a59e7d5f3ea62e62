// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// shared are two users of one host engine, of which the first has a call that hangs. A connection
// takes a while to end, so that what comes next comes in the middle of that.
type shared struct {
	t             *testing.T
	sim           *simtest.Sim
	first, second Session
}

// soon bounds what would wait for the hung call.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

var steps = map[string]func(*shared){
	"close the first": func(s *shared) { _ = s.first.Close(soon(s.t)) }, // It may hang, as the call does.
	"use the second": func(s *shared) {
		if _, err := s.second.Connect(soon(s.t)); err != nil {
			require.ErrorIs(s.t, err, ErrHung)
		}
	},
	"close the second": func(s *shared) { _ = s.second.Close(soon(s.t)) },
	"call returns": func(s *shared) {
		s.sim.Send("unhang")
		require.Eventually(s.t, func() bool { return s.first.(*session).hub.worker.hung() == nil }, 30*time.Second, time.Millisecond)
	},
}

func newShared(t *testing.T) *shared {
	t.Helper()
	s := &shared{t: t, sim: simtest.Start(t, "l4x1")}
	endpoint, err := ParseEndpoint("localhost:5555")
	require.NoError(t, err)
	s.first, err = Open(endpoint, time.Minute)
	require.NoError(t, err)
	s.second, err = Open(endpoint, time.Minute)
	require.NoError(t, err)
	src, err := s.first.Connect(t.Context())
	require.NoError(t, err)
	for _, user := range []Session{s.first, s.second} { // Only what hangs is to be left.
		user.(*session).timeout = 20 * time.Millisecond
	}
	s.sim.Send("slow 50ms call=dcgmDisconnect", "hang 60s")
	_, err = src.Entities(t.Context(), GPU)
	require.ErrorIs(t, err, ErrHung)
	return s
}

// requireEnded waits until the process has no hub, so that another endpoint is taken.
func requireEnded(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		process.mu.Lock()
		defer process.mu.Unlock()
		return process.hub == nil
	}, 30*time.Second, time.Millisecond)
	other, err := ParseEndpoint("elsewhere:5555")
	require.NoError(t, err)
	session, err := Open(other, time.Second)
	require.NoError(t, err)
	require.NoError(t, session.Close(t.Context()))
}

// permutations returns all orders of names.
func permutations(names []string) [][]string {
	if len(names) < 2 {
		return [][]string{names}
	}
	var out [][]string
	for i, name := range names {
		for _, rest := range permutations(slices.Delete(slices.Clone(names), i, i+1)) {
			out = append(out, append([]string{name}, rest...))
		}
	}
	return out
}

var stepNames = []string{"close the first", "use the second", "close the second", "call returns"}

func TestSharedConnectionEndsInEveryOrderAroundAHungCall(t *testing.T) {
	for _, order := range permutations(stepNames) {
		if slices.Index(order, "use the second") > slices.Index(order, "close the second") {
			continue
		}
		t.Run(strings.Join(order, ", "), func(t *testing.T) {
			s := newShared(t)
			for _, name := range order {
				steps[name](s)
			}
			requireEnded(t)
		})
	}
}

// A receiver that is started again while the connection of the one before is still being ended.
func TestConnectionThatIsBeingEndedIsTakenUpAgainInEveryOrder(t *testing.T) {
	for _, order := range permutations(stepNames) {
		if slices.Index(order, "use the second") > slices.Index(order, "close the second") {
			continue
		}
		t.Run(strings.Join(order, ", "), func(t *testing.T) {
			s := newShared(t)
			require.NoError(t, s.second.Close(t.Context()), "the first is still there")
			s.second = nil
			for _, name := range order {
				if name == "use the second" {
					var err error
					s.second, err = Open(s.first.(*session).hub.endpoint, time.Second)
					require.NoError(t, err)
				}
				steps[name](s)
			}
			requireEnded(t)
		})
	}
}

func TestSharedConnectionEndsWhenAllHappensAtOnce(t *testing.T) {
	for range 20 {
		s := newShared(t)
		var all sync.WaitGroup
		for name, step := range steps {
			if name != "use the second" {
				all.Go(func() { step(s) })
			}
		}
		all.Wait()
		requireEnded(t)
	}
}

func TestEmbeddedHostEngineLeavesTheWorkingDirectory(t *testing.T) {
	simtest.Start(t, "l4x1")
	before := t.TempDir()
	t.Chdir(before)
	t.Setenv("DCGM_HOME_DIR", t.TempDir())
	session, err := Open(Embedded(), time.Minute)
	require.NoError(t, err)
	_, err = session.Connect(t.Context())
	require.NoError(t, err)
	now, err := os.Getwd()
	require.NoError(t, err)
	require.Equal(t, before, now)
	require.NoError(t, session.Close(t.Context()))
}
