// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

const lineADR = root + "/docs/adr/007-the-line-of-upstream-is-0.152.md"

// patched returns the oldest version of every module that has no known vulnerability, as the ADR
// lists them.
func patched(t *testing.T) map[string]string {
	t.Helper()
	content, err := os.ReadFile(lineADR)
	require.NoError(t, err)
	floors := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\S+)` \\| (v[0-9.]+) \\|").FindAllStringSubmatch(string(content), -1) {
		floors[row[1]] = row[2]
	}
	require.Greater(t, len(floors), 10)
	return floors
}

func TestPatchedModulesStayPatched(t *testing.T) {
	floors := patched(t)
	seen := map[string]bool{}
	for dir := range goModules(t) {
		if strings.HasPrefix(dir, "internal/tools") || dir == "internal/e2e" {
			continue // They ship nothing.
		}
		for path, version := range versionsIn(t, dir) {
			if floor, listed := floors[path]; listed {
				seen[path] = true
				require.GreaterOrEqual(t, semver.Compare(version, floor), 0, "%s/go.mod has %s %s, older than %s", dir, path, version, floor)
			}
		}
	}
	for path := range floors {
		require.True(t, seen[path], "no go.mod has %s: delete its row", path)
	}
}

// versionsIn returns what a go.mod asks for, or puts in its place.
func versionsIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	file := goMod(t, dir)
	versions := map[string]string{}
	for _, require := range file.Require {
		versions[require.Mod.Path] = require.Mod.Version
	}
	for _, replace := range file.Replace {
		if _, asked := versions[replace.Old.Path]; asked && replace.New.Version != "" {
			versions[replace.Old.Path] = replace.New.Version
		}
	}
	return versions
}

func goMod(t *testing.T, dir string) *modfile.File {
	t.Helper()
	path := filepath.Join(root, dir, "go.mod")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	file, err := modfile.Parse(path, content, nil)
	require.NoError(t, err)
	return file
}

// A replacement pins: once a component asks for more, it would hold the component back.
func TestNoReplacementHoldsAModuleBack(t *testing.T) {
	for _, dist := range []string{"otelcol-tracecore", "otelcol-tracecore-node"} {
		file := goMod(t, "distribution/"+dist)
		asked := map[string]module.Version{}
		for _, require := range file.Require {
			asked[require.Mod.Path] = require.Mod
		}
		for _, replace := range file.Replace {
			if replace.New.Version == "" {
				continue // a folder of this repository
			}
			version := asked[replace.Old.Path].Version
			require.NotEmpty(t, version, "%s: nothing needs the replacement of %s", dist, replace.Old.Path)
			require.Negative(t, semver.Compare(version, replace.New.Version), "%s: %s is asked for at %s, so delete its replacement", dist, replace.Old.Path, version)
		}
	}
}

// Releases are built with one Go, whichever is installed.
func TestDistributionsNameTheToolchainOfTheMakefile(t *testing.T) {
	makefile, err := os.ReadFile(root + "/Makefile")
	require.NoError(t, err)
	match := regexp.MustCompile(`(?m)^export GOTOOLCHAIN := (go[0-9.]+)$`).FindSubmatch(makefile)
	require.NotNil(t, match)
	for _, dist := range []string{"otelcol-tracecore", "otelcol-tracecore-node"} {
		toolchain := goMod(t, "distribution/"+dist).Toolchain
		require.NotNil(t, toolchain, dist)
		require.Equal(t, string(match[1]), toolchain.Name, dist)
	}
}
