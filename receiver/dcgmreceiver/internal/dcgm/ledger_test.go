// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	godcgm "github.com/NVIDIA/go-dcgm/pkg/dcgm"
	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// A ledger compares answers with a recording, row by row, and knows which rows cannot be equal.
type ledger struct {
	t      *testing.T
	unlike map[string]bool // rows that are listed as unequal: whether one was
	rows   int
}

// replayRecording connects to a simulated node and compares what it answers, until the test ends.
func replayRecording(t *testing.T, name, scenario string) (*ledger, *simtest.Sim, []recorded) {
	t.Helper()
	return replayRecordingAt(t, name, scenario, time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC))
}

func replayRecordingAt(t *testing.T, name, scenario string, start time.Time) (*ledger, *simtest.Sim, []recorded) {
	t.Helper()
	sim := simtest.StartAt(t, scenario, start)
	_, err := godcgm.Init(godcgm.Standalone, "localhost:5555", "0")
	require.NoError(t, err)
	l := &ledger{t: t, unlike: map[string]bool{}}
	for _, row := range unequal[name] {
		require.NotEmpty(t, row.reason, row.row)
		l.unlike[row.row] = false
	}
	t.Cleanup(func() {
		require.NoError(t, godcgm.Shutdown())
		require.Positive(t, l.rows)
		for _, row := range slices.Sorted(maps.Keys(l.unlike)) {
			require.True(t, l.unlike[row], "%q is listed as unequal, and is equal or was not compared: remove it", row)
		}
	})
	return l, sim, readLines(t, name)
}

// equal compares what a row of the recording says with what the simulation answered.
func (l *ledger) equal(row string, want, got any) {
	l.t.Helper()
	l.rows++
	if _, listed := l.unlike[row]; listed {
		l.unlike[row] = l.unlike[row] || !reflect.DeepEqual(want, got)
		return
	}
	require.Equal(l.t, want, got, "%s", row)
}

var entityGroups = map[string]godcgm.Field_Entity_Group{
	"GPU": godcgm.FE_GPU, "NvSwitch": godcgm.FE_SWITCH, "GPU Instance": godcgm.FE_GPU_I, "GPU Compute Instance": godcgm.FE_GPU_CI,
	"NvLink": godcgm.FE_LINK, "CPU": godcgm.FE_CPU, "vGPU": godcgm.FE_VGPU, "unknown": godcgm.FE_NONE,
}

func (r recorded) entity() godcgm.GroupEntityPair {
	return godcgm.GroupEntityPair{EntityGroupId: entityGroups[r.EntityGroup], EntityId: r.Entity}
}

// entities compares the entities of a kind.
func (l *ledger) entities(want recorded) {
	l.t.Helper()
	got, err := godcgm.GetEntityGroupEntities(entityGroups[want.EntityGroup])
	require.NoError(l.t, err)
	l.equal("entities "+want.EntityGroup, append([]uint{}, want.IDs...), append([]uint{}, got...))
}

// answer is what a value says beside its size: synthetic values need not be equal.
type answer struct {
	typ    uint
	status int
	kind   string
	timed  bool
}

var fieldTypes = map[string]uint{"int64": godcgm.DCGM_FT_INT64, "double": godcgm.DCGM_FT_DOUBLE, "string": godcgm.DCGM_FT_STRING}

func (r recorded) answer(t *testing.T) answer {
	t.Helper()
	return answer{fieldTypes[r.Type], r.Status, kindOf(r.Type, r.text(t)), r.AgeMS >= 0}
}

func answerOf(v godcgm.FieldValue_v2) answer {
	names := map[uint]string{godcgm.DCGM_FT_INT64: "int64", godcgm.DCGM_FT_DOUBLE: "double", godcgm.DCGM_FT_STRING: "string"}
	return answer{v.FieldType, v.Status, kindOf(names[v.FieldType], textOf(v)), v.TS > 0}
}

// values compares the newest values of all fields and entities that lines have.
func (l *ledger) values(lines []recorded) {
	l.t.Helper()
	done := map[string]bool{}
	for _, want := range lines {
		row := fmt.Sprintf("%s %d field %d", want.EntityGroup, want.Entity, want.Field)
		if want.Kind != "value" || done[row] {
			continue // Fields are recorded once for each of their names.
		}
		done[row] = true
		got, err := godcgm.EntitiesGetLatestValues([]godcgm.GroupEntityPair{want.entity()}, []godcgm.Short{godcgm.Short(want.Field)}, 0) //nolint:gosec // Field ids are 16 bits wide.
		require.NoError(l.t, err, row)
		l.equal(row, want.answer(l.t), answerOf(got[0]))
	}
}

// watch watches the fields of a recording in the parts in which they were watched there, and
// returns the errors of parts that are refused.
func (l *ledger) watch(entities []godcgm.GroupEntityPair, ids []godcgm.Short, part int) (refused []string) {
	l.t.Helper()
	group, err := godcgm.CreateGroup("recorded")
	require.NoError(l.t, err)
	for _, e := range entities {
		require.NoError(l.t, godcgm.AddEntityToGroup(group, e.EntityGroupId, e.EntityId))
	}
	for ids := range slices.Chunk(ids, part) {
		fields, err := godcgm.FieldGroupCreate(fmt.Sprintf("recorded-%d", ids[0]), ids)
		require.NoError(l.t, err)
		if err := godcgm.WatchFieldsWithGroupEx(fields, group, watchPeriod.Microseconds(), 300, 0); err != nil {
			refused = append(refused, fmt.Sprintf("WatchFields %v: %v", ids, err))
		}
	}
	return refused
}
