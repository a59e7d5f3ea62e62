// SPDX-License-Identifier: Apache-2.0

package exporterflags

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// webConfiguration is the part of exporter-toolkit's file that has counterparts in the Collector.
type webConfiguration struct {
	TLS struct {
		CertFile   string   `yaml:"cert_file"`
		KeyFile    string   `yaml:"key_file"`
		ClientAuth string   `yaml:"client_auth_type"`
		ClientCA   string   `yaml:"client_ca_file"`
		MinVersion string   `yaml:"min_version"`
		MaxVersion string   `yaml:"max_version"`
		Ciphers    []string `yaml:"cipher_suites"`
		Curves     []string `yaml:"curve_preferences"`
		Prefer     bool     `yaml:"prefer_server_cipher_suites"` // Go decides by itself.
	} `yaml:"tls_server_config"`
	Users map[string]string `yaml:"basic_auth_users"` // bcrypt hashes
}

func webConfig(c *config, v value) error {
	if v.text == "" {
		return nil
	}
	text, err := os.ReadFile(v.text)
	if err != nil {
		return err //nolint:wrapcheck // It names the file.
	}
	var web webConfiguration
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&web); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s has what the prometheus exporter has no counterpart for, or is no such file: %w", v.text, err)
	}
	c.users(web.Users)
	if err := c.tls(&web, filepath.Dir(v.text)); err != nil {
		return fmt.Errorf("%s: %w", v.text, err)
	}
	return nil
}

func (c *config) users(users map[string]string) {
	if len(users) == 0 {
		return
	}
	var lines strings.Builder
	for _, user := range slices.Sorted(maps.Keys(users)) {
		fmt.Fprintf(&lines, "%s:%s\n", user, users[user])
	}
	c.set("extensions::basicauth::htpasswd::inline", lines.String())
	c.set("exporters::prometheus::auth::authenticator", "basicauth")
}

var versions = map[string]string{"TLS10": "1.0", "TLS11": "1.1", "TLS12": "1.2", "TLS13": "1.3"}

const verified = "RequireAndVerifyClientCert"

func (c *config) tls(web *webConfiguration, dir string) error {
	t := &web.TLS
	if t.CertFile == "" && t.KeyFile == "" && t.ClientCA == "" {
		return nil
	}
	switch {
	case t.ClientAuth == verified && t.ClientCA != "", t.ClientCA == "" && (t.ClientAuth == "" || t.ClientAuth == "NoClientCert"):
	default:
		return fmt.Errorf(`"tls_server_config::client_auth_type": must be %s with a client_ca_file, or both be absent: the Collector verifies all clients or none`, verified)
	}
	const settings = "exporters::prometheus::tls::"
	for key, file := range map[string]string{"cert_file": t.CertFile, "key_file": t.KeyFile, "client_ca_file": t.ClientCA} {
		if file == "" {
			continue
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(dir, file)
		}
		c.set(settings+key, file)
	}
	for key, version := range map[string]string{"min_version": t.MinVersion, "max_version": t.MaxVersion} {
		if version == "" {
			continue
		}
		known, ok := versions[version]
		if !ok {
			return fmt.Errorf("%q: must be TLS10, TLS11, TLS12 or TLS13, got %q", "tls_server_config::"+key, version)
		}
		c.set(settings+key, known)
	}
	if t.Ciphers != nil {
		c.set(settings+"cipher_suites", t.Ciphers)
	}
	if t.Curves != nil {
		var curves []string
		for _, curve := range t.Curves {
			curves = append(curves, strings.TrimPrefix(curve, "Curve"))
		}
		c.set(settings+"curve_preferences", curves)
	}
	return nil
}
