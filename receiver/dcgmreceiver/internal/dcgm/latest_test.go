// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	godcgm "github.com/NVIDIA/go-dcgm/pkg/dcgm"
	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// TestLayoutsAreThoseOfTheHeaders has a C compiler compare latest.h and history.h with the headers in the go-dcgm module.
func TestLayoutsAreThoseOfTheHeaders(t *testing.T) {
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Dir}}", "github.com/NVIDIA/go-dcgm/pkg/dcgm").Output()
	require.NoError(t, err)
	compile := func(program string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "gcc", "-fsyntax-only", "-Werror=unused-result", "-I.", "-I"+strings.TrimSpace(string(dir)), "-xc", "-")
		cmd.Stdin = strings.NewReader("#include \"history.h\"\n#include \"dcgm_agent.h\"\n" + program)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	var program strings.Builder
	same := func(ours, theirs string) {
		program.WriteString("_Static_assert(" + ours + " == " + theirs + ", \"" + theirs + "\");\n")
	}
	size := func(ours, theirs string) { same("sizeof("+ours+")", "sizeof("+theirs+")") }
	field := func(ours, of, theirs, in string) {
		same("offsetof("+ours+", "+of+")", "offsetof("+theirs+", "+in+")")
		size("(("+ours+"*)0)->"+of, "(("+theirs+"*)0)->"+in)
	}
	size("door_entity", "dcgmGroupEntityPair_t")
	field("door_entity", "kind", "dcgmGroupEntityPair_t", "entityGroupId")
	field("door_entity", "id", "dcgmGroupEntityPair_t", "entityId")
	size("door_value", "dcgmFieldValue_v2")
	for ours, theirs := range map[string]string{
		"version": "version", "kind": "entityGroupId", "entity": "entityId", "field": "fieldId", "type": "fieldType",
		"status": "status", "unused": "unused", "ts": "ts", "value": "value",
	} {
		field("door_value", ours, "dcgmFieldValue_v2", theirs)
	}
	size("door_past", "dcgmFieldValue_v1")
	for ours, theirs := range map[string]string{"version": "version", "field": "fieldId", "type": "fieldType", "status": "status", "ts": "ts", "value": "value"} {
		field("door_past", ours, "dcgmFieldValue_v1", theirs)
	}
	size("uintptr_t", "dcgmHandle_t")
	size("uintptr_t", "dcgmGpuGrp_t")
	size("uintptr_t", "dcgmFieldGrp_t")
	same("'d'", "DCGM_FT_DOUBLE")
	same("'i'", "DCGM_FT_INT64")
	size("int", "dcgmReturn_t")
	same("'s'", "DCGM_FT_STRING")
	same("0", "DCGM_ST_OK")
	// The compiler refuses a second declaration with other types.
	program.WriteString("dcgmReturn_t dcgmEntitiesGetLatestValues(uintptr_t, dcgmGroupEntityPair_t *, unsigned, uint16_t *, unsigned, unsigned, dcgmFieldValue_v2 *);\n" +
		"dcgmReturn_t dcgmGetValuesSince_v2(uintptr_t, uintptr_t, uintptr_t, long long, long long *, dcgmFieldValueEntityEnumeration_f, void *);\n" +
		"typedef int (*dcgmFieldValueEntityEnumeration_f)(dcgm_field_entity_group_t, dcgm_field_eid_t, dcgmFieldValue_v1 *, int, void *);\n")
	out, err := compile(program.String())
	require.NoError(t, err, out)
	_, err = compile(program.String() + "_Static_assert(sizeof(door_value) == sizeof(dcgmFieldValue_v1), \"\");")
	require.Error(t, err, "the comparison fails where layouts differ")
}

// allFields are the fields that the library knows.
func allFields(t *testing.T) []FieldID {
	t.Helper()
	var ids []FieldID
	for id := FieldID(1); id < 2000; id++ {
		if fieldName(id) != "" {
			ids = append(ids, id)
		}
	}
	require.Greater(t, len(ids), 500)
	return ids
}

// both is one query, made directly and through go-dcgm.
type both struct {
	direct, through       []Sample
	directErr, throughErr error
}

func (s *source) readBoth(ctx context.Context, entities []Entity, fields []FieldID) (both, error) {
	return onLink(ctx, s, "read twice", func() (b both, err error) {
		b.direct, b.directErr = s.link.direct.read(nil, entities, fields)
		values, err := readThrough(entities, fields)
		b.throughErr = err
		b.through = appendSamples(nil, values)
		return b, nil
	})
}

// equal reports how many values were equal.
func (b both) equal(t *testing.T) int {
	t.Helper()
	require.Equal(t, statusOf(b.throughErr), statusOf(b.directErr))
	if b.throughErr != nil {
		require.EqualError(t, b.directErr, b.throughErr.Error())
		return 0
	}
	require.Equal(t, b.through, b.direct)
	return len(b.through)
}

