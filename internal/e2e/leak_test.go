// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// profiled has every kind of listener the health extension can have; its arguments are the
// endpoints of the plain and the encrypted one and of pprof, and the file of the certificate.
const profiled = `
receivers: {clock: {collection_interval: 100ms, initial_delay: 0s}}
exporters: {otlp_http: {endpoint: "http://127.0.0.1:9"}}
extensions:
  health_slo: {http: {endpoint: %[1]s}}
  health_slo/mtls:
    http:
      endpoint: %[2]s
      tls: {cert_file: %[4]s, key_file: %[4]s, reload_interval: 1s, client_ca_file: %[4]s, client_ca_file_reload: true}
  pprof: {endpoint: %[3]s}
service:
  telemetry: {metrics: {level: none}}
  extensions: [health_slo, health_slo/mtls, pprof]
  pipelines: {metrics: {receivers: [clock], exporters: [otlp_http]}}
`

// certificateFile holds a certificate and its key in PEM.
func certificateFile(t *testing.T) string {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "tls.pem")
	content := append(
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func TestTenReloadsLeaveNothingBehind(t *testing.T) {
	health, mtls, pprof := freeAddress(t), freeAddress(t), freeAddress(t)
	c := start(t, "--config", configFile(t, profiled, health, mtls, pprof, certificateFile(t)))
	reload := func(count int) {
		c.signal(t, syscall.SIGHUP)
		waitSeries(t, health, "tracecore_component_restart_count_per_hour", clock, float64(count))
		waitStatus(t, health, "/readyz", 200)
	}
	waitStatus(t, health, "/readyz", 200)
	reload(1) // opens what is kept from then on
	files, goroutines := openFiles(t, c), runningGoroutines(pprof)
	require.NotZero(t, goroutines)
	for i := range 10 {
		reload(i + 2)
	}
	// Connections of the requests above take a moment to close.
	eventually(t, func() bool { return openFiles(t, c) <= files }, "descriptors are left behind")
	eventually(t, func() bool { return runningGoroutines(pprof) <= goroutines }, "goroutines are left behind")
	c.stop(t)
}

func openFiles(t *testing.T, c *collector) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", c.Process.Pid))
	require.NoError(t, err)
	return len(entries)
}

// runningGoroutines is 0 while nobody answers.
func runningGoroutines(pprof string) (count int) {
	_, body := get(pprof, "/debug/pprof/goroutine?debug=1")
	_, _ = fmt.Sscanf(body, "goroutine profile: total %d", &count) // 0 says it.
	return count
}
