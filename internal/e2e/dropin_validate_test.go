// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A configuration of otelcol-contrib means the same here: it is valid, and every setting that
// it leaves out has the same default.
func TestDropInConfigurationsMeanTheSame(t *testing.T) {
	stock(t)
	for _, path := range corpus(t, corpusConfigs) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			theirs, own := both(t, "validate", "--config", path)
			require.Zero(t, own.code, own.stderr)
			require.Empty(t, own.stdout)
			require.Equal(t, sameLines(theirs.stderr), sameLines(warning.ReplaceAllString(own.stderr, "")))

			theirs, own = both(t, "print-config", "--config", path)
			require.Zero(t, own.code, own.stderr)
			require.NotEmpty(t, own.stdout)
			require.Equal(t, theirs.stdout, own.stdout)
		})
	}
}

// warning is what this distribution's validate says of a valid configuration, and stock does not.
var warning = regexp.MustCompile(`(?m)^warning: .*\n`)

// sameLines leaves out of log lines what differs from run to run.
func sameLines(stderr string) string {
	return regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\dT\S+`).ReplaceAllString(stderr, "TIME")
}

// What is wrong with a configuration is wrong here, with the same exit code and text. Where
// the distribution says more, as what a file is or which type was meant, the fact is the same.
func TestDropInMistakesAreTheSame(t *testing.T) {
	stock(t)
	fact := regexp.MustCompile(`(?s)unknown type: "\S+" for id: "\S+"|yaml: .*`)
	for _, path := range corpus(t, corpusBad) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			theirs, own := both(t, "validate", "--config", path)
			require.Equal(t, 1, theirs.code, theirs.stderr)
			require.Equal(t, 1, own.code)
			require.Empty(t, own.stdout)
			if said := fact.FindString(theirs.stderr); said != "" {
				require.Contains(t, own.stderr, said)
				return
			}
			require.Equal(t, words(theirs.stderr), words(own.stderr), own.stderr)
		})
	}
}

// words are sorted: upstream prints some lists in the order of a Go map.
func words(text string) []string {
	list := regexp.MustCompile(`[\w.]+`).FindAllString(text, -1)
	slices.Sort(list)
	return list
}

// Every name that the stock Collector knows beside the main ones is in this file, which the
// test above loads.
func TestDropInDeprecatedAliasesLoad(t *testing.T) {
	listed := regexp.MustCompile(`\(valid values: \[(.*?)\]\)`)
	main := components(t, stock(t))
	var used map[string]map[string]any
	readYAML(t, corpusConfigs+"/deprecated-aliases.yaml", &used)
	found := 0
	for _, kind := range []string{"receivers", "processors", "exporters", "connectors", "extensions"} {
		r := finishOf(t, stock(t), "", nil, "validate", "--config", "yaml:"+kind+": {nope: }")
		match := listed.FindStringSubmatch(r.stderr)
		require.NotNil(t, match, r.stderr)
		aliases := map[string]bool{}
		for name := range strings.FieldsSeq(match[1]) {
			aliases[name] = true
		}
		for _, c := range main[kind] {
			delete(aliases, c.Name)
		}
		for alias := range aliases {
			require.Contains(t, used[kind], alias, kind)
			found++
		}
	}
	require.NotZero(t, found)
}
