// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// announced are texts in which a secret announces itself.
var announced = []string{
	"https://user:%s@localhost:1/x", "https://localhost:1/x?a=b&code=%s", "http://localhost/?%%70ass=%s", "http://localhost/#session=%s",
	"host=a password=%s dbname=b", "Endpoint=sb://a/;SharedAccessKey=%s;EntityPath=b", `Server=a;Pwd="%s";Database=b`,
	`{"user":"u","api_key":"%s"}`, `{\"token\":\"%s\"}`, "user: u\npassphrase: %s\n", "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----",
	"Bearer %s", "Basic %s", "Authorization: Digest %s", "Cookie: a=%s",
	`set(attributes["license_key"], "%s")`, "create user u identified by '%s'", "run --auth-key %s",
}

// secretKeys are what a secret may be called, as a key or beside a value.
var secretKeys = []string{
	"password", "pass", "passphrase", "db_pwd", "client_secret", "access_token", "api_key", "auth_key", "signing_key", "license_key", "authorization", "credential",
	"jwt", "sas", "dsn", "connection_string", "cookie", "community",
}

// planter makes a configuration full of secrets.
type planter struct{ planted int }

func (p *planter) secret() string {
	p.planted++
	return fmt.Sprintf("planted%d", p.planted)
}

// text returns one in which a secret announces itself, each time in another way.
func (p *planter) text() string { return fmt.Sprintf(announced[p.planted%len(announced)], p.secret()) }

// named returns settings that no component has, with a secret in each.
func (p *planter) named() map[string]any {
	settings := map[string]any{}
	var attributes []any
	for _, key := range secretKeys {
		settings[key] = p.secret()
		for _, beside := range []string{"key", "name", "field"} {
			attributes = append(attributes, map[string]any{beside: key, "value": p.secret()})
		}
	}
	settings["attributes"] = attributes
	settings["headers"] = map[string]any{"X-Any": p.secret()}
	settings["args"] = []any{"--password", p.secret()}
	return settings
}

// place puts a secret where a component shows text, or hides one.
func (p *planter) place(settings map[string]any, l leaf) {
	text, isText := l.Value.(string)
	keys := strings.Split(l.Key, "::")
	if !isText || strings.Contains(l.Key, "[") || len(keys) < 3 {
		return
	}
	for _, key := range keys[2 : len(keys)-1] {
		next, _ := settings[key].(map[string]any)
		if next == nil {
			next = map[string]any{}
			settings[key] = next
		}
		settings = next
	}
	settings[keys[len(keys)-1]] = p.text()
	if text == "[REDACTED]" {
		settings[keys[len(keys)-1]] = p.secret()
	}
}

// configurable are the components of the binary that a configuration names, by section.
func configurable(t *testing.T) map[string][]string {
	t.Helper()
	names := map[string][]string{}
	for section, list := range components(t, binary) {
		for _, c := range list {
			if slices.Contains([]string{"receivers", "processors", "exporters", "connectors", "extensions"}, section) {
				names[section] = append(names[section], c.Name)
			}
		}
	}
	return names
}

// writeYAML returns the path of a new file with this content.
func writeYAML(t *testing.T, content any) string {
	t.Helper()
	text, err := yaml.Marshal(content)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

// plantEverywhere returns a configuration with a secret in every text of every component, and with
// secrets under names that announce some.
func plantEverywhere(t *testing.T) (path string, planted int) {
	t.Helper()
	names, bare := configurable(t), map[string]map[string]any{}
	for section, list := range names {
		bare[section] = map[string]any{}
		for _, name := range list {
			bare[section][name] = nil
		}
	}
	defaults := explained(t, finish(t, "", nil, "validate", "--explain", "--format=json", "--config", writeYAML(t, bare)))
	p := &planter{}
	for section, list := range names {
		for _, name := range list {
			bare[section][name+"/named"] = p.named()
			settings := map[string]any{}
			bare[section][name] = settings
			for _, key := range slices.Sorted(maps.Keys(defaults)) {
				if strings.HasPrefix(key, section+"::"+name+"::") {
					p.place(settings, defaults[key])
				}
			}
		}
	}
	return writeYAML(t, bare), p.planted
}

func TestSecretsOfEveryComponentAreShownNowhere(t *testing.T) {
	path, planted := plantEverywhere(t)
	require.Greater(t, planted, 300)
	for _, args := range [][]string{{"validate"}, {"validate", "--explain"}, {"validate", "--explain", "--format=json"}, {}} {
		r := finish(t, "", nil, append(args, "--config", path)...)
		require.Equal(t, 1, r.code)
		requireNoSecret(t, r.stdout+r.stderr, "%q", args)
	}
	t.Setenv("PATH", t.TempDir())
	file := filepath.Join(t.TempDir(), "bundle.tar.gz")
	r := finish(t, "", nil, "support-bundle", "--output", file, "--config", path)
	require.Zero(t, r.code, r.stderr)
	requireNoSecret(t, r.stderr, "support-bundle")
	for name, content := range unpack(t, file) {
		requireNoSecret(t, content, "%s", name)
	}
}

// requireNoSecret fails with the lines that show one, rather than with all of a text.
func requireNoSecret(t *testing.T, text, format string, args ...any) {
	t.Helper()
	var shown []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, "planted") {
			shown = append(shown, line)
		}
	}
	require.Emptyf(t, shown, format, args...)
}
