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
	foreign := buildForeign(t, foreignManifest(t))
	prometheus, http := freeAddress(t), freeAddress(t)
	c := startOf(t, foreign, nil, "--config", configFile(t, `
receivers: {nop: {}}
exporters:
  otlp_grpc: {endpoint: 127.0.0.1:1, tls: {insecure: true}}
extensions:
  health_slo: {http: {endpoint: %q}, window: 1s, sample_interval: 100ms}
service:
  extensions: [health_slo]
  pipelines: {metrics: {receivers: [nop], exporters: [otlp_grpc]}}
  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %s}}}}]}}
`, http, port(prometheus)))
	waitSeries(t, prometheus, "tracecore_queue_depth_ratio", `data_type="metrics",exporter="otlp_grpc"`, 0)
	waitStatus(t, http, "/readyz", 200)
	require.NotContains(t, c.err.String(), "telemetry factory")
	c.stop(t)
}

// An importer of the GPU receiver decides by cgo_enabled whether there are GPUs in its
// build. Either way the receiver compiles, starts and says what it can do.
func TestForeignDistributionWithTheDCGMReceiver(t *testing.T) {
	for name, tt := range map[string]struct {
		cgo     bool
		present []string
		absent  string
		errors  int
	}{
		"with cgo":    {true, []string{`"dcgm.up"`, `"gpu.up"`, `"tracecore.simulated"`}, "no DCGM support", 0},
		"without cgo": {false, []string{`"dcgm.up"`}, `"gpu.up"`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := startOf(t, buildForeign(t, gpuManifest(t, tt.cgo)), simulation(t, "h100x8", controlFile(t)), "--config", configFile(t, `
receivers: {dcgm: {collection_interval: 200ms, initial_delay: 0s}}
exporters: {stdout: }
service:
  telemetry: {metrics: {level: none}}
  pipelines: {metrics: {receivers: [dcgm], exporters: [stdout]}}
`))
			for _, want := range tt.present {
				eventually(t, func() bool { return strings.Contains(c.out.String(), want) }, "no %s on stdout", want)
			}
			c.stop(t)
			require.NotContains(t, c.out.String()+c.err.String(), tt.absent)
			require.Equal(t, tt.errors, strings.Count(c.err.String(), "run a build with cgo for Linux"), "said once")
		})
	}
}

// gpuManifest is a small manifest with the DCGM receiver as an importer writes it.
func gpuManifest(t *testing.T, cgo bool) map[string]any {
	t.Helper()
	absolute, err := filepath.Abs(root)
	require.NoError(t, err)
	return map[string]any{
		"dist":      map[string]any{"cgo_enabled": cgo},
		"receivers": []any{map[string]any{"gomod": ours + "receiver/dcgmreceiver v0.1.0", "path": absolute + "/receiver/dcgmreceiver"}},
		"exporters": []any{map[string]any{"gomod": ours + "exporter/stdoutexporter v0.1.0", "path": absolute + "/exporter/stdoutexporter"}},
		"replaces":  replaces(t),
	}
}

// buildForeign lets OCB make and compile a distribution outside the repository, and returns
// the path of its binary.
func buildForeign(t *testing.T, manifest map[string]any) string {
	t.Helper()
	return filepath.Join(generate(t, t.TempDir(), manifest), "otelcol-foreign")
}

// generate lets OCB make a distribution in dir, with these flags of OCB's, and returns the
// folder of its sources.
func generate(t *testing.T, dir string, manifest map[string]any, flags ...string) string {
	t.Helper()
	out := filepath.Join(dir, "out")
	// The flags of our own builds let the build cache serve both.
	dist := map[string]any{
		"module": "example.com/otelcol-foreign", "name": "otelcol-foreign", "output_path": out, "version": "1.0.0",
		"cgo_enabled": true, "build_tags": "netgo,osusergo,grpcnotrace",
	}
	if settings, given := manifest["dist"].(map[string]any); given {
		maps.Copy(dist, settings)
	}
	manifest["dist"] = dist
	content, err := yaml.Marshal(manifest)
	require.NoError(t, err)
	path := filepath.Join(dir, "builder-config.yaml")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	// The checksums of the same modules, so that none has to be looked up.
	require.NoError(t, os.MkdirAll(out, 0o700))
	sums, err := os.ReadFile(root + "/distribution/otelcol-tracecore/go.sum")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(out, "go.sum"), sums, 0o600))

	run(t, root, "make", "--no-print-directory", ".tools/builder")
	run(t, root, ".tools/builder", append(flags, "--config", path)...)
	return out
}

// foreignManifest is a small manifest with the README's lines in it.
func foreignManifest(t *testing.T) map[string]any {
	t.Helper()
	manifest := map[string]any{
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
	c.Env = []string{"GOWORK=off", "GOFLAGS=-mod=mod -buildvcs=false"}
	for _, key := range []string{"PATH", "HOME", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GOTOOLCHAIN", "GOMODCACHE", "GOCACHE"} {
		if value, ok := os.LookupEnv(key); ok {
			c.Env = append(c.Env, key+"="+value)
		}
	}
	output, err := c.CombinedOutput()
	require.NoError(t, err, "%s %v:\n%s", name, args, output)
}
