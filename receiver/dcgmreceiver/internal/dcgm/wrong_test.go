// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	godcgm "github.com/NVIDIA/go-dcgm/pkg/dcgm"
	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// wrong is a client that makes the calls of the recording of errors.
type wrong struct {
	t      *testing.T
	group  godcgm.GroupHandle
	fields godcgm.FieldHandle // of three ids, one of them twice
	values []godcgm.FieldValue_v2
}

// ids are fields that the engine knows.
func (w *wrong) ids(n int) []godcgm.Short {
	w.t.Helper()
	return fieldsOf(readRecording(w.t), "steady")[:n]
}

func (w *wrong) badGroup() (bad godcgm.GroupHandle) {
	bad.SetHandle(9999)
	return bad
}

func (w *wrong) badFields() (bad godcgm.FieldHandle) {
	bad.SetHandle(9999)
	return bad
}

func (w *wrong) createGroup(name string) (err error) {
	w.group, err = godcgm.CreateGroup(name)
	return err
}

func (w *wrong) add(kind godcgm.Field_Entity_Group, id uint) error {
	return godcgm.AddEntityToGroup(w.group, kind, id)
}

func (w *wrong) createFields(ids ...godcgm.Short) error {
	_, err := godcgm.FieldGroupCreate(fmt.Sprintf("wrong-%d", len(ids)), ids)
	return err
}

func (w *wrong) watch(period int64, age float64, samples int32) error {
	return godcgm.WatchFieldsWithGroupEx(w.fields, w.group, period, age, samples)
}

func (w *wrong) since(group godcgm.GroupHandle, fields godcgm.FieldHandle, since time.Time) (err error) {
	w.values, _, err = godcgm.GetValuesSince(group, fields, since)
	return err
}

func (w *wrong) latest(live bool, entities []godcgm.GroupEntityPair, ids ...godcgm.Short) (err error) {
	var flags uint
	if live {
		flags = godcgm.DCGM_FV_FLAG_LIVE_DATA
	}
	w.values, err = godcgm.EntitiesGetLatestValues(entities, ids, flags)
	return err
}

func gpus(ids ...uint) (entities []godcgm.GroupEntityPair) {
	for _, id := range ids {
		entities = append(entities, godcgm.GroupEntityPair{EntityGroupId: godcgm.FE_GPU, EntityId: id})
	}
	return entities
}

// exhaust makes more until the engine has no room, and n fit.
func exhaust(t *testing.T, n int, create func(name string) error) error {
	t.Helper()
	for i := range n {
		require.NoError(t, create(fmt.Sprintf("more-%d", i)))
	}
	return create("one too many")
}

