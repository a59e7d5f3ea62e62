// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// kinds are texts of every kind, in which § stands for a secret and nothing else is one, and
// secrets as they stand in them.
var kinds = map[string]struct{ texts, secrets []string }{
	"URLs": {
		[]string{"http://§@h:1/x@y", "get https://§@host, then http://b/c", "http://§@a,http://§@b", "amqp://§@h", "unreachable: http://§…", "postgres://§@h/db?sslmode=disable"},
		[]string{"user:planted1", "user:planted@planted:2", "planted", "user:planted=3&"},
	},
	"URLs with a slash in a password": {[]string{"http://§@db/x", "get https://§@db:1/x, then http://b/c"}, []string{"user:plan/ted", "user:/planted", "user:9p/lan@ted", "user:pl#an?ted"}},
	"addresses":                       {[]string{"user:§@host:4317", `"endpoint": "user:§@10.0.0.1:4317"`, "dns:///user:§@host:1/x"}, []string{"planted1", "pla:nted", "pla@nted"}},
	"webhooks": {
		[]string{"https://hooks.slack.com/services/§", "https://discord.com/api/webhooks/12/§ failed", "https://discordapp.com/api/v10/webhooks/12/§", `"https://a.webhook.office.com/webhookb2/§"`},
		[]string{"T00/B00/planted", "planted-1_x"},
	},
	"references": {[]string{"${env:NOPE_TOKEN:-§}", "x-${NOPE_PASSWORD:-§}-y"}, []string{"planted1", "pla nted"}},
	"markup":     {[]string{"<password>§</password>", `<a:apiKey x="y">§</a:apiKey>`}, []string{"planted1", "pla nted"}},
	"pairs": {
		[]string{`{"name":"password","value":"§"}`, `{"key": "api_key", "value": "§", "a": "b"}`, `{"password":{"value":"§"}}`, `{\"name\":\"password\",\"value\":\"§\"}`, `{"name":"token","stringValue":"§"}`},
		[]string{"planted1", "pla, nted"},
	},
	"YAML on one line": {
		[]string{"{password: §, user: u}", "a: {user: u, api_key: §}", "- {key: password, value: §}", "token:§", "see (api_key:§)", "?to=password%3D§%26x", "password%253D§"},
		[]string{"planted1", "12plan-ted"},
	},
	"commands":           {[]string{"curl -s -u user:§ http://h/", `curl --user "user:§"`, "machine h login u password §", "machine h\nlogin u\npassword §\n"}, []string{"planted1", "plan:ted"}},
	"quotes":             {[]string{`password="§"`, `a; token = "§" b`, "secret='§'"}, []string{"}planted", "]planted", "planted\nplanted"}},
	"addresses of MySQL": {[]string{"user:§@tcp(db:3306)/x", "open root:§@unix(/s)/x"}, []string{"planted", "planted=1;2", "plan:ted", "plan@ted", "plan/ted"}},
	"queries": {
		[]string{
			"http://h/?pass=§", "http://h/?passphrase=§&a=b", "/x?authorization=§#c", "?credential=§", "?session=§", "?code=§", "?license=§", "?sas=§", "?jwt=§", "?a=b&key=§&c=d",
			"?%70ass=§", "?api%5Fkey=§&x=y", "?api%255Fkey=§", "#access_token=§&token_type=bearer", "?auth[token]=§", `{"u":"http://h/?sig=§"}`, "?status_code=200&sig=§",
			`"http://h/?a=b\u0026sig=§\u0026c=d"`, "?to=http%3A%2F%2Fh%3Ftoken%3D§&x=y", "?X-Amz-Date=1&X-Amz-Signature=§",
		},
		[]string{"planted1", "planted,2", "planted%2B3", "planted;4", "p"},
	},
	"connection strings": {
		[]string{
			"Endpoint=sb://ns/;SharedAccessKeyName=root;SharedAccessKey=§;EntityPath=hub", "AccountName=a;AccountKey=§;EndpointSuffix=b", "/x;jsessionid=§ HTTP/1.1",
			"host=a password=§ dbname=b", "host=a Password='§' dbname=b", `Server=a;Pwd="§";Database=b`, "user=a passphrase = §",
			"TOKEN=§ ./run", "InstrumentationKey=§;IngestionEndpoint=https://h/", "level=info api_key=§ msg=x", "Pwd=§",
		},
		[]string{"planted1", "planted+/==", "planted:2", "p"},
	},
	"JSON": {
		[]string{
			`{"password":"§","user":"u"}`, `{ "api_key" : "§" }`, `{"a":{"clientSecret": "§"}}`, `{\"token\":\"§\",\"a\":1}`, `{\\\"token\\\":\\\"§\\\"}`, `{'password': '§'}`,
			`{"private_key":"§"}`, `{"password":"§`, `{"code":"200","session":"s","license":"MIT","token":"§"}`,
		},
		[]string{"planted-1", "planted words 2", "pla:nted,3", "p"},
	},
	"JSON without quotes": {[]string{`{"tokens":§,"a":1}`, `{"password": §}`}, []string{`["planted","b"]`, "12345678"}},
	"YAML": {
		[]string{"a: b\npassword: §\nc: d", "- api_key: §", "x: y\n  token: '§'\n", "GET / HTTP/1.1\nX-Api-Key: §\nHost: h"},
		[]string{"planted-1", "pla:nted,3", "p"},
	},
	"headers": {
		[]string{"Bearer §", "bearer §", "Basic §", "Authorization: §", "send Cookie: §", "Splunk §", "ApiKey §", "Token §", `{"a":"Bearer §"}`},
		[]string{"planted-1", "cGxhbnRlZDp4MQ==", "planted1.planted2.planted3"},
	},
	"statements": {
		[]string{
			`set(attributes["api_key"], "§")`, `set(resource.attributes["password"], "§") where true`, `attributes["token"] == "§" and true`, `set(body.secret, "§")`,
			`"set(attributes[\"license_key\"], \"§\")"`, "CREATE USER u IDENTIFIED BY '§'", "alter role r with password '§'", "SET PASSWORD = '§'",
			`run --password "§" --verbose`, "run --api-key=§", "-token '§'", `"token" => "§"`,
			`"§" == attributes["password"]`, `replace_pattern(attributes["password"], "§", "§")`, `set(body, Concat([attributes["api_key"], "§"], "§"))`,
			`append(attributes["tokens"], values=["§"])`, `attributes["password"] in ["§", "§"]`, `IsMatch(body.secret, "§")`,
			`"condition": "\"§\" == attributes[\"password\"]"`, `invalid "replace_pattern(attributes[\"password\"], \"§\", \"§\")": 1:2`,
		},
		[]string{"planted-1", "planted/2"},
	},
	"private keys": {
		[]string{
			"-----BEGIN PRIVATE KEY-----§-----END PRIVATE KEY-----", "a\n-----BEGIN OPENSSH PRIVATE KEY-----§-----END OPENSSH PRIVATE KEY-----\nb", "-----BEGIN RSA PRIVATE KEY-----§",
			`{"k":"-----BEGIN EC PRIVATE KEY-----§"}`,
		},
		[]string{"\nplanted\nplanted==\n", `\nplanted\nplanted\n`, "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B\n\nplanted\nplanted==\n"},
	},
	"tokens": {
		[]string{"see §", "§", `["§"]`, "x/§/y"},
		[]string{
			"ghp_planted0123456789planted0123456789", "glpat-planted0123456789planted", "xoxb-planted0123456789planted", "eyJplanted0123456789.eyJplanted.planted",
			"AIzaplanted0123456789planted0123456789a", "hvs.planted0123456789planted", "sk-Planted0123456789planted", "sk-proj-Planted-0123456789planted", "SG.planted0123456789.planted0123456789planted", "npm_planted0123456789planted", "AGE-SECRET-KEY-1PLANTED0123456789PLANTED", "glsa_planted0123456789planted",
		},
	},
}

