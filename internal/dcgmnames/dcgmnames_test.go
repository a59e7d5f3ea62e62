// SPDX-License-Identifier: Apache-2.0

package dcgmnames

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFieldsAreWhatDCGMSays(t *testing.T) {
	for id, want := range map[uint16]Field{
		150:  {ID: 150, Name46: "DCGM_FI_DEV_GPU_TEMP_CELSIUS", Name47: "DCGM_FI_DEV_GPU_TEMP_CELSIUS", Older: []string{"DCGM_FI_DEV_GPU_TEMP", "dcgm_gpu_temp"}, Type: "INT64", Unit: "Cel", Level: "GPU", ToBase: one},
		156:  {ID: 156, Name46: "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", Name47: "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", Older: []string{"dcgm_total_energy_consumption"}, Type: "INT64", Unit: "mJ", Level: "GPU", Base: 1611, ToBase: Factor{1, 1000}},
		203:  {ID: 203, Name46: "DCGM_FI_DEV_GPU_UTIL_RATIO", Name47: "DCGM_FI_DEV_GPU_UTIL", Older: []string{"DCGM_FI_DEV_GPU_UTIL", "dcgm_gpu_utilization"}, Type: "INT64", Unit: "%", Level: "GPU", Base: 1613, ToBase: Factor{1, 100}},
		1613: {ID: 1613, Name47: "DCGM_FI_DEV_GPU_UTIL_RATIO", Type: "DOUBLE", Unit: "1", Level: "GPU", ToBase: one},
		1628: {ID: 1628, Name47: "DCGM_FI_DEV_FB_RESERVED_BYTES", Type: "INT64", Unit: "By", Level: "GPU", ToBase: one},
	} {
		got, ok := ByID(id)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	_, ok := ByID(999)
	require.False(t, ok)
	require.Greater(t, len(Fields()), 680)
	require.True(t, slices.IsSortedFunc(Fields(), func(a, b Field) int { return int(a.ID) - int(b.ID) }))
}

func TestNamesMeanOneFieldInARelease(t *testing.T) {
	for _, release := range []Version{{4, 6}, {4, 7}} {
		owner := map[string]uint16{}
		for _, f := range Fields() {
			name := current(&f, release)
			require.NotContains(t, owner, name)
			if name != "" {
				owner[name] = f.ID
			}
		}
		for _, f := range Fields() {
			for _, name := range f.Older {
				if id, isCurrent := owner[name]; isCurrent {
					require.Equal(t, f.ID, id, "%s", name)
				}
			}
		}
	}
}

func TestBaseUnitsAreThoseOfTheirFields(t *testing.T) {
	units := map[string]map[string]Factor{
		"MiBy": {"By": {1 << 20, 1}}, "MHz": {"Hz": {1e6, 1}}, "mJ": {"J": {1, 1000}}, "%": {"1": {1, 100}}, "ns": {"s": {1, 1e9}}, "MBy/s": {"By/s": {1024000, 1}},
	}
	pairs := 0
	for _, f := range Fields() {
		if f.Base == 0 {
			continue
		}
		base, ok := ByID(f.Base)
		require.True(t, ok, "%d", f.Base)
		require.Equal(t, units[f.Unit][base.Unit], f.ToBase, "%d to %d", f.ID, base.ID)
		old, ok := InOldUnit(base.ID)
		require.True(t, ok)
		require.Equal(t, f, old)
		pairs++
	}
	require.Equal(t, 49, pairs)
	_, ok := InOldUnit(150)
	require.False(t, ok)
}

func TestNamesOfEveryReleaseResolve(t *testing.T) {
	unknown, v46, v47 := Version{}, Version{4, 6}, Version{4, 7}
	for _, c := range []struct {
		name   string
		engine Version
		want   uint16
	}{
		{"dcgm_gpu_temp", unknown, 150},
		{"DCGM_FI_DEV_GPU_TEMP", unknown, 150},
		{"DCGM_FI_DEV_GPU_TEMP_CELSIUS", unknown, 150},
		{"DCGM_FI_DEV_GPU_UTIL", unknown, 203},
		{"DCGM_FI_DEV_GPU_UTIL", v46, 203},
		{"DCGM_FI_DEV_GPU_UTIL", v47, 203},
		{"DCGM_FI_DEV_GPU_UTIL_RATIO", v46, 203},
		{"DCGM_FI_DEV_GPU_UTIL_RATIO", Version{3, 9}, 203},
		{"DCGM_FI_DEV_GPU_UTIL_RATIO", v47, 1613},
		{"DCGM_FI_DEV_GPU_UTIL_RATIO", Version{5, 0}, 1613},
		{"DCGM_FI_DEV_FB_USED_BYTES", v46, 1627},
		{"DCGM_FI_DEV_CLOCKS_EVENT_REASON_SYNC_BOOST_COUNT_NS", v47, 1421},
	} {
		got, err := Resolve(c.name, c.engine)
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, got.ID, "%s of %v", c.name, c.engine)
		require.True(t, got.Is(c.name))
	}
}

