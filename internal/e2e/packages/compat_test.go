// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
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
	packages := []string{pack(t, full, "deb"), pack(t, compat, "deb"), original(t, "deb")}
	everywhere(t, func(t *testing.T, m *machine) {
		t.Helper()
		paths := m.put(t, packages...)
		ours, theirs := paths[:2], paths[2]
		m.run(t, "dpkg", "--install", theirs)
		m.requireState(t, "active", contrib)
		unit := m.unit(t, contrib)
		m.write(t, contribConfig, edited)

		m.run(t, "dpkg", "--force-confdef", "--install", ours[0], ours[1])
		require.Equal(t, edited, m.read(t, contribConfig))
		requireServesAsContrib(t, m)
		require.Equal(t, settings(unit), settings(m.unit(t, contrib)))
		// What dpkg still knows of the old package must not take our files away.
		m.run(t, "dpkg", "--purge", contrib)
		require.Equal(t, edited, m.read(t, contribConfig))
		requireServesAsContrib(t, m)

		m.run(t, "dpkg", "--remove", compat)
		m.run(t, "dpkg", "--force-confdef", "--install", theirs)
		require.Equal(t, edited, m.read(t, contribConfig))
		requireContribIsBack(t, m)

		// And once more, over what dpkg remembers of the first time.
		m.run(t, "dpkg", "--force-confdef", "--install", ours[1])
		requireServesAsContrib(t, m)
		m.run(t, "dpkg", "--remove", compat)
		m.run(t, "dpkg", "--force-confdef", "--install", theirs)
		m.run(t, "dpkg", "--purge", compat, full)
		require.Equal(t, edited, m.read(t, contribConfig))
		requireContribIsBack(t, m)
	})
}

func TestCompatDebAloneIsContrib(t *testing.T) {
	packages := []string{pack(t, full, "deb"), pack(t, compat, "deb")}
	everywhere(t, func(t *testing.T, m *machine) {
		t.Helper()
		m.run(t, append([]string{"dpkg", "--install"}, m.put(t, packages...)...)...)
		m.requireSilence(t, contrib, "validate", "--config", contribConfig)
		requireServesAsContrib(t, m)
		m.requireState(t, "inactive", full, "one Collector has the ports")
		m.run(t, "dpkg", "--remove", compat)
		requireNoContrib(t, m)
		m.run(t, "dpkg", "--install", "/root/"+filepath.Base(packages[1]))
		requireServesAsContrib(t, m)
		m.run(t, "dpkg", "--purge", compat)
		requireNoContrib(t, m)
		require.False(t, m.has(contribConfig))
		require.Empty(t, m.run(t, "find", "/var/lib", "-maxdepth", "1", "-name", compat+"*"))
	})
}

func TestCompatRPMTakesOverFromContribAndGivesBack(t *testing.T) {
	packages := []string{pack(t, full, "rpm"), pack(t, compat, "rpm"), original(t, "rpm")}
	everywhere(t, func(t *testing.T, m *machine) {
		t.Helper()
		paths := m.put(t, packages...)
		ours, theirs := paths[:2], paths[2]
		rpm(t, m, "--install", theirs)
		m.requireState(t, "active", contrib)
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
	})
}

