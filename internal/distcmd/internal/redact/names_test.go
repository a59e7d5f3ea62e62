// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"testing"

	"github.com/stretchr/testify/require"
)

var secretNames = []string{
	"password", "passwd", "db_pwd", "pass", "user.pass", "passphrase", "ssh_passphrase", "pass_phrase", "passcode", "PASSWORD", "dbPassword",
	"secret", "client_secret", "secrets", "secret_id", "vault.secretId", "token", "tokens", "access_token", "accessToken", "AUTHTOKEN", "x-token",
	"api_key", "apikey", "API-Key", "XApiKey", "apiKeys", "auth_key", "signing_key", "license_key", "licence.key", "SharedAccessKey", "AccountKey",
	"application_key", "hmac_key", "ingest_key", "instrumentation_key", "client_certificate_key", "secret_key", "private.key", "key_pem",
	"credential", "credentials", "SharedAccessSignature", "authorization", "Proxy-Authorization", "cookie", "Set-Cookie", "bearer", "assertion", "jwt", "id.jwt", "sas", "dsn",
	"community", "psk", "cred", "connection_string", "ConnectionString", "datasource", "%70assword", "api%5Fkey", "api%255Fkey", `attributes["api_token"]`,
	"pass-word", "pass word", "token2", "token_v2", "apiKey2", "api.key.1", "pwd1", "PASSWORD1", "accesstoken1", "pw", "userpw", "build.pw", "aes_key", "client_key", "ssl_key",
	"tls.key", "user_key", "LDAPPwd", "wrapping_key", "totp_seed", "mfa_code", "recovery_codes", "seed_phrase",
}

func TestNamesThatAnnounceASecret(t *testing.T) {
	for _, name := range secretNames {
		require.True(t, Name(name), name)
		require.True(t, Parameter(name), name)
		require.True(t, Header(name), name)
	}
}

// A fence: what is no secret has to show, or the explanation is worth nothing.
func TestNamesThatAnnounceNoSecret(t *testing.T) {
	for _, name := range []string{
		"code", "status_code", "http.response.status_code", "country_code", "session", "session.id", "session_timeout", "license", "license.name", "key", "keys",
		"key_file", "key_name", "message_key", "routing_key", "partition_key", "metadata_keys", "public_key", "keyspace", "sticky_session_enabled",
		"passthrough", "pass_through", "access_token_passthrough_enabled", "bypass", "compass", "passed", "encompass", "tokenizer", "tokenize", "token_file", "token_url",
		"token.type", "gen_ai.token.type", "access_key_id", "SharedAccessKeyName", "secret_name", "secretName", "password_file", "credentials_file",
		"credentials_path", "cookie_names", "authorization_type", "auth", "auth_type", "authenticator", "basicauth", "sig", "signal", "signature_version", "design",
		"sasl", "mechanism", "communities", "endpoint", "host.id", "hw.id", "k8s.pod.uid", "service.instance.id", "", "%", "%zz", "_", "jwt_issuer_url", "max_tokens", "gen_ai.usage.input_tokens",
		"secretary", "password_policy", "cookie_policy", "token_bucket", "tokens_per_second", "session_key_rotation", "secret_rotation", "client_key_file", "pwm", "hotplug", "seed",
		"topology_key", "monkey", "LDAPPasswordFile",
	} {
		require.False(t, Name(name), name)
	}
}

func TestSomeNamesAnnounceASecretInAQueryAlone(t *testing.T) {
	for _, name := range []string{
		"key", "appkey", "subscription-key", "auth", "code", "auth_code", "session", "sessionid", "session_id", "sid", "JSESSIONID", "PHPSESSID", "license", "licence",
		"sig", "signature", "X-Amz-Signature", "X-Goog-Signature", "hmac", "pat", "sign", "k%65y", "c%6fde",
	} {
		require.True(t, Parameter(name), name)
	}
	for _, name := range []string{
		"authSource", "response_code", "country_code", "key_id", "signal", "sort", "session_timeout", "design", "monkeys_count", "X-Amz-Expires", "X-Amz-Algorithm",
		"sslmode", "database", "side", "path", "patch", "keys", "monkey", "turkey",
	} {
		require.False(t, Parameter(name), name)
	}
}

func TestSomeNamesAnnounceASecretAmongHeadersAlone(t *testing.T) {
	for _, name := range []string{"X-Auth", "X-Honeycomb-Team", "X-Key", "X-Session", "X-Signature", "Uptrace-Dsn"} {
		require.True(t, Header(name), name)
	}
	for _, name := range []string{"X-Scope-OrgID", "Content-Type", "Accept", "X-Team-Name"} {
		require.False(t, Header(name), name)
	}
}
