// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

// profiling is a host engine whose GPUs have all profiling fields: the recording does not say which.
type profiling struct{ dcgm.Source }

func (profiling) ProfilingFields(context.Context, dcgm.Entity) ([]dcgm.FieldID, error) {
	var fields []dcgm.FieldID
	for f := range dcgm.FieldID(2000) {
		if dcgm.IsProfiling(f) {
			fields = append(fields, f)
		}
	}
	return fields, nil
}

// unpacked is where the text of a packed recording is.
func unpacked(t *testing.T, name string) string {
	t.Helper()
	packed, err := os.Open(filepath.Join("internal/dcgm/testdata", name+".gz"))
	require.NoError(t, err)
	defer func() { require.NoError(t, packed.Close()) }()
	from, err := gzip.NewReader(packed)
	require.NoError(t, err)
	text, err := io.ReadAll(from)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

// recordedValue is a line of a recording.
type recordedValue struct {
	Kind   string       `json:"kind"`
	Group  string       `json:"entity_group"`
	Entity uint32       `json:"entity_id"`
	Field  dcgm.FieldID `json:"field"`
}

var recordedKinds = map[string]dcgm.EntityKind{"GPU": dcgm.GPU, "GPU Instance": dcgm.GPUInstance, "GPU Compute Instance": dcgm.ComputeInstance, "NvSwitch": dcgm.Switch}

// recordedFields are the fields that a recording has of each entity, and how many values there are.
func recordedFields(t *testing.T, path string) (map[dcgm.Entity][]dcgm.FieldID, int) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	fields, values := map[dcgm.Entity][]dcgm.FieldID{}, 0
	for line := range strings.Lines(string(text)) {
		var l recordedValue
		require.NoError(t, json.Unmarshal([]byte(line), &l))
		if l.Kind != "value" {
			continue
		}
		e := dcgm.Entity{Kind: recordedKinds[l.Group], ID: l.Entity}
		values++
		if !slices.Contains(fields[e], l.Field) {
			fields[e] = append(fields[e], l.Field)
		}
	}
	return fields, values
}

// account is what became of the values of a recording: reasons by kind of entity and field.
type account struct {
	*steps
	points map[string]float64
	rows   map[dcgm.EntityKind]*catalog.Layout
	of     map[dcgm.EntityKind]map[string]map[dcgm.FieldID]bool
}

// pointKey is a series by its metric and its entity and its own attributes.
func pointKey(metric string, attrs map[string]any) string { return fmt.Sprint(metric, attrs) }

// pointsOfEntities are the values of all points.
func pointsOfEntities(md pmetric.Metrics) map[string]float64 {
	out := map[string]float64{}
	for m, point := range points(md) {
		value := point.DoubleValue()
		if point.ValueType() == pmetric.NumberDataPointValueTypeInt {
			value = float64(point.IntValue())
		}
		out[pointKey(m.Name(), point.Attributes().AsRaw())] = value
	}
	return out
}

// why says what becomes of a value of an entity.
func (a *account) why(g *gpu, field dcgm.FieldID, samples map[dcgm.FieldID]dcgm.Sample) string {
	kind := g.entity().Kind
	switch s := samples[field]; {
	case slices.Contains(a.collector.watches.Identity[kind], field) && s.Reason == dcgm.OK:
		return "who and where it is: attributes"
	case s.Reason != dcgm.OK:
		return "no value: " + s.Reason.String()
	}
	reason := ""
	for i := range a.rows[kind].Rows {
		if r := &a.rows[kind].Rows[i]; rowNeeds(r, field) {
			if got := a.whyOfRow(g, r, field, samples); reason == "" || got == emitted {
				reason = got
			}
		}
	}
	switch {
	case reason != "":
		return reason
	case slices.ContainsFunc(a.rows[dcgm.GPU].Rows, func(r catalog.Placed) bool { return rowNeeds(&r, field) }):
		return "a value of the GPU, emitted there"
	case slices.Contains(inventory.Fields, field):
		return "who and where the GPU is"
	default:
		return "no metric is made of it"
	}
}

const emitted = "emitted"

func rowNeeds(r *catalog.Placed, field dcgm.FieldID) bool {
	return slices.ContainsFunc(r.Sources, func(src catalog.Source) bool { return slices.Contains(src.Fields, field) })
}

