// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// authority issues certificates for loopback, to clients and servers.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of a test"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{certificate, key}
}

// issue writes the files of TLS_DIRECTORY, and returns it.
func (a *authority) issue(t *testing.T) (directory string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	directory = t.TempDir()
	for name, block := range map[string]*pem.Block{
		"ca.pem": {Type: "CERTIFICATE", Bytes: a.certificate.Raw}, "cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(directory, name), pem.EncodeToMemory(block), 0o600))
	}
	return directory
}

// client trusts this authority, and has a certificate of another one, or of none.
func (a *authority) client(t *testing.T, of *authority) *tls.Config {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(a.certificate)
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}}
	if of != nil {
		directory := of.issue(t)
		certificate, err := tls.LoadX509KeyPair(directory+"/cert.pem", directory+"/key.pem")
		require.NoError(t, err)
		config.Certificates = []tls.Certificate{certificate}
		// Also where the server did not name its authority.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }
	}
	return config
}

// letsIn is whether a server of HTTP/2 greets a client with these credentials. With TLS 1.3, its refusal comes after the handshake.
func letsIn(address string, credentials *tls.Config) error {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	conn, err := tls.DialWithDialer(dialer, "tcp", address, credentials)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // It has served its purpose.
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	// The client's preface, with empty settings.
	if _, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"); err != nil {
		return err
	}
	_, err = io.ReadFull(conn, make([]byte, 9)) // the header of its settings
	return err
}

// With the examples of mtls, an agent's metrics reach a backend, and no socket answers a peer without a certificate of the authority.
func TestExamplesWithMutualTLSLetInNobodyElse(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	to := &fleetSink{series: map[fleetHost]map[string]bool{}, logs: map[string]fleetHost{}}
	to.Server = httptest.NewUnstartedServer(to)
	to.TLS = ours.client(t, ours)
	to.TLS.ClientAuth, to.TLS.ClientCAs = tls.RequireAndVerifyClientCert, to.TLS.RootCAs
	to.StartTLS()
	t.Cleanup(to.Close)

	gatewayAddress, otlp := freeAddress(t), freeAddress(t)
	gateway := newSide(t, "mtls/gateway.yaml", "GATEWAY", "GATEWAY_GRPC="+gatewayAddress, "BACKEND="+to.URL, "TLS_DIRECTORY="+ours.issue(t))
	gateway.launch(t)
	e := readHead(t, examplesFolder+"mtls/agent.yaml")
	x := try(t, e, []string{"GATEWAY=" + gatewayAddress, "AGENT_GRPC=" + otlp, "TLS_DIRECTORY=" + ours.issue(t)}, "--set=receivers.dcgm.health_interval=30s")
	requireEmits(t, e.OTLP, to.metrics)
	scraper := &http.Client{Transport: &http.Transport{TLSClientConfig: ours.client(t, ours), ForceAttemptHTTP2: true}, Timeout: 10 * time.Second}
	requireEmits(t, e.Prometheus, func() []string { return namesOf(getWith(scraper, x.page, "/metrics")) })
	eventually(t, func() bool {
		return getWith(scraper, x.health, "/readyz") == "ok\n" && getWith(scraper, gateway.health, "/readyz") == "ok\n"
	}, "not ready")

	for name, address := range map[string]string{
		"OTLP of the agent": otlp, "page of the agent": x.page, "health of the agent": x.health, "OTLP of the gateway": gatewayAddress, "health of the gateway": gateway.health,
	} {
		require.NoError(t, letsIn(address, ours.client(t, ours)), name)
		require.Error(t, letsIn(address, ours.client(t, nil)), "%s: no certificate", name)
		require.Error(t, letsIn(address, ours.client(t, theirs)), "%s: a certificate of somebody else", name)
		old := ours.client(t, ours)
		old.MaxVersion = tls.VersionTLS12
		require.Error(t, letsIn(address, old), "%s: TLS 1.2", name)
		code, _ := get(address, "/metrics")
		require.NotEqual(t, http.StatusOK, code, "%s: no TLS", name)
	}
	x.stop(t)
}

// getWith returns the body of an answer with status 200, or nothing.
func getWith(client *http.Client, address, path string) string {
	resp, err := client.Get(fmt.Sprintf("https://%s%s", address, path)) //nolint:noctx // The client has a timeout.
	if err != nil {
		return ""
	}
	var body strings.Builder
	_, err = io.Copy(&body, resp.Body)
	if resp.Body.Close() != nil || err != nil || resp.StatusCode != http.StatusOK {
		return ""
	}
	return body.String()
}

// The page's commands make certificates that both sides of a connection take.
func TestExamplesPageMakesCertificates(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("there is no openssl")
	}
	page, err := os.ReadFile(examplesFolder + "README.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)## Certificates.*?```console\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, block)
	directory := t.TempDir()
	out, err := exec.Command("sh", "-ec", strings.ReplaceAll(string(block[1]), "/tmp/tls", directory)).CombinedOutput()
	require.NoError(t, err, string(out))
	pair, err := tls.LoadX509KeyPair(directory+"/cert.pem", directory+"/key.pem")
	require.NoError(t, err)
	authorities, err := os.ReadFile(directory + "/ca.pem")
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(authorities))
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth} {
		_, err = pair.Leaf.Verify(x509.VerifyOptions{DNSName: "localhost", Roots: roots, KeyUsages: []x509.ExtKeyUsage{usage}})
		require.NoError(t, err)
	}
}