func TestSecretsThatAnnounceThemselvesAreHiddenAndNothingElse(t *testing.T) {
	for kind, k := range kinds {
		for _, text := range k.texts {
			for _, secret := range k.secrets {
				written := strings.ReplaceAll(text, "§", secret)
				hidden := Text(written)
				want := strings.ReplaceAll(text, "§", Mask)
				if kind == "tokens" { // Their first letters stay.
					want = strings.ReplaceAll(text, "§", secret[:len(secret)-len(Find(secret)[0])]+Mask)
				}
				require.Equal(t, want, hidden, "%s: %s", kind, written)
				require.Equal(t, hidden, Text(hidden), "what is hidden stays as it is")
				require.Contains(t, Find(written), secret[len(secret)-len(Find(written)[0]):])
			}
		}
	}
}

// Not all of what announces itself is replaced as it stands, so that what it was stays legible.
func TestSecretsAreHiddenIn(t *testing.T) {
	for text, want := range map[string]string{
		"Authorization=Bearer planted1":                                               "Authorization=[REDACTED]",
		"Authorization=Foo planted1,a=b":                                              "Authorization=[REDACTED],a=b",
		"token=Bearer planted1":                                                       "token=Bearer [REDACTED]",
		"api_key=Token p x=y":                                                         "api_key=Token [REDACTED] x=y",
		`Digest username="u", response="planted"`:                                     "Digest [REDACTED]",
		`Authorization: Digest username="u", response="planted"`:                      "Authorization: [REDACTED]",
		`Authorization=Digest username="u", response="planted"`:                       "Authorization=[REDACTED]",
		`{"a":"Digest username=\"u\", response=\"planted\""}`:                         `{"a":"Digest [REDACTED]"}`,
		"send AWS4-HMAC-SHA256 Credential=A/b, SignedHeaders=host, Signature=planted": "send AWS4-HMAC-SHA256 [REDACTED]",
	} {
		hidden := Text(text)
		require.Equal(t, want, hidden)
		require.Equal(t, hidden, Text(hidden), "what is hidden stays as it is")
	}
}

