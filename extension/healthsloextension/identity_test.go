// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.uber.org/zap/zapcore"
)

// identity is a certificate with its key, in PEM.
type identity struct {
	certificate, key string
	parsed           *x509.Certificate
	signer           *ecdsa.PrivateKey
}

// newIdentity has a certificate of that name issued, by itself if there is no issuer.
func newIdentity(t *testing.T, name string, issuer *identity, change func(*x509.Certificate)) *identity {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-2 * time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  issuer == nil,
		BasicConstraintsValid: true,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(template)
	}
	id := &identity{signer: private}
	if issuer == nil {
		issuer = &identity{parsed: template, signer: private}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.parsed, private.Public(), issuer.signer)
	require.NoError(t, err)
	id.parsed, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	id.certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	id.key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	return id
}

func expired(template *x509.Certificate) { template.NotAfter = time.Now().Add(-time.Hour) }

func withTLS(configure func(*configtls.ServerConfig)) func(*Config) {
	return func(cfg *Config) {
		server := configtls.NewDefaultServerConfig()
		configure(&server)
		cfg.HTTP.TLS = configoptional.Some(server)
	}
}

// inline puts PEM into the configuration itself.
func inline(certificate, key string) func(*configtls.ServerConfig) {
	return func(server *configtls.ServerConfig) {
		server.CertPem, server.KeyPem = configopaque.String(certificate), configopaque.String(key)
	}
}

// secrets is a directory with the files of a server: tls.crt, tls.key and ca.crt.
type secrets string

func newSecrets(t *testing.T, server, clientCA *identity) secrets {
	t.Helper()
	dir := secrets(t.TempDir())
	dir.write(t, "tls.crt", server.certificate)
	dir.write(t, "tls.key", server.key)
	dir.write(t, "ca.crt", clientCA.certificate)
	return dir
}

func (dir secrets) path(name string) string { return filepath.Join(string(dir), name) }

func (dir secrets) write(t *testing.T, name, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(dir.path(name), []byte(content), 0o600))
}

// configure uses the files, for clients without a certificate.
func (dir secrets) configure(server *configtls.ServerConfig) {
	server.CertFile, server.KeyFile = dir.path("tls.crt"), dir.path("tls.key")
}

// reload asks for each reload as often as can be.
func (dir secrets) reload(server *configtls.ServerConfig) {
	dir.configure(server)
	server.ReloadInterval = time.Nanosecond
	server.ClientCAFile, server.ReloadClientCAFile = dir.path("ca.crt"), true
}

// dial makes a new TLS connection that trusts ca, and returns the server's certificate.
func (s *subject) dial(t *testing.T, ca, client *identity) (*x509.Certificate, error) {
	t.Helper()
	conn, err := tls.Dial("tcp", s.address(t), clientTLS(t, ca, client))
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // The server may have closed it.
	// With TLS 1.3 a refused client learns it when it reads.
	_, err = conn.Write([]byte("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
	require.NoError(t, err)
	if _, err = conn.Read(make([]byte, 1)); err != nil {
		return nil, err
	}
	return conn.ConnectionState().PeerCertificates[0], nil
}

func clientTLS(t *testing.T, ca, client *identity) *tls.Config {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(ca.parsed)
	cfg := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if client != nil {
		pair, err := tls.X509KeyPair([]byte(client.certificate), []byte(client.key))
		require.NoError(t, err)
		// Certificates alone are not shown to a server that names other authorities.
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return cfg
}

func (s *subject) useTLS(t *testing.T, ca, client *identity) {
	t.Helper()
	s.scheme = "https"
	transport := &http.Transport{TLSClientConfig: clientTLS(t, ca, client), ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	s.client.Transport = transport
}

// reloadLog returns what was logged about reloads, as "level message: error".
func (s *subject) reloadLog() []string {
	var lines []string
	for _, entry := range s.logs.All() {
		line := entry.Level.String() + " " + entry.Message
		if cause, ok := entry.ContextMap()["error"].(string); ok {
			line += ": " + cause
		}
		if entry.Level == zapcore.ErrorLevel || strings.HasPrefix(entry.Message, "Reloaded") {
			lines = append(lines, line)
		}
	}
	return lines
}
