// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/featuregate"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
	"go.yaml.in/yaml/v3"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/redact"
)

func settings() otelcol.CollectorSettings {
	return otelcol.CollectorSettings{
		Factories: func() (otelcol.Factories, error) {
			rcv, exp := otlpreceiver.NewFactory(), otlpexporter.NewFactory()
			return otelcol.Factories{
				Receivers: map[component.Type]receiver.Factory{rcv.Type(): rcv},
				Exporters: map[component.Type]exporter.Factory{exp.Type(): exp},
				Telemetry: otelconftelemetry.NewFactory(),
			}, nil
		},
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			ProviderFactories: []confmap.ProviderFactory{envprovider.NewFactory(), fileprovider.NewFactory(), yamlprovider.NewFactory()},
		}},
	}
}

// file writes a source whose label is its name.
func file(t *testing.T, name, content string) URI {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return URI{URI: path, Label: name}
}

func set(assignment string) URI {
	return URI{URI: "yaml:" + assignment, Label: "--set #1", OneLine: true}
}

// leaf returns what is said about a key.
func (e *Explanation) leaf(t *testing.T, key string) Leaf {
	t.Helper()
	for _, leaf := range append(append([]Leaf{}, e.Leaves...), e.Notes...) {
		if leaf.Key == key {
			return leaf
		}
	}
	require.FailNow(t, "nothing is said about "+key, string(e.YAML()))
	return Leaf{}
}

const base = `receivers:
  otlp:
    protocols:
      grpc:
      http:
        endpoint: ${env:EXPLAIN_ENDPOINT}
        read_timeout: 90s
exporters:
  otlp_grpc:
    endpoint: localhost:4317
    headers:
      X-Token: planted-literal
    sending_queue:
      enabled: true
    tls: {insecure: true}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [otlp_grpc]}
`

func TestEveryLeafHasValueOriginSourceLineAndText(t *testing.T) {
	t.Setenv("EXPLAIN_ENDPOINT", "localhost:9999")
	e := Explain(t.Context(), settings(), []URI{
		file(t, "a.yaml", base),
		file(t, "b.yaml", "exporters: {otlp_grpc: {timeout: 7s, write_buffer_size: 0x10}}\n"),
		set("exporters::otlp_grpc::endpoint: localhost:1"),
	})
	for _, want := range []Leaf{
		{Key: "receivers::otlp::protocols::grpc::endpoint", Value: "localhost:4317", Origin: Default},
		{Key: "receivers::otlp::protocols::http::endpoint", Value: "localhost:9999", Origin: Explicit, Source: "a.yaml", Line: 6, Text: "${env:EXPLAIN_ENDPOINT}"},
		{Key: "receivers::otlp::protocols::http::read_timeout", Value: "1m30s", Origin: Explicit, Source: "a.yaml", Line: 7, Text: "90s"},
		{Key: "exporters::otlp_grpc::timeout", Value: "7s", Origin: Explicit, Source: "b.yaml", Line: 1, Text: "7s"},
		{Key: "exporters::otlp_grpc::write_buffer_size", Value: int64(16), Origin: Explicit, Source: "b.yaml", Line: 1, Text: "0x10"},
		{Key: "exporters::otlp_grpc::endpoint", Value: "localhost:1", Origin: Explicit, Source: "--set #1", Text: "localhost:1"},
		{Key: "exporters::otlp_grpc::headers[0]::name", Value: "X-Token", Origin: Explicit, Source: "a.yaml", Line: 12},
		{Key: "exporters::otlp_grpc::headers[0]::value", Value: redact.Mask, Origin: Explicit, Source: "a.yaml", Line: 12, Text: redact.Mask},
		{Key: "exporters::otlp_grpc::retry_on_failure::enabled", Value: true, Origin: Default},
		{Key: "exporters::otlp_grpc::tls::insecure", Value: true, Origin: Explicit, Source: "a.yaml", Line: 15, Text: "true"},
		{Key: "service::pipelines::traces::receivers[0]", Value: "otlp", Origin: Explicit, Source: "a.yaml", Line: 18, Text: "otlp"},
		{Key: "exporters::otlp_grpc::sending_queue::enabled", Origin: Note, Source: "a.yaml", Line: 14, Text: "true", Note: absent},
	} {
		require.Equal(t, want, e.leaf(t, want.Key))
	}
	require.Len(t, e.Notes, 1)
}