// A fence: errors and statements have to stay legible.
func TestTextWithoutSecretsStaysAsItIs(t *testing.T) {
	for _, text := range []string{
		"",
		`exporters::otlp_http: requires a non-empty "endpoint"`,
		"exporters::splunk_hec: requires a non-empty \"token\"",
		"api_key: must be set",
		"'api_key' must be set",
		"* '' has invalid keys: password, token",
		"tls: failed to load TLS config: for auth via TLS, provide both certificate and key, or neither",
		"use Basic authentication or a Bearer token",
		"the Bearer authentication scheme, basic auth. or Basic credentials",
		"unexpected token in expression",
		"unexpected token \"}\" at 1:2",
		"must begin with -----BEGIN PRIVATE KEY-----",
		"password is required with --password",
		`delete_matching_keys(attributes, "password")`,
		`keep_keys(attributes, ["token", "http.method"])`,
		`set(attributes["http.route"], "/login")`,
		`{"a": "set(attributes[\"password\"], attributes[\"x\"])", "b": "c"}`,
		`"a" == attributes["session.id"] and Concat(["a"], attributes["b"])`,
		`set(attributes["code"], "200") where attributes["session"] == "s"`,
		`attributes["session.id"] == "abc" or attributes["license"] == "MIT"`,
		`{"code":"200","session":"s","license":"Apache-2.0","key":"exporters::x::password","value":1}`,
		`{"max_tokens": 4096, "token": null, "tokens": {}, "password": true}`,
		"mongodb://a/?authSource=admin",
		"http://h/?status_code=200&signal=traces&sort=asc",
		"http://h:4317, https://h/a@b?x=y",
		`{"a":"password=","b":"key="}`,
		"{\"a\": \"http://a/?sig=[REDACTED]\",\n\"b\": \"password=\",\n\"c\": \"key=\"}",
		`otelcol_exporter_sent_spans{exporter="otlp",code="200",key="a"} 5`,
		"gen_ai.usage.input_tokens: sum",
		"password_file: /run/secrets/x",
		"token_url=https://h/token",
		"user=a passfile=/x",
		"sk-short, ghp_short, risk-based-decision-making-process",
		"localhost:8888@x",
		"sk-bratislava-datacenter-node-01, SG.singapore.datacenter-rack-0001",
		"basic http-check, Splunk 9.0.1234, digest sha256:0123456789abcdef, negotiate TLSv1.3, token 123456 of 5",
		"http://h/a?keys=host.name&monkey=x&sort=1",
		"image:v1@sha256:0123456789abcdef",
		"http://h:4317/a@b, http://h/a:b@c, http://[::1]:4317/a@b",
		"at 10:00@tcp(x), mail:a@b.c",
		"auth-token:4317, token::x, api_key: required, or",
		"{user: u, token: null}",
		"${env:NOPE:-x} ${env:TOKEN} <password></password> curl -u user",
		"https://discord.com/api/webhooks https://hooks.slack.com/",
		`{"name":"cluster","value":"x"}`,
	} {
		require.Equal(t, text, Text(text))
		require.Empty(t, Find(text), text)
	}
}

// Whatever the text is, hiding its secrets ends, and hides them at once.
func FuzzText(f *testing.F) {
	for _, k := range kinds {
		for _, text := range k.texts {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, hidden := Find(text), Text(text)
		require.Equal(t, len(found) > 0, hidden != text)
	})
}
