// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/otelcol"
	"go.yaml.in/yaml/v3"
)

func TestWhatIsSoundIsExplainedBesideWhatIsNot(t *testing.T) {
	const sound = "receivers: {otlp: {protocols: {grpc: {endpoint: localhost:5}}}}\n"
	for _, tt := range []struct {
		name, config, key, note string
		line                    int
	}{
		{"unknown key", "exporters: {otlp_grpc: {endpoint: x:1, tiemout: 1s}}", "exporters::otlp_grpc::tiemout", `has invalid keys: tiemout`, 2},
		{"wrong type", "exporters: {otlp_grpc: {endpoint: x:1, timeout: often}}", "exporters::otlp_grpc::timeout", `'timeout' time: invalid duration`, 2},
		{"unknown type", "exporters: {loki: {endpoint: x:1, tenant: y}}", "exporters::loki", `^unknown type: "loki"$`, 2},
		{"no mapping", "exporters: {otlp_grpc: 3}", "exporters::otlp_grpc", `^must be a mapping$`, 2},
		{"no mapping of components", "exporters: 3", "exporters", `^must be a mapping of components$`, 2},
		{"bad id", "exporters: {otlp_grpc/: {endpoint: x:1}}", "exporters::otlp_grpc/", `part after / should not be empty`, 2},
		{"unknown section", "exportres: {otlp_grpc: {endpoint: x:1}}", "exportres", `^unknown section, must be one of receivers, `, 2},
		{"unknown scheme in a reference", "exporters: {otlp_grpc: {endpoint: '${nope:x}'}}", "exporters::otlp_grpc::endpoint", `scheme "nope" is not supported`, 2},
		{"missing file in a reference", "exporters: {otlp_grpc: {tls: '${file:/none}'}}", "exporters::otlp_grpc::tls", `open /none: no such file`, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := Explain(t.Context(), settings(), []URI{file(t, "a.yaml", sound+tt.config+"\n")})
			require.Equal(t, Leaf{
				Key: "receivers::otlp::protocols::grpc::endpoint", Value: "localhost:5", Origin: Explicit, Source: "a.yaml", Line: 1, Text: "localhost:5",
			}, e.leaf(t, "receivers::otlp::protocols::grpc::endpoint"))
			note := e.leaf(t, tt.key)
			require.Equal(t, Note, note.Origin)
			require.Regexp(t, tt.note, note.Note)
			require.Equal(t, tt.line, note.Line)
			require.Len(t, e.Notes, 1, "a mistake is reported once: %v", e.Notes)
		})
	}
}

func TestSourcesThatFailAreNoted(t *testing.T) {
	sound := file(t, "a.yaml", "receivers: {otlp: {protocols: {grpc: {endpoint: localhost:5}}}}\n")
	for uri, want := range map[string]string{
		"missing.yaml": `open missing\.yaml: no such file`,
		"nope:x":       `scheme "nope" is not supported`,
		"yaml:[1]":     `cannot be used as a Conf`,
	} {
		e := Explain(t.Context(), settings(), []URI{sound, {URI: uri, Label: "second"}})
		require.Equal(t, "localhost:5", e.leaf(t, "receivers::otlp::protocols::grpc::endpoint").Value)
		require.Len(t, e.Notes, 1)
		require.Equal(t, "second", e.Notes[0].Source)
		require.Regexp(t, want, e.Notes[0].Note)
	}
}

func TestADefaultIsNotShownWhereAValueIsSetInVain(t *testing.T) {
	e := Explain(t.Context(), settings(), []URI{file(t, "a.yaml", "exporters: {otlp_grpc: {endpoint: x:1, timeout: often}}\n")})
	for _, leaf := range e.Leaves {
		require.NotEqual(t, "exporters::otlp_grpc::timeout", leaf.Key)
	}
	require.Equal(t, "x:1", e.leaf(t, "exporters::otlp_grpc::endpoint").Value)
}

func TestFewMistakesTakeFewConversions(t *testing.T) {
	set, created := settings(), 0
	factories := set.Factories
	set.Factories = func() (otelcol.Factories, error) {
		f, err := factories()
		inner := f.Exporters[component.MustNewType("otlp_grpc")]
		f.Exporters[inner.Type()] = exporter.NewFactory(inner.Type(), func() component.Config {
			created++
			return inner.CreateDefaultConfig()
		})
		return f, err
	}
	t.Setenv("EXPLAIN_NUMBER", "0123")
	headers := map[string]any{"number": "${env:EXPLAIN_NUMBER}"}
	for i := range 600 {
		headers[fmt.Sprint("h", i)] = "x"
	}
	config, err := yaml.Marshal(map[string]any{"exporters": map[string]any{"otlp_grpc": map[string]any{"endpoint": "x:1", "tiemout": 1, "headers": headers}}})
	require.NoError(t, err)
	e := Explain(t.Context(), set, []URI{file(t, "a.yaml", string(config))})
	require.Len(t, e.Notes, 1)
	require.Equal(t, "exporters::otlp_grpc::tiemout", e.Notes[0].Key)
	require.Equal(t, Explicit, e.leaf(t, "exporters::otlp_grpc::headers[600]::value").Origin)
	require.Less(t, created, 30, "of one configuration")
}