// TestDirectReadsEqualThoseOfGoDCGM reads every field of all GPUs, and of one that is absent, in every shipped scenario.
func TestDirectReadsEqualThoseOfGoDCGM(t *testing.T) {
	scenarios, err := filepath.Glob("../../../../internal/dcgmsim/scenarios/*.scenario")
	require.NoError(t, err)
	require.Greater(t, len(scenarios), 20)
	for _, path := range scenarios {
		name := strings.TrimSuffix(filepath.Base(path), ".scenario")
		if name == "fault-dcgm3" { // No connection comes about.
			continue
		}
		t.Run(name, func(t *testing.T) {
			sim := simtest.StartManual(t, name)
			src := connectTo(t)
			fields := watchAll(t, src)
			all, err := src.Entities(t.Context(), GPU)
			require.NoError(t, err)
			absent := Entity{GPU, 31}
			for _, step := range []time.Duration{0, 4 * time.Second, 7 * time.Second, 30 * time.Second} {
				if name == "fault-hang" && step > 4*time.Second { // The call would take 60 s of real time.
					break
				}
				sim.Advance(step)
				var equal int
				for part := range slices.Chunk(append([]FieldID{9999}, fields...), MaxFields) { // The first call fails.
					b, err := src.readBoth(t.Context(), append(slices.Clone(all.All), absent), part)
					require.NoError(t, err)
					equal += b.equal(t)
				}
				want := (len(all.All) + 1) * (len(fields) + 1 - MaxFields)
				require.True(t, equal == want || equal == 0 && strings.HasPrefix(name, "fault-engine"), "%d of %d values are equal", equal, want)
			}
		})
	}
}

// TestDirectReadsOfEveryKindEqualThoseOfGoDCGM reads entities that are no GPUs.
func TestDirectReadsOfEveryKindEqualThoseOfGoDCGM(t *testing.T) {
	for kind, scenario := range map[EntityKind]string{
		GPU: "mixed", Switch: "h100x8", GPUInstance: "a100x4-mig", ComputeInstance: "a100x4-mig", Link: "h100x8", CPU: "gb200-grace", CPUCore: "gb200-grace",
	} {
		t.Run(kind.String(), func(t *testing.T) {
			simtest.StartManual(t, scenario)
			src := connectTo(t)
			all, err := src.Entities(t.Context(), kind)
			require.NoError(t, err)
			require.NotEmpty(t, all.All)
			some := all.All[:min(len(all.All), 8)]
			group, refused, err := src.Group(t.Context(), some)
			require.NoError(t, err)
			require.Empty(t, refused)
			fields := watchGroup(t, src, group)
			var values int
			for part := range slices.Chunk(fields, MaxFields) {
				b, err := src.readBoth(t.Context(), some, part)
				require.NoError(t, err)
				require.Equal(t, len(some)*len(part), b.equal(t))
				for _, s := range b.direct {
					require.Contains(t, some, s.Entity)
					if s.Reason == OK {
						values++
					}
				}
			}
			require.Positive(t, values)
		})
	}
}

// connectTo returns a source that ends with the test. An engine that has died keeps it from ending well.
func connectTo(t *testing.T) *source {
	t.Helper()
	endpoint, err := ParseEndpoint("localhost:5555")
	require.NoError(t, err)
	session, err := Open(endpoint, time.Minute)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, session.Close(context.Background())) })
	src, err := session.Connect(t.Context())
	require.NoError(t, err)
	return src.(*source)
}

// watchAll watches all fields of all GPUs, and returns those that the engine knows.
func watchAll(t *testing.T, src Source) []FieldID {
	t.Helper()
	group, err := src.Everything(t.Context())
	require.NoError(t, err)
	return watchGroup(t, src, group)
}

func watchGroup(t *testing.T, src Watcher, group *Group) []FieldID {
	t.Helper()
	fields := allFields(t)
	unknown := map[FieldID]bool{}
	for part := range slices.Chunk(fields, MaxFields) {
		refused, err := src.Watch(t.Context(), group, Watch{Fields: part, Period: time.Second, KeepSamples: 2})
		require.NoError(t, err)
		for _, r := range refused {
			unknown[r.Field] = errors.Is(r.Why, ErrUnknownField)
		}
	}
	return slices.DeleteFunc(fields, func(f FieldID) bool { return unknown[f] })
}

