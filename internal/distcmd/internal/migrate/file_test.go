// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the golden files")

// The golden files have the rewritten file and, behind it, what was said.
func TestFilesChangeInTheirExpressionsAlone(t *testing.T) {
	for _, name := range []string{"rules.yaml", "dashboard.json", "configmap.yaml", "fields.json", "routing.yaml"} {
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

// A text that cannot stand without quotes any more gets them, and the file has what the expression became.
func TestPlainTextsGetQuotesWhereTheyNeedThem(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"in braces":            {"rules: [{alert: Z, expr: DCGM_FI_DEV_GPU_TEMP > 80}] # hot\n", "rules: [{alert: Z, expr: 'hw_temperature_celsius{hw_type=\"gpu\",hw_sensor_location=\"gpu\"} > 80'}] # hot\n"},
		"on two lines":         {"{expr: DCGM_FI_DEV_GPU_TEMP\n   > 80, for: 5m}\n", "{expr: 'hw_temperature_celsius{hw_type=\"gpu\",hw_sensor_location=\"gpu\"}\n   > 80', for: 5m}\n"},
		"with an anchor":       {"a: {expr: &e DCGM_FI_DEV_POWER_USAGE}\nb: {expr: *e}\n", "a: {expr: &e 'hw_power_watts{hw_type=\"gpu\"}'}\nb: {expr: *e}\n"},
		"with a tag":           {"{expr: !!str DCGM_FI_DEV_POWER_USAGE}", "{expr: !!str 'hw_power_watts{hw_type=\"gpu\"}'}"},
		"on a line of its own": {"expr: &e # hot\n  DCGM_FI_DEV_POWER_USAGE\n    > 600\n", "expr: &e # hot\n  hw_power_watts{hw_type=\"gpu\"}\n    > 600\n"},
		"a block of its own":   {"expr: &e\n  |\n  DCGM_FI_DEV_POWER_USAGE\n    > 600\n", "expr: &e\n  |\n  hw_power_watts{hw_type=\"gpu\"}\n    > 600\n"},
		"an anchor elsewhere":  {"x: &e DCGM_FI_DEV_POWER_USAGE\nrules: [{alert: A, expr: *e}]\n", "x: &e hw_power_watts{hw_type=\"gpu\"}\nrules: [{alert: A, expr: *e}]\n"},
		"merged":               {"x: &r {expr: DCGM_FI_DEV_FB_USED == 1}\nrules: [{<<: *r, annotations: {a: '{{ $labels.gpu }}'}}]\n", "x: &r {expr: (hw_gpu_memory_usage_bytes / 1048576) == 1}\nrules: [{<<: *r, annotations: {a: '{{ $labels.hw_name }}'}}]\n"},
		"in itself":            {"&a [*a, {expr: DCGM_FI_DEV_POWER_USAGE}]", "&a [*a, {expr: 'hw_power_watts{hw_type=\"gpu\"}'}]"},
		"in a ConfigMap":       {"data:\n  r.yaml: |\n    {expr: DCGM_FI_DEV_POWER_USAGE}\n", "data:\n  r.yaml: |\n    {expr: 'hw_power_watts{hw_type=\"gpu\"}'}\n"},
		"in quotes in quotes":  {"data: '{expr: DCGM_FI_DEV_POWER_USAGE}'\n", "data: '{expr: ''hw_power_watts{hw_type=\"gpu\"}''}'\n"},
	} {
		result, err := Translator{Target: OTel}.File([]byte(c.file))
		require.NoError(t, err, name)
		require.Empty(t, result.Errors, name)
		require.Equal(t, c.want, string(result.Text), name)
		for _, change := range result.Changes {
			require.Contains(t, valuesIn(t, result.Text), change.New, name)
		}
	}
}

// valuesIn are all texts of a file, and of files within it.
func valuesIn(t *testing.T, text []byte) []string {
	t.Helper()
	d, err := read(text)
	require.NoError(t, err)
	var values []string
	for _, s := range d.scalars {
		values = append(values, s.value)
		if strings.HasPrefix(s.value, "{") {
			values = append(values, valuesIn(t, []byte(s.value))...)
		}
	}
	return values
}

func TestWhatNeedsQuotes(t *testing.T) {
	for raw, inBlock := range map[string]bool{
		"x # y": true, "x: y": true, "x:": true, "{a}": true, "\"a\" > 1": true, "%x": true, "- x": true, "x\n #y": true,
		"-x": false, "x#y": false, "x:y": false, "x{a=\"b\"}": false, "x[5m:1m]": false, "(x)": false,
	} {
		require.Equal(t, inBlock, needsQuotes(raw, false), raw)
		var got map[string]any
		err := yaml.Unmarshal([]byte("k: "+raw+"\n"), &got)
		require.Equal(t, inBlock, err != nil || got["k"] != raw, raw)
	}
}

// Where an edit cannot be made, the place is named, and other edits are made.
func TestPlacesThatCannotBeRewrittenAreListed(t *testing.T) {
	text := "a: {expr: \"DCGM_FI_DEV_\\\n  GPU_TEMP\"}\nb: {expr: 'DCGM_FI_DEV_GPU_TEMP'}\n"
	result, err := Translator{Target: Exporter49}.File([]byte(text))
	require.NoError(t, err)
	require.Equal(t, []Message{{1, errNotFound.Error()}}, result.Errors)
	require.Equal(t, strings.Replace(text, "'DCGM_FI_DEV_GPU_TEMP'", "'DCGM_FI_DEV_GPU_TEMP_CELSIUS'", 1), string(result.Text))
}

// Those that do not fit are found by a few readings of a file each, however many others it has.
func TestFewReadingsFindWhatDoesNotFit(t *testing.T) {
	all := make([]rewriting, 1024)
	for i := range all {
		all[i].scalar = &scalar{line: i}
	}
	readings := 0
	kept, refused := divide(all, func(some []rewriting) bool {
		readings++
		return !slices.ContainsFunc(some, func(r rewriting) bool { return r.scalar.line == 0 || r.scalar.line == 700 })
	})
	require.Len(t, kept, 1022)
	require.Len(t, refused, 2)
	require.Equal(t, 0, refused[0].scalar.line)
	require.Equal(t, 700, refused[1].scalar.line)
	require.LessOrEqual(t, readings, 41)
}

// A pod of the target in one place of a file is that of the target in all, and in the files that are rewritten with it.
func TestLabelsOfTheTargetAreListedInTheWholeFile(t *testing.T) {
	const exported, plain = "expr: sum by (exported_pod) (DCGM_FI_DEV_POWER_USAGE)\n", "expr: sum by (pod) (DCGM_FI_DEV_POWER_USAGE)\n"
	const why = "label pod has no counterpart: exported_pod stands beside it, so it is the target's"
	result, err := Translator{Target: OTel}.File([]byte(exported + "---\n" + plain))
	require.NoError(t, err)
	require.Equal(t, []Message{{3, why}}, result.Errors)
	result, err = Translator{Target: OTel}.Learn([]byte(exported), []byte(plain)).File([]byte(plain))
	require.NoError(t, err)
	require.Equal(t, []Message{{1, why}}, result.Errors)
	result, err = Translator{Target: OTel}.File([]byte(plain))
	require.NoError(t, err)
	require.Empty(t, result.Errors)
	require.Equal(t, "expr: sum by (k8s_pod_name) (hw_power_watts{hw_type=\"gpu\"})\n", string(result.Text))
}

// A text that would be read as another one is no text to write, though the file can be read.
func TestAFileIsReadBeforeItCountsAsRewritten(t *testing.T) {
	d, err := read([]byte(`{a: "xyz", b: "xyz"}`))
	require.NoError(t, err)
	m := &migration{document: d, failed: map[*scalar]bool{}, rewritings: []rewriting{
		{scalar: d.scalars[1], edits: []edit{{1, 2, "\n"}}}, // a space where it is read
		{scalar: d.scalars[3], edits: []edit{{1, 2, "-"}}},
	}}
	require.Equal(t, `{a: "xyz", b: "x-z"}`, apply(string(d.text), m.settle()))
	require.Equal(t, []Message{{1, errNotFound.Error()}}, m.result.Errors)
}