func TestCompatLeavesTheServiceAsTheOperatorHasIt(t *testing.T) {
	for format, does := range map[string]struct{ install, remove []string }{
		"deb": {[]string{"dpkg", "--force-depends", "--install"}, []string{"dpkg", "--remove"}},
		"rpm": {[]string{"rpm", "--force-debian", "--nodeps", "--oldpackage", "--upgrade"}, []string{"rpm", "--force-debian", "--erase"}},
	} {
		first := pack(t, compat, format)
		next := filepath.Join(nextCompat(t), filepath.Base(first))
		t.Run(format, func(t *testing.T) {
			everywhere(t, func(t *testing.T, m *machine) {
				t.Helper()
				install := func(paths ...string) { m.run(t, append(slices.Clone(does.install), paths...)...) }
				before := ""
				install(m.put(t, pack(t, full, format), first)...)
				requireServesAsContrib(t, m)
				if m.booted() {
					before = m.mainPID(t, contrib)
				}
				install(m.put(t, next)...)
				requireServesAsContrib(t, m)
				if m.booted() {
					require.NotEqual(t, before, m.mainPID(t, contrib), "an upgrade starts the new binary")
				}

				m.run(t, "systemctl", "disable", contrib)
				if m.booted() {
					m.run(t, "systemctl", "stop", contrib)
				}
				install(m.put(t, first)...)
				m.requireState(t, "inactive", contrib)
				require.False(t, m.enabled(contrib), "a disabled service stays so")

				m.run(t, "systemctl", "mask", contrib)
				install(m.put(t, next)...)
				m.run(t, append(slices.Clone(does.remove), compat)...)
				install(m.put(t, first)...)
				m.requireState(t, "inactive", contrib, "a masked service stays so")
				m.run(t, "systemctl", "unmask", contrib)
				require.False(t, m.enabled(contrib))
			})
		})
	}
}

// nextCompat builds the compat packages of a later release, and returns their folder. Beside them
// are packages of a stand-in for the full distribution, which is built faster.
func nextCompat(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	output(t, "cp", "/bin/true", filepath.Join(bin, full))
	for _, file := range []string{full + ".cdx.json", full + ".licenses.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(bin, file), nil, 0o600))
	}
	return makePackages(t, full, "RELEASE=2", "BIN="+bin)
}

// settings returns what a unit says of its service and installation.
func settings(unit string) string {
	_, after, _ := strings.Cut(unit, "[Service]")
	return after
}

func requireServesAsContrib(t *testing.T, m *machine) {
	t.Helper()
	require.True(t, m.enabled(contrib))
	require.Equal(t, "/usr/bin/otelcol-tracecore", m.run(t, "readlink", "-f", "/usr/bin/otelcol-contrib"))
	require.Regexp(t, `^otelcol-contrib:x:.*/nologin$`, m.run(t, "getent", "passwd", contrib))
	require.Equal(t, "750 otelcol-contrib", m.run(t, "stat", "--format", "%a %U", "/var/lib/otelcol-contrib"))
	require.Empty(t, m.run(t, "systemd-analyze", "verify", "--man=no", contrib+".service"))
	if !m.booted() {
		return
	}
	m.requireState(t, "active", contrib)
	m.waitFor(t, "localhost:13133/", "Server available")
	pid := m.mainPID(t, contrib)
	require.Equal(t, "otelcol-contrib", m.run(t, "ps", "-o", "user:32=", pid))
	require.Equal(t, "/usr/bin/otelcol-contrib --config=/etc/otelcol-contrib/config.yaml", m.run(t, "ps", "-o", "args=", pid))
	m.run(t, "systemctl", "reload", contrib)
	m.waitFor(t, "localhost:13133/", "Server available")
	require.Equal(t, pid, m.mainPID(t, contrib))
}

func requireContribIsBack(t *testing.T, m *machine) {
	t.Helper()
	m.requireState(t, "active", contrib)
	require.True(t, m.enabled(contrib))
	require.Contains(t, m.unit(t, contrib), "stand-in")
	require.Equal(t, "/usr/bin/otelcol-contrib", m.run(t, "readlink", "-f", "/usr/bin/otelcol-contrib"))
}

func requireNoContrib(t *testing.T, m *machine) {
	t.Helper()
	m.requireState(t, "inactive", contrib)
	if m.booted() {
		m.fails(t, "pgrep", "--uid", contrib)
		m.fails(t, "systemctl", "cat", contrib)
	}
	require.False(t, m.enabled(contrib))
	require.False(t, m.has("/lib/systemd/system/"+contrib+".service"))
	require.False(t, m.has("/usr/bin/"+contrib))
}