func TestSectionsAndComponentsKeepTheirOrder(t *testing.T) {
	e := Explain(t.Context(), settings(), []URI{file(t, "a.yaml", `service: {pipelines: {traces: {receivers: [otlp/b, otlp/a], exporters: [otlp_grpc]}}}
exporters: {otlp_grpc: {endpoint: x:1}}
receivers: {otlp/b: {protocols: {grpc: }}, otlp/a: {protocols: {grpc: }}}
`)})
	var blocks []string
	for _, leaf := range e.Leaves {
		if b := block(leaf.Key); len(blocks) == 0 || blocks[len(blocks)-1] != b {
			blocks = append(blocks, b)
		}
	}
	require.Equal(t, []string{"service::pipelines", "service::telemetry", "exporters::otlp_grpc", "receivers::otlp/b", "receivers::otlp/a"}, blocks)
}

func TestYAMLIsYAMLAndJSONHasTheSame(t *testing.T) {
	t.Setenv("EXPLAIN_ENDPOINT", "localhost:9999")
	e := Explain(t.Context(), settings(), []URI{file(t, "a.yaml", base)})
	text := string(e.YAML())
	require.Regexp(t, `(?m)^receivers::otlp::protocols::http::endpoint: localhost:9999 +# explicit, a\.yaml:6, \$\{env:EXPLAIN_ENDPOINT\}$`, text)
	require.Regexp(t, `(?m)^exporters::otlp_grpc::timeout: 5s +# default$`, text)
	require.Regexp(t, `(?m)^# exporters::otlp_grpc::sending_queue::enabled: a\.yaml:14, true: is set, but`, text)
	var values map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &values))
	require.Len(t, values, len(e.Leaves))

	encoded, err := e.Format("json")
	require.NoError(t, err)
	var rows []map[string]any
	require.NoError(t, json.Unmarshal(encoded, &rows))
	require.Len(t, rows, len(e.Leaves)+len(e.Notes))
	for _, row := range rows {
		for _, key := range []string{"key", "value", "origin", "source", "line", "text"} {
			require.Contains(t, row, key)
		}
	}
}

func TestEmptyExplanationIsAnArray(t *testing.T) {
	encoded, err := (&Explanation{}).JSON()
	require.NoError(t, err)
	require.Equal(t, "[]\n", string(encoded))
}

func TestNumbersThatJSONLacksAreTexts(t *testing.T) {
	require.Equal(t, "NaN", plain(math.NaN()))
	require.Equal(t, "+Inf", plain(math.Inf(1)))
	require.InDelta(t, 1.5, plain(float32(1.5)), 0)
}

func TestAppendedListsAreNoted(t *testing.T) {
	const gate = "confmap.enableMergeAppendOption"
	require.NoError(t, featuregate.GlobalRegistry().Set(gate, true))
	t.Cleanup(func() { require.NoError(t, featuregate.GlobalRegistry().Set(gate, false)) })
	e := Explain(t.Context(), settings(), []URI{file(t, "a.yaml", "receivers: {otlp: {protocols: {grpc: }}}\n")})
	require.Len(t, e.Notes, 1)
	require.Contains(t, e.Notes[0].Note, "lists of several sources are appended")
}

func TestHeadersOfSeveralSourcesAreFoundByName(t *testing.T) {
	e := Explain(t.Context(), settings(), []URI{
		file(t, "a.yaml", "exporters: {otlp_grpc: {endpoint: x:1, headers: {A: planted, B: planted}}}\n"),
		file(t, "b.yaml", "exporters:\n  otlp_grpc:\n    headers:\n      B: ${env:EXPLAIN_HEADER}\n      C: planted\n"),
	})
	for i, want := range []Leaf{
		{Value: "A", Source: "a.yaml", Line: 1, Text: redact.Mask},
		{Value: "B", Source: "b.yaml", Line: 4, Text: "${env:EXPLAIN_HEADER}"},
		{Value: "C", Source: "b.yaml", Line: 5, Text: redact.Mask},
	} {
		header := "exporters::otlp_grpc::headers" + element(i)
		require.Equal(t, Leaf{Key: header + "::name", Value: want.Value, Origin: Explicit, Source: want.Source, Line: want.Line}, e.leaf(t, header+"::name"))
		require.Equal(t, Leaf{Key: header + "::value", Value: redact.Mask, Origin: Explicit, Source: want.Source, Line: want.Line, Text: want.Text}, e.leaf(t, header+"::value"))
	}
	require.Empty(t, e.Notes)
}

