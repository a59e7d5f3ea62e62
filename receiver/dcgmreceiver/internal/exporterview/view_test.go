// SPDX-License-Identifier: Apache-2.0

package exporterview

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

func replaceAll(text, what, by string) string { return strings.ReplaceAll(text, what, by) }

// fieldsOf says where each metric comes from, and the labels.
func fieldsOf(v *View) map[string]string {
	out := map[string]string{}
	for _, row := range v.Rows {
		var fields []string
		for _, source := range row.Sources {
			fields = append(fields, fmt.Sprint(source.Fields[0]))
		}
		out[row.Name] = strings.Join(fields, ",")
	}
	for event, metrics := range v.Events {
		for _, m := range metrics {
			out[m.Name] = string(event)
		}
	}
	for _, label := range v.Labels {
		out[label.Name] = fmt.Sprintf("label %d", label.Field)
	}
	return out
}

func view(t *testing.T, counters string, names Names) *View {
	t.Helper()
	v, err := New(counters, names)
	require.NoError(t, err)
	for i := range v.Metrics {
		require.Equal(t, i, v.Metrics[i].Index)
		require.NotEmpty(t, v.Metrics[i].Description)
	}
	return v
}

func TestNamesOfReleases(t *testing.T) {
	const old, both = "DCGM_FI_DEV_GPU_UTIL, gauge, u (in %)\n", BothNames
	for name, tt := range map[string]struct {
		counters string
		names    Names
		want     map[string]string
	}{
		"as written":                  {old, AsWritten, map[string]string{"DCGM_FI_DEV_GPU_UTIL": "203"}},
		"4.8":                         {old, Names48, map[string]string{"DCGM_FI_DEV_GPU_UTIL": "203"}},
		"4.9, or what older DCGM has": {old, Names49, map[string]string{"DCGM_FI_DEV_GPU_UTIL_RATIO": "1613,203"}},
		"both":                        {old, both, map[string]string{"DCGM_FI_DEV_GPU_UTIL": "203", "DCGM_FI_DEV_GPU_UTIL_RATIO": "1613,203"}},
		"ambiguous as of 4.6":         {"DCGM_FI_DEV_GPU_UTIL_RATIO, gauge, u\n", Names48, map[string]string{"DCGM_FI_DEV_GPU_UTIL_RATIO": "203"}},
		"ambiguous as of 4.7":         {"DCGM_FI_DEV_GPU_UTIL_RATIO, gauge, u\n", Names49, map[string]string{"DCGM_FI_DEV_GPU_UTIL_RATIO": "1613,203"}},
		"ambiguous beside a name of DCGM 4.7": {
			"DCGM_FI_DEV_GPU_UTIL_RATIO, gauge, u\nDCGM_FI_DEV_FB_CAPACITY_BYTES, gauge, f\n", AsWritten,
			map[string]string{"DCGM_FI_DEV_GPU_UTIL_RATIO": "1613,203", "DCGM_FI_DEV_FB_CAPACITY_BYTES": "1625,250"},
		},
		"4.9 back to 4.8":   {"DCGM_FI_DEV_FB_USED_BYTES, gauge, u\n", Names48, map[string]string{"DCGM_FI_DEV_FB_USED": "252"}},
		"1.x":               {"dcgm_gpu_utilization, gauge, u\n", AsWritten, map[string]string{"dcgm_gpu_utilization": "203"}},
		"of DCGM 4.6":       {"DCGM_FI_DEV_GPU_TEMP_CELSIUS, gauge, u\n", AsWritten, map[string]string{"DCGM_FI_DEV_GPU_TEMP_CELSIUS": "150"}},
		"last XID":          {"DCGM_FI_DEV_XID_ERRORS, gauge, u\n", both, map[string]string{"DCGM_FI_DEV_XID_ERRORS": "xid", "DCGM_FI_DEV_XID_ERROR": "xid"}},
		"label":             {"DCGM_FI_DRIVER_VERSION, label, u\n", both, map[string]string{"DCGM_FI_DRIVER_VERSION": "label 1", "DCGM_FI_SYSTEM_DRIVER_VERSION": "label 1"}},
		"number in a label": {"DCGM_FI_DEV_MINOR_NUMBER, label, u\n", AsWritten, map[string]string{"DCGM_FI_DEV_MINOR_NUMBER": "label 55"}},
		"events":            {"DCGM_EXP_XID_ERRORS_COUNT, gauge, u\n", AsWritten, map[string]string{"DCGM_EXP_XID_ERRORS_COUNT": "DCGM_EXP_XID_ERRORS_COUNT"}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tt.want, fieldsOf(view(t, tt.counters, tt.names))) })
	}
}

