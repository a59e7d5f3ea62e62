// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
)

// renaming makes later_otlp otlp, where it is defined and where it is used.
type renaming struct{}

func (renaming) Convert(_ context.Context, conf *confmap.Conf) error {
	config := conf.ToStringMap()
	receivers, _ := config["receivers"].(map[string]any)
	if settings, ok := receivers["later_otlp"]; ok {
		if _, both := receivers["otlp"]; both {
			return errors.New("both names")
		}
		receivers["otlp"] = settings
		delete(receivers, "later_otlp")
	}
	_, traces, _ := lookup(config, path{"service", "pipelines", "traces"})
	if pipeline, ok := traces.(map[string]any); ok {
		if used, ok := pipeline["receivers"].([]any); ok {
			for i := range used {
				used[i] = strings.TrimPrefix(used[i].(string), "later_")
			}
		}
	}
	*conf = *confmap.NewFromStringMap(config)
	return nil
}

func withRenaming() otelcol.CollectorSettings {
	set := settings()
	set.ConfigProviderSettings.ResolverSettings.ConverterFactories = []confmap.ConverterFactory{
		confmap.NewConverterFactory(func(confmap.ConverterSettings) confmap.Converter { return renaming{} }),
	}
	return set
}

func TestSettingsOfRenamedComponentsAreFoundWhereTheyAreWritten(t *testing.T) {
	t.Setenv("EXPLAIN_ENDPOINT", "localhost:9999")
	later := strings.ReplaceAll(strings.Replace(base, "  otlp:\n", "  later_otlp:\n", 1), "[otlp]", "[later_otlp]")
	e := Explain(t.Context(), withRenaming(), []URI{file(t, "a.yaml", later), set("receivers::later_otlp::protocols::http::read_timeout: 7s")})
	require.Equal(t, Leaf{Key: "receivers::otlp::protocols::http::endpoint", Value: "localhost:9999", Origin: Explicit, Source: "a.yaml", Line: 6, Text: "${env:EXPLAIN_ENDPOINT}"},
		e.leaf(t, "receivers::otlp::protocols::http::endpoint"))
	require.Equal(t, "--set #1", e.leaf(t, "receivers::otlp::protocols::http::read_timeout").Source)
	require.Equal(t, Leaf{Key: "service::pipelines::traces::receivers[0]", Value: "otlp", Origin: Explicit, Source: "a.yaml", Line: 18, Text: "later_otlp"},
		e.leaf(t, "service::pipelines::traces::receivers[0]"))
	for _, note := range e.Notes {
		require.NotContains(t, note.Key, "receivers", note.Note)
	}
}

func TestWhatOfARenamedComponentCannotBeResolvedIsFoundToo(t *testing.T) {
	later := strings.ReplaceAll(strings.Replace(base, "  otlp:\n", "  later_otlp:\n", 1), "[otlp]", "[later_otlp]")
	e := Explain(t.Context(), withRenaming(), []URI{file(t, "a.yaml", strings.Replace(later, "${env:EXPLAIN_ENDPOINT}", "${nowhere:x}", 1))})
	note := e.leaf(t, "receivers::otlp::protocols::http::endpoint")
	require.Equal(t, Note, note.Origin)
	require.Equal(t, 6, note.Line)
	require.Contains(t, note.Note, "nowhere")
	require.Equal(t, 7, e.leaf(t, "receivers::otlp::protocols::http::read_timeout").Line)
}

func TestConverterThatRefusesIsReported(t *testing.T) {
	t.Setenv("EXPLAIN_ENDPOINT", "localhost:9999")
	e := Explain(t.Context(), withRenaming(), []URI{file(t, "a.yaml", base), set("receivers::later_otlp: {}")})
	require.Equal(t, "both names", e.leaf(t, "").Note)
}
