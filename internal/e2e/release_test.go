// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The module proxy finds a module of a folder by its tag alone, so every published module has
// one, and a release is tagged whole or not at all.
func TestTagsArePerModule(t *testing.T) {
	tool, err := filepath.Abs(root + "/internal/tools/tags")
	require.NoError(t, err)
	in := scratch(t, "versions.yaml")

	printed, err := in(tool)
	require.NoError(t, err, printed)
	want := []string{"v0.1.0"}
	for _, module := range publishedModules(t) {
		want = append(want, strings.TrimPrefix(module, ours)+"/v0.1.0")
	}
	require.Equal(t, want, strings.Fields(printed))
	made, err := in("git", "tag")
	require.NoError(t, err)
	require.Empty(t, made, "printing makes none")

	output, err := in(tool, "create")
	require.NoError(t, err, output)
	made, err = in("git", "tag")
	require.NoError(t, err)
	require.ElementsMatch(t, want, strings.Fields(made))

	output, err = in(tool, "create")
	require.Error(t, err)
	require.Contains(t, output, "set a new version in versions.yaml")
}

// What would fail after minutes of building is said before.
func TestReleaseFailsEarly(t *testing.T) {
	tool, err := exec.LookPath("make")
	require.NoError(t, err)
	for _, test := range []struct{ dist, path, want string }{
		{t.TempDir(), os.Getenv("PATH"), "exists: a release is made in a new folder"},
		{filepath.Join(t.TempDir(), "dist"), "/nowhere", "objdump is missing: apt-get install binutils\napt-get is missing: images take"},
	} {
		release := exec.Command(tool, "release", "DIST="+test.dist)
		release.Dir = root
		release.Env = append(os.Environ(), "PATH="+test.path)
		output, err := release.CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(output), test.want)
		require.NotContains(t, string(output), "building")
	}
}

// The one step that moves the line of upstream reaches every pin, and nothing else.
func TestUpstreamMovesEveryPin(t *testing.T) {
	dryRun := exec.Command("internal/tools/upstream", "0.199.3", "--dry-run")
	dryRun.Dir = root
	output, err := dryRun.Output()
	require.NoError(t, err)
	diff := string(output)

	for _, want := range []string{
		"+OTELCOL_VERSION := 0.199.3",
		"+  version: 0.199.3",
		"+  - gomod: go.opentelemetry.io/collector/receiver/nopreceiver v0.199.3", // was behind
		"+  - gomod: go.opentelemetry.io/collector/confmap/provider/envprovider v1.105.3",
		"+  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/processor/filterprocessor v0.199.3",
		"+\tgo.opentelemetry.io/collector/service v0.199.3",
		"+\tgo.opentelemetry.io/collector/cmd/builder v0.199.3 // indirect",
	} {
		require.Contains(t, diff, want+"\n")
	}
	moved := regexp.MustCompile(`(?m)^-\s*(?:- gomod: )?((?:go\.opentelemetry\.io/collector|github\.com/open-telemetry/)\S* |OTELCOL_VERSION|version:|-- a/)`)
	for _, line := range regexp.MustCompile(`(?m)^-.*$`).FindAllString(diff, -1) {
		require.Regexp(t, moved, line)
	}
	// What is left in the manifest at the old line is nothing.
	for module, version := range readManifest(t, rootManifest) {
		_, path, _ := strings.Cut(module, " ")
		if !strings.HasPrefix(path, ours) {
			require.Contains(t, diff, "- gomod: "+path+" "+version+"\n", "is not moved")
		}
	}
}

func TestUpstreamRefusesWhatIsNoVersion(t *testing.T) {
	wrong := exec.Command("internal/tools/upstream", "v1.2")
	wrong.Dir = root
	output, err := wrong.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(output), "VERSION must be like 0.")
}