// Both releases have the name, each for another field, and one page has one of them.
func TestAmbiguousNameIsRefusedForBothReleases(t *testing.T) {
	_, err := New("DCGM_FI_DEV_GPU_UTIL_RATIO, gauge, u\n", BothNames)
	require.EqualError(t, err, "line:1: DCGM_FI_DEV_GPU_UTIL_RATIO is ambiguous: in DCGM 4.6 it is field 203 (INT64, unit %), in DCGM 4.7 it is field 1613 (DOUBLE, unit 1); "+
		`with "names" both, write DCGM_FI_DEV_GPU_UTIL, which makes the series of both releases`)
}

// A file as dcgm-exporter 4.9 comes with it says by its other names what the ambiguous one means.
func TestCountersOf49AreTakenAsTheyAre(t *testing.T) {
	for names, want := range map[Names]map[string]string{
		AsWritten: fieldsOf(view(t, DefaultCounters, Names49)),
		Names48:   nil,
		Names49:   fieldsOf(view(t, DefaultCounters, Names49)),
		BothNames: fieldsOf(view(t, DefaultCounters, BothNames)),
	} {
		v, err := New(counters49, names)
		require.NoError(t, err)
		if want != nil {
			require.Equal(t, want, fieldsOf(v))
		}
	}
}

func TestNamesOfAFile(t *testing.T) {
	for name, tt := range map[string]struct {
		counters string
		names    Names
		want     Names
	}{
		"default":               {DefaultCounters, AsWritten, Names48},
		"as configured":         {counters48, BothNames, BothNames},
		"of 4.8":                {counters48, AsWritten, Names48},
		"of 4.9":                {counters49, AsWritten, Names49},
		"of neither":            {"DCGM_FI_DEV_POWER_VIOLATION, counter, p\n", AsWritten, Names48},
		"of both":               {"DCGM_FI_DEV_GPU_TEMP_CELSIUS, gauge, t\nDCGM_FI_DEV_FB_USED, gauge, f\n", AsWritten, Names48},
		"of 4.9, set to be 4.8": {counters49, Names48, Names48},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tt.want, view(t, tt.counters, tt.names).Names) })
	}
}

func TestOneSeriesFromTwoLinesIsAnError(t *testing.T) {
	_, err := New("DCGM_FI_DEV_GPU_TEMP, gauge, t\nDCGM_FI_DEV_GPU_TEMP_CELSIUS, gauge, t\n", BothNames)
	require.EqualError(t, err, "line:2: DCGM_FI_DEV_GPU_TEMP is what line:1 makes already")
}

// Every series of the default counters under the names of 4.9 is the one of 4.8, renamed as the release says, and one more.
func TestDefaultCountersOfBothReleases(t *testing.T) {
	was, is, both := fieldsOf(view(t, DefaultCounters, AsWritten)), fieldsOf(view(t, DefaultCounters, Names49)), fieldsOf(view(t, DefaultCounters, BothNames))
	require.Equal(t, was, fieldsOf(view(t, DefaultCounters, Names48)))
	require.Len(t, was, 26)
	renamed := map[string]bool{"DCGM_FI_DEV_FB_CAPACITY_BYTES": true}
	for name := range was {
		if rename, ok := dcgmnames.In49(name); ok {
			name = rename.New
		}
		renamed[name] = true
	}
	for name := range is {
		require.True(t, renamed[name], name)
	}
	require.Len(t, is, len(renamed))
	for _, some := range []map[string]string{was, is} {
		for name, fields := range some {
			require.Equal(t, fields, both[name])
		}
	}
}

