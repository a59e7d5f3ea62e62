// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/redact"
)

// The key that a reference stands under announces nothing, but the reference does.
func TestWhatAReferenceLeadsToIsSecretByItsName(t *testing.T) {
	t.Setenv("EXPLAIN_PASSWORD", "planted-environment")
	t.Setenv("EXPLAIN_PIN_TOKEN", "pl4")
	t.Setenv("EXPLAIN_HOST", "shown-host")
	path := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(path, []byte("planted-file"), 0o600))
	for written, want := range map[string][2]string{
		"${env:EXPLAIN_PASSWORD}":                      {redact.Mask, "${env:EXPLAIN_PASSWORD}"},
		"${EXPLAIN_PASSWORD}":                          {redact.Mask, "${EXPLAIN_PASSWORD}"},
		"${env:EXPLAIN_PIN_TOKEN}":                     {redact.Mask, "${env:EXPLAIN_PIN_TOKEN}"},
		"${file:" + path + "}":                         {redact.Mask, "${file:" + path + "}"},
		"${env:NOPE_TOKEN:-planted-default}":           {redact.Mask, "${env:NOPE_TOKEN:-[REDACTED]}"},
		"${env:EXPLAIN_HOST}/${env:EXPLAIN_PASSWORD}":  {"shown-host/[REDACTED]", "${env:EXPLAIN_HOST}/${env:EXPLAIN_PASSWORD}"},
		"a-${env:NOPE_TOKEN:-${env:EXPLAIN_PASSWORD}}": {"a-[REDACTED]", "a-${env:NOPE_TOKEN:-${env:EXPLAIN_PASSWORD}}"},
		"${env:EXPLAIN_HOST}":                          {"shown-host", "${env:EXPLAIN_HOST}"},
		"${env:NOPE_TOKEN_FILE:-/run/x}":               {"/run/x", "${env:NOPE_TOKEN_FILE:-/run/x}"},
	} {
		e := Explain(t.Context(), settings(), []URI{file(t, "a.yaml", "exporters: {otlp_grpc: {endpoint: '"+written+"'}}\n")})
		leaf := e.leaf(t, "exporters::otlp_grpc::endpoint")
		require.Equal(t, want, [2]string{leaf.Value.(string), leaf.Text}, written)
	}
}

func TestNumbersAreSecretByTheirNames(t *testing.T) {
	e := Explain(t.Context(), settings(), []URI{file(t, "a.yaml", `
exporters: {otlp_grpc: {endpoint: 'x:1/44556677'}}
processors: {attributes: {actions: [{key: api_key, value: 123456789}, {key: api_token, value: 1.5}, {key: answer, value: 42424242}]}}
service: {telemetry: {resource: {attributes: [{name: api_key, value: 44556677}, {name: max_tokens, value: 7654321}]}}}
`)})
	require.Equal(t, redact.Mask, e.leaf(t, "service::telemetry::resource::attributes[0]::value").Value)
	require.Equal(t, "x:1/[REDACTED]", e.leaf(t, "exporters::otlp_grpc::endpoint").Value)
	require.Equal(t, "[REDACTED] 42424242 7654321", e.Hide("123456789 42424242 7654321"))
	for _, number := range []any{5, int32(5), uint16(5), 2.5} {
		require.True(t, isSecret(path{"receivers", "x", "api_key"}, number))
	}
}

// A field that a component declares to be a number holds no secret.
func TestNumbersThatAreNumbersByDefaultShow(t *testing.T) {
	at := path{"receivers", "x", "api_tokens"}
	tree := map[string]any{"receivers": map[string]any{"x": map[string]any{"api_tokens": 1234567}}}
	for _, byDefault := range []any{5, "", nil} {
		j := join{
			resolved: tree, effective: tree, used: map[string]bool{}, secrets: secrets{},
			defaults: map[string]any{"receivers": map[string]any{"x": map[string]any{"api_tokens": byDefault}}},
		}
		leaf, ok := j.leaf(at, 1234567)
		require.True(t, ok)
		require.Equal(t, isNumber(byDefault), leaf.Value != redact.Mask)
		j.findSecrets()
		require.Equal(t, isNumber(byDefault), !j.secrets["1234567"])
	}
}
