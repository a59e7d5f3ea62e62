// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	godcgm "github.com/NVIDIA/go-dcgm/pkg/dcgm"
	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// unpacked returns the path of a recording that the simulation can read.
func unpacked(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", name))
	require.NoError(t, err)
	if filepath.Ext(name) != ".gz" {
		return path
	}
	packed, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, packed.Close()) }()
	from, err := gzip.NewReader(packed)
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), strings.TrimSuffix(name, ".gz"))
	to, err := os.Create(path)
	require.NoError(t, err)
	_, err = io.Copy(to, from) //nolint:gosec // A file of this repository.
	require.NoError(t, err)
	require.NoError(t, to.Close())
	return path
}

// A player reads at the instants of a recording what was read then, and compares each answer.
type player struct {
	t     *testing.T
	sim   *simtest.Sim
	start time.Time // of the recording, on the engine's clock
	src   *source
	group *Group         // what is read with a cursor
	since recorded       // the read with a cursor that the next lines belong to
	rows  map[string]int // compared, by kind
}

// startOfRecording is where a replay has the begin of a recording: by the first timestamp and its age.
func startOfRecording(lines []recorded) time.Time {
	for _, l := range lines {
		if l.Timestamp > 0 && l.AgeMS >= 0 {
			age, at := time.Duration(l.AgeMS*1000), time.Duration(l.T*1e6+0.5) // microseconds
			return time.UnixMicro(l.Timestamp + int64(age) - int64(at))
		}
	}
	return time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
}

func play(t *testing.T, name string) *player {
	t.Helper()
	lines := readLines(t, name)
	p := &player{t: t, sim: simtest.StartManual(t, unpacked(t, name)), start: startOfRecording(lines), rows: map[string]int{}}
	t.Setenv("DCGMSIM_CLOCK", "manual") // It begins where the recording does.
	p.src = connectTo(t)
	p.watch(lines)
	var now time.Duration
	for of := range chunks(lines, func(l recorded) any { return [2]any{l.at(), l.Kind} }) {
		at := time.Duration(of[0].T*1e6+0.5) * time.Microsecond
		p.sim.Advance(at - now)
		now = at
		p.compare(of)
	}
	return p
}

// watch watches what the recorded client read with a cursor, which is refused for anything else.
func (p *player) watch(lines []recorded) {
	p.t.Helper()
	var fields []FieldID
	var entities []Entity
	for _, l := range lines {
		if l.Kind == "value_since" {
			fields, entities = append(fields, FieldID(l.Field)), append(entities, entityOf(l.entity())) //nolint:gosec // Field ids are 16 bits wide.
		}
	}
	if len(fields) == 0 {
		return
	}
	slices.SortFunc(entities, Entity.Compare)
	var err error
	p.group, _, err = p.src.Group(p.t.Context(), slices.Compact(entities))
	require.NoError(p.t, err)
	fields = inOrder(fields)
	refused, err := p.src.Watch(p.t.Context(), p.group, Watch{Fields: fields, Period: watchPeriod, KeepAge: 10 * time.Minute})
	require.NoError(p.t, err)
	require.Empty(p.t, refused)
}

// inOrder returns each item once, where it is first.
func inOrder[T comparable](items []T) []T {
	var once []T
	for _, item := range items {
		if !slices.Contains(once, item) {
			once = append(once, item)
		}
	}
	return once
}

// chunks cuts lines where key changes.
func chunks(lines []recorded, key func(recorded) any) func(func([]recorded) bool) {
	return func(yield func([]recorded) bool) {
		for from, i := 0, 1; i <= len(lines); i++ {
			if i < len(lines) && key(lines[i]) == key(lines[from]) {
				continue
			}
			if !yield(lines[from:i]) {
				return
			}
			from = i
		}
	}
}

// at is when a line was answered. What has several lines was answered at once.
func (r recorded) at() float64 {
	if slices.Contains([]string{"hierarchy", "link_status", "value_since"}, r.Kind) {
		return 0
	}
	return r.T
}

// compare compares lines of one kind that were read at one instant.
func (p *player) compare(of []recorded) {
	p.t.Helper()
	one := func(compare func(recorded)) func([]recorded) {
		return func(of []recorded) {
			for _, want := range of {
				compare(want)
			}
		}
	}
	if compare, known := map[string]func([]recorded){
		"value": p.compareValues, "hierarchy": p.compareHierarchy, "link_status": p.compareLinks,
		"since": one(func(want recorded) { p.since = want }), "value_since": p.compareSince,
		"entities": one(p.compareEntities), "gpu_status": one(p.compareStatus), "metric_groups": one(p.compareProfiling),
	}[of[0].Kind]; known {
		compare(of)
		p.rows[of[0].Kind] += len(of)
	}
}

// compareValues reads all values that were read at one instant, entity by entity.
func (p *player) compareValues(lines []recorded) {
	p.t.Helper()
	for of := range chunks(lines, func(l recorded) any { return l.entity() }) {
		var fields []FieldID
		for _, l := range of {
			fields = append(fields, FieldID(l.Field)) //nolint:gosec // Field ids are 16 bits wide.
		}
		entity := entityOf(of[0].entity())
		samples, unread, err := p.src.Read(p.t.Context(), []Entity{entity}, fields, nil)
		require.NoError(p.t, err)
		require.Empty(p.t, unread)
		require.Len(p.t, samples, len(of))
		for i, want := range of {
			require.Equal(p.t, p.sample(want), samples[i], "%s field %d at %v", entity, want.Field, want.T)
		}
	}
}