func TestAmbiguousAndUnknownNamesAreRefused(t *testing.T) {
	_, err := Resolve("DCGM_FI_DEV_GPU_UTIL_RATIO", Version{})
	require.EqualError(t, err, "DCGM_FI_DEV_GPU_UTIL_RATIO is ambiguous: in DCGM 4.6 it is field 203 (INT64, unit %), in DCGM 4.7 it is field 1613 (DOUBLE, unit 1)")
	_, err = Resolve("DCGM_FI_DEV_NONE", Version{4, 6})
	require.EqualError(t, err, "no field of DCGM is called DCGM_FI_DEV_NONE")
}

func TestRenamesOf49(t *testing.T) {
	require.Len(t, Renames(), 23)
	converted := 0
	for _, r := range Renames() {
		require.NotEqual(t, r.Old, r.New)
		if !r.Convert.IsOne() {
			converted++
		}
	}
	require.Equal(t, 11, converted)
	for old, want := range map[string]struct {
		name    string
		convert Factor
		label   bool
	}{
		"DCGM_FI_DEV_GPU_UTIL":               {"DCGM_FI_DEV_GPU_UTIL_RATIO", Factor{1, 100}, false},
		"DCGM_FI_DEV_GPU_TEMP":               {"DCGM_FI_DEV_GPU_TEMP_CELSIUS", one, false},
		"DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL": {"DCGM_FI_DEV_NVLINK_THROUGHPUT_BYTES_PER_SECOND", Factor{1024000, 1}, false},
		"DCGM_FI_DRIVER_VERSION":             {"DCGM_FI_SYSTEM_DRIVER_VERSION", one, true},
	} {
		got, ok := In49(old)
		require.True(t, ok, old)
		require.Equal(t, want.name, got.New)
		require.Equal(t, want.convert, got.Convert)
		require.Equal(t, want.label, got.Label)
		back, ok := In48(got.New)
		require.True(t, ok)
		require.Equal(t, old, back.Old)
	}
	_, ok := In49("DCGM_FI_DEV_POWER_VIOLATION")
	require.False(t, ok)
}

func TestCountersMakeSeriesByTheNamesOfAWantedRelease(t *testing.T) {
	f := func(name string, engine Version, release string, want ...string) {
		t.Helper()
		field, err := Resolve(name, engine)
		require.NoError(t, err)
		require.Equal(t, want, SeriesOf(name, field, release))
	}
	const old, renamed, stays = "DCGM_FI_DEV_SM_CLOCK", "DCGM_FI_DEV_SM_CLOCK_HERTZ", "DCGM_FI_PROF_PCIE_TX_BYTES"
	for _, name := range []string{old, renamed} {
		f(name, Version{}, "", name)
		f(name, Version{}, Release48, old)
		f(name, Version{}, Release49, renamed)
		f(name, Version{}, BothReleases, old, renamed)
	}
	for _, release := range []string{"", Release48, Release49, BothReleases} {
		f(stays, Version{}, release, stays)
		f("DCGM_FI_DEV_GPU_UTIL_RATIO", Version{4, 6}, release, "DCGM_FI_DEV_GPU_UTIL_RATIO") // Another field has the name there.
	}
	f("DCGM_FI_DEV_GPU_UTIL_RATIO", Version{4, 7}, Release48, "DCGM_FI_DEV_GPU_UTIL")
}