func TestDirectReadsAllocateNothing(t *testing.T) {
	simtest.Start(t, "h100x8")
	src := connectTo(t)
	fields := watchAll(t, src)[:100]
	require.Contains(t, fields, fieldSerial, "texts too")
	entities := gpuEntities(0, 1, 2, 3, 4, 5, 6, 7)
	buf := make([]Sample, 0, len(entities)*len(fields))
	require.Zero(t, testing.AllocsPerRun(50, func() {
		samples, err := src.link.direct.read(buf, entities, fields)
		if err != nil || len(samples) != cap(buf) {
			panic(err)
		}
	}))
}

func TestSamplesOutliveTheBufferTheyCameFrom(t *testing.T) {
	simtest.Start(t, "h100x8")
	src := connectTo(t)
	watchAll(t, src)
	first, _, err := src.Read(t.Context(), gpuEntities(0), []FieldID{fieldSerial, fieldTemp}, nil)
	require.NoError(t, err)
	second, _, err := src.Read(t.Context(), gpuEntities(1), []FieldID{fieldSerial, fieldTemp}, nil)
	require.NoError(t, err)
	require.NotEqual(t, first[0].Text(), second[0].Text())
	require.NotEmpty(t, first[0].Text())
	require.Empty(t, src.Unserved(), "values are read directly")
	require.True(t, src.link.direct.proven)
}

// A library may refuse what this package calls, and go-dcgm may know better.
func TestValuesAreReadThroughGoDCGMWhereTheLibraryRefusesTheDirectCall(t *testing.T) {
	simtest.Start(t, "h100x8")
	src := connectTo(t)
	watchAll(t, src)
	loaded, err := openLibrary()
	require.NoError(t, err)
	src.link.direct.library.latest = lookUp(loaded, "dcgmRunDiagnostic") // It answers "not supported".
	entities, fields := gpuEntities(0, 1), []FieldID{fieldTemp, fieldSerial}
	for range 3 {
		samples, unread, err := src.Read(t.Context(), entities, fields, nil)
		require.NoError(t, err)
		require.Empty(t, unread)
		require.Len(t, samples, 4)
		for _, s := range samples {
			require.Equal(t, OK, s.Reason)
		}
	}
	why := src.Unserved()
	require.Len(t, why, 1)
	require.ErrorIs(t, why["read values in place"], ErrReadThrough)
	require.ErrorContains(t, why["read values in place"], "not supported")
}

// A read that fails for both is a failure of the GPU or of the engine, not of the direct read.
func TestReadsThatFailBothWaysAreErrors(t *testing.T) {
	sim := simtest.Start(t, "h100x8")
	src := connectTo(t)
	sim.Send("call call=dcgmEntitiesGetLatestValues status=-12")
	_, unread, err := src.Read(t.Context(), gpuEntities(0, 1), []FieldID{fieldTemp}, nil)
	require.NoError(t, err)
	require.Len(t, unread, 2)
	require.ErrorContains(t, unread[Entity{GPU, 1}], "API version mismatch")
	require.Empty(t, src.Unserved())
	sim.Send("call call=dcgmEntitiesGetLatestValues status=0")
	samples, unread, err := src.Read(t.Context(), gpuEntities(0, 1), []FieldID{fieldTemp}, nil)
	require.NoError(t, err)
	require.Empty(t, unread)
	require.Len(t, samples, 2)
	require.True(t, src.link.direct.proven)
}

func TestTextsAreBounded(t *testing.T) {
	var d direct
	for i := range 3 * maxTexts {
		d.intern([]byte(strings.Repeat("x", i%97) + strings.Repeat("y", i/97)))
	}
	require.LessOrEqual(t, len(d.texts), maxTexts)
}

// BenchmarkRead compares both reads of 8 GPUs with 24 fields.
func BenchmarkRead(b *testing.B) {
	simtest.Start(b, "h100x8")
	_, err := godcgm.Init(godcgm.Standalone, "localhost:5555", "0")
	require.NoError(b, err)
	defer func() { require.NoError(b, godcgm.Shutdown()) }()
	library, err := checkLibrary(Endpoint{scheme: "tcp", address: "localhost:5555"})
	require.NoError(b, err)
	entities := gpuEntities(0, 1, 2, 3, 4, 5, 6, 7)
	fields := []FieldID{100, 101, 140, 150, 155, 156, 202, 203, 204, 206, 207, 251, 252, 253, 393, 394, 395, 449, 1001, 1002, 1004, 1005, 1009, 1010}
	d := direct{library: library}
	defer d.free()
	buf := make([]Sample, 0, len(entities)*len(fields))
	for name, read := range map[string]func() error{
		"direct":  func() (err error) { _, err = d.read(buf, entities, fields); return err },
		"go-dcgm": func() error { values, err := readThrough(entities, fields); appendSamples(buf, values); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var err error
			for b.Loop() {
				err = errors.Join(err, read())
			}
			require.NoError(b, err)
		})
	}
}
