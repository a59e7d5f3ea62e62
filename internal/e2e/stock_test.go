// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"debug/buildinfo"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// stock returns the path of a Collector that OCB makes of the upstream modules of the root
// manifest alone: what a user of otelcol-contrib compares the distribution with. It is built
// in the folder that STOCK names, which keeps it between runs; without one, the test is skipped.
func stock(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("STOCK")
	if dir == "" {
		t.Skip("needs a stock Collector: run make test-dropin")
	}
	if stockPath == "" {
		require.NoError(t, os.MkdirAll(dir, 0o700))
		out := generate(t, dir, stockManifest(t), "--skip-compilation")
		// The same version of every dependency, whatever ours have raised.
		run(t, out, "go", append([]string{"mod", "edit"}, requirements(t)...)...)
		run(t, out, "go", "mod", "tidy", "-compat=1.25")
		run(t, out, "env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-tags", "netgo,osusergo,grpcnotrace", "-ldflags", "-s -w", "-o", filepath.Join("..", stockBinary), ".")
		stockPath = filepath.Join(dir, stockBinary)
	}
	return stockPath
}

// requirements are the distribution's, but for this repository's modules, as flags.
func requirements(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(root + "/distribution/otelcol-tracecore/go.mod")
	require.NoError(t, err)
	var flags []string
	for _, match := range regexp.MustCompile(`(?m)^\t(\S+) (v\S+)(?: // indirect)?$`).FindAllStringSubmatch(string(content), -1) {
		if !strings.HasPrefix(match[1], ours) {
			flags = append(flags, "-require="+match[1]+"@"+match[2])
		}
	}
	require.NotEmpty(t, flags)
	return flags
}

const stockBinary = "otelcol-stock"

// stockPath is set once there is one. Tests that need it do not run in parallel.
var stockPath string

// stockManifest is the root manifest without this repository's modules.
func stockManifest(t *testing.T) map[string]any {
	t.Helper()
	manifest := map[string]any{}
	readYAML(t, rootManifest, &manifest)
	delete(manifest, "telemetry")
	for key, section := range manifest {
		entries, isList := section.([]any)
		if !isList {
			continue
		}
		var theirs []any
		for _, entry := range entries {
			if !strings.HasPrefix(moduleOf(entry), ours) {
				theirs = append(theirs, entry)
			}
		}
		manifest[key] = theirs
	}
	manifest["dist"] = map[string]any{"name": stockBinary, "version": otelcolVersion(t)}
	return manifest
}

// moduleOf returns the module that an entry of a manifest is about: a component's, or one that
// is replaced.
func moduleOf(entry any) string {
	if component, isComponent := entry.(map[string]any); isComponent {
		module, _ := component["gomod"].(string)
		return module
	}
	line, _ := entry.(string)
	return line
}

// both returns what the stock Collector and the binary under test make of the same arguments.
func both(t *testing.T, args ...string) (theirs, own result) {
	t.Helper()
	env := corpusEnv(t)
	return finishOf(t, stock(t), "", env, args...), finishOf(t, binary, "", env, args...)
}

// A difference between the two has to come from this repository's modules.
func TestDropInStockHasTheSameDependencies(t *testing.T) {
	theirs, own := dependencies(t, stock(t)), dependencies(t, binary)
	require.Greater(t, len(theirs), 500)
	for path, version := range theirs {
		require.Equal(t, own[path], version, path)
	}
}

// dependencies returns what a binary was built from, as Go embeds it, with replacements.
func dependencies(t *testing.T, path string) map[string]string {
	t.Helper()
	info, err := buildinfo.ReadFile(path)
	require.NoError(t, err)
	versions := map[string]string{}
	for _, module := range info.Deps {
		versions[module.Path] = module.Version
		if module.Replace != nil {
			versions[module.Path] = module.Replace.Version
		}
	}
	return versions
}
