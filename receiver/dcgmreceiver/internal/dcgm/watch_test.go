// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// connect returns a source on a simulated node, which ends with the test.
func connect(t *testing.T, scenario string) (Source, *simtest.Sim) {
	t.Helper()
	sim := simtest.Start(t, scenario)
	return openSource(t), sim
}

func reasonsOf(refused []Refusal) map[FieldID]error {
	reasons := map[FieldID]error{}
	for _, r := range refused {
		reasons[r.Field] = r.Why
	}
	return reasons
}

// A Tesla P4 has no profiling, so the host engine refuses any watch that asks for some.
func TestRefusedFieldsCostNoOthers(t *testing.T) {
	p4 := Entity{GPU, 2}
	src, _ := connect(t, "mixed")
	group, _, err := src.Group(t.Context(), []Entity{p4})
	require.NoError(t, err)
	fields := []FieldID{1, 100, 101, 150, 155, 1001, 5000, 1002, 252, 1503}
	refused, err := src.Watch(t.Context(), group, Watch{Fields: fields, Period: time.Second, KeepSamples: 1})
	require.NoError(t, err)
	reasons := reasonsOf(refused)
	require.Len(t, reasons, 3)
	require.ErrorContains(t, reasons[1001], "Profiling is not supported")
	require.ErrorContains(t, reasons[1002], "Profiling is not supported")
	require.ErrorIs(t, reasons[5000], ErrUnknownField)
	require.Equal(t, "gr_engine_active", refused[slices.IndexFunc(refused, func(r Refusal) bool { return r.Field == 1001 })].Name)
	require.Equal(t, 1, group.Watches(), "parts are one watch in the end, since field groups are few")

	samples, unread, err := src.Read(t.Context(), []Entity{p4}, []FieldID{1, 100, 101, 150, 155, 252}, nil)
	require.NoError(t, err)
	require.Empty(t, unread)
	for _, s := range samples {
		require.Equal(t, OK, s.Reason, "field %d", s.Field)
	}
	require.NoError(t, src.Release(t.Context(), group))
}

func TestHostEngineThatTakesNoFieldGroupIsNotAskedForEachField(t *testing.T) {
	src, sim := connect(t, "l4x1")
	group, _, err := src.Group(t.Context(), gpuEntities(0))
	require.NoError(t, err)
	sim.Send("call call=dcgmFieldGroupCreate status=-24")
	refused, err := src.Watch(t.Context(), group, Watch{Fields: []FieldID{150, 155}, Period: time.Second})
	require.NoError(t, err)
	require.Len(t, refused, 2)
	for _, r := range refused {
		require.ErrorIs(t, r.Why, ErrNoGroup)
	}
}

// The host engine logs an error for every watch that it is asked to end and does not find.
func TestOnlyWhatIsWatchedIsUnwatched(t *testing.T) {
	src, sim := connect(t, "h100x8")
	entities := gpuEntities(0, 1, 2, 3, 4, 5, 6, 7)
	for range 2 {
		group, _, err := src.Group(t.Context(), entities)
		require.NoError(t, err)
		for _, fields := range [][]FieldID{{1, 5, 50, 54}, {54, 150, 155}, {310, 1503}, {112}, {112, 150}, {50, 54}} {
			refused, err := src.Watch(t.Context(), group, Watch{Fields: fields, Period: time.Second, KeepSamples: 2})
			require.NoError(t, err)
			require.Empty(t, refused)
		}
		samples, unread, err := src.Read(t.Context(), entities, []FieldID{1, 5}, nil)
		require.NoError(t, err)
		require.Empty(t, unread)
		require.Len(t, samples, 16)
		for _, s := range samples {
			require.Equal(t, OK, s.Reason)
		}
		require.NoError(t, src.Release(t.Context(), group))
	}
	require.Empty(t, sim.EngineErrors())
}
