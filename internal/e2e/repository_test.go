// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const (
	ours         = "github.com/tracecoreai/tracecore/"
	rootManifest = root + "/builder-config.yaml"
	nodeManifest = root + "/distribution/otelcol-tracecore-node/builder-config.yaml"
)

// readManifest returns the version of every module an OCB manifest lists, by kind and path.
func readManifest(t *testing.T, path string) map[string]string {
	t.Helper()
	var manifest map[string]yaml.Node
	readYAML(t, path, &manifest)
	modules := map[string]string{}
	for _, kind := range []string{"receivers", "processors", "exporters", "connectors", "extensions", "providers", "converters"} {
		var entries []struct {
			GoMod string `yaml:"gomod"`
		}
		node := manifest[kind]
		require.NoError(t, node.Decode(&entries))
		for _, entry := range entries {
			module, version, found := strings.Cut(entry.GoMod, " ")
			require.True(t, found, entry.GoMod)
			require.NotContains(t, modules, kind+" "+module, "listed twice")
			modules[kind+" "+module] = version
		}
	}
	return modules
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(content, into))
}

func TestNodeManifestIsAStrictSubsetOfTheRootManifest(t *testing.T) {
	full, node := readManifest(t, rootManifest), readManifest(t, nodeManifest)
	for module, version := range node {
		require.Equal(t, full[module], version, module)
	}
	require.Less(t, len(node), len(full))
}

// availability is the component list of otelcol-contrib 0.152.0 with the version of each module
// that the module proxy serves ("-" for none), and the nearest older one.
const availability = "testdata/otelcol-contrib-0.152.0-availability.tsv"

func TestRootManifestHasEveryModuleOfContribThatIsServed(t *testing.T) {
	want := olderModules(t)
	for _, row := range readTSV(t, availability) {
		if row["served_version"] != "-" {
			want[row["kind"]+" "+row["module"]] = row["served_version"]
		}
	}
	require.NotEmpty(t, want)
	got := readManifest(t, rootManifest)
	for module := range got {
		if strings.Contains(module, ours) {
			delete(got, module)
		}
	}
	require.Equal(t, want, got)
}

// readTSV returns the rows of a tab-separated file with a header, by column name.
func readTSV(t *testing.T, path string) []map[string]string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	header := strings.Split(lines[0], "\t")
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, cell := range strings.Split(line, "\t") {
			row[header[i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

func TestHelpListsEveryDescribedTarget(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	help, err := exec.Command("make", "--no-print-directory", "-C", root, "help").CombinedOutput()
	require.NoError(t, err, string(help))
	described := regexp.MustCompile(`(?m)^(\S+):.* ## `).FindAllSubmatch(makefile, -1)
	require.NotEmpty(t, described)
	for _, target := range described {
		require.Regexp(t, `(?m)^  `+regexp.QuoteMeta(string(target[1]))+` `, string(help))
	}
}

func TestManifestsFollowTheMakefilesVersion(t *testing.T) {
	for _, path := range []string{rootManifest, nodeManifest} {
		var manifest struct {
			Dist struct {
				Version string `yaml:"version"`
			} `yaml:"dist"`
		}
		readYAML(t, path, &manifest)
		require.Equal(t, otelcolVersion(t), manifest.Dist.Version, path)
	}
}

// otelcolVersion returns the release of upstream that the Makefile names.
func otelcolVersion(t *testing.T) string {
	t.Helper()
	makefile, err := os.ReadFile(root + "/Makefile")
	require.NoError(t, err)
	match := regexp.MustCompile(`(?m)^OTELCOL_VERSION := (.+)$`).FindSubmatch(makefile)
	require.NotNil(t, match)
	return string(match[1])
}

// goModules returns every module of the repository, by its folder.
func goModules(t *testing.T) map[string]string {
	t.Helper()
	modules := map[string]string{}
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != root || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if entry.Name() == "go.mod" {
			dir, err := filepath.Rel(root, filepath.Dir(path))
			modules[filepath.ToSlash(dir)] = ours + filepath.ToSlash(dir)
			return err
		}
		return nil
	}))
	return modules
}

// One minor ahead in one module moves the whole distribution with it.
func TestNoModuleIsAheadOfTheUpstreamLine(t *testing.T) {
	pin := regexp.MustCompile(`^\s*(go\.opentelemetry\.io/collector\S*|github\.com/open-telemetry/opentelemetry-collector-contrib/\S+) (v\S+)`)
	for dir := range goModules(t) {
		if dir == "internal/tools" {
			continue // its dependencies reach no component
		}
		f, err := os.Open(filepath.Join(root, dir, "go.mod"))
		require.NoError(t, err)
		scanner := bufio.NewScanner(f)
		for scanner.Scan() {
			if match := pin.FindStringSubmatch(scanner.Text()); match != nil && !strings.Contains(match[1], "semconv") {
				require.LessOrEqual(t, minorOf(t, match[1], match[2]), minorOf(t, "", otelcolVersion(t)), "%s: %s", dir, match[0])
			}
		}
		require.NoError(t, f.Close())
	}
}