// Both of upstream's repositories have a stable line, with numbers of its own. A module goes to the
// line on which the module proxy serves it.
func TestUpstreamFollowsBothLinesOfCoreAndContrib(t *testing.T) {
	tool, err := filepath.Abs(root + "/internal/tools/upstream")
	require.NoError(t, err)
	const core, contrib = "go.opentelemetry.io/collector/", contribModules
	const manifest = "distribution/otelcol-tracecore-node/builder-config.yaml"
	in := scratch(t, "Makefile", manifest, "internal/tools/go.mod")
	proxy := t.TempDir()
	served := []string{
		core + "receiver/otlpreceiver v0.165.0", core + "exporter/otlpexporter v1.71.0", core + "confmap/provider/envprovider v1.71.0",
		contrib + "receiver/filelogreceiver v0.165.1", contrib + "receiver/hostmetricsreceiver v1.4.1", contrib + "processor/filterprocessor v1.4.0",
	}
	for _, pin := range served {
		module, version, _ := strings.Cut(pin, " ")
		dir := filepath.Join(proxy, module, "@v")
		require.NoError(t, os.MkdirAll(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, version+".info"), []byte(`{"Version":"`+version+`"}`), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, version+".mod"), []byte("module "+module+"\n"), 0o600))
	}
	stubs := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(stubs, "make"), []byte("#!/bin/sh\n"), 0o700)) //nolint:gosec // It is run.
	for key, value := range map[string]string{
		"PATH": stubs + ":" + os.Getenv("PATH"), "GOPROXY": "file://" + proxy, "GONOSUMDB": "*", "GOWORK": "off", "GOMODCACHE": t.TempDir(), "GOTOOLCHAIN": "local",
	} {
		t.Setenv(key, value)
	}

	output, err := in(tool, "0.165.1")
	require.NoError(t, err, output)
	edited, err := in("cat", manifest)
	require.NoError(t, err)
	for _, pin := range served {
		require.Contains(t, edited, "- gomod: "+pin+"\n")
	}
	require.Contains(t, output, "not served at 0.165.1, stays: "+core+"processor/batchprocessor v0.152.1\n")
}

// A proxy that lacks a module and a step that fails: both are said, the rest goes on.
func TestUpstreamShowsWhatBroke(t *testing.T) {
	tool, err := filepath.Abs(root + "/internal/tools/upstream")
	require.NoError(t, err)
	in := scratch(t, "Makefile", "distribution/otelcol-tracecore-node/builder-config.yaml", "internal/tools/go.mod")
	stubs := t.TempDir()
	for name, script := range map[string]string{
		"go":   "#!/bin/sh\ncase $* in *filelogreceiver*|*batchprocessor@v0.199.3) exit 1;; esac\n",
		"make": "#!/bin/sh\n[ $2 != generate ] || { echo no such module; exit 2; }\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(stubs, name), []byte(script), 0o700)) //nolint:gosec // It is run.
	}
	t.Setenv("PATH", stubs+":"+os.Getenv("PATH"))

	output, err := in(tool, "0.199.3")
	require.Error(t, err)
	require.Contains(t, output, "not served at 0.199.3, stays: github.com/open-telemetry/opentelemetry-collector-contrib/receiver/filelogreceiver v0.152.0\n")
	require.Contains(t, output, "ok      make tidy\nBROKEN  make generate (bin/upstream/generate.log)\n        no such module\nok      make build-node\n")
	manifest, err := in("cat", "distribution/otelcol-tracecore-node/builder-config.yaml")
	require.NoError(t, err)
	require.Contains(t, manifest, "filelogreceiver v0.152.0\n")
	require.Contains(t, manifest, "batchprocessor v0.199.0\n")
	require.Contains(t, manifest, "hostmetricsreceiver v0.199.3\n")

	output, err = in(tool, "0.199.4")
	require.Error(t, err)
	require.Contains(t, output, "the tree has changes")
}

// OCB writes its sources before it calls Go, and would leave them half made.
func TestGenerateStopsBeforeOCBWhereGoHasNoToolchain(t *testing.T) {
	in := scratch(t, "Makefile", "internal/dcgmsim/sim.mk")
	stubs := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(stubs, "go"), []byte("#!/bin/sh\nexit 1\n"), 0o700)) //nolint:gosec // It is run.
	t.Setenv("PATH", stubs+":"+os.Getenv("PATH"))

	for _, name := range []string{"otelcol-tracecore", "otelcol-tracecore-node"} {
		output, err := in("make", "generate-"+name)
		require.Error(t, err)
		require.Contains(t, output, "Where GOSUMDB is off, set GONOSUMDB instead")
		require.NotContains(t, output, "builder")
	}
}

// scratch returns a function that runs commands in a new repository with copies of some files.
func scratch(t *testing.T, files ...string) func(name string, args ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), content, 0o600))
	}
	in := func(name string, args ...string) (string, error) {
		c := exec.Command(name, args...)
		c.Dir = dir
		c.Env = append(os.Environ(), "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		output, err := c.CombinedOutput()
		return string(output), err
	}
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "."}, {"commit", "--quiet", "--message", "x"}} {
		output, err := in("git", args...)
		require.NoError(t, err, output)
	}
	return in
}
