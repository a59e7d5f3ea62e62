// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	contrib       = "otelcol-contrib"
	contribConfig = "/etc/otelcol-contrib/config.yaml"

	// edited is what an operator of otelcol-contrib wrote.
	edited = `# ours
receivers: {otlp: {protocols: {grpc: {endpoint: localhost:4317}}}}
exporters: {debug: }
extensions: {health_check: {endpoint: localhost:13133}}
service:
  extensions: [health_check]
  pipelines: {traces: {receivers: [otlp], exporters: [debug]}}
`
)

// original builds the stand-in for otelcol-contrib.
func original(t *testing.T, format string) string {
	t.Helper()
	target := filepath.Join(t.TempDir(), "otelcol-contrib."+format)
	nfpm, err := filepath.Abs(repository + "/.tools/nfpm")
	require.NoError(t, err)
	cmd := exec.Command(nfpm, "package", "--packager", format, "--target", target)
	cmd.Dir = "testdata/otelcol-contrib"
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return target
}

func TestCompatDebTakesOverFromContribAndGivesBack(t *testing.T) {
	ours := []string{pack(t, full, "deb"), pack(t, compat, "deb")}
	m := boot(t)
	theirs := m.put(t, original(t, "deb"))[0]
	ours = m.put(t, ours...)

	m.run(t, "dpkg", "--install", theirs)
	require.Equal(t, "active", m.active(contrib))
	m.write(t, contribConfig, edited)

	m.run(t, "dpkg", "--force-confdef", "--install", ours[0], ours[1])
	requireServesAsContrib(t, m)
	require.Equal(t, edited, m.read(t, contribConfig))
	// What dpkg still knows of the old package must not take our files away.
	m.run(t, "dpkg", "--purge", contrib)
	require.Equal(t, edited, m.read(t, contribConfig))
	requireServesAsContrib(t, m)

	m.run(t, "dpkg", "--remove", compat)
	m.run(t, "dpkg", "--force-confdef", "--install", theirs)
	require.Equal(t, edited, m.read(t, contribConfig))
	m.run(t, "dpkg", "--purge", compat, full)
	require.Equal(t, edited, m.read(t, contribConfig))
	requireContribIsBack(t, m)
}

func TestCompatDebAloneIsContrib(t *testing.T) {
	m := boot(t)
	m.run(t, "dpkg", "--install", m.put(t, pack(t, full, "deb"))[0], m.put(t, pack(t, compat, "deb"))[0])
	require.Empty(t, m.run(t, contrib, "validate", "--config", contribConfig))
	requireServesAsContrib(t, m)
	require.Equal(t, "inactive", m.active(full), "one Collector has the ports")
	m.run(t, "dpkg", "--remove", compat)
	requireNoContrib(t, m)
	m.run(t, "dpkg", "--purge", compat)
	require.False(t, m.has(contribConfig))
}

func TestCompatRPMTakesOverFromContribAndGivesBack(t *testing.T) {
	ours := []string{pack(t, full, "rpm"), pack(t, compat, "rpm")}
	m := boot(t)
	theirs := m.put(t, original(t, "rpm"))[0]
	ours = m.put(t, ours...)

	rpm(t, m, "--install", theirs)
	require.Equal(t, "active", m.active(contrib))
	m.write(t, contribConfig, edited)

	rpm(t, m, "--upgrade", ours[0], ours[1])
	m.fails(t, "rpm", "--query", contrib)
	require.Equal(t, edited, m.read(t, contribConfig))
	requireServesAsContrib(t, m)

	// dnf swap does this in one transaction and keeps the file; rpm alone sets it aside.
	rpm(t, m, "--erase", compat)
	requireNoContrib(t, m)
	rpm(t, m, "--install", theirs)
	require.Equal(t, edited, m.read(t, contribConfig+".rpmsave"))
	requireContribIsBack(t, m)
}

func requireServesAsContrib(t *testing.T, m *machine) {
	t.Helper()
	require.Equal(t, "active", m.active(contrib))
	require.Equal(t, "enabled", m.run(t, "systemctl", "is-enabled", contrib))
	require.Equal(t, "/usr/bin/otelcol-tracecore", m.run(t, "readlink", "-f", "/usr/bin/otelcol-contrib"))
	m.waitFor(t, "localhost:13133/", "Server available")
	pid := m.mainPID(t, contrib)
	require.Equal(t, "otelcol-contrib", m.run(t, "ps", "-o", "user:32=", pid))
	require.Equal(t, "/usr/bin/otelcol-contrib --config=/etc/otelcol-contrib/config.yaml", m.run(t, "ps", "-o", "args=", pid))
	require.Equal(t, "750 otelcol-contrib", m.run(t, "stat", "--format", "%a %U", "/var/lib/otelcol-contrib"))
	require.Empty(t, m.run(t, "systemd-analyze", "verify", "--man=no", contrib+".service"))
	m.run(t, "systemctl", "reload", contrib)
	m.waitFor(t, "localhost:13133/", "Server available")
	require.Equal(t, pid, m.mainPID(t, contrib))
}

func requireContribIsBack(t *testing.T, m *machine) {
	t.Helper()
	require.Equal(t, "active", m.active(contrib))
	require.Equal(t, "enabled", m.run(t, "systemctl", "is-enabled", contrib))
	require.Contains(t, m.run(t, "systemctl", "cat", contrib), "stand-in")
	require.Equal(t, "/usr/bin/otelcol-contrib", m.run(t, "readlink", "-f", "/usr/bin/otelcol-contrib"))
}

func requireNoContrib(t *testing.T, m *machine) {
	t.Helper()
	require.Equal(t, "inactive", m.active(contrib))
	m.fails(t, "pgrep", "--uid", contrib)
	m.fails(t, "systemctl", "cat", contrib)
	require.False(t, m.has("/etc/systemd/system/multi-user.target.wants/otelcol-contrib.service"))
}
