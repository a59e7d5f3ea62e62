// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// result is what a command that ends by itself leaves behind.
type result struct {
	stdout, stderr string
	code           int
}

// finish runs the binary to its end, with variables added to its environment.
func finish(t *testing.T, stdin string, environ []string, args ...string) result {
	t.Helper()
	return finishOf(t, binary, stdin, environ, args...)
}

// finishOf runs any Collector as [finish] runs the binary under test.
func finishOf(t *testing.T, path, stdin string, environ []string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), environ...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		exit := &exec.ExitError{}
		require.ErrorAs(t, err, &exit)
	}
	require.NoError(t, ctx.Err(), "the process does not end")
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// leaf is a row of validate --explain --format json.
type leaf struct {
	Key    string `json:"key"`
	Value  any    `json:"value"`
	Origin string `json:"origin"`
	Source string `json:"source"`
	Line   int    `json:"line"`
	Text   string `json:"text"`
}

func explained(t *testing.T, r result) map[string]leaf {
	t.Helper()
	var leaves []leaf
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &leaves), r.stdout)
	byKey := map[string]leaf{}
	for _, l := range leaves {
		byKey[l.Key] = l
	}
	require.Len(t, byKey, len(leaves), "keys are unique")
	return byKey
}

// planted holds a secret in every place that has some; each contains the word planted.
const planted = `
receivers:
  clock: {collection_interval: "${env:INTERVAL}"}
exporters:
  stdout:
  otlp_http:
    endpoint: https://user:planted-password@localhost:4317
    headers: {X-Key: planted-header, X-Token: "${env:TOKEN:-planted-substitute}"}
    tls: {ca_pem: planted-authority}
extensions:
  health_slo: {http: {endpoint: "%s"}}
service:
  extensions: [health_slo]
  telemetry:
    metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %s}}}}]}
  pipelines:
    metrics: {receivers: [clock], exporters: [stdout]}
`

func plantedConfig(t *testing.T, health, metrics string) string {
	t.Helper()
	return configFile(t, planted, health, port(metrics))
}

var plantedEnviron = []string{"INTERVAL=2s", "TOKEN=planted-token"}

const plantedSet = "--set=exporters.otlp_http.headers.X-Set=planted-set"

func TestExplainSaysWhereEverythingComesFrom(t *testing.T) {
	path := plantedConfig(t, "localhost:13134", ":8888")
	args := []string{"validate", "--explain", "--config", path, "--config", "env:MORE", plantedSet, "--set=exporters.otlp_http.timeout=9s"}
	environ := append([]string{"MORE=exporters: {otlp_http: {compression: zstd}}"}, plantedEnviron...)
	plain := finish(t, "", environ, args...)
	require.Zero(t, plain.code, plain.stderr)
	require.Empty(t, plain.stderr)
	require.Regexp(t, `(?m)^receivers::clock::collection_interval: 2s +# explicit, .*config\.yaml:3, \$\{env:INTERVAL\}$`, plain.stdout)
	require.Regexp(t, `(?m)^exporters::otlp_http::timeout: 9s +# explicit, --set #2$`, plain.stdout)

	encoded := finish(t, "", environ, append(args, "--format", "json")...)
	require.Zero(t, encoded.code, encoded.stderr)
	leaves := explained(t, encoded)
	require.Equal(t, leaf{"receivers::clock::initial_delay", "1s", "default", "", 0, ""}, leaves["receivers::clock::initial_delay"])
	require.Equal(t, leaf{"exporters::otlp_http::compression", "zstd", "explicit", "env:MORE", 1, "zstd"}, leaves["exporters::otlp_http::compression"])
	for key, want := range map[string]leaf{
		"exporters::otlp_http::headers[0]": {Value: "X-Key", Source: path, Line: 8, Text: "[REDACTED]"},
		"exporters::otlp_http::headers[1]": {Value: "X-Set", Source: "--set #1", Text: "[REDACTED]"},
		"exporters::otlp_http::headers[2]": {Value: "X-Token", Source: path, Line: 8, Text: "${env:TOKEN:-[REDACTED]}"},
	} {
		require.Equal(t, want.Value, leaves[key+"::name"].Value)
		require.Equal(t, leaf{key + "::value", "[REDACTED]", "explicit", want.Source, want.Line, want.Text}, leaves[key+"::value"])
	}
	require.NotContains(t, plain.stdout+encoded.stdout, "planted")
}

func TestShippedConfigsExplainWithoutNotesOnMistakes(t *testing.T) {
	for _, path := range shippedConfigs(t) {
		r := finish(t, "", nil, "validate", "--explain", "--format=json", "--config", path)
		require.Zero(t, r.code, r.stderr)
		for key, l := range explained(t, r) {
			require.True(t, l.Origin != "note" || strings.HasPrefix(l.Source, path), "%s: %s", path, key)
		}
	}
}

func TestExplainReadsAPipeOnce(t *testing.T) {
	r := finish(t, "receivers: {nop: }\nexporters: {nop: }\nservice: {pipelines: {metrics: {receivers: [nop], exporters: [nop]}}}\n", nil,
		"validate", "--explain", "--config", "/dev/stdin")
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "# explicit, /dev/stdin:3")
}

func TestExplainOfABadConfigurationSaysWhatValidateSays(t *testing.T) {
	for _, f := range failures(t) {
		if f.runtime || f.unprivileged || len(f.args) == 0 {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			r := finish(t, "", nil, append([]string{"validate", "--explain"}, f.args...)...)
			require.Equal(t, 1, r.code)
			require.Regexp(t, `(?s)^Error: .*`+f.want, r.stderr)
			require.NotEmpty(t, r.stdout, "what is sound is explained")
			require.NotContains(t, r.stderr, "panic")
		})
	}
}

func TestExplainRefusesUnknownFormats(t *testing.T) {
	r := finish(t, "", nil, "validate", "--explain", "--format=xml", "--config", plantedConfig(t, "localhost:13134", ":8888"))
	require.Equal(t, result{"", "Error: \"--format\": must be yaml or json, got \"xml\"\n", 1}, r)
}

func TestComponentsTellTheVariantOfDCGM(t *testing.T) {
	r := finish(t, "", nil, "components")
	require.Zero(t, r.code, r.stderr)
	require.Regexp(t, `receiver/dcgmreceiver \S+\n      variant: (cgo|stub)\n`, r.stdout)
	require.Regexp(t, `exporter/stdoutexporter \S+\n      variant: go\n`, r.stdout)
}
