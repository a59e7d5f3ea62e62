// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	godcgm "github.com/NVIDIA/go-dcgm/pkg/dcgm"
	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// replayText replays lines, by a clock that begins where they do.
func replayText(t *testing.T, lines string) (*simtest.Sim, *source) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lines.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(lines), 0o600))
	sim := simtest.StartAt(t, path, time.Unix(1767225600, 0))
	return sim, connectTo(t)
}

const twoGPUs = `{"kind":"engine","t":0,"start_us":"1767225600000000","version":"version:4.5.2;buildplatform:Linux"}
{"kind":"entities","t":0,"entity_group":"GPU","ids":[0,1],"supported":[0]}
`

func TestReplayRepeatsHowCallsEnded(t *testing.T) {
	sim, src := replayText(t, twoGPUs+`
{"kind":"call","t":0.5,"call":"WatchFields [150 155]"}
{"kind":"call","t":0.5,"call":"WatchFields [1001]","code":null,"error":"error watching fields: Profiling is not supported for this group of GPUs or GPU"}
{"kind":"call","t":0.5,"call":"FieldGroupCreate [1523]","code":null,"error":"error creating field group: Bad parameter passed to function"}
{"kind":"call","t":0.5,"call":"GetEntityGroupEntities NvSwitch","code":-33,"error":"no module"}
{"kind":"value","t":1,"entity_group":"GPU","entity_id":0,"field":150,"type":"int64","status":0,"ts_us":"1767225600900000","value":"40"}
{"kind":"value","t":1,"entity_group":"GPU","entity_id":1,"field":150,"type":"int64","status":0,"ts_us":"1767225600900000","value":"41"}
{"kind":"call","t":11,"call":"EntitiesGetLatestValues","entity_group":"GPU","entity_id":1,"code":-17,"error":"No permission"}
{"kind":"value","t":11,"entity_group":"GPU","entity_id":0,"field":150,"type":"int64","status":0,"ts_us":"1767225610900000","value":"42"}
{"kind":"value","t":21,"entity_group":"GPU","entity_id":1,"field":150,"type":"int64","status":0,"ts_us":"1767225620900000","value":"43"}
{"kind":"gpu_status","t":21,"entity_id":1,"value":4}
{"kind":"usage","t":21,"memory_bytes":"1048576","cpu":0.5}
`)
	require.Equal(t, "4.5.2", src.Engine().Version)
	require.True(t, src.Engine().Simulated)
	gpus, err := src.Entities(t.Context(), GPU)
	require.NoError(t, err)
	require.Equal(t, Entities{All: gpuEntities(0, 1), Supported: gpuEntities(0)}, gpus)
	_, err = src.Entities(t.Context(), Switch)
	require.ErrorContains(t, err, "module of DCGM that is not currently loaded")

	group, _, err := src.Group(t.Context(), gpus.All)
	require.NoError(t, err)
	refused, err := src.Watch(t.Context(), group, Watch{Fields: []FieldID{150, 1001, 1523}, Period: time.Second, KeepSamples: 1})
	require.NoError(t, err)
	require.Len(t, refused, 2)
	require.ErrorContains(t, refused[0].Why, "Profiling is not supported")
	require.ErrorIs(t, refused[1].Why, ErrUnknownField)

	values := func() (map[uint32]int64, map[Entity]error) {
		samples, unread, err := src.Read(t.Context(), gpus.All, []FieldID{150}, nil)
		require.NoError(t, err)
		byGPU := map[uint32]int64{}
		for _, s := range samples {
			byGPU[s.Entity.ID] = s.Int()
		}
		return byGPU, unread
	}
	got, unread := values()
	require.Equal(t, map[uint32]int64{0: 40, 1: 41}, got, "the first answers hold from the begin on")
	require.Empty(t, unread)
	sim.Advance(11 * time.Second)
	got, unread = values()
	require.Equal(t, map[uint32]int64{0: 42}, got)
	require.ErrorContains(t, unread[Entity{GPU, 1}], "No permission")
	sim.Advance(10 * time.Second)
	got, unread = values()
	require.Equal(t, map[uint32]int64{0: 42, 1: 43}, got)
	require.Empty(t, unread)

	status, err := src.Status(t.Context(), Entity{GPU, 1})
	require.NoError(t, err)
	require.Equal(t, StatusLost, status)
	usage, err := src.Usage(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(1<<20), usage.MemoryBytes)
}

func TestReplayedEngineDiesAndReturns(t *testing.T) {
	sim, src := replayText(t, twoGPUs+`
{"kind":"call","t":10,"call":"EntitiesGetLatestValues","code":-21,"error":"Host engine connection invalid/disconnected"}
{"kind":"engine","t":30,"version":"version:4.5.2"}
{"kind":"entities","t":30,"entity_group":"GPU","ids":[0]}
`)
	sim.Advance(10 * time.Second)
	_, err := src.Entities(t.Context(), GPU)
	require.ErrorIs(t, err, ErrDisconnected)
	_, err = src.session.Connect(t.Context())
	require.Error(t, err)
	sim.Advance(20 * time.Second)
	again, err := src.session.Connect(t.Context())
	require.NoError(t, err)
	gpus, err := again.Entities(t.Context(), GPU)
	require.NoError(t, err)
	require.Equal(t, Entities{All: gpuEntities(0), Supported: gpuEntities(0)}, gpus)
}