// now is when the recording of errors is replayed.
var now = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// calls are what the recorded client called, in its words.
var calls = map[string]func(*wrong) error{
	"CreateGroup err":           func(w *wrong) error { return w.createGroup("err") },
	"CreateGroup same name":     func(*wrong) error { _, err := godcgm.CreateGroup("err"); return err },
	"AddEntityToGroup gpu 0":    func(w *wrong) error { return w.add(godcgm.FE_GPU, 0) },
	"AddEntityToGroup gpu 31":   func(w *wrong) error { return w.add(godcgm.FE_GPU, 31) },
	"AddEntityToGroup gpu 99":   func(w *wrong) error { return w.add(godcgm.FE_GPU, 99) },
	"AddEntityToGroup switch 0": func(w *wrong) error { return w.add(godcgm.FE_SWITCH, 0) },
	"AddEntityToGroup gi 0":     func(w *wrong) error { return w.add(godcgm.FE_GPU_I, 0) },
	"AddEntityToGroup ci 0":     func(w *wrong) error { return w.add(godcgm.FE_GPU_CI, 0) },
	"AddEntityToGroup link 1":   func(w *wrong) error { return w.add(godcgm.FE_LINK, 1) },
	"AddEntityToGroup cpu 0":    func(w *wrong) error { return w.add(godcgm.FE_CPU, 0) },
	"AddEntityToGroup none 0":   func(w *wrong) error { return w.add(godcgm.FE_NONE, 0) },
	"AddToGroup bad group":      func(w *wrong) error { return godcgm.AddToGroup(w.badGroup(), 0) },
	"DestroyGroup bad":          func(w *wrong) error { return godcgm.DestroyGroup(w.badGroup()) },

	"AddEntityToGroup gpu 0 again": func(w *wrong) error { return w.add(godcgm.FE_GPU, 0) },

	"FieldGroupCreate empty":       func(w *wrong) error { return w.createFields() },
	"FieldGroupCreate field 0":     func(w *wrong) error { return w.createFields(0) },
	"FieldGroupCreate unknown 999": func(w *wrong) error { return w.createFields(999) },
	"FieldGroupCreate 150,1611":    func(w *wrong) error { return w.createFields(150, 1611) },
	"FieldGroupCreate 5000":        func(w *wrong) error { return w.createFields(5000) },
	"FieldGroupCreate 128":         func(w *wrong) error { return w.createFields(w.ids(128)...) },
	"FieldGroupCreate 129":         func(w *wrong) error { return w.createFields(w.ids(129)...) },
	"FieldGroupCreate duplicate field": func(w *wrong) (err error) {
		w.fields, err = godcgm.FieldGroupCreate("same", []godcgm.Short{150, 150, 155})
		return err
	},
	"FieldGroupCreate same name": func(*wrong) error {
		_, err := godcgm.FieldGroupCreate("same", []godcgm.Short{150})
		return err
	},

	"UnwatchFields unwatched":     func(w *wrong) error { return godcgm.UnwatchFields(w.fields, w.group) },
	"WatchFields bad group":       func(w *wrong) error { return godcgm.WatchFieldsWithGroup(w.fields, w.badGroup()) },
	"WatchFields bad field group": func(w *wrong) error { return godcgm.WatchFieldsWithGroup(w.badFields(), w.group) },
	"WatchFields freq 0":          func(w *wrong) error { return w.watch(0, 300, 0) },
	"WatchFields freq 1us":        func(w *wrong) error { return w.watch(1, 300, 0) },
	"WatchFields age 0 samples 0": func(w *wrong) error { return w.watch(1000000, 0, 0) },
	"WatchFields ok":              func(w *wrong) error { return w.watch(1000000, 300, 0) },

	"GetValuesSince unwatched":       func(w *wrong) error { return w.since(w.group, w.fields, time.Time{}) },
	"GetValuesSince bad group":       func(w *wrong) error { return w.since(w.badGroup(), w.fields, time.Time{}) },
	"GetValuesSince bad field group": func(w *wrong) error { return w.since(w.group, w.badFields(), time.Time{}) },

	"GetValuesSince future: 6 values, next-now 0s": func(w *wrong) error { return w.since(w.group, w.fields, now.Add(time.Hour)) },

	"EntitiesGetLatestValues gpu 31":   func(w *wrong) error { return w.latest(false, gpus(31), 150) },
	"EntitiesGetLatestValues gpu 0,31": func(w *wrong) error { return w.latest(false, gpus(0, 31), 150) },
	"EntitiesGetLatestValues 128 fields": func(w *wrong) error {
		return w.latest(false, gpus(0), w.ids(128)...)
	},
	"EntitiesGetLatestValues 129 fields": func(w *wrong) error {
		return w.latest(false, gpus(0), w.ids(129)...)
	},

	"GetSupportedMetricGroups 31": func(*wrong) error { _, err := godcgm.GetSupportedMetricGroups(31); return err },
	"CreateGroup limit after 60 more": func(w *wrong) error {
		return exhaust(w.t, 60, func(name string) error { _, err := godcgm.CreateGroup(name); return err })
	},
	"GetCPUHierarchy_v2":               func(*wrong) error { _, err := godcgm.GetCPUHierarchy_v2(); return err },
	"GetDeviceTopology 0":              func(*wrong) error { _, err := godcgm.GetDeviceTopology(0); return err },
	"GetNvLinkP2PStatus gpus 8":        func(*wrong) error { _, err := godcgm.GetNvLinkP2PStatus(); return err },
	"Introspect {Memory:138440 CPU:0}": func(*wrong) error { _, err := godcgm.Introspect(); return err },
	"FieldGroupCreate limit after 60 more": func(w *wrong) error {
		return exhaust(w.t, 60, func(name string) error {
			_, err := godcgm.FieldGroupCreate(name, []godcgm.Short{150})
			return err
		})
	},
	"GetEntityGroupEntities GPU": func(*wrong) error { _, err := godcgm.GetEntityGroupEntities(godcgm.FE_GPU); return err },
}

// oneField is a read of one field, of GPU 0 unless it names another entity.
var oneField = regexp.MustCompile(`^EntitiesGetLatestValues (live )?(?:(.+) 0 )?field (\d+)$`)