// whyOfRow requires the point that the row gives, if it gives one.
func (a *account) whyOfRow(g *gpu, r *catalog.Placed, field dcgm.FieldID, samples map[dcgm.FieldID]dcgm.Sample) string {
	for i := range r.Sources {
		src := &r.Sources[i]
		var read []dcgm.Sample
		for _, f := range src.Fields {
			if s := samples[f]; s.Reason == dcgm.OK && s.TS > 0 {
				read = append(read, s)
			}
		}
		if len(read) < len(src.Fields) || g.known.Architecture < src.From {
			continue
		}
		if !slices.Contains(src.Fields, field) {
			return "another field is preferred"
		}
		value, ok := src.Value(read)
		if !ok {
			return "not the state of any series"
		}
		a.requirePoint(g, r, src, value)
		return emitted
	}
	return "no value of a field that it goes with"
}

func (a *account) requirePoint(g *gpu, r *catalog.Placed, src *catalog.Source, value catalog.Number) {
	a.t.Helper()
	attrs := g.attrs.AsRaw()
	for _, attr := range r.Attrs {
		attrs[attr.Key] = attr.Value
	}
	key := pointKey(r.Name, attrs)
	require.Contains(a.t, a.points, key)
	got := a.points[key]
	delete(a.points, key)
	switch {
	case src.Kind == catalog.Rate:
		require.GreaterOrEqual(a.t, got, 0.0, key)
	case r.Int:
		require.InDelta(a.t, float64(value.I), got, 0, key)
	default:
		require.InDelta(a.t, value.F, got, 1e-9, key)
	}
}

// A real host engine's answers about two GPUs with MIG: what is emitted is what it said of the entity itself, and the
// table says why the rest is not.
func TestEveryRecordedValueOfMIGIsEmittedOrLeftOutForAReason(t *testing.T) {
	path := unpacked(t, "dcgm-4.6.0-mig.jsonl")
	fields, values := recordedFields(t, path)
	require.Equal(t, 15632, values)
	wrap := func(src dcgm.Source) dcgm.Source { return profiling{src} }
	stepwiseWith(t, path, only(nil), wrap, func(s *steps) {
		t := s.t
		s.pass(interval)
		batches := s.sink.AllMetrics()
		a := &account{s, pointsOfEntities(batches[len(batches)-1]), s.collector.layouts, map[dcgm.EntityKind]map[string]map[dcgm.FieldID]bool{}}
		instances := 0
		for key := range a.points {
			instances += int(boolToInt(strings.Contains(key, "gpu.mig.gi")))
		}
		require.Positive(t, instances)
		for _, entity := range slices.SortedFunc(maps.Keys(fields), dcgm.Entity.Compare) {
			a.entity(entity, fields[entity])
		}
		for key := range a.points {
			require.NotContains(t, key, "gpu.mig.gi", "a point that is of no recorded value")
		}
		requireFile(t, "mig-recording.md", a.table(t.Name(), "# What becomes of the fields of a host engine with MIG\n\n"+
			"A recording of DCGM 4.6.0 has 977 values of each GPU and instance. All metrics are enabled here. Metrics by level: [mig.md](mig.md)."))
	})
}

func (a *account) entity(entity dcgm.Entity, fields []dcgm.FieldID) {
	a.t.Helper()
	g := a.collector.at(entity)
	require.NotNil(a.t, g, entity)
	read, unread, err := a.collector.src.Read(a.t.Context(), []dcgm.Entity{entity}, fields, nil)
	require.NoError(a.t, err)
	require.Empty(a.t, unread)
	require.Len(a.t, read, len(fields))
	samples := map[dcgm.FieldID]dcgm.Sample{}
	for _, s := range read {
		samples[s.Field] = s
	}
	for _, field := range fields {
		reasons := a.of[entity.Kind]
		if reasons == nil {
			reasons = map[string]map[dcgm.FieldID]bool{}
			a.of[entity.Kind] = reasons
		}
		why := a.why(g, field, samples)
		if reasons[why] == nil {
			reasons[why] = map[dcgm.FieldID]bool{}
		}
		reasons[why][field] = true
	}
}

func (a *account) table(test, introduction string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!-- Written by %s. -->\n%s\n\n| level | what becomes of it | DCGM fields |\n| --- | --- | --- |\n", test, introduction)
	for _, kind := range kinds {
		for _, why := range slices.Sorted(maps.Keys(a.of[kind])) {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", kind, why, ranges(slices.Sorted(maps.Keys(a.of[kind][why]))))
		}
	}
	return b.String()
}

// ranges writes 1 2 3 5 as "1 to 3, 5".
func ranges(fields []dcgm.FieldID) string {
	var parts []string
	for i := 0; i < len(fields); i++ {
		j := i
		for j+1 < len(fields) && fields[j+1] == fields[j]+1 {
			j++
		}
		if i == j {
			parts = append(parts, fmt.Sprint(fields[i]))
		} else {
			parts = append(parts, fmt.Sprintf("%d to %d", fields[i], fields[j]))
		}
		i = j
	}
	return strings.Join(parts, ", ")
}