// minorOf returns the minor version of a module on upstream's unstable line: v1.58 of the core is
// part of v0.152, and v1.0 of contrib of v0.161.
func minorOf(t *testing.T, module, version string) int {
	t.Helper()
	major, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(minor)
	require.NoError(t, err, version)
	switch {
	case major != "1":
		return n
	case strings.HasPrefix(module, contribModules):
		return n + 161
	default:
		return n + 94
	}
}

const contribModules = "github.com/open-telemetry/opentelemetry-collector-contrib/"

func TestVersionsFileListsEveryModule(t *testing.T) {
	var versions struct {
		ModuleSets map[string]struct {
			Version string   `yaml:"version"`
			Modules []string `yaml:"modules"`
		} `yaml:"module-sets"`
		Excluded []string `yaml:"excluded-modules"`
	}
	readYAML(t, root+"/versions.yaml", &versions)
	listed := versions.Excluded
	for _, set := range versions.ModuleSets {
		listed = append(listed, set.Modules...)
	}
	var modules []string
	for _, module := range goModules(t) {
		modules = append(modules, module)
	}
	slices.Sort(modules)
	slices.Sort(listed)
	require.Equal(t, modules, listed)

	for dir := range goModules(t) {
		content, err := os.ReadFile(filepath.Join(root, dir, "go.mod"))
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(`(?m)^\s*(?:require )?`+ours+`\S+ (v\S+)(?: // indirect)?$`).FindAllSubmatch(content, -1) {
			require.Equal(t, versions.ModuleSets["tracecore"].Version, string(match[1]), dir)
		}
	}
}

// shippedConfigs returns every configuration that users are given.
func shippedConfigs(t *testing.T) []string {
	t.Helper()
	var configs []string
	patterns := []string{"distribution/*/config/*.yaml", "docs/examples/*.yaml", "docs/examples/mtls/*.yaml"}
	if filepath.Base(binary) != "otelcol-tracecore-node" { // It lacks what these need.
		patterns = append(patterns, "distribution/*/packaging/contrib-compat/config.yaml", "docs/examples/full/*.yaml")
	}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		configs = append(configs, paths...)
	}
	require.NotEmpty(t, configs)
	return configs
}

// The runbook is where an alert on an error kind leads, so it has a row for every kind that
// some component emits, and none that nobody emits.
func TestRunbookTriagesExactlyTheEmittedKinds(t *testing.T) {
	emitted := map[string]bool{}
	usage := regexp.MustCompile(`selftelemetry\.Kind(?:([A-Z][a-z]+)| = "([a-z]+)")|\tkind[A-Z][a-z]+ += "([a-z]+)"`)
	for dir := range goModules(t) {
		if !strings.HasPrefix(dir, "receiver/") && !strings.HasPrefix(dir, "exporter/") && !strings.HasPrefix(dir, "processor/") {
			continue
		}
		require.NoError(t, filepath.WalkDir(filepath.Join(root, dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, match := range usage.FindAllSubmatch(source, -1) {
				emitted[strings.ToLower(string(match[1])+string(match[2])+string(match[3]))] = true
			}
			return err
		}))
	}
	triaged := map[string]bool{}
	runbook, err := os.ReadFile(root + "/docs/runbook.md")
	require.NoError(t, err)
	for _, match := range regexp.MustCompile("(?m)^\\| `([a-z]+)` \\|").FindAllSubmatch(runbook, -1) {
		triaged[string(match[1])] = true
	}
	require.NotEmpty(t, emitted)
	require.Equal(t, emitted, triaged)
}

// A name that the receiver no longer uses would leave its GPU judged by hw.status alone.
func TestVerdictKnowsNamesThatTheReceiverUses(t *testing.T) {
	var metadata struct {
		Attributes map[string]struct {
			Enum []string `yaml:"enum"`
		} `yaml:"attributes"`
	}
	readYAML(t, root+"/receiver/dcgmreceiver/metadata.yaml", &metadata)
	readme, err := os.ReadFile(root + "/extension/healthsloextension/README.md")
	require.NoError(t, err)
	used := slices.Concat(metadata.Attributes["gpu.state"].Enum, metadata.Attributes["gpu.condition"].Enum)
	rows := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (?:fit|degraded|unfit) \\|").FindAllStringSubmatch(string(readme), -1)
	require.NotEmpty(t, rows)
	for _, row := range rows {
		require.Contains(t, used, row[1])
	}
}
