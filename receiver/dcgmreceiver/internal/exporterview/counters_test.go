// SPDX-License-Identifier: Apache-2.0

package exporterview

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCountersFile(t *testing.T) {
	lines, err := Parse("c.csv", "# comment\n\nDCGM_FI_DEV_GPU_TEMP,    gauge, GPU temperature (in C).\n  \nDCGM_FI_DEV_DEC_UTIL ,counter , \"of one, and of two\"\r\nDCGM_FI_DRIVER_VERSION, label, Driver")
	require.NoError(t, err)
	require.Equal(t, []Line{
		{"c.csv:3", "DCGM_FI_DEV_GPU_TEMP", Gauge, "GPU temperature (in C)."},
		{"c.csv:5", "DCGM_FI_DEV_DEC_UTIL", Counter, "of one, and of two"},
		{"c.csv:6", "DCGM_FI_DRIVER_VERSION", Label, "Driver"},
	}, lines)
}

func TestWrongCountersAreNamedWithFileAndLine(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"type":                   {"# one\nDCGM_FI_DEV_GPU_TEMP, gage, t", `FILE:2: type of DCGM_FI_DEV_GPU_TEMP must be gauge, counter or label, got "gage"`},
		"type that breaks pages": {"DCGM_FI_DEV_GPU_TEMP, histogram, t", `FILE:1: type of DCGM_FI_DEV_GPU_TEMP must be gauge, counter or label, got "histogram"`},
		"too many columns":       {"DCGM_FI_DEV_GPU_TEMP, gauge, a, b", "FILE:1: must have 3 columns, which are field, type and help, with commas between them, got 4: quote a help text with commas"},
		"too few columns":        {"# a\nDCGM_FI_DEV_GPU_TEMP, gauge", "FILE:2: must have 3 columns, which are field, type and help, with commas between them, got 2: quote a help text with commas"},
		"no commas":              {"DCGM_FI_DEV_GPU_TEMP, gauge, t\nDCGM_FI_DEV_POWER_USAGE\tgauge\tp", "FILE:2: must have 3 columns, which are field, type and help, with commas between them, got 1: quote a help text with commas"},
		"blank name":             {"DCGM_FI_DEV_GPU_TEMP, gauge, t\n , gauge, t", `FILE:2: must begin with the name of a field, got ""`},
		"name that is none":      {"DCGM_FI_DEV_GPU_TEMP\x1b[1m, gauge, t", `FILE:1: must begin with the name of a field, got "DCGM_FI_DEV_GPU_TEMP\x1b[1m"`},
		"type in capitals":       {"DCGM_FI_DEV_GPU_TEMP, Gauge, t", `FILE:1: type of DCGM_FI_DEV_GPU_TEMP must be gauge, counter or label, got "Gauge"`},
		"no type":                {"DCGM_FI_DEV_GPU_TEMP, , t", `FILE:1: type of DCGM_FI_DEV_GPU_TEMP must be gauge, counter or label, got ""`},
		"help in Latin-1":        {"# Grad \xb0C\nDCGM_FI_DEV_GPU_TEMP, gauge, in \xb0C", "FILE:2: must be UTF-8"},
		"UTF-16":                 {"\xff\xfeD\x00C\x00G\x00M\x00,\x00g\x00,\x00h\x00", "FILE:1: must be UTF-8, is UTF-16"},
		"twice":                  {"DCGM_FI_DEV_GPU_TEMP, gauge, t\nDCGM_FI_DEV_GPU_TEMP, gauge, t", "FILE:2: DCGM_FI_DEV_GPU_TEMP stands at FILE:1 already"},
		"unknown":                {"\nDCGM_FI_DEV_NONSENSE, gauge, t", "FILE:2: no field of DCGM is called DCGM_FI_DEV_NONSENSE"},
		"unknown of exporter":    {"DCGM_EXP_NONSENSE, gauge, t", "FILE:1: no field of DCGM is called DCGM_EXP_NONSENSE"},
		"float in a label":       {"DCGM_FI_DEV_POWER_USAGE, label, t", "FILE:1: DCGM_FI_DEV_POWER_USAGE is a floating-point number (field 155), each value of which would be a series: it cannot be a label"},
		"measurement in a label": {"DCGM_FI_DEV_FB_TOTAL, label, f\nDCGM_FI_DEV_GPU_UTIL, label, u", "FILE:2: DCGM_FI_DEV_GPU_UTIL is measured (field 203, in %), each value of which would be a series: it cannot be a label"},
		"text as a number":       {"DCGM_FI_DRIVER_VERSION, gauge, t", "FILE:1: DCGM_FI_DRIVER_VERSION is no number (field 1, type STRING), it cannot be a gauge"},
		"event in a label":       {"DCGM_EXP_XID_ERRORS_COUNT, label, t", "FILE:1: DCGM_EXP_XID_ERRORS_COUNT is no text, its type must be gauge or counter"},
		"ambiguous": {"DCGM_FI_DEV_GPU_UTIL_RATIO, gauge, t", `FILE:1: DCGM_FI_DEV_GPU_UTIL_RATIO is ambiguous: in DCGM 4.6 it is field 203 (INT64, unit %), in DCGM 4.7 it is field 1613 (DOUBLE, unit 1); ` +
			`set "names" to 4.8 for the first or to 4.9 for the second`},
		"open quote": {
			"# a\nDCGM_FI_DEV_GPU_TEMP, gauge, \"t\nDCGM_FI_DEV_POWER_USAGE, gauge, p\nDCGM_A, gauge, \"of one, of two\"",
			`FILE:2: column 32: extraneous or missing " in quoted-field: a quoted text begins and ends with ", and has "" for each within it` + "\nFILE:4: no field of DCGM is called DCGM_A",
		},
		"quote over two lines": {
			"DCGM_FI_DEV_POWER_USAGE, gauge, \"p\nq\"",
			`FILE:1: column 35: extraneous or missing " in quoted-field: a quoted text begins and ends with ", and has "" for each within it` +
				"\nFILE:2: column 2: bare \" in non-quoted-field: a quoted text begins and ends with \", and has \"\" for each within it",
		},
		"quote within": {
			"DCGM_FI_DEV_GPU_TEMP, gauge, \"the \"GPU\"\"",
			`FILE:1: column 35: extraneous or missing " in quoted-field: a quoted text begins and ends with ", and has "" for each within it`,
		},
		"ambiguous beside names of both": {"DCGM_FI_DEV_GPU_UTIL_RATIO, gauge, t\nDCGM_FI_DEV_GPU_TEMP_CELSIUS, gauge, t", "FILE:1: DCGM_FI_DEV_GPU_UTIL_RATIO is ambiguous: in DCGM 4.6 it is field 203 (INT64, unit %), " +
			`in DCGM 4.7 it is field 1613 (DOUBLE, unit 1); set "names" to 4.8 for the first or to 4.9 for the second`},
		"all of them": {
			"DCGM_A, gauge, t\nDCGM_FI_DEV_GPU_TEMP, gage, t\nDCGM_B, gauge, t",
			`FILE:2: type of DCGM_FI_DEV_GPU_TEMP must be gauge, counter or label, got "gage"` + "\nFILE:1: no field of DCGM is called DCGM_A\nFILE:3: no field of DCGM is called DCGM_B",
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "counters.csv")
			require.NoError(t, os.WriteFile(path, []byte(tt.text), 0o600))
			for file, counters := range map[string]string{path: path, "line": tt.text + "\n"} {
				_, err := New(counters, AsWritten)
				require.EqualError(t, err, replaceAll(tt.want, "FILE", file))
			}
		})
	}
}

