// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configtls"
)

// material is one piece of PEM and the key of the configuration it comes from.
type material struct {
	key string
	pem []byte
}

// checkCertificates says which setting breaks which rule; configtls only says what the
// library call that failed says, and serves an expired certificate without a word.
func checkCertificates(cfg configtls.ServerConfig, now time.Time) error {
	certificate, certErr := readMaterial("cert", cfg.CertFile, cfg.CertPem)
	key, keyErr := readMaterial("key", cfg.KeyFile, cfg.KeyPem)
	pairErr := errors.Join(certErr, keyErr)
	// A key inside a trusted platform module is no PEM of a private key.
	if pairErr == nil && !cfg.TPMConfig.Enabled {
		pairErr = checkPair(certificate, key, now)
	}
	ca, caErr := readMaterial("ca", cfg.CAFile, cfg.CAPem)
	clientCA, clientErr := readMaterial("client_ca", cfg.ClientCAFile, "")
	return errors.Join(
		pairErr,
		errors.Join(caErr, checkAuthorities(ca, now)),
		errors.Join(clientErr, checkAuthorities(clientCA, now)),
	)
}

// readMaterial returns the PEM of "<what>_file" or "<what>_pem", none where neither is set.
func readMaterial(what, file string, inline configopaque.String) (material, error) {
	if file == "" {
		return material{key: "http::tls::" + what + "_pem", pem: []byte(inline)}, nil
	}
	key := "http::tls::" + what + "_file"
	content, err := os.ReadFile(file)
	if err != nil {
		return material{}, fmt.Errorf("%q: must be a readable file: %w", key, err)
	}
	if len(content) == 0 {
		return material{}, fmt.Errorf("%q: must not be empty: %s", key, file)
	}
	return material{key: key, pem: content}, nil
}

func checkPair(certificate, key material, now time.Time) error {
	if len(certificate.pem) == 0 && len(key.pem) == 0 {
		return nil
	}
	chain := certificate.certificates()
	if len(chain) == 0 {
		return fmt.Errorf("%q: must hold a certificate in PEM", certificate.key)
	}
	if _, err := tls.X509KeyPair(certificate.pem, key.pem); err != nil {
		return fmt.Errorf("%q: must hold the private key of %q in PEM: %w", key.key, certificate.key, err)
	}
	if leaf := chain[0]; now.After(leaf.NotAfter) {
		return fmt.Errorf("%q: must not have expired: %s was valid until %s",
			certificate.key, leaf.Subject, leaf.NotAfter.Format(time.RFC3339))
	}
	return nil
}

func checkAuthorities(authorities material, now time.Time) error {
	if len(authorities.pem) == 0 {
		return nil
	}
	for _, authority := range authorities.certificates() {
		if !now.After(authority.NotAfter) {
			return nil
		}
	}
	return fmt.Errorf("%q: must hold at least one certificate in PEM that has not expired", authorities.key)
}

// certificates are those that can be read; as crypto/x509 does, it passes over the rest.
func (m material) certificates() []*x509.Certificate {
	var found []*x509.Certificate
	for block, rest := pem.Decode(m.pem); block != nil; block, rest = pem.Decode(rest) {
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil && block.Type == "CERTIFICATE" {
			found = append(found, certificate)
		}
	}
	return found
}