// sample is what the door makes of a recorded value.
func (p *player) sample(l recorded) Sample {
	p.t.Helper()
	r := raw{entity: entityOf(l.entity()), field: FieldID(l.Field), kind: Type(fieldTypes[l.Type]), status: l.Status, ts: l.Timestamp} //nolint:gosec // Field ids are 16, types 8 bits wide.
	if l.Timestamp == 0 && l.AgeMS >= 0 {
		r.ts = p.start.UnixMicro() + int64(l.T*1e6+0.5) - int64(l.AgeMS*1000)
	}
	switch l.Type {
	case "string":
		text := l.text(p.t)
		r.text = &text
	case "double":
		f, err := strconv.ParseFloat(l.text(p.t), 64)
		require.NoError(p.t, err)
		return p.decode(r, SampleOf(0, 0, f).bits)
	default:
		n, err := strconv.ParseInt(l.text(p.t), 10, 64)
		require.NoError(p.t, err)
		return p.decode(r, SampleOf(0, 0, n).bits)
	}
	return p.decode(r, 0)
}

func (p *player) decode(r raw, bits uint64) Sample {
	r.bits = bits
	return r.decode()
}

// compareSince reads with the recorded cursor. Both clocks are within the time of the call. Of field 112, the recording keeps
// the first read alone.
func (p *player) compareSince(of []recorded) {
	p.t.Helper()
	samples, next, err := p.src.ReadSince(p.t.Context(), p.group, 0, time.UnixMicro(p.since.Since))
	require.NoError(p.t, err)
	require.WithinDuration(p.t, time.UnixMicro(p.since.Next), next, 100*time.Millisecond)
	samples = slices.DeleteFunc(samples, func(s Sample) bool {
		return !slices.ContainsFunc(of, func(l recorded) bool { return FieldID(l.Field) == s.Field }) //nolint:gosec // Field ids are 16 bits wide.
	})
	require.Len(p.t, samples, len(of), p.since.Step)
	for i, want := range of {
		require.Equal(p.t, p.sample(want), samples[i], "%s %d field %d of %s", want.EntityGroup, want.Entity, want.Field, want.Step)
	}
}

func (p *player) compareEntities(want recorded) {
	p.t.Helper()
	kind := EntityKind(entityGroups[want.EntityGroup])
	got, err := p.src.Entities(p.t.Context(), kind)
	require.NoError(p.t, err)
	require.Equal(p.t, sorted(kind, want.IDs), got.All)
}

func (p *player) compareHierarchy(of []recorded) {
	p.t.Helper()
	got, err := p.src.Hierarchy(p.t.Context())
	require.NoError(p.t, err)
	require.Len(p.t, got, len(of))
	for i, want := range of {
		var info godcgm.MigEntityInfo
		require.NoError(p.t, json.Unmarshal(want.Info, &info))
		parent := godcgm.GroupEntityPair{EntityGroupId: entityGroups[want.ParentGroup], EntityId: want.ParentID}
		require.Equal(p.t, instanceOf(&godcgm.MigHierarchyInfo_v2{Entity: want.entity(), Parent: parent, Info: info}), got[i])
	}
}

func (p *player) compareLinks(of []recorded) {
	p.t.Helper()
	got, err := p.src.Links(p.t.Context())
	require.NoError(p.t, err)
	var links int
	for _, states := range got {
		links += len(states)
	}
	require.Equal(p.t, len(of), links)
	for _, want := range of {
		parent := entityOf(godcgm.GroupEntityPair{EntityGroupId: entityGroups[want.ParentType], EntityId: want.ParentID})
		require.Equal(p.t, LinkState(want.State), got[parent][want.Index], "link %d of %s", want.Index, parent) //nolint:gosec // There are four.
	}
}

func (p *player) compareStatus(want recorded) {
	p.t.Helper()
	got, err := p.src.Status(p.t.Context(), Entity{GPU, uint32(want.Entity)}) //nolint:gosec // DCGM's ids are 32 bits wide.
	if err != nil {
		require.ErrorIs(p.t, err, ErrDisconnected)
		require.Equal(p.t, "0", string(want.Value))
		return
	}
	require.Equal(p.t, string(want.Value), strconv.Itoa(int(got)))
}

func (p *player) compareProfiling(want recorded) {
	p.t.Helper()
	var groups []godcgm.MetricGroup
	require.NoError(p.t, json.Unmarshal(want.Value, &groups))
	var fields []FieldID
	for _, g := range groups {
		for _, id := range g.FieldIds {
			fields = append(fields, FieldID(id)) //nolint:gosec // Field ids are 16 bits wide.
		}
	}
	got, err := p.src.ProfilingFields(p.t.Context(), Entity{GPU, uint32(want.Entity)}) //nolint:gosec // DCGM's ids are 32 bits wide.
	require.NoError(p.t, err)
	slices.Sort(fields)
	require.Equal(p.t, fields, got)
}

// TestReplayAnswersAsTheRecordedEngine reads all that recordings of a real host engine hold, at the instants at which it
// was read there.
func TestReplayAnswersAsTheRecordedEngine(t *testing.T) {
	for name, rows := range map[string]map[string]int{
		"dcgm-4.6.0-h100x8.recording.jsonl": {"value": 6576, "gpu_status": 48, "metric_groups": 1},
		"dcgm-4.6.0-mig.jsonl.gz":           {"entities": 3, "hierarchy": 13, "value": 15632},
		"dcgm-4.6.0-nvswitch.jsonl.gz":      {"entities": 3, "link_status": 544, "value": 1671},
		"dcgm-4.6.0-xid-since.jsonl":        {"entities": 3, "since": 28, "value": 24, "value_since": 291},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, rows, play(t, name).rows) })
	}
}