// What dcgm-exporter takes, and what editors and spreadsheets leave in a file.
func TestSpellingsOfALine(t *testing.T) {
	for name, text := range map[string]string{
		"plain":           "DCGM_FI_DEV_GPU_TEMP,gauge,t",
		"byte order mark": "\ufeffDCGM_FI_DEV_GPU_TEMP, gauge, t\n",
		"CRLF":            "# c\r\n\r\nDCGM_FI_DEV_GPU_TEMP, gauge, t\r\n",
		"tabs":            "\tDCGM_FI_DEV_GPU_TEMP\t,\tgauge\t,\tt\t\n",
		"indented":        "  # c, d\n   DCGM_FI_DEV_GPU_TEMP, gauge, t\n",
		"comments":        "# Format,,\n#\n#DCGM_FI_DEV_GPU_TEMP, gauge, \"open\nDCGM_FI_DEV_GPU_TEMP, gauge, t",
		"quoted cells":    `"DCGM_FI_DEV_GPU_TEMP","gauge","t"`,
	} {
		t.Run(name, func(t *testing.T) {
			lines, err := Parse("c.csv", text)
			require.NoError(t, err)
			require.Len(t, lines, 1)
			require.Equal(t, Line{lines[0].At, "DCGM_FI_DEV_GPU_TEMP", Gauge, "t"}, lines[0])
		})
	}
	long := strings.Repeat("x", 1<<20)
	for text, want := range map[string]string{`"a ""b"", c"`: `a "b", c`, "": "", "1 \\ 2": "1 \\ 2", "°C": "°C", "a # b": "a # b", long: long} {
		lines, err := Parse("c.csv", "DCGM_FI_DEV_GPU_TEMP, gauge, "+text)
		require.NoError(t, err)
		require.Equal(t, want, lines[0].Help)
	}
}

func TestFileWithoutCountersIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counters.csv")
	require.NoError(t, os.WriteFile(path, []byte("# nothing\n"), 0o600))
	_, err := New(path, AsWritten)
	require.EqualError(t, err, path+": has no counters")
	_, err = New("# nothing,\n", AsWritten)
	require.EqualError(t, err, "has no counters")
	_, err = New("", AsWritten)
	require.EqualError(t, err, "must be default, the path of a counters file or its text, got none")
}

func TestAbsentCountersFileIsNamed(t *testing.T) {
	_, err := New("/nowhere/counters.csv", AsWritten)
	require.EqualError(t, err, "read the counters file: open /nowhere/counters.csv: no such file or directory")
}
