// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// A distribution of somebody else's takes the manifest lines of the extension's README.
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

// gpuManifest is a small manifest with the lines of the READMEs of all components and converters but
// the extension, with or without cgo.
func gpuManifest(t *testing.T, cgo bool) map[string]any {
	t.Helper()
	manifest := map[string]any{}
	for _, dir := range []string{
		"receiver/dcgmreceiver", "receiver/clockreceiver", "receiver/kerneleventsreceiver", "processor/gpuattributionprocessor", "exporter/stdoutexporter",
		"confmap/forwardalias",
	} {
		addManifestLines(t, manifest, dir)
	}
	require.Equal(t, map[string]any{"cgo_enabled": true}, manifest["dist"])
	manifest["dist"] = map[string]any{"cgo_enabled": cgo}
	return manifest
}

// buildForeign lets OCB make and compile a distribution outside the repository, beside a checkout
// of it, and returns the path of its binary.
func buildForeign(t *testing.T, manifest map[string]any) string {
	t.Helper()
	dir := t.TempDir()
	checkout, err := filepath.Abs(root)
	require.NoError(t, err)
	require.NoError(t, os.Symlink(checkout, filepath.Join(dir, "tracecore")))
	return filepath.Join(generate(t, dir, manifest), "otelcol-foreign")
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
	checkout, err := filepath.Abs(root)
	require.NoError(t, err)
	run(t, dir, filepath.Join(checkout, ".tools", "builder"), append(flags, "--config", path)...)
	return out
}

// foreignManifest is a small manifest with the lines of the extension's README.
func foreignManifest(t *testing.T) map[string]any {
	t.Helper()
	manifest := map[string]any{
		"receivers": []any{map[string]any{"gomod": "go.opentelemetry.io/collector/receiver/nopreceiver v0.151.0"}},
		"exporters": []any{map[string]any{"gomod": "go.opentelemetry.io/collector/exporter/otlpexporter v" + otelcolVersion(t)}},
	}
	addManifestLines(t, manifest, "extension/healthsloextension")
	require.Contains(t, manifest, "telemetry")
	return manifest
}

// addManifestLines adds to a manifest what a README says that it needs.
func addManifestLines(t *testing.T, manifest map[string]any, dir string) {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(root, dir, "README.md"))
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)<!-- generated manifest -->.*?```yaml\n(.+?)```").FindSubmatch(readme)
	require.NotNil(t, block, dir)
	var lines map[string]any
	require.NoError(t, yaml.Unmarshal(block[1], &lines))
	for key, value := range lines {
		list, isList := value.([]any)
		existing, _ := manifest[key].([]any)
		if !isList {
			manifest[key] = value
			continue
		}
		for _, line := range list {
			if text, isText := line.(string); isText && slices.Contains(existing, any(text)) {
				continue // Several components need a module.
			}
			existing = append(existing, line)
		}
		manifest[key] = existing
	}
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
