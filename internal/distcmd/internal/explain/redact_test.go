// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/redact"
)

// Whatever is in a header or in a key that the exporter keeps to itself is shown nowhere.
func FuzzSecretsAreShownNowhere(f *testing.F) {
	f.Add("")
	f.Add("-${env:HOME}")
	f.Add("-${nope:x}")
	f.Add("$$ \"'\n\t: #\\")
	f.Fuzz(func(t *testing.T, rest string) {
		secret := "planted" + rest
		config, err := yaml.Marshal(map[string]any{
			"receivers": map[string]any{"otlp": map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": "h:1/" + secret}}}},
			"exporters": map[string]any{
				"otlp_grpc":   map[string]any{"endpoint": "x:1", "headers": map[string]any{"A": secret}, "tls": map[string]any{"key_pem": secret}},
				"otlp_grpc/b": map[string]any{"endpoint": []any{secret}, "headers": secret, "password": secret},
			},
		})
		require.NoError(t, err)
		e := Explain(t.Context(), settings(), []URI{{URI: "yaml:" + string(config), Label: "--config #1"}})
		encoded, err := e.JSON()
		require.NoError(t, err)
		require.NotContains(t, string(encoded), "planted")
		require.NotContains(t, string(e.YAML()), "planted")
	})
}

// Every way a secret gets into a configuration, and every form it is shown in.
func TestSecretsAreShownNowhere(t *testing.T) {
	t.Setenv("EXPLAIN_TOKEN", "planted-environment")
	t.Setenv("EXPLAIN_HEADERS", "{X-Block: planted-block}")
	e := Explain(t.Context(), settings(), []URI{
		file(t, "a.yaml", `
receivers: {otlp: {protocols: {grpc: }}}
exporters:
  otlp_grpc:
    endpoint: https://planted-user:planted-password@host:1?sig=planted-signature
    headers:
      A-Token: planted-literal
      B: Bearer planted-part-${env:EXPLAIN_TOKEN}
      C: ${env:EXPLAIN_TOKEN:-planted-substitute}
      D: ${env:EXPLAIN_UNSET:-planted-other-substitute}
      E: ${yaml:planted-inline}
    tls: {key_pem: planted-key, server_name_override: planted-literal}
    auth: planted-wrong-type
  otlp_grpc/block: {endpoint: x:1, headers: "${env:EXPLAIN_HEADERS}"}
  otlp_grpc/list: {endpoint: x:1, headers: [{name: F, value: planted-listed}]}
  otlp_grpc/tls: {endpoint: x:1, tls: "${yaml:{key_pem: planted-nested, insecure: true}}"}
  unknown: {password: planted-unknown, pin: planted-pin, nested: [{x: planted-deep}]}
service:
  telemetry:
    metrics: {readers: [{periodic: {exporter: {otlp: {protocol: http/protobuf, endpoint: http://x, headers: [{name: G, value: planted-plain}]}}}}]}
  pipelines: {traces: {receivers: [otlp], exporters: [otlp_grpc]}}
`),
		set(`exporters::otlp_grpc::headers::H: planted-set`),
		set(`exporters::unknown::token: planted-set-unknown`),
	})
	encoded, err := e.JSON()
	require.NoError(t, err)
	require.NotContains(t, string(encoded), "planted")
	require.NotContains(t, string(e.YAML()), "planted")

	require.Equal(t, "https://[REDACTED]@host:1?sig=[REDACTED]", e.leaf(t, "exporters::otlp_grpc::endpoint").Value)
	require.Equal(t, "${env:EXPLAIN_TOKEN:-[REDACTED]}", e.leaf(t, "exporters::otlp_grpc::headers[2]::value").Text)
	require.Equal(t, redact.Mask, e.leaf(t, "exporters::otlp_grpc::headers[1]::value").Text)
	require.Equal(t, "${env:EXPLAIN_HEADERS}", e.leaf(t, "exporters::otlp_grpc/block::headers[0]::value").Text, "a reference gives nothing away")
	require.Equal(t, "F", e.leaf(t, "exporters::otlp_grpc/list::headers[0]::name").Value)
	require.Equal(t, redact.Mask, e.leaf(t, "exporters::otlp_grpc::tls::server_name_override").Value, "what is a secret in one place is one in all")

	require.NotContains(t, e.HideError(errors.New("cannot use planted-literal at https://u:p@host")).Error(), "planted")
	require.EqualError(t, e.HideError(errors.New("address planted-user:planted-password@host or just planted-password")), "address [REDACTED]@host or just [REDACTED]")
	require.EqualError(t, e.HideError(errors.New("at https://u:p@host")), "at https://[REDACTED]@host")
	sound := errors.New("sound")
	require.Same(t, sound, e.HideError(sound))
	require.NoError(t, e.HideError(nil))
}

func TestPasswordsInURLsEndAtTheLastAt(t *testing.T) {
	source := "https://planted:planted@planted2@host/a.yaml"
	require.Equal(t, "https://[REDACTED]@host/a.yaml", Label(source))
	e := Explain(t.Context(), settings(), []URI{
		{URI: source, Label: Label(source)},
		file(t, "a.yaml", "exporters: {otlp_grpc: {endpoint: 'http://u:planted@planted3@host:1/x@y'}}\n"),
	})
	require.Equal(t, "http://[REDACTED]@host:1/x@y", e.leaf(t, "exporters::otlp_grpc::endpoint").Value)
	for text, want := range map[string]string{
		"get https://planted:planted@planted2@host, then http://b/c": "get https://[REDACTED]@host, then http://b/c",
		"user planted with planted@planted2 or planted@planted3":     "user planted with [REDACTED] or [REDACTED]",
		"http://u:p@a,http://u:q@b":                                  "http://[REDACTED]@a,http://[REDACTED]@b",
	} {
		require.Equal(t, want, e.Hide(text))
	}
}

func TestSecretsAreRecognisedByTheKeyBesideThem(t *testing.T) {
	e := Explain(t.Context(), settings(), []URI{file(t, "a.yaml", `
exporters: {otlp_grpc: {endpoint: 'x:1/planted-beside'}}
processors: {attributes: {actions: [{key: api_token, value: planted-beside, action: insert}, {key: cluster, value: prod-1}]}}
service: {telemetry: {resource: {attributes: [{name: db.password, value: planted-name}, {name: service.name, value: me}]}}}
`)})
	require.NotContains(t, string(e.YAML()), "planted")
	require.Equal(t, redact.Mask, e.leaf(t, "service::telemetry::resource::attributes[0]::value").Value)
	require.Equal(t, "me", e.leaf(t, "service::telemetry::resource::attributes[1]::value").Value)
	require.Equal(t, "see prod-1", e.Hide("see prod-1"))
}

func TestSecretsAreRecognisedInConnectionStrings(t *testing.T) {
	for text, want := range map[string]string{
		"Endpoint=sb://ns/;SharedAccessKeyName=root;SharedAccessKey=planted+/=;EntityPath=hub": "Endpoint=sb://ns/;SharedAccessKeyName=root;SharedAccessKey=[REDACTED];EntityPath=hub",
		"AccountName=a;AccountKey=planted==;EndpointSuffix=b":                                  "AccountName=a;AccountKey=[REDACTED];EndpointSuffix=b",
		"host=a password=planted dbname=b":                                                     "host=a password=[REDACTED] dbname=b",
		"host=a Password='planted planted' dbname=b":                                           "host=a Password='[REDACTED]' dbname=b",
		`Server=a;Pwd="planted;planted";Database=b`:                                            `Server=a;Pwd="[REDACTED]";Database=b`,
		"http://a/?pwd=planted&b=c":                                                            "http://a/?pwd=[REDACTED]&b=c",
		"http://a/?auth=planted#b":                                                             "http://a/?auth=[REDACTED]#b",
		"mongodb://a/?authSource=admin":                                                        "mongodb://a/?authSource=admin",
		"{\"a\": \"http://a/?sig=[REDACTED]\",\n\"b\": \"password=\",\n\"c\": \"key=\"}":       "{\"a\": \"http://a/?sig=[REDACTED]\",\n\"b\": \"password=\",\n\"c\": \"key=\"}",
	} {
		require.Equal(t, want, redact.Text(text))
	}
	e := Explain(t.Context(), settings(), []URI{file(t, "a.yaml", "receivers: {otlp: {protocols: {grpc: {endpoint: 'a;SharedAccessKey=planted-key;b'}}}}\n")})
	require.Equal(t, "a;SharedAccessKey=[REDACTED];b", e.leaf(t, "receivers::otlp::protocols::grpc::endpoint").Value)
	require.Equal(t, "cannot use [REDACTED]", e.Hide("cannot use planted-key"))
}

func TestHeadersWithoutASecretHideNothingElse(t *testing.T) {
	config := `
exporters:
  otlp_grpc:
    endpoint: planted-host:1
    headers: {X-Scope-OrgID: otelcol, X-Place: planted-host, Authorization: %s}
  otlp_grpc/default: {headers: {X-Token: round_robin}}
  other: {authorization: {type: Custom, credentials: planted-credentials}}
`
	e := Explain(t.Context(), settings(), []URI{file(t, "a.yaml", fmt.Sprintf(config, "planted-value"))})
	require.Equal(t, "planted-host:1", e.leaf(t, "exporters::otlp_grpc::endpoint").Value)
	require.Equal(t, "round_robin", e.leaf(t, "exporters::otlp_grpc::balancer_name").Value)
	for i, name := range []string{"Authorization", "X-Place", "X-Scope-OrgID"} {
		header := "exporters::otlp_grpc::headers" + element(i)
		require.Equal(t, name, e.leaf(t, header+"::name").Value)
		require.Equal(t, redact.Mask, e.leaf(t, header+"::value").Value, "in their place they stay hidden")
		require.Equal(t, redact.Mask, e.leaf(t, header+"::value").Text)
	}
	require.Equal(t, "otelcol_uptime planted-host Custom [REDACTED] [REDACTED]", e.Hide("otelcol_uptime planted-host Custom planted-value planted-credentials"))
	require.Equal(t, "planted-host:1", e.Effective["exporters"].(map[string]any)["otlp_grpc"].(map[string]any)["endpoint"])
}

func TestPartsOfSecretsAreSecrets(t *testing.T) {
	t.Setenv("EXPLAIN_TOKEN", "planted-token")
	t.Setenv("EXPLAIN_OTHER", "planted-other")
	e := Explain(t.Context(), settings(), []URI{file(t, "a.yaml", `exporters:
  otlp_grpc:
    endpoint: http://x:1/${env:EXPLAIN_TOKEN}/planted-basic/planted-other
    headers: {Authorization: "Bearer ${env:EXPLAIN_TOKEN}", X-Auth: Basic planted-basic, X-Key: "a$$b-${env:EXPLAIN_UNSET:-${env:EXPLAIN_OTHER}}"}
`)})
	require.Equal(t, "http://x:1/[REDACTED]/[REDACTED]/[REDACTED]", e.leaf(t, "exporters::otlp_grpc::endpoint").Value)
	require.Equal(t, "Bearer", e.Hide("Bearer"))
}

func TestSecretsByName(t *testing.T) {
	for key, secret := range map[string]bool{
		"exporters/x/password":             true,
		"exporters/x/sasl/passwd":          true,
		"receivers/x/api_key":              true,
		"receivers/x/apikey":               true,
		"receivers/x/datasource":           true,
		"receivers/x/dsn":                  true,
		"receivers/x/connection_string":    true,
		"receivers/x/secrets/nested":       true,
		"exporters/x/headers/name":         true,
		"exporters/x/headers/[0]/value":    true,
		"exporters/x/headers/[0]/name":     false,
		"exporters/x/http_headers/a":       true,
		"exporters/x/headers_list":         true,
		"receivers/x/cors/allowed_headers": false,
		"exporters/x/sasl/bearer":          true,
		"receivers/snmp/community":         true,
		"receivers/x/db_pwd":               true,
		"exporters/x/params/assertion/[0]": true,
		"exporters/x/communities":          false,
		"exporters/x/assertion_type":       false,
		"exporters/x/authorization/type":   false,
		"exporters/x/authorization/a":      true,
		"exporters/x/token_file":           false,
		"exporters/x/token_url":            false,
		"exporters/x/access_key_id":        false,
		"exporters/x/key_file":             false,
		"extensions/bearertokenauth/a":     false,
		"processors/add_headers/a":         false,
		"receivers/x/endpoint":             false,
	} {
		require.Equal(t, secret, isSecret(strings.Split(key, "/"), "text"), key)
	}
	for _, mask := range []string{redact.Mask, "<secret>", "****", "xxxxx"} {
		require.True(t, isSecret(path{"receivers", "x", "a"}, mask), mask)
	}
	require.False(t, isSecret(path{"receivers", "x", "token_expiry"}, time.Minute), "durations")
	require.False(t, isSecret(path{"receivers", "x", "max_tokens"}, 5), "numbers")
	require.False(t, isSecret(path{"receivers", "x", "tokens", "enabled"}, true), "switches")
	require.True(t, isSecret(path{"exporters", "x", "headers", "a"}, 5), "but in headers everything is text")
}

func TestValuesOfSixCharactersAndMoreAreHiddenWhereverTheyOccur(t *testing.T) {
	e := Explain(t.Context(), settings(), []URI{file(t, "a.yaml", `
exporters:
  otlp_grpc: {endpoint: 'x:1/plant6/plan5', headers: {X-Token: plant6, Y-Token: plan5}}
`)})
	require.Equal(t, "x:1/[REDACTED]/plan5", e.leaf(t, "exporters::otlp_grpc::endpoint").Value)
	require.Equal(t, redact.Mask, e.leaf(t, "exporters::otlp_grpc::headers[1]::value").Value, "in its place")
	require.Equal(t, "[REDACTED] plan5", e.Hide("plant6 plan5"))
}

// A component may show an element of a list in another shape than it is set in.
func TestValuesAreSecretByWhatStandsBesideThemWhereTheyAreSet(t *testing.T) {
	at := path{"receivers", "file_log", "operators", "[0]", "value"}
	operator := func(field string) map[string]any {
		return map[string]any{"receivers": map[string]any{"file_log": map[string]any{"operators": []any{map[string]any{"field": field, "value": "short"}}}}}
	}
	shown := operator("attributes.any")
	for field, want := range map[string]any{"attributes.api_token": redact.Mask, "attributes.code": "short"} {
		j := join{resolved: operator(field), effective: shown, used: map[string]bool{}, secrets: secrets{}}
		leaf, ok := j.leaf(at, "short")
		require.True(t, ok)
		require.Equal(t, want, leaf.Value, field)
	}
}

func TestSecretsAreHiddenInKeys(t *testing.T) {
	e := Explain(t.Context(), settings(), []URI{file(t, "a.yaml", `
exporters: {otlp_grpc: {endpoint: 'x:1', headers: {X-Token: planted-1, Y-Token: endpoint}}}
receivers: {unknown: {planted-1: a, 'http://u:planted@h': b}}
`)})
	require.NotContains(t, string(e.YAML()), "planted")
	require.Equal(t, "x:1", e.leaf(t, "exporters::otlp_grpc::endpoint").Value, "a secret that is called as a key leaves keys alone")
}

// A status page cuts off long errors.
func TestSecretsAreHiddenWhereATextIsCutOff(t *testing.T) {
	s := secrets{}
	s.add("planted-secret")
	s.add("platform-key")
	for text, want := range map[string]string{
		"at planted-secret…":        "at [REDACTED]…",
		"at planted-secre…, at pl…": "at [REDACTED]…, at pl…",
		"at planted-se… and platf…": "at [REDACTED]… and [REDACTED]…",
		"pla…":                      "[REDACTED]…",
		"pl…":                       "pl…",
		"…":                         "…",
		"at planted-se, whole…":     "at planted-se, whole…",
		"no such …":                 "no such …",
	} {
		require.Equal(t, want, s.hider().known(text))
	}
	require.Equal(t, "at planted…", secrets{}.hider().known("at planted…"))
}

func TestSecretsAreRecognisedByTheFieldOrFlagBesideThem(t *testing.T) {
	e := Explain(t.Context(), settings(), []URI{file(t, "a.yaml", `
exporters: {otlp_grpc: {endpoint: 'x:1/planted-field/planted-flag/planted-first'}}
receivers:
  file_log: {operators: [{type: add, field: 'attributes["license_key"]', value: planted-field}, {type: add, field: attributes.code, value: shown-code}]}
  script: {args: [--user, me, --password, planted-flag, --verbose, shown-flag], more: [-token, planted-first]}
`)})
	require.NotContains(t, string(e.YAML()), "planted")
	require.Equal(t, "x:1/[REDACTED]/[REDACTED]/[REDACTED]", e.leaf(t, "exporters::otlp_grpc::endpoint").Value)
	require.Equal(t, "shown-code shown-flag me", e.Hide("shown-code shown-flag me"))
}

func TestShortSecretsHideNothingElse(t *testing.T) {
	s := secrets{}
	s.add(map[string]any{"a": "info", "b": true, "c": "long enough", "d": "long enough for two", "e": 1234567, "f": nil, "g": map[string]any{}, "h": `quo"ted`})
	require.Equal(t, "info true [REDACTED] [REDACTED] [REDACTED] map[] <nil>", s.hider().known("info true long enough for two long enough 1234567 map[] <nil>"))
	require.Equal(t, `[REDACTED] "[REDACTED]"`, s.hider().known(`quo"ted "quo\"ted"`), "in JSON too")
}
