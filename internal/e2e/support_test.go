// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// entry is a row of the manifest of a support bundle.
type entry struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Bytes int    `json:"bytes"`
	Error string `json:"error"`
}

// bundle writes a support bundle and returns its files and its manifest. No secret of
// plantedConfig may be in any file, or in what the command prints.
func bundle(t *testing.T, args ...string) (files map[string]string, manifest map[string]entry) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bundle.tar.gz")
	r := finish(t, "", plantedEnviron, append([]string{"support-bundle", "--output", file}, args...)...)
	require.Zero(t, r.code, r.stderr)
	require.Equal(t, file+"\n", r.stdout)
	require.NotContains(t, r.stderr, "planted")
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())

	files = unpack(t, file)
	var listing struct {
		Entries []entry `json:"entries"`
	}
	require.NoError(t, json.Unmarshal([]byte(files["manifest.json"]), &listing))
	manifest = map[string]entry{}
	for _, e := range listing.Entries {
		manifest[e.Name] = e
		require.Len(t, files[e.Name], e.Bytes, e.Name)
	}
	for name, content := range files {
		require.NotContains(t, content, "planted", name)
		require.True(t, name == "manifest.json" || manifest[name].Bytes > 0, name)
	}
	return files, manifest
}

// unpack returns the files of an archive, which are all in one directory.
func unpack(t *testing.T, file string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	compressed, err := gzip.NewReader(bytes.NewReader(content))
	require.NoError(t, err)
	files := map[string]string{}
	archive := tar.NewReader(compressed)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		content, err := io.ReadAll(archive)
		require.NoError(t, err)
		directory, name, _ := strings.Cut(header.Name, "/")
		require.Regexp(t, `^otelcol-tracecore(-node)?-support-\d{8}T\d{6}Z$`, directory)
		require.Equal(t, path.Clean(name), name)
		files[name] = string(content)
	}
}

// installDcgmi puts a dcgmi into PATH that prints how it is called, and a secret.
func installDcgmi(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "dcgmi"), []byte("#!/bin/sh\necho dcgmi \"$@\" planted-header\n"), 0o700))
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func TestSupportBundleOfARunningCollector(t *testing.T) {
	health, metrics := freeAddress(t), freeAddress(t)
	config := plantedConfig(t, health, metrics)
	c := command("--config", config, plantedSet)
	c.Stdout = &c.out
	c.Env = append(os.Environ(), plantedEnviron...)
	c.launch(t)
	waitStatus(t, health, "/readyz", 200)
	waitStatus(t, metrics, "/metrics", 200)

	installDcgmi(t)
	files, manifest := bundle(t, "--config", config, plantedSet)

	require.Equal(t, "valid\n", files["validate.txt"])
	require.Regexp(t, `receivers::clock::collection_interval: 2s +# explicit, .*config\.yaml:3, \$\{env:INTERVAL\}`, files["config.yaml"])
	require.Contains(t, files["config.json"], `"key": "receivers::clock::collection_interval"`)
	require.Contains(t, files["components.yaml"], "receiver/clockreceiver")
	require.Contains(t, files["versions.json"], otelcolVersion(t))
	require.Contains(t, files["health/readyz.json"], `"status"`)
	require.Contains(t, files["health/healthz.json"], `"status"`)
	require.Contains(t, files["health/gpus.json"], `"verdict"`)
	require.Contains(t, files["health/status.json"], `"clock"`)
	require.Contains(t, files["health/metrics.txt"], "otelcol_process_uptime")
	for name, e := range manifest {
		require.True(t, e.OK || strings.HasPrefix(name, "nvidia-smi/"), "%s: %s", name, e.Error)
	}
	require.Contains(t, files["metrics.txt"], "otelcol_process_uptime")
	require.Equal(t, "dcgmi -v [REDACTED]\n", files["dcgm/version.txt"])
	require.Equal(t, "dcgmi discovery -l [REDACTED]\n", files["dcgm/discovery.txt"])
	c.stop(t)
}

// guarded answers on health_slo nobody but who has what it asks for.
const guarded = `
receivers: {clock: , dcgm: {endpoint: "unix:///run/nvidia/none.sock"}}
exporters: {nop: , otlp_http: {endpoint: "http://localhost:4318", headers: {X-Key: planted-header}}}
extensions: {health_slo: {http: {endpoint: %s, %s}, paths: {healthz: /live}}%s}
service:
  telemetry: {metrics: {level: none}}
  extensions: [health_slo%s]
  pipelines: {metrics: {receivers: [clock, dcgm], exporters: [nop]}}
`

