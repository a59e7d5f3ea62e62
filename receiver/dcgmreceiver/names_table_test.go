// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// namesTable is the part of the catalog that other modules translate names of dcgm-exporter with.
const namesTable = "../../internal/dcgmnames/otel.tsv"

const namesHeader = `# What the dcgm receiver makes of the fields of DCGM: its catalog, written by "go test -run NamesTable -update" in receiver/dcgmreceiver. preference is 0 where the
# metric comes from the field if the GPU has it, and more where other fields come first. kind is level or counter, rate where the metric is the integral of the
# field, state where it is 1 while the field has the value of the factor column, event where it counts changes of the field, and part for everything else. Level and counter times factor is the metric.
# entities are what has the metric: gpu, gi and ci, which are the GPU instances and compute instances of MIG, and switch.
id	metric	attributes	unit	type	default	preference	kind	factor	entities
`

// ofEvents are metrics that have no rows in the catalog.
var ofEvents = []struct {
	field      dcgm.FieldID
	metric     string
	attributes string
	entities   string
}{
	{112, "gpu.throttle.events", "gpu.throttle.reason", "gpu"},
	{230, "gpu.xid.errors", "gpu.xid.code", "gpu,gi,ci"},
	{230, "gpu.xid.last", "gpu.xid.code", "gpu,gi,ci"},
	{856, "gpu.sxid.errors", "gpu.sxid.code,gpu.sxid.fatal=true", "switch"},
	{856, "gpu.sxid.last", "gpu.sxid.code,gpu.sxid.fatal=true", "switch"},
	{857, "gpu.sxid.errors", "gpu.sxid.code,gpu.sxid.fatal=false", "switch"},
	{857, "gpu.sxid.last", "gpu.sxid.code,gpu.sxid.fatal=false", "switch"},
}

func TestNamesTableIsTheCatalog(t *testing.T) {
	enabled := enabledOf(metadata.DefaultMetricsConfig())
	var lines []string
	for _, r := range catalog.Rows() {
		for preference, source := range r.Sources {
			kind, factor := kindOf(source)
			for _, field := range source.Fields {
				lines = append(lines, nameLine(field, r.Metric, rowAttributes(r.Attrs), enabled, preference, kind, factor, entitiesWith(source)))
			}
		}
	}
	for _, e := range ofEvents {
		lines = append(lines, nameLine(e.field, catalog.Named(e.metric), e.attributes, enabled, 0, "event", "-", e.entities))
	}
	slices.SortStableFunc(lines, func(a, b string) int { return fieldOfLine(t, a) - fieldOfLine(t, b) })
	want := namesHeader + strings.Join(lines, "")
	if *update {
		require.NoError(t, os.WriteFile(namesTable, []byte(want), 0o600))
	}
	got, err := os.ReadFile(namesTable)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run go test -run NamesTable -update")
}

func nameLine(field dcgm.FieldID, m *catalog.Metric, attributes string, enabled map[string]bool, preference int, kind, factor, entities string) string {
	state := "off"
	if enabled[m.Name] {
		state = "on"
	}
	unit := m.Unit
	if unit == "" {
		unit = "-"
	}
	return fmt.Sprintf("%d\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", field, m.Name, attributes, unit, typeOf(m), state, preference, kind, factor, entities)
}

// entitiesWith are what has a value of its own of all fields of a source.
func entitiesWith(source catalog.Source) string {
	var names []string
	for _, e := range []struct {
		kind dcgm.EntityKind
		name string
	}{{dcgm.GPU, "gpu"}, {dcgm.GPUInstance, "gi"}, {dcgm.ComputeInstance, "ci"}, {dcgm.Switch, "switch"}} {
		if !slices.ContainsFunc(source.Fields, func(field dcgm.FieldID) bool { return !catalog.LevelOf(field).Has(e.kind) }) {
			names = append(names, e.name)
		}
	}
	return strings.Join(names, ",")
}

func fieldOfLine(t *testing.T, line string) int {
	t.Helper()
	id, _, _ := strings.Cut(line, "\t")
	n, err := strconv.Atoi(id)
	require.NoError(t, err)
	return n
}

func rowAttributes(attrs []catalog.Attr) string {
	if len(attrs) == 0 {
		return "-"
	}
	texts := make([]string, len(attrs))
	for i, a := range attrs {
		texts[i] = a.Key + "=" + a.Value
	}
	return strings.Join(texts, ",")
}

func typeOf(m *catalog.Metric) string {
	switch {
	case !m.Sum:
		return "gauge"
	case m.Monotonic:
		return "counter"
	default:
		return "updowncounter"
	}
}

// kindOf finds out what a source does with its field by asking it.
func kindOf(source catalog.Source) (kind, factor string) {
	kinds := map[catalog.Kind]string{catalog.Level: "level", catalog.Counter: "counter", catalog.Rate: "rate"}
	if len(source.Fields) > 1 {
		return "part", "-"
	}
	if ratio, isLinear := linear(source); isLinear {
		return kinds[source.Kind], ratio
	}
	if state, isState := stateOf(source); isState {
		return "state", state
	}
	return "part", "-"
}

// linear is the factor of a source that multiplies. Flags, which are 0 and 1 alone, are their field.
func linear(source catalog.Source) (factor string, ok bool) {
	zero, one, half := ask(source, 0), ask(source, 1), ask(source, 0.5)
	if math.IsNaN(zero) && ask(source, 2) == 2*one { // Where 0 stands for no value.
		zero = 0
	}
	switch {
	case zero == 0 && one == 1 && math.IsNaN(ask(source, 2)):
		return "1", true
	case zero != 0 || one == 0 || half != one/2:
		return "", false
	case one >= 1:
		return strconv.FormatFloat(one, 'f', -1, 64), true
	default:
		return "1/" + strconv.FormatFloat(math.Round(1/one), 'f', -1, 64), true
	}
}

// stateOf is the one value of the field that makes the source 1.
func stateOf(source catalog.Source) (state string, ok bool) {
	const states = 256
	for value := range states {
		if ask(source, float64(value)) != 1 {
			continue
		}
		if state != "" {
			return "", false
		}
		state = strconv.Itoa(value)
	}
	return state, state != ""
}

// ask returns what a source makes of a value of its field, NaN where it makes nothing of it.
func ask(source catalog.Source, value float64) float64 {
	sample := dcgm.SampleOf(0, 1, value)
	if value == math.Trunc(value) {
		sample = dcgm.SampleOf(0, 1, int64(value))
	}
	n, known := source.Value([]dcgm.Sample{sample})
	if !known {
		return math.NaN()
	}
	return n.F
}
