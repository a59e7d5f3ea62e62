// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// A distribution of somebody else's takes the four manifest lines of the extension's README.
// Until its modules are published, what they name is looked up in this repository.
func TestForeignDistributionWithTheDocumentedManifestLines(t *testing.T) {
	dir := t.TempDir()
	manifest := filepath.Join(dir, "builder-config.yaml")
	content, err := yaml.Marshal(foreignManifest(t, filepath.Join(dir, "out")))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(manifest, content, 0o600))
	// The checksums of the same modules, so that none has to be looked up.
	require.NoError(t, os.Mkdir(filepath.Join(dir, "out"), 0o700))
	sums, err := os.ReadFile(root + "/distribution/otelcol-tracecore-node/go.sum")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "out", "go.sum"), sums, 0o600))

	run(t, root, "make", "--no-print-directory", ".tools/builder")
	run(t, root, ".tools/builder", "--config", manifest, "--skip-compilation")
	run(t, filepath.Join(dir, "out"), "go", "build", "-o", "otelcol-foreign", ".")

	prometheus, http := freeAddress(t), freeAddress(t)
	c := &collector{Cmd: exec.Command(filepath.Join(dir, "out", "otelcol-foreign"), "--config", configFile(t, `
receivers: {nop: {}}
exporters:
  otlp_grpc: {endpoint: 127.0.0.1:1, tls: {insecure: true}}
extensions:
  health_slo: {http: {endpoint: %q}, window: 1s, sample_interval: 100ms}
service:
  extensions: [health_slo]
  pipelines: {metrics: {receivers: [nop], exporters: [otlp_grpc]}}
  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %s}}}}]}}
`, http, port(prometheus))), exited: make(chan struct{})}
	c.Stderr = &c.err
	c.launch(t)
	waitSeries(t, prometheus, "tracecore_queue_depth_ratio", `data_type="metrics",exporter="otlp_grpc"`, 0)
	waitStatus(t, http, "/readyz", 200)
	require.NotContains(t, c.err.String(), "telemetry factory")
	c.stop(t)
}

// foreignManifest is a small manifest with the README's lines in it.
func foreignManifest(t *testing.T, out string) map[string]any {
	t.Helper()
	manifest := map[string]any{
		"dist":      map[string]any{"module": "example.com/otelcol-foreign", "name": "otelcol-foreign", "output_path": out, "version": "1.0.0"},
		"receivers": []any{map[string]any{"gomod": "go.opentelemetry.io/collector/receiver/nopreceiver v0.151.0"}},
		"exporters": []any{map[string]any{"gomod": "go.opentelemetry.io/collector/exporter/otlpexporter v" + otelcolVersion(t)}},
		"replaces":  replaces(t),
	}
	var lines map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(manifestLines(t)), &lines))
	maps.Copy(manifest, lines)
	return manifest
}

func manifestLines(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile(root + "/extension/healthsloextension/README.md")
	require.NoError(t, err)
	lines := regexp.MustCompile("(?s)```yaml\n(telemetry:\n  gomod: .+?)```").FindSubmatch(readme)
	require.NotNil(t, lines)
	require.Equal(t, 4, strings.Count(string(lines[1]), "\n"))
	return string(lines[1])
}

// replaces puts the modules of this repository in the place of published ones.
func replaces(t *testing.T) []string {
	t.Helper()
	var lines []string
	for dir, module := range goModules(t) {
		if !strings.HasPrefix(dir, "extension/") && !strings.HasPrefix(dir, "internal/") {
			continue
		}
		absolute, err := filepath.Abs(filepath.Join(root, dir))
		require.NoError(t, err)
		lines = append(lines, module+" => "+absolute)
	}
	return lines
}

// run runs a command as on a fresh machine: OCB merges every variable into the manifest.
func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir = dir
	c.Env = []string{"GOWORK=off", "GOFLAGS=-mod=mod"}
	for _, key := range []string{"PATH", "HOME", "GOPROXY", "GOSUMDB", "GOMODCACHE", "GOCACHE"} {
		if value, ok := os.LookupEnv(key); ok {
			c.Env = append(c.Env, key+"="+value)
		}
	}
	output, err := c.CombinedOutput()
	require.NoError(t, err, "%s %v:\n%s", name, args, output)
}