func TestSupportBundleLacksWhatIsNotAnsweredToAnybody(t *testing.T) {
	t.Run("client certificate", func(t *testing.T) {
		certificate := certificateFile(t)
		requireRefused(t, "certificate required: no client certificate is sent",
			configFile(t, guarded, freeAddress(t), fmt.Sprintf("tls: {cert_file: %[1]s, key_file: %[1]s, client_ca_file: %[1]s}", certificate), "", ""))
	})
	t.Run("password", func(t *testing.T) {
		if !carries(t, "basicauth") {
			t.Skip("nothing in this build asks for a password")
		}
		requireRefused(t, "answered 401 Unauthorized: no credentials are sent",
			configFile(t, guarded, freeAddress(t), "auth: {authenticator: basicauth}", `, basicauth: {htpasswd: {inline: "user:planted-password"}}`, ", basicauth"))
	})
}

// requireRefused runs a Collector and requires that its bundle says why it gives no answers.
func requireRefused(t *testing.T, reason, config string) {
	t.Helper()
	c := start(t, "--config", config)
	eventually(t, func() bool { return c.runs() > 0 }, "the Collector never runs")
	installDcgmi(t)
	files, manifest := bundle(t, "--config", config)
	for _, name := range []string{"status.json", "healthz.json", "readyz.json", "gpus.json", "metrics.txt"} {
		require.False(t, manifest["health/"+name].OK, name)
		require.Contains(t, manifest["health/"+name].Error, reason, name)
	}
	require.Contains(t, files["manifest.json"], `/live"`, "the path of the configuration")
	require.Equal(t, "no reader can be asked", manifest["metrics.txt"].Error)
	require.Equal(t, "dcgmi discovery -l --host unix:///run/nvidia/none.sock [REDACTED]\n", files["dcgm/discovery.txt"])
	c.stop(t)
}

func TestSupportBundleWithoutACollector(t *testing.T) {
	health, metrics := freeAddress(t), freeAddress(t)
	t.Setenv("PATH", t.TempDir())
	_, manifest := bundle(t, "--config", plantedConfig(t, health, metrics))
	for name, want := range map[string]string{
		"health/readyz.json":      "connection refused",
		"health/status.json":      "connection refused",
		"metrics.txt":             "connection refused",
		"dcgm/version.txt":        "dcgmi is not installed",
		"dcgm/discovery.txt":      "dcgmi is not installed",
		"nvidia-smi/topology.txt": "nvidia-smi is not installed",
	} {
		require.False(t, manifest[name].OK)
		require.Contains(t, manifest[name].Error, want)
	}
	for _, name := range []string{"config.yaml", "config.json", "validate.txt", "components.yaml", "versions.json"} {
		require.True(t, manifest[name].OK, name)
	}
}

func TestSupportBundleOfABadConfiguration(t *testing.T) {
	config := plantedConfig(t, freeAddress(t), freeAddress(t))
	files, manifest := bundle(t, "--config", config, "--set=exporters.stdout.format=nonsense", "--set=receivers.riak.password=planted-unknown")
	require.False(t, manifest["validate.txt"].OK)
	require.Contains(t, files["validate.txt"], `"riak" is a receiver of otelcol-contrib 0.152.0 that this build does not carry`)
	require.Contains(t, files["config.yaml"], "exporters::stdout::format: nonsense")

	files, manifest = bundle(t, "--config", "missing.yaml")
	require.Contains(t, manifest["validate.txt"].Error, "missing.yaml: no such file")
	require.Contains(t, files["config.yaml"], "# missing.yaml: ")
}

func TestSupportBundleRefusesBadInput(t *testing.T) {
	config := []string{"--config", plantedConfig(t, freeAddress(t), freeAddress(t)), "--timeout=1s"}
	for want, args := range map[string][]string{
		`at least one config flag must be provided`:                nil,
		`"--output": must not exist: open .*: file exists`:         append(config, "--output", configFile(t, "")),
		`"--health-endpoint": must be host:port, .* got "nowhere"`: append(config, "--health-endpoint=nowhere"),
		`"--timeout": must be positive`:                            append(config, "--timeout=-1s"),
	} {
		requireFailure(t, failure{want: want}, append([]string{"support-bundle"}, args...)...)
	}
}
