// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the golden files")

// The golden files have the rewritten file and, behind it, what was said.
func TestFilesChangeInTheirExpressionsAlone(t *testing.T) {
	for _, name := range []string{"rules.yaml", "dashboard.json", "configmap.yaml"} {
		for _, target := range []Target{Exporter49, OTel} {
			text, err := os.ReadFile(filepath.Join("testdata", name))
			require.NoError(t, err)
			result, err := Translator{Target: target}.File(text)
			require.NoError(t, err)
			requireReadable(t, name, result.Text)
			require.Equal(t, strings.Count(string(text), "\n"), strings.Count(string(result.Text), "\n"))

			golden := filepath.Join("testdata", strings.TrimSuffix(name, filepath.Ext(name))+"."+string(target)+".golden")
			got := string(result.Text) + messages(result)
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
			again, err := Translator{Target: target}.File(result.Text)
			require.NoError(t, err)
			require.Empty(t, again.Changes, "a translated file is translated again")
		}
	}
}

func requireReadable(t *testing.T, name string, text []byte) {
	t.Helper()
	if strings.HasSuffix(name, ".json") {
		require.True(t, json.Valid(text))
		return
	}
	var document any
	require.NoError(t, yaml.Unmarshal(text, &document))
}

func messages(r Result) string {
	var out strings.Builder
	for _, m := range r.Notes {
		fmt.Fprintf(&out, "%d: note: %s\n", m.Line, m.Text)
	}
	for _, m := range r.Errors {
		fmt.Fprintf(&out, "%d: %s\n", m.Line, m.Text)
	}
	return out.String()
}

func TestOtherFilesAreRefused(t *testing.T) {
	for _, text := range []string{"a: [", "x: y: z"} {
		_, err := Translator{Target: OTel}.File([]byte(text))
		require.ErrorContains(t, err, "read YAML")
	}
}

func TestTextsAreFoundAsTheyAreWritten(t *testing.T) {
	for name, text := range map[string]string{
		"plain":                "groups: [{rules: [{expr: DCGM_FI_DEV_GPU_TEMP}]}]",
		"plain over two lines": "expr: DCGM_FI_DEV_GPU_TEMP\n  > 1 or DCGM_FI_DEV_GPU_TEMP",
		"an anchor":            "expr: &x DCGM_FI_DEV_GPU_TEMP",
		"a tag":                "expr: !!str DCGM_FI_DEV_GPU_TEMP",
		"both, and quotes":     "expr: !!str &x  'DCGM_FI_DEV_GPU_TEMP{a=\"''\"}'",
		"both, and a block":    "expr: !!str &x |\n  DCGM_FI_DEV_GPU_TEMP\n",
		"a backslash":          "expr: DCGM_FI_DEV_GPU_TEMP == 1 # \\t\n",
		"escapes":              `expr: "\x44CGM_FI_DEV_GPU_TEMP\u0020>\U00000020\t1\n"`,
		"a line break quoted":  "expr: \"DCGM_FI_DEV_GPU_TEMP\n\n  > 1\"",
		"characters before":    `{"ü€": 1, expr: DCGM_FI_DEV_GPU_TEMP}`,
		"CRLF":                 "a: 1\r\nexpr: |\r\n  DCGM_FI_DEV_GPU_TEMP\r\n  > 1\r\n",
		"an indented block":    "expr: |2\n    DCGM_FI_DEV_GPU_TEMP\n   > 1\n\n\n",
		"a block with a gap":   "expr: |+\n\n  1 +\n\n  DCGM_FI_DEV_GPU_TEMP\n",
		"a JSON list":          `[{"expr": "\u0044CGM_FI_DEV_GPU_TEMP"}]`,
	} {
		result, err := Translator{Target: Exporter49}.File([]byte(text))
		require.NoError(t, err, name)
		require.Empty(t, result.Errors, name)
		require.Contains(t, string(result.Text), "DCGM_FI_DEV_GPU_TEMP_CELSIUS", name)
		var was, is map[string]any
		if text[0] != '[' {
			require.NoError(t, yaml.Unmarshal([]byte(text), &was))
			require.NoError(t, yaml.Unmarshal(result.Text, &is))
			require.Equal(t, strings.ReplaceAll(fmt.Sprint(was), "GPU_TEMP", "GPU_TEMP_CELSIUS"), fmt.Sprint(is), name)
		}
	}
}

// What a rewritten text of YAML in braces would need is quotes.
func TestAFileThatWouldBreakIsLeft(t *testing.T) {
	_, err := Translator{Target: OTel}.File([]byte("groups: [{name: g, rules: [{alert: Z, expr: DCGM_FI_DEV_GPU_TEMP > 80}]}]\n"))
	require.ErrorContains(t, err, "an expression in braces or brackets must be quoted to be rewritten: read YAML: ")
}