func callOf(t *testing.T, words string) func(*wrong) error {
	t.Helper()
	match := oneField.FindStringSubmatch(words)
	if match == nil {
		require.Contains(t, calls, words)
		return calls[words]
	}
	field, err := strconv.ParseUint(match[3], 10, 16)
	require.NoError(t, err)
	entity := gpus(0)
	if match[2] != "" {
		require.Contains(t, entityGroups, match[2])
		entity[0].EntityGroupId = entityGroups[match[2]]
	}
	return func(w *wrong) error { return w.latest(match[1] != "", entity, godcgm.Short(field)) }
}

// values is how many values a call gave, as the recorded client wrote it behind some calls.
var values = regexp.MustCompile(`: (\d+) values`)

// TestWrongCallsAnswerAsOnARealHostEngine makes the recorded calls in their order: what is odd,
// absent, unknown or too much.
func TestWrongCallsAnswerAsOnARealHostEngine(t *testing.T) {
	l, _, lines := replayRecording(t, "dcgm-4.6.0-errors.jsonl", "testdata/node.scenario")
	w := &wrong{t: t}
	for _, want := range lines {
		switch want.Kind {
		case "call":
			w.values = nil
			words := want.Call
			if strings.HasPrefix(words, "Entities") {
				words = values.ReplaceAllString(words, "")
			}
			l.callEnds(want, callOf(t, words)(w))
			if count := values.FindStringSubmatch(want.Call); count != nil {
				l.equal("values of "+want.Call, count[1], strconv.Itoa(len(w.values)))
			}
		case "value":
			require.NotEmpty(t, w.values)
			l.equal(fmt.Sprintf("%s %d field %d", want.EntityGroup, want.Entity, want.Field), want.answer(t), answerOf(w.values[0]))
			w.values = w.values[1:]
		case "status31":
			l.equal("status of GPU 31", string(want.Value), strconv.Itoa(int(godcgm.GetGPUStatus(31))))
		case "entities":
			l.entities(want)
		}
	}
}

func (l *ledger) callEnds(want recorded, err error) {
	l.t.Helper()
	if want.Error == "" {
		require.NoError(l.t, err, want.Call)
		return
	}
	require.Error(l.t, err, want.Call)
	l.equal("error of "+want.Call, want.Error, err.Error())
	if want.Code != nil {
		l.equal("status of "+want.Call, *want.Code, statusOf(err))
	}
}

// TestGlobalFieldsAreNotUnwatchedOnGPUs holds what ends every session: DCGM answers "not watched"
// for fields that belong to no entity, whose watch is gone all the same.
func TestGlobalFieldsAreNotUnwatchedOnGPUs(t *testing.T) {
	sim := simtest.StartManual(t, "testdata/node.scenario")
	_, err := godcgm.Init(godcgm.Standalone, "localhost:5555", "0")
	require.NoError(t, err)
	defer func() { require.NoError(t, godcgm.Shutdown()) }()
	group, err := godcgm.NewDefaultGroup("global")
	require.NoError(t, err)
	ids := []godcgm.Short{1, 5, 1503}
	fields, err := godcgm.FieldGroupCreate("global", ids)
	require.NoError(t, err)
	require.NoError(t, godcgm.WatchFieldsWithGroupEx(fields, group, watchPeriod.Microseconds(), 300, 0))
	require.ErrorContains(t, godcgm.UnwatchFields(fields, group), "Field is not being watched")
	ended := sim.Now()
	sim.Advance(settled)
	read, err := godcgm.EntitiesGetLatestValues(gpus(0), ids, 0)
	require.NoError(t, err)
	require.False(t, slices.ContainsFunc(read, func(v godcgm.FieldValue_v2) bool { return v.TS > ended.UnixMicro() }))
}

// TestLiveReadOfProfilingEndsTheHostEngine keeps what runs on the simulation from such reads.
func TestLiveReadOfProfilingEndsTheHostEngine(t *testing.T) {
	simtest.StartManual(t, "testdata/node.scenario")
	_, err := godcgm.Init(godcgm.Standalone, "localhost:5555", "0")
	require.NoError(t, err)
	defer func() { require.Error(t, godcgm.Shutdown()) }()
	_, err = godcgm.EntitiesGetLatestValues(gpus(0), []godcgm.Short{1001}, godcgm.DCGM_FV_FLAG_LIVE_DATA)
	require.Equal(t, statusConnectionNotValid, statusOf(err))
	_, err = godcgm.GetSupportedDevices()
	require.Equal(t, statusConnectionNotValid, statusOf(err))
}
