// SPDX-License-Identifier: Apache-2.0

package exporterview

import (
	"os"
	"path/filepath"
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
		"columns":                {"DCGM_FI_DEV_GPU_TEMP, gauge, a, b", "FILE:1: must have 3 columns, which are field, type and help, got 4: quote a help text with commas"},
		"twice":                  {"DCGM_FI_DEV_GPU_TEMP, gauge, t\nDCGM_FI_DEV_GPU_TEMP, gauge, t", "FILE:2: DCGM_FI_DEV_GPU_TEMP stands at FILE:1 already"},
		"unknown":                {"\nDCGM_FI_DEV_NONSENSE, gauge, t", "FILE:2: no field of DCGM is called DCGM_FI_DEV_NONSENSE"},
		"unknown of exporter":    {"DCGM_EXP_NONSENSE, gauge, t", "FILE:1: no field of DCGM is called DCGM_EXP_NONSENSE"},
		"float in a label":       {"DCGM_FI_DEV_POWER_USAGE, label, t", "FILE:1: DCGM_FI_DEV_POWER_USAGE is a floating-point number (field 155), each value of which would be a series: it cannot be a label"},
		"text as a number":       {"DCGM_FI_DRIVER_VERSION, gauge, t", "FILE:1: DCGM_FI_DRIVER_VERSION is no number (field 1, type STRING), it cannot be a gauge"},
		"event in a label":       {"DCGM_EXP_XID_ERRORS_COUNT, label, t", "FILE:1: DCGM_EXP_XID_ERRORS_COUNT is no text, its type must be gauge or counter"},
		"ambiguous": {"DCGM_FI_DEV_GPU_UTIL_RATIO, gauge, t", `FILE:1: DCGM_FI_DEV_GPU_UTIL_RATIO is ambiguous: in DCGM 4.6 it is field 203 (INT64, unit %), in DCGM 4.7 it is field 1613 (DOUBLE, unit 1); ` +
			`set "names" to 4.8 for the first or to 4.9 for the second`},
		"quote": {"DCGM_FI_DEV_GPU_TEMP, gauge, \"t", `FILE:1: extraneous or missing " in quoted-field`},
		"empty": {"# nothing\n", "has no counters"},
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

func TestAbsentCountersFileIsNamed(t *testing.T) {
	_, err := New("/nowhere/counters.csv", AsWritten)
	require.EqualError(t, err, "read the counters file: open /nowhere/counters.csv: no such file or directory")
}
