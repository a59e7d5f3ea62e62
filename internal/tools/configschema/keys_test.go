// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver"
)

func TestReadmesHaveTheKeys(t *testing.T) {
	for _, section := range sections {
		for _, factory := range section.factories {
			_, rows, err := describe(root, section.name, factory)
			require.NoError(t, err)
			readme, err := os.ReadFile(filepath.Join(root, folderOf(section.name, factory), "README.md"))
			require.NoError(t, err)
			require.Contains(t, string(readme), "<!-- generated keys -->\n"+table(rows)+"<!-- end generated keys -->\n", "make generate-docs writes it")
		}
	}
}

// leaves are the keys that a configuration has, found apart from how they are described.
func leaves(t *testing.T, value any, path string) []string {
	t.Helper()
	section, isSection := value.(map[string]any)
	if !isSection || len(section) == 0 {
		return []string{path}
	}
	var out []string
	for _, key := range slices.Sorted(maps.Keys(section)) {
		out = append(out, leaves(t, section[key], strings.TrimPrefix(path+"::"+key, "::"))...)
	}
	return out
}

// What the Collector's own encoder writes of a configuration is described, key by key, or is in a section that is upstream's.
func TestEveryKeyOfADefaultConfigurationHasARow(t *testing.T) {
	for _, section := range sections {
		for _, factory := range section.factories {
			_, rows, err := describe(root, section.name, factory)
			require.NoError(t, err)
			described := map[string]row{}
			for _, r := range rows {
				described[r.key] = r
			}
			conf := confmap.New()
			require.NoError(t, conf.Marshal(factory.CreateDefaultConfig()))
			for _, key := range leaves(t, conf.ToStringMap(), "") {
				require.True(t, isDescribed(described, key), "%s: %s", factory.Type(), key)
			}
		}
	}
}

func isDescribed(rows map[string]row, key string) bool {
	parts := strings.Split(key, "::")
	if len(parts) > 2 && (parts[0] == "metrics" || parts[0] == "resource_attributes") {
		parts[1] = "<name>"
	}
	if _, found := rows[strings.Join(parts, "::")]; found {
		return true
	}
	for i := range parts {
		above, found := rows[strings.Join(parts[:i], "::")]
		if found && !strings.HasPrefix(element(above.value).PkgPath(), repository) {
			return true
		}
	}
	return false
}

// wanted is a structure for tests.
type wanted struct {
	First  time.Duration `mapstructure:"first"`
	Nested nested        `mapstructure:"nested"`
}

type nested struct {
	Second []string `mapstructure:"second"`
}

func described(t *testing.T, content string) ([]row, error) {
	t.Helper()
	d := describer{root: t.TempDir()}
	require.NoError(t, os.WriteFile(filepath.Join(d.root, keysFile), []byte(content), 0o600))
	d.describe(reflect.ValueOf(&wanted{First: 90 * time.Second}), place{docs: d.load("")})
	return d.rows, d.err()
}

func TestRowsHaveDefaultsAndRules(t *testing.T) {
	rows, err := described(t, `
first: {meaning: a | b, min: 1s, max: 1h, or: 0s, example: 5s}
nested::second: {meaning: c, required: true, rule: once, refused: [[]], example: [x, 'y: z']}
`)
	require.NoError(t, err)
	require.Equal(t, header+
		"| `first` | duration | `1m30s` | `0s`, or `1s` to `1h` | `5s` | a \\| b |\n"+
		"| `nested::second` | list of texts | none | required; once | `[x, 'y: z']` | c |\n", table(rows))
}

func TestWhatIsNotDescribedFailsByName(t *testing.T) {
	const first, second = "first: {meaning: m, example: 5s}\n", "nested::second: {meaning: m, example: [x]}\n"
	for want, content := range map[string]string{
		`"nested::second": has no entry`:                                first,
		`"third": the configuration has no such key`:                    first + second + "third: {meaning: m, example: 1}\n",
		`"first": "meaning": must be given`:                             "first: {example: 5s}\n" + second,
		`"first": "example": must be given`:                             "first: {meaning: m}\n" + second,
		`"first": "rule": needs "refused"`:                              "first: {meaning: m, example: 5s, rule: even}\n" + second,
		`"first": "default": must be left out, it is ` + "`1m30s`":      "first: {meaning: m, example: 5s, default: 1h}\n" + second,
		`field meening not found`:                                       "first: {meening: m}\n" + second,
		`"first": "min" and "above", "max" and "below": must be either`: "first: {meaning: m, example: 5s, min: 1s, above: 0s}\n" + second,
	} {
		_, err := described(t, content)
		require.ErrorContains(t, err, want)
	}
}

// switched is a component with metrics of which some are off.
func switched(t *testing.T, content string) error {
	t.Helper()
	d := describer{root: t.TempDir()}
	require.NoError(t, os.WriteFile(filepath.Join(d.root, keysFile), []byte(content), 0o600))
	d.describe(reflect.ValueOf(dcgmreceiver.NewFactory().CreateDefaultConfig()).Elem().FieldByName("MetricsBuilderConfig"), place{docs: d.load("")})
	return d.err()
}

func TestSwitchesThatAreNotDescribedFailByName(t *testing.T) {
	require.ErrorContains(t, switched(t, "none: {meaning: m, example: 5s}\n"), `"metrics::<name>::enabled": has no entry`)
	require.ErrorContains(t, switched(t, "none: {meaning: m, example: 5s, rule: even}\n"), `"none": "rule": needs "refused"`)
	require.ErrorContains(t, switched(t, "none: [\n"), "yaml: ")
}

func TestAReadmeWithoutABlockFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "README.md")
	require.NoError(t, os.WriteFile(path, []byte("# A component\n"), 0o600))
	require.ErrorContains(t, writeTable(path, ""), path+": must have a line <!-- generated keys -->")
	require.ErrorIs(t, writeTable(path+"x", ""), os.ErrNotExist)
}

func TestErrorsHaveToBeginWithTheKey(t *testing.T) {
	for text, want := range map[string]bool{`"a::c": must be`: true, "x\n\"a\": \"c\"": true, "a: b\nc": false, `"b": as "a::c"`: false} {
		require.Equal(t, want, names(errors.New(text), []string{"a", "c"}), text)
	}
}
