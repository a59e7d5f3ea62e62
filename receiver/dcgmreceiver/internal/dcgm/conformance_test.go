// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	godcgm "github.com/NVIDIA/go-dcgm/pkg/dcgm"
	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

const watchPeriod = time.Second

// faults are what was done to the recorded node, and when in the recording's time. What has
// no time in the recording lies well between the phases.
var faults = []struct {
	at   time.Duration
	line string
}{
	{9004 * time.Millisecond, "xid gpu=3 code=79"},
	{13 * time.Second, "gpu_lost gpu=5"},
	{19 * time.Second, "gpu_restored gpu=5"},
	{26 * time.Second, "engine_dies"},
	{36 * time.Second, "engine_returns"},
}

// replay walks a simulated node through the recording's time.
type replay struct {
	sim       *simtest.Sim
	start     time.Time
	group     godcgm.GroupHandle
	unwatched godcgm.FieldHandle
	done      int // faults so far
}

func (r *replay) goTo(t time.Duration) {
	for ; r.done < len(faults) && faults[r.done].at <= t; r.done++ {
		r.advanceTo(faults[r.done].at)
		r.sim.Send(faults[r.done].line)
	}
	r.advanceTo(t)
}

func (r *replay) advanceTo(t time.Duration) {
	if d := r.start.Add(t).Sub(r.sim.Now()); d > 0 {
		r.sim.Advance(d)
	}
}

// TestSimulatorAnswersAsARealHostEngine replays the recording's phases: for every value of
// every field its type, status, kind of blank and age, and everything else word for word.
func TestSimulatorAnswersAsARealHostEngine(t *testing.T) {
	lines := readRecording(t)
	r := &replay{sim: simtest.StartManual(t, "h100x8")}
	r.start = r.sim.Now()
	_, err := godcgm.Init(godcgm.Standalone, "localhost:5555", "0")
	require.NoError(t, err)
	defer func() { require.Error(t, godcgm.Shutdown(), "the recording ends with a dead connection") }()
	r.watch(t, lines)
	for _, phase := range phasesOf(lines) {
		of := slices.DeleteFunc(slices.Clone(lines), func(l recorded) bool { return l.Phase != phase })
		r.goTo(time.Duration(of[0].T * float64(time.Second)))
		t.Run(phase, func(t *testing.T) { r.check(t, of) })
	}
}

// watch does what was done to the recorded engine: it watches the fields of the first phase.
func (r *replay) watch(t *testing.T, lines []recorded) {
	t.Helper()
	var err error
	r.group, err = godcgm.NewDefaultGroup("conformance")
	require.NoError(t, err)
	for i := range slices.Chunk(fieldsOf(lines, lines[0].Phase), MaxFields) {
		fields, err := godcgm.FieldGroupCreate(fmt.Sprintf("conformance-%d", i[0]), i)
		require.NoError(t, err)
		require.NoError(t, godcgm.WatchFieldsWithGroupEx(fields, r.group, watchPeriod.Microseconds(), 300, 0))
	}
	r.unwatched, err = godcgm.FieldGroupCreate("conformance-unwatched", []godcgm.Short{godcgm.DCGM_FI_DEV_XID_ERROR})
	require.NoError(t, err)
}

func (r *replay) check(t *testing.T, lines []recorded) {
	t.Helper()
	got := r.readAll(t, lines)
	for _, want := range lines {
		switch want.Kind {
		case "value":
			r.checkValue(t, want, got[key{want.Entity, want.Field}])
		case "gpu_status":
			require.Equal(t, string(want.Value), strconv.Itoa(int(godcgm.GetGPUStatus(want.Entity))), "status of GPU %d", want.Entity)
		case "error":
			require.Contains(t, r.errors(), want.Error)
		case "hostengine_version":
			r.checkVersion(t, want)
		case "metric_groups":
			r.checkMetricGroups(t, want)
		default:
			require.Fail(t, "the recording has a kind of line that nobody checks", want.Kind)
		}
	}
}

type key struct{ entity, field uint }

func (r *replay) readAll(t *testing.T, lines []recorded) map[key]godcgm.FieldValue_v2 {
	t.Helper()
	got := map[key]godcgm.FieldValue_v2{}
	for part := range slices.Chunk(fieldsOf(lines, lines[0].Phase), MaxFields) {
		for gpu := range uint(8) {
			values, err := godcgm.EntitiesGetLatestValues([]godcgm.GroupEntityPair{{EntityGroupId: godcgm.FE_GPU, EntityId: gpu}}, part, 0)
			require.NoError(t, err)
			for _, v := range values {
				got[key{v.EntityID, uint(v.FieldID)}] = v
			}
		}
	}
	return got
}

func (r *replay) checkValue(t *testing.T, want recorded, got godcgm.FieldValue_v2) {
	t.Helper()
	what := fmt.Sprintf("field %d of GPU %d", want.Field, want.Entity)
	types := map[string]uint{"int64": godcgm.DCGM_FT_INT64, "double": godcgm.DCGM_FT_DOUBLE, "string": godcgm.DCGM_FT_STRING}
	require.Equal(t, types[want.Type], got.FieldType, "type of %s", what)
	require.Equal(t, want.Status, got.Status, "status of %s", what)
	require.Equal(t, kindOf(want.Type, want.text(t)), kindOf(want.Type, textOf(got)), "kind of value of %s: recorded %s, got %s", what, want.Value, textOf(got))
	if want.AgeMS < 0 {
		require.Zero(t, got.TS, "timestamp of %s", what)
		return
	}
	age := r.sim.Now().Sub(time.UnixMicro(got.TS))
	require.GreaterOrEqual(t, age, time.Duration(0), "age of %s", what)
	require.InDelta(t, want.AgeMS, float64(age.Milliseconds()), float64(watchPeriod.Milliseconds()), "age in ms of %s", what)
}

// errors are the texts of all errors that a client can meet now.
func (r *replay) errors() []string {
	var texts []string
	_, err := godcgm.GetSupportedDevices()
	if err != nil {
		texts = append(texts, err.Error())
	}
	if _, _, err = godcgm.GetValuesSince(r.group, r.unwatched, time.Time{}); err != nil {
		texts = append(texts, "GetValuesSince: "+err.Error())
	}
	fields, err := godcgm.FieldGroupCreate("conformance-more", []godcgm.Short{godcgm.DCGM_FI_DEV_GPU_TEMP})
	if err != nil {
		return append(texts, "FieldGroupCreate: "+err.Error())
	}
	if err := godcgm.FieldGroupDestroy(fields); err != nil {
		texts = append(texts, "FieldGroupDestroy: "+err.Error())
	}
	return texts
}

func (r *replay) checkVersion(t *testing.T, want recorded) {
	t.Helper()
	info, err := godcgm.GetHostengineVersionInfo()
	require.NoError(t, err)
	var text string
	require.NoError(t, json.Unmarshal(want.Value, &text))
	text = strings.Replace(text, "buildplatform:local", "buildplatform:"+simulatedPlatform, 1)
	require.Equal(t, text, fmt.Sprintf("%+v", info))
}

func (r *replay) checkMetricGroups(t *testing.T, want recorded) {
	t.Helper()
	groups, err := godcgm.GetSupportedMetricGroups(want.Entity)
	require.NoError(t, err)
	var recordedGroups []godcgm.MetricGroup
	require.NoError(t, json.Unmarshal(want.Value, &recordedGroups))
	require.Equal(t, recordedGroups, groups)
}
