// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/redact"
)

func TestExplainChangesNothingElse(t *testing.T) {
	broken := strings.Replace(good, "receivers: {nop: }", "receivers: {nop: {foo: 1}}", 1)
	for name, config := range map[string]string{
		"valid":                 "yaml:" + good,
		"invalid":               "yaml:" + broken,
		"incomplete":            "yaml:receivers: {nop: }",
		"unknown scheme":        "nope:x",
		"missing file":          "file:/none.yaml",
		"unresolvable":          "yaml:" + strings.Replace(good, "[nop]", "['${nope:x}']", 1),
		"not YAML":              "yaml:{{{",
		"no mapping":            "yaml:[1]",
		"missing file within":   "yaml:" + strings.Replace(good, "{nop: }", "{nop: '${file:/none}'}", 1),
		"reference to no where": "yaml:" + strings.Replace(good, "exporters: [nop]", "exporters: [other]", 1),
	} {
		t.Run(name, func(t *testing.T) {
			plainOut, plain := execute("validate", "--config", config)
			out, explained := execute("validate", "--explain", "--config", config)
			require.Empty(t, plainOut)
			require.NotEmpty(t, out)
			require.Equal(t, plain == nil, explained == nil)
			if plain != nil {
				require.Equal(t, plain.Error(), explained.Error())
			}
		})
	}
}

func TestFlagsOfExplain(t *testing.T) {
	_, err := execute("validate", "--explain", "--format", "xml", "--config", "yaml:"+good)
	require.EqualError(t, err, `"--format": must be yaml or json, got "xml"`)
	_, err = execute("validate", "--format", "json", "--config", "yaml:"+good)
	require.EqualError(t, err, `"--format": needs "--explain"`)
	out, err := execute("validate", "--explain")
	require.ErrorContains(t, err, "at least one config flag must be provided")
	require.Empty(t, out)
}

func TestExplainNamesSourcesButNotTheirContent(t *testing.T) {
	out, err := execute("validate", "--explain", "--format=json", "--config", "yaml:"+good, "--set=service.telemetry.metrics.level=none",
		"--set", "service.telemetry.logs.level = warn")
	require.NoError(t, err)
	var leaves []struct{ Key, Value, Source, Text any }
	require.NoError(t, json.Unmarshal([]byte(out), &leaves))
	sources := map[any]any{}
	for _, leaf := range leaves {
		sources[leaf.Key] = leaf.Source
	}
	require.Equal(t, "--config #1", sources["service::pipelines::metrics::receivers[0]"])
	require.Equal(t, "--set #1", sources["service::telemetry::metrics::level"])
	require.Equal(t, "--set #2", sources["service::telemetry::logs::level"])
}

// counting is a provider that answers another configuration every time.
type counting struct{ asked *int }

func (c counting) Scheme() string                 { return "counting" }
func (c counting) Shutdown(context.Context) error { return nil }
func (c counting) Retrieve(context.Context, string, confmap.WatcherFunc) (*confmap.Retrieved, error) {
	*c.asked++
	return confmap.NewRetrieved(map[string]any{})
}

func TestSourcesAreAskedOnceToBeExplained(t *testing.T) {
	asked := 0
	set := nopSettings()
	resolver := &set.ConfigProviderSettings.ResolverSettings
	resolver.ProviderFactories = append(resolver.ProviderFactories,
		confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return counting{&asked} }))
	_, err := run(NewCommand(set), "validate", "--explain", "--config", "counting:", "--config", "yaml:"+good)
	require.NoError(t, err)
	require.Equal(t, 1, asked)
	_, err = run(NewCommand(set), "print-config", "--config", "counting:", "--config", "yaml:"+good)
	require.NoError(t, err)
	require.Equal(t, 2, asked, "nothing is remembered from one command to another")
}

func TestErrorsOfValidateAndRunShowNoSecrets(t *testing.T) {
	t.Setenv("REDACT_TOKEN", "planted-environment")
	config := strings.NewReplacer("receivers: {nop: }", "receivers: {nop: , 'http://u:planted-url@h?code=planted-code': , planted-value: {token: planted-value, jwt: '${env:REDACT_TOKEN}'}, planted-environment: }").Replace(good)
	for _, args := range [][]string{{"validate"}, {"validate", "--explain"}, {"support-bundle", "--output", "/nowhere/x", "--timeout=1s"}} {
		out, err := execute(append(args, "--config", "yaml:"+config)...)
		require.Error(t, err)
		require.NotContains(t, out+err.Error(), "planted", "%q", args)
	}
	_, err := execute("--config", "yaml:"+config)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "planted")
}

func TestErrorsOfACollectorThatReadAPipeShowNoSecrets(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	_, err = w.WriteString(good + "extensions: {planted-value: {token: planted-value}}\n")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	_, err = execute("--config", fmt.Sprintf("/dev/fd/%d", r.Fd()))
	require.ErrorContains(t, err, redact.Mask)
	require.NotContains(t, err.Error(), "planted")
	require.NoError(t, r.Close())
}