// operator is an element of a list that shows what is set below another key.
type operator struct {
	Builder map[string]any `mapstructure:"builder"`
}

func (o *operator) Unmarshal(conf *confmap.Conf) error {
	set := conf.ToStringMap()
	o.Builder = map[string]any{"on_error": "send", "id": set["type"], "wait": set["interval"], "field": map[string]any{"keys": []any{set["field"]}}}
	if onError, ok := set["on_error"]; ok {
		o.Builder["on_error"] = onError
	}
	return nil
}

func withOperators() otelcol.CollectorSettings {
	set := settings()
	factories := set.Factories
	set.Factories = func() (otelcol.Factories, error) {
		f, err := factories()
		typ := component.MustNewType("operating")
		f.Exporters[typ] = exporter.NewFactory(typ, func() component.Config {
			return &struct {
				Operators []operator `mapstructure:"operators"`
				Limit     int        `mapstructure:"limit"`
			}{}
		})
		return f, err
	}
	return set
}

func TestSettingsOfElementsOfAnotherShapeAreNoDefaults(t *testing.T) {
	e := Explain(t.Context(), withOperators(), []URI{file(t, "a.yaml", `exporters:
  operating:
    operators:
      - on_error: drop
        field: body.x
      - on_error: drop
        interval: 1s
        type: move
      - on_error: stop
        field: body.y
        whatever: 3
`)})
	require.Equal(t, 1, strings.Count(string(e.YAML()), "operators[0]::builder::on_error: drop"))
	for _, want := range []Leaf{
		{Key: "exporters::operating::operators[0]::builder::on_error", Value: "drop", Origin: Explicit, Source: "a.yaml", Line: 4, Text: "drop"},
		{Key: "exporters::operating::operators[0]::builder::field::keys[0]", Value: "body.x", Origin: Explicit, Source: "a.yaml", Line: 5, Text: redact.Mask},
		{Key: "exporters::operating::operators[0]::builder::id", Origin: Default},
		{Key: "exporters::operating::operators[1]::builder::on_error", Value: "drop", Origin: Explicit, Source: "a.yaml", Line: 6, Text: "drop"},
		{Key: "exporters::operating::operators[1]::builder::id", Value: "move", Origin: Derived, Source: "a.yaml", Line: 6},
		{Key: "exporters::operating::operators[1]::builder::wait", Value: "1s", Origin: Derived, Source: "a.yaml", Line: 6},
		{Key: "exporters::operating::operators[2]::builder::wait", Origin: Derived, Source: "a.yaml", Line: 9},
		{Key: "exporters::operating::limit", Value: int64(0), Origin: Default},
	} {
		require.Equal(t, want, e.leaf(t, want.Key))
	}
}

// stubborn is a configuration that can't be encoded.
type stubborn struct {
	Map map[int]string `mapstructure:"map"`
}

func TestAComponentThatCannotBeShownDoesNotHideOthers(t *testing.T) {
	set := settings()
	factories := set.Factories
	set.Factories = func() (otelcol.Factories, error) {
		f, err := factories()
		typ := component.MustNewType("stubborn")
		f.Exporters[typ] = exporter.NewFactory(typ, func() component.Config { return &stubborn{Map: map[int]string{1: "a"}} })
		return f, err
	}
	e := Explain(t.Context(), set, []URI{file(t, "a.yaml", "exporters: {stubborn: {map: {1: b}}, otlp_grpc: {endpoint: x:1}}\n")})
	require.Equal(t, "x:1", e.leaf(t, "exporters::otlp_grpc::endpoint").Value)
	require.Contains(t, e.leaf(t, "exporters::stubborn").Note, "can't be shown")
}

func TestTextsOfMultipleLinesStayOnOne(t *testing.T) {
	require.Equal(t, `"a\nb"`, scalar("a\nb"))
	require.Equal(t, "a b", oneLine("a\n  b"))
	require.NotContains(t, strings.TrimSpace(scalar(map[string]any{})), "\n")
}
