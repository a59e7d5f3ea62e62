// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const examplesFolder = root + "/docs/examples/"

// example is what the last paragraph of an example's head says, which is YAML.
type example struct {
	name string // its path below docs/examples

	For        string   `yaml:"for"`
	Flavour    string   `yaml:"flavour"`              // the smallest that has what it names
	Run        string   `yaml:"run"`                  // a command, in a checkout
	Needs      []string `yaml:"needs"`                // variables that have no default
	Prometheus []string `yaml:"prometheus"`           // all families of its page: names, and prefixes with *
	OTLP       []string `yaml:"otlp"`                 // all metrics that it sends, likewise
	Series     int      `yaml:"series of eight H100"` // of GPUs and NVSwitches
	Alerts     []string `yaml:"alerts"`               // where metrics are off: those on GPUs, DCGM and clocks that can fire
}

// examples reads the heads of all examples that are configurations, Kubernetes aside.
func examples(t *testing.T) []example {
	t.Helper()
	var all []example
	for _, pattern := range []string{"*.yaml", "mtls/*.yaml", "full/*.yaml"} {
		paths, err := filepath.Glob(examplesFolder + pattern)
		require.NoError(t, err)
		require.NotEmpty(t, paths, pattern)
		for _, path := range paths {
			all = append(all, readHead(t, path))
		}
	}
	return all
}

func readHead(t *testing.T, path string) example {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var facts bytes.Buffer
	for line := range strings.Lines(string(content)) {
		text, isComment := strings.CutPrefix(line, "#")
		if !isComment {
			break
		}
		if text == "\n" {
			facts.Reset() // The last paragraph counts.
			continue
		}
		facts.WriteString(strings.TrimPrefix(text, " "))
	}
	e := example{name: strings.TrimPrefix(path, examplesFolder)}
	decoder := yaml.NewDecoder(&facts)
	decoder.KnownFields(true)
	require.NoError(t, decoder.Decode(&e), "the last paragraph of the head of %s", path)
	return e
}

var (
	flavours         = map[string]string{"node": "otelcol-tracecore-node", "full": "otelcol-tracecore"}
	variableAlone    = regexp.MustCompile(`\$\{env:(\w+)(?::-)?\}`)
	setByThisProgram = []string{"HOST_ID", "HOST_NAME"}
)

func TestHeadsOfExamplesSayHowToRunThem(t *testing.T) {
	for _, e := range examples(t) {
		require.NotEmpty(t, e.For, e.name)
		require.Contains(t, flavours, e.Flavour, e.name)
		require.Equal(t, strings.HasPrefix(e.name, "full/"), e.Flavour == "full", "%s: full/ is for what the node agent lacks", e.name)
		require.Equal(t, flavours[e.Flavour]+" --config docs/examples/"+e.name, e.Run, e.name)
		require.NotEmpty(t, slices.Concat(e.Prometheus, e.OTLP), e.name)

		content, err := os.ReadFile(examplesFolder + e.name)
		require.NoError(t, err)
		var needed []string
		for _, variable := range variableAlone.FindAllStringSubmatch(string(content), -1) {
			if !slices.Contains(setByThisProgram, variable[1]) {
				needed = append(needed, variable[1])
			}
		}
		slices.Sort(needed)
		require.ElementsMatch(t, slices.Compact(needed), e.Needs, "%s: variables that have no default", e.name)
	}
}

// row is the line of an example in the table of the page, made of its head.
func (e *example) row() string {
	var ways []string
	if len(e.Prometheus) > 0 {
		ways = append(ways, "to its page: `"+strings.Join(e.Prometheus, "` `")+"`")
	}
	switch {
	case slices.Equal(e.OTLP, []string{"*"}):
		ways = append(ways, "over OTLP: what it is sent")
	case len(e.OTLP) > 0:
		ways = append(ways, "over OTLP: `"+strings.Join(e.OTLP, "` `")+"`")
	}
	emits := strings.Join(ways, "; ")
	if e.Series > 0 {
		emits += fmt.Sprintf("; %d GPU series of eight H100", e.Series)
	}
	try := "`" + e.Run + "`"
	if len(e.Needs) > 0 {
		try += " with " + strings.Join(e.Needs, ", ")
	}
	return fmt.Sprintf("| [%[1]s](%[1]s) | %s | %s | %s | %s |\n", e.name, e.For, e.Flavour, emits, try)
}

var generatedExamples = regexp.MustCompile(`(?s)(<!-- generated examples -->\n).*(<!-- end generated examples -->)`)

// The table is rewritten by go test -run ExamplesPage -update.
func TestExamplesPageHasWhatTheHeadsSay(t *testing.T) {
	page := examplesFolder + "README.md"
	content, err := os.ReadFile(page)
	require.NoError(t, err)
	var table strings.Builder
	table.WriteString("| example | for | flavour | emits | try it |\n| --- | --- | --- | --- | --- |\n")
	for _, e := range examples(t) {
		table.WriteString(e.row())
	}
	want := generatedExamples.ReplaceAllString(string(content), "${1}"+table.String()+"${2}")
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o644)) //nolint:gosec // A file of the repository.
		return
	}
	require.Equal(t, want, string(content), "see -update")
}

// Links to pages elsewhere aside, the page links each file of its folder and nothing else.
func TestExamplesPageListsTheFolder(t *testing.T) {
	content, err := os.ReadFile(examplesFolder + "README.md")
	require.NoError(t, err)
	linked := map[string]bool{}
	for _, link := range regexp.MustCompile(`\]\(([\w/.-]+)\)`).FindAllStringSubmatch(string(content), -1) {
		if !strings.HasPrefix(link[1], "../") {
			linked[link[1]] = true
		}
	}
	var files []string
	require.NoError(t, filepath.WalkDir(examplesFolder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && entry.Name() != "README.md" {
			files = append(files, strings.TrimPrefix(path, examplesFolder))
		}
		return err
	}))
	require.ElementsMatch(t, files, slices.Collect(maps.Keys(linked)))
}
