// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configtls"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

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

// A load may fail although the file is as it shall be, such as with too many open files.
func TestFailedReloadIsTriedAgainThoughNothingChanged(t *testing.T) {
	ca, next := newIdentity(t, "ca", nil, nil), newIdentity(t, "next", nil, nil)
	f := func(what string, renew func(secrets), configure func(secrets, *configtls.ServerConfig)) {
		t.Helper()
		dir := newSecrets(t, newIdentity(t, "server", ca, nil), ca)
		var cfg configtls.ServerConfig
		configure(dir, &cfg)
		core, logs := observer.New(zapcore.DebugLevel)
		reloader := &certificateReloader{logger: zap.New(core), current: &tls.Config{MinVersion: tls.VersionTLS13}, parts: reloadedParts(t.Context(), cfg)}
		require.Len(t, reloader.parts, 1)
		part, loads := reloader.parts[0], 0
		load := part.load
		part.load = func(time.Time) (*tls.Config, error) { loads++; return nil, errors.New("too many open files") }

		renew(dir)
		due := time.Now().Add(time.Hour + time.Second)
		old := reloader.config(due)
		for i := range 10 {
			require.Same(t, old, reloader.config(due.Add(time.Duration(i)*retryAfter/10)))
		}
		require.Equal(t, 1, loads, "clients do not make it load more often")
		require.Same(t, old, reloader.config(due.Add(retryAfter)))
		require.Equal(t, 2, loads)
		part.load = func(now time.Time) (*tls.Config, error) { loads++; return load(now.Add(-time.Hour)) }
		require.NotSame(t, old, reloader.config(due.Add(2*retryAfter)))
		reloader.config(due.Add(10 * retryAfter))
		require.Equal(t, 3, loads, "what works is not loaded again")
		require.Equal(t, 1, logs.FilterMessage("Cannot reload "+what+", keeping the old one").Len())
		require.Equal(t, 1, logs.FilterMessage("Reloaded "+what).Len())
	}
	f("the client CA file", func(dir secrets) { dir.write(t, "ca.crt", next.certificate+"\n") },
		func(dir secrets, cfg *configtls.ServerConfig) {
			cfg.ClientCAFile, cfg.ReloadClientCAFile = dir.path("ca.crt"), true
		})
	f("the TLS certificate", func(secrets) {},
		func(dir secrets, cfg *configtls.ServerConfig) {
			dir.configure(cfg)
			cfg.ReloadInterval = time.Hour
		})
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