func TestHelpOfAnotherUnitIsNotTheLinesOwn(t *testing.T) {
	v := view(t, "DCGM_FI_DEV_SM_CLOCK, gauge, mine (in MHz)\nDCGM_FI_DEV_GPU_TEMP, gauge, mine (in C)\n", BothNames)
	help := map[string]string{}
	for _, m := range v.Metrics {
		help[m.Name] = m.Description
	}
	require.Equal(t, map[string]string{
		"DCGM_FI_DEV_SM_CLOCK": "mine (in MHz)", "DCGM_FI_DEV_SM_CLOCK_HERTZ": "SM clock frequency (in Hz).",
		"DCGM_FI_DEV_GPU_TEMP": "mine (in C)", "DCGM_FI_DEV_GPU_TEMP_CELSIUS": "mine (in C)",
	}, help)
}

func TestFallbackOfANewUnitIsConverted(t *testing.T) {
	v := view(t, "DCGM_FI_DEV_FB_USED, gauge, f\nDCGM_FI_DEV_GPU_UTIL, gauge, u\nDCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION, counter, e\nDCGM_FI_DEV_SM_CLOCK, gauge, c\nDCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL, gauge, n\n", Names49)
	for i, want := range []struct {
		old    dcgm.FieldID
		value  int64
		asInt  int64
		asReal float64
		whole  bool
	}{
		{252, 3, 3 << 20, 3 << 20, true},
		{203, 50, 1, 0.5, false},
		{156, 124_707_780, 124_708, 124_707.78, false},
		{100, 1980, 1_980_000_000, 1_980_000_000, true},
		{449, 3000, 3_072_000_000, 3_072_000_000, true},
	} {
		source := v.Rows[i].Sources[1]
		require.Equal(t, want.old, source.Fields[0])
		got, ok := source.Value([]dcgm.Sample{dcgm.SampleOf(want.old, 1, want.value)})
		require.True(t, ok)
		require.Equal(t, want.asInt, got.I)
		require.InDelta(t, want.asReal, got.F, 1e-6)
		require.Equal(t, want.whole, v.Metrics[i].Int)
	}
}

func TestCountersThatAreNotReadAreSkipped(t *testing.T) {
	v := view(t, "DCGM_FI_DEV_CONNECTX_HEALTH, gauge, h\nDCGM_FI_DEV_GPU_TEMP, gauge, t\n", AsWritten)
	require.Equal(t, []string{"DCGM_FI_DEV_CONNECTX_HEALTH"}, v.Skipped)
	require.Len(t, v.Metrics, 1)
}

// Every field that dcgm-exporter reads of an NVSwitch, a link, a CPU or a core is read of it.
func TestFieldsAreReadOfTheirLevel(t *testing.T) {
	kinds := map[string]dcgm.EntityKind{"SWITCH": dcgm.Switch, "LINK": dcgm.Link, "CPU": dcgm.CPU, "CPU_CORE": dcgm.CPUCore}
	seen := map[string]int{}
	for _, field := range dcgmnames.Fields() {
		kind, is := kinds[field.Level]
		if field.Level == "" {
			continue // It is not known.
		}
		require.Equal(t, is, !catalog.LevelOf(dcgm.FieldID(field.ID)).Has(dcgm.GPU), "field %d", field.ID)
		if is {
			seen[field.Level]++
			require.True(t, catalog.LevelOf(dcgm.FieldID(field.ID)).Has(kind), "field %d is of %s", field.ID, kind)
		}
	}
	require.Len(t, seen, len(kinds))
}
