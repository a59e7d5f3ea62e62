// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"context"
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
	_, err = conn.Write([]byte("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
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

func TestTLS(t *testing.T) {
	ca := newIdentity(t, "ca", nil, nil)
	server := newIdentity(t, "server", ca, nil)
	f := func(configure func(*configtls.ServerConfig)) {
		t.Helper()
		s := started(t, withTLS(configure))
		s.useTLS(t, ca, nil)
		response, body := s.do(t, http.MethodGet, "/healthz", "")
		require.Equal(t, "ok\n", body)
		require.Equal(t, 2, response.ProtoMajor)

		s.client.Transport, s.scheme = http.DefaultTransport, "http"
		response, _ = s.do(t, http.MethodGet, "/healthz", "")
		require.Equal(t, http.StatusBadRequest, response.StatusCode, "plain HTTP to a TLS port")
	}
	f(inline(server.certificate, server.key))
	f(newSecrets(t, server, ca).configure)
	f(func(cfg *configtls.ServerConfig) {
		newSecrets(t, server, ca).configure(cfg)
		cfg.ReloadInterval = time.Hour
	})
}

func TestMutualTLSLetsInOnlyWhoHasACertificate(t *testing.T) {
	ca, stranger := newIdentity(t, "ca", nil, nil), newIdentity(t, "stranger", nil, nil)
	dir := newSecrets(t, newIdentity(t, "server", ca, nil), ca)
	for _, reload := range []bool{false, true} {
		s := started(t, withTLS(func(server *configtls.ServerConfig) {
			dir.configure(server)
			server.ClientCAFile, server.ReloadClientCAFile = dir.path("ca.crt"), reload
		}))
		_, err := s.dial(t, ca, nil)
		require.ErrorContains(t, err, "certificate required")
		_, err = s.dial(t, ca, stranger)
		require.ErrorContains(t, err, "unknown certificate authority")
		_, err = s.dial(t, ca, newIdentity(t, "late", ca, expired))
		require.ErrorContains(t, err, "expired certificate")

		s.useTLS(t, ca, newIdentity(t, "prometheus", ca, nil))
		s.requireProbe(t, "/healthz", http.StatusOK, "ok\n")
	}
}

func TestCertificateThatCannotBeUsedStopsTheStart(t *testing.T) {
	ca := newIdentity(t, "ca", nil, nil)
	server, other := newIdentity(t, "server", ca, nil), newIdentity(t, "other", ca, nil)
	late := newIdentity(t, "late", ca, expired)
	f := func(want string, spoil func(dir secrets, server *configtls.ServerConfig)) {
		t.Helper()
		dir := newSecrets(t, server, ca)
		s := newSubject(t, withTLS(func(server *configtls.ServerConfig) {
			dir.configure(server)
			server.ClientCAFile = dir.path("ca.crt")
			spoil(dir, server)
		}))
		err := s.Start(t.Context(), s.host)
		require.Error(t, err)
		require.Regexp(t, `^health_slo: `+want+`$`, err.Error())
		require.NoError(t, s.Shutdown(t.Context()))
	}
	files := func(name, content string) func(secrets, *configtls.ServerConfig) {
		return func(dir secrets, _ *configtls.ServerConfig) { dir.write(t, name, content) }
	}
	missing := func(name string) func(secrets, *configtls.ServerConfig) {
		return func(dir secrets, _ *configtls.ServerConfig) { require.NoError(t, os.Remove(dir.path(name))) }
	}
	f(`"http::tls::cert_file": must be a readable file: open .*/tls\.crt: no such file or directory`, missing("tls.crt"))
	f(`"http::tls::key_file": must be a readable file: open .*/tls\.key: no such file or directory`, missing("tls.key"))
	f(`"http::tls::client_ca_file": must be a readable file: open .*/ca\.crt: no such file or directory`, missing("ca.crt"))
	f(`"http::tls::ca_file": must be a readable file: read .*: is a directory`, func(dir secrets, server *configtls.ServerConfig) { server.CAFile = string(dir) })
	f(`"http::tls::cert_file": must not be empty: .*/tls\.crt`, files("tls.crt", ""))
	f(`"http::tls::cert_file": must hold a certificate in PEM`, files("tls.crt", "not PEM"))
	f(`"http::tls::cert_file": must hold a certificate in PEM`, files("tls.crt", server.key))
	f(`"http::tls::key_file": must hold the private key of "http::tls::cert_file" in PEM: tls: failed to find any PEM data in key input`, files("tls.key", "not PEM"))
	f(`"http::tls::key_file": must hold the private key of "http::tls::cert_file" in PEM: tls: private key does not match public key`, files("tls.key", other.key))
	f(`"http::tls::cert_file": must not have expired: CN=late was valid until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`, func(dir secrets, _ *configtls.ServerConfig) {
		dir.write(t, "tls.crt", late.certificate)
		dir.write(t, "tls.key", late.key)
	})
	f(`"http::tls::client_ca_file": must hold at least one certificate in PEM that has not expired`, files("ca.crt", "not PEM"))
	f(`"http::tls::client_ca_file": must hold at least one certificate in PEM that has not expired`, files("ca.crt", newIdentity(t, "ca", nil, expired).certificate))
	f(`"http::tls": failed to load TLS config: invalid TLS cipher suite: "ROT13"`, func(_ secrets, server *configtls.ServerConfig) { server.CipherSuites = []string{"ROT13"} })
	f(`(?s)"http::tls::cert_file": .*\n"http::tls::key_file": .*\n"http::tls::client_ca_file": .*`, func(dir secrets, server *configtls.ServerConfig) {
		missing("tls.crt")(dir, server)
		missing("tls.key")(dir, server)
		missing("ca.crt")(dir, server)
	})
}

func TestInlineCertificatesAreValidated(t *testing.T) {
	ca := newIdentity(t, "ca", nil, nil)
	server, late := newIdentity(t, "server", ca, nil), newIdentity(t, "late", ca, expired)
	f := func(want, certificate, key string) {
		t.Helper()
		cfg := createDefaultConfig().(*Config)
		withTLS(inline(certificate, key))(cfg)
		if want == "" {
			require.NoError(t, cfg.Validate())
			return
		}
		require.ErrorContains(t, cfg.Validate(), want)
	}
	f("", server.certificate, server.key)
	f(`"http::tls::cert_pem": must hold a certificate in PEM`, "not PEM", server.key)
	f(`"http::tls::key_pem": must hold the private key of "http::tls::cert_pem"`, server.certificate, late.key)
	f(`"http::tls::cert_pem": must not have expired: CN=late`, late.certificate, late.key)
}

func TestCertificateReload(t *testing.T) {
	ca := newIdentity(t, "ca", nil, nil)
	before, after, late := newIdentity(t, "before", ca, nil), newIdentity(t, "after", ca, nil), newIdentity(t, "late", ca, expired)
	client := newIdentity(t, "client", ca, nil)
	dir := newSecrets(t, before, ca)
	s := started(t, withTLS(dir.reload))
	serves := func(want string) {
		t.Helper()
		certificate, err := s.dial(t, ca, client)
		require.NoError(t, err)
		require.Equal(t, want, certificate.Subject.CommonName)
	}
	serves("before")

	dir.write(t, "tls.crt", after.certificate) // its key is still to come
	serves("before")
	serves("before")
	dir.write(t, "tls.key", after.key)
	serves("after")

	dir.write(t, "tls.crt", late.certificate)
	dir.write(t, "tls.key", late.key)
	serves("after")
	require.NoError(t, os.Remove(dir.path("tls.crt")))
	serves("after")
	dir.write(t, "tls.key", before.key)
	dir.write(t, "tls.crt", before.certificate)
	serves("before")

	require.Equal(t, []string{
		`error Cannot reload the TLS certificate, keeping the old one: "http::tls::key_file": must hold the private key of "http::tls::cert_file" in PEM: tls: private key does not match public key`,
		`info Reloaded the TLS certificate`,
		`error Cannot reload the TLS certificate, keeping the old one: "http::tls::cert_file": must not have expired: CN=late was valid until ` + late.parsed.NotAfter.Format(time.RFC3339),
		`error Cannot reload the TLS certificate, keeping the old one: "http::tls::cert_file": must be a readable file: open ` + dir.path("tls.crt") + `: no such file or directory`,
		`info Reloaded the TLS certificate`,
	}, s.reloadLog())
}

func TestClientCAReload(t *testing.T) {
	ca, next := newIdentity(t, "ca", nil, nil), newIdentity(t, "next", nil, nil)
	old, renewed := newIdentity(t, "old", ca, nil), newIdentity(t, "renewed", next, nil)
	dir := newSecrets(t, newIdentity(t, "server", ca, nil), ca)
	s := started(t, withTLS(dir.reload))
	letsIn := func(want bool, client *identity) {
		t.Helper()
		_, err := s.dial(t, ca, client)
		require.Equal(t, want, err == nil, err)
	}
	letsIn(true, old)
	letsIn(false, renewed)

	dir.write(t, "ca.crt", "not PEM")
	letsIn(true, old)
	require.NoError(t, os.Remove(dir.path("ca.crt")))
	letsIn(true, old)
	letsIn(true, old)

	// As Kubernetes does it: the name is a link that turns to another file.
	dir.write(t, "next.crt", next.certificate)
	require.NoError(t, os.Symlink("next.crt", dir.path("ca.crt")))
	letsIn(true, renewed)
	letsIn(false, old)

	require.Equal(t, []string{
		`error Cannot reload the client CA file, keeping the old one: "http::tls::client_ca_file": must hold at least one certificate in PEM that has not expired`,
		`error Cannot reload the client CA file, keeping the old one: "http::tls::client_ca_file": must be a readable file: open ` + dir.path("ca.crt") + `: no such file or directory`,
		`info Reloaded the client CA file`,
	}, s.reloadLog())
}

// reloadLog returns what was logged about reloads, as "level message: error".
func (s *subject) reloadLog() []string {
	var lines []string
	for _, entry := range s.logs.All() {
		line := entry.Level.String() + " " + entry.Message
		if cause, ok := entry.ContextMap()["error"].(string); ok {
			line += ": " + cause
		}
		if entry.LoggerName == "" && (entry.Level == zapcore.ErrorLevel || entry.Message[:8] == "Reloaded") && entry.Message[:5] != "http:" {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestReloadIntervalIsKept(t *testing.T) {
	begin := time.Now()
	due := everyInterval(time.Minute)
	require.False(t, due(begin.Add(59*time.Second)))
	require.True(t, due(begin.Add(61*time.Second)))
	require.False(t, due(begin.Add(120*time.Second)))
	require.True(t, due(begin.Add(122*time.Second)))
}

func TestStartsWithReloadsLeaveNothingBehind(t *testing.T) {
	ca := newIdentity(t, "ca", nil, nil)
	s := newSubject(t, withTLS(newSecrets(t, newIdentity(t, "server", ca, nil), ca).reload))
	for range 3 { // goleak looks after the last test.
		require.NoError(t, s.Start(context.Background(), s.host))
		require.NoError(t, s.Shutdown(context.Background()))
	}
}