func TestFactorsAreExact(t *testing.T) {
	require.Equal(t, 0.57, Factor{1, 100}.Of(57)) //nolint:testifylint // 57 * 0.01 is another number.
	require.Equal(t, Factor{100, 1}, Factor{1, 100}.Inverse())
	require.Equal(t, float64(85520809984), Factor{1 << 20, 1}.Of(81559)) //nolint:testifylint // As above.
	require.True(t, Factor{5, 5}.IsOne())
	require.False(t, Factor{1, 5}.IsOne())
}

func TestTablesThatCannotBeReadAreRefused(t *testing.T) {
	const header = "id\tname_4_6\tname_4_7\tolder\ttype\tunit\tlevel\tbase\tfactor\n"
	for row, want := range map[string]string{
		"1\tA":                        `read row "1": it has 2 columns, not 9`,
		"x\tA\tA\t-\t-\t-\t-\t-\t-":   "parse id",
		"1\tA\tA\t-\t-\t-\t-\tx\t1":   "parse base",
		"1\tA\tA\t-\t-\t-\t-\t2\tx":   "parse factor",
		"1\tA\tA\t-\t-\t-\t-\t2\t1/x": "parse factor",
	} {
		_, err := parseFields(header + row + "\n")
		require.ErrorContains(t, err, want)
	}
	for row, want := range map[string]string{
		"a\tb\tc":                                   "columns",
		"NONE\tDCGM_FI_DEV_GPU_TEMP":                "no field of DCGM is called NONE",
		"DCGM_FI_DEV_GPU_TEMP\tNONE":                "no field of DCGM is called NONE",
		"DCGM_FI_DEV_GPU_TEMP\tDCGM_FI_DEV_FB_FREE": "not in the base unit",
	} {
		_, err := parseSeries(strings.Join([]string{"name_4_8\tname_4_9", row, ""}, "\n"))
		require.ErrorContains(t, err, want)
	}
}

func TestMetricsOfFields(t *testing.T) {
	require.Equal(t, []Metric{{
		Field: 150, Name: "hw.temperature", Attributes: []Attribute{{"hw.type", "gpu"}, {"hw.sensor_location", "gpu"}},
		Unit: "Cel", Type: "gauge", Default: true, Kind: Level, Factor: one, Entities: []string{"gpu"},
	}}, Metrics(150))
	sampled := Metrics(203)[1]
	require.Equal(t, Metric{Field: 203, Name: "gpu.utilization.sampled", Unit: "1", Type: "gauge", Kind: Level, Factor: Factor{1, 100}, Entities: []string{"gpu"}}, sampled)
	require.Equal(t, []string{"gpu", "gi", "ci"}, Metrics(252)[0].Entities)
	require.Equal(t, 4, Metrics(1523)[4].State)
	require.Equal(t, []Attribute{{Key: "gpu.xid.code"}}, Metrics(230)[0].Attributes)
	require.Empty(t, Metrics(1))
	for _, f := range Fields() {
		for _, m := range Metrics(f.ID) {
			require.Contains(t, []string{Level, Counter, Rate, State, Event, Part}, m.Kind)
			require.Contains(t, []string{"gauge", "counter", "updowncounter"}, m.Type)
			require.Subset(t, []string{"gpu", "gi", "ci", "switch"}, m.Entities)
		}
	}
}

// The units of the two tables are written down apart from each other.
func TestFactorsAreThoseOfTheUnits(t *testing.T) {
	toBase := map[string]map[string]Factor{
		"MiBy": {"By": {1 << 20, 1}}, "MHz": {"Hz": {1e6, 1}}, "mJ": {"J": {1, 1000}}, "%": {"1": {1, 100}}, "ns": {"s": {1, 1e9}}, "MBy/s": {"By/s": {1024000, 1}},
	}
	for _, f := range Fields() {
		for _, m := range Metrics(f.ID) {
			if f.Unit == "" || m.Kind != Level && m.Kind != Counter {
				continue
			}
			want := one
			if f.Unit != m.Unit {
				want = toBase[f.Unit][m.Unit]
			}
			require.Equal(t, want, m.Factor, "%s of field %d", m.Name, f.ID)
		}
	}
}