func TestEventsOfAScenarioComeOnTopOfARecording(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(twoGPUs+`{"kind":"value","t":1,"entity_group":"GPU","entity_id":0,"field":150,"type":"int64","status":0,"ts_us":"1767225600900000","value":"40"}
`), 0o600))
	sim := simtest.StartManual(t, "replay "+path+"\nat 5s field gpu=0 id=150 value=99\n")
	src := connectTo(t)
	group, _, err := src.Group(t.Context(), gpuEntities(0))
	require.NoError(t, err)
	_, err = src.Watch(t.Context(), group, Watch{Fields: []FieldID{150}, Period: time.Second, KeepSamples: 1})
	require.NoError(t, err)
	for _, want := range []int64{40, 99} {
		samples, _, err := src.Read(t.Context(), gpuEntities(0), []FieldID{150}, nil)
		require.NoError(t, err)
		require.Equal(t, want, samples[0].Int())
		sim.Advance(5 * time.Second)
	}
}

// A recording is cut off where its process was killed.
func TestHalfALineEndsARecording(t *testing.T) {
	_, src := replayText(t, twoGPUs+`{"kind":"value","t":1,"entity_gro`)
	gpus, err := src.Entities(t.Context(), GPU)
	require.NoError(t, err)
	require.Len(t, gpus.All, 2)
}

func TestWrongRecordingsAreRefused(t *testing.T) {
	for want, lines := range map[string]string{
		"lines.jsonl:1: is no line of a recording, which is a JSON object":             "{\"kind\":\n" + twoGPUs,
		"lines.jsonl:3: is no line of a recording":                                     twoGPUs + "[]\n",
		`lines.jsonl:1: a line of a recording needs "t", the seconds since its begin`:  `{"kind":"engine","version":"version:4.6.0"}`,
		`lines.jsonl:1: a recording has no lines of kind "values"`:                     `{"kind":"values","t":1}`,
		`"entity_group" is "gpu", which is no kind of entity`:                          `{"kind":"entities","t":1,"entity_group":"gpu","ids":[0]}`,
		`"entity_id" is not a number from 0 to 4294967295`:                             `{"kind":"value","t":1,"entity_group":"GPU","entity_id":-1,"field":150}`,
		`"field" is not a number from 0 to `:                                           `{"kind":"value","t":1,"entity_group":"GPU","entity_id":1,"field":70000}`,
		`a line of this kind needs "type" and "status"`:                                `{"kind":"value","t":1,"entity_group":"GPU","entity_id":1,"field":150}`,
		`a line of this kind needs a "value" of its type`:                              `{"kind":"value","t":1,"entity_group":"GPU","entity_id":1,"field":150,"type":"int64","status":0,"value":"x"}`,
		`a line of this kind needs "cores" that are numbers`:                           `{"kind":"cpu","t":1,"entity_id":0,"serial":"","cores":["a"]}`,
		`a line of this kind needs "states" that are numbers`:                          `{"kind":"peers","t":1,"entity_id":0,"states":[-1]}`,
		`"entity_id" is not a number from 0 to 31`:                                     `{"kind":"peers","t":1,"entity_id":32,"states":[0]}`,
		"the recording has a GPU above 31":                                             `{"kind":"entities","t":1,"entity_group":"GPU","ids":[32]}`,
		`a line of this kind needs "ids", and where it has "supported", numbers in it`: `{"kind":"entities","t":1,"entity_group":"GPU","ids":["a"]}`,
	} {
		path := filepath.Join(t.TempDir(), "lines.jsonl")
		require.NoError(t, os.WriteFile(path, []byte(lines), 0o600))
		simtest.StartManual(t, path)
		_, err := godcgm.Init(godcgm.Standalone, "localhost:5555", "0")
		require.ErrorContains(t, err, want, lines)
	}
}

// TestReplayedHealthIsTheRecordedOne checks the health at the instants of the recording.
func TestReplayedHealthIsTheRecordedOne(t *testing.T) {
	const name = "dcgm-4.6.0-health.jsonl"
	sim := simtest.StartManual(t, unpacked(t, name))
	_, err := godcgm.Init(godcgm.Standalone, "localhost:5555", "0")
	require.NoError(t, err)
	defer func() { require.NoError(t, godcgm.Shutdown()) }()
	group, err := godcgm.NewDefaultGroup("health")
	require.NoError(t, err)
	lines, start, checks := readLines(t, name), sim.Now(), 0
	for _, want := range lines {
		if want.Kind != "health" {
			continue
		}
		sim.Advance(start.Add(time.Duration(want.T * float64(time.Second))).Sub(sim.Now()))
		response, err := godcgm.HealthCheck(group)
		require.NoError(t, err)
		require.Equal(t, want.Overall, uint(response.OverallHealth), want.Step)
		of := slices.DeleteFunc(slices.Clone(lines), func(line recorded) bool { return line.Kind != "incident" || line.Step != want.Step })
		require.Equal(t, incidentsRecorded(of), incidentsOf(t, response.Incidents), want.Step)
		checks++
	}
	require.Equal(t, 18, checks)
}
