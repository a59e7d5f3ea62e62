// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	node   = "otelcol-tracecore-node"
	full   = "otelcol-tracecore"
	compat = "otelcol-tracecore-contrib-compat"
)

// version is what the packages are of.
func version(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(os.Getenv("PACKAGES"), node+"_*_linux_*.deb"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	return strings.Split(filepath.Base(files[0]), "_")[1]
}

// pack returns the path of a package under test, and skips where there are none.
func pack(t *testing.T, name, format string) string {
	t.Helper()
	if os.Getenv("PACKAGES") == "" {
		t.Skip("PACKAGES is not set: make test-packages sets it")
	}
	arch := output(t, "dpkg", "--print-architecture")
	if name == compat {
		arch = "all"
	}
	return built(t, name+"_"+version(t)+"_linux_"+arch+"."+format)
}

func TestDebServesFromInstallationToPurge(t *testing.T) {
	deb := pack(t, node, "deb")
	everywhere(t, func(t *testing.T, m *machine) {
		t.Helper()
		paths := m.put(t, deb, nextRelease(t, deb))
		config, before := "/etc/"+node+"/config.yaml", ""

		m.run(t, "dpkg", "--install", paths[0])
		requireInstalled(t, m, node)
		m.run(t, "systemctl", "enable", node)
		if m.booted() {
			requireServes(t, m, node)
			requireReloads(t, m, node)
			requireReadsLogs(t, m, node)
			requireFindsGPUs(t, m, node)
			requireRunsExamples(t, m, node, "*.yaml")
			before = m.mainPID(t, node)
		}

		edited := strings.ReplaceAll(m.read(t, config), "127.0.0.1:9464", "127.0.0.1:9465")
		m.write(t, config, edited)
		m.run(t, "dpkg", "--force-confdef", "--install", paths[1])
		require.Equal(t, edited, m.read(t, config), "an upgrade keeps what was edited")
		require.True(t, m.has(config+".dpkg-dist"), "and puts the new default beside it")
		require.True(t, m.enabled(node))
		if m.booted() {
			require.NotEqual(t, before, m.mainPID(t, node), "an upgrade starts the new binary")
			m.waitFor(t, "127.0.0.1:9465/metrics", "clock_time_seconds")
		}

		m.run(t, "dpkg", "--remove", node)
		requireRemoved(t, m, node)
		require.Equal(t, edited, m.read(t, config), "a removal keeps configuration files")
		m.run(t, "dpkg", "--purge", node)
		require.False(t, m.has("/etc/"+node))
		require.False(t, m.has("/var/lib/"+node))
	})
}

func TestDebOfTheFullDistributionWorks(t *testing.T) {
	deb := pack(t, full, "deb")
	everywhere(t, func(t *testing.T, m *machine) {
		t.Helper()
		m.run(t, "dpkg", "--install", m.put(t, deb)[0])
		requireInstalled(t, m, full)
		m.run(t, "systemctl", "enable", full)
		if m.booted() {
			requireServes(t, m, full)
			requireRunsExamples(t, m, full, "full/*.yaml")
		}
		m.run(t, "dpkg", "--purge", full)
		requireRemoved(t, m, full)
	})
}

func TestDebInstallsWithoutSystemctl(t *testing.T) {
	deb := pack(t, node, "deb")
	t.Parallel()
	m := debian(t)
	m.run(t, "rm", "/usr/bin/systemctl")
	m.run(t, "dpkg", "--install", m.put(t, deb)[0])
	require.Contains(t, m.run(t, node, "--version"), version(t))
	m.run(t, "dpkg", "--purge", node)
}

// nextRelease returns the same package as a later release with another default configuration.
func nextRelease(t *testing.T, deb string) string {
	t.Helper()
	dir := t.TempDir()
	tree, target := filepath.Join(dir, "tree"), filepath.Join(dir, "next.deb")
	output(t, "dpkg-deb", "--raw-extract", deb, tree)
	output(t, "sed", "--in-place", "s/^Version: .*/&9/", tree+"/DEBIAN/control")
	output(t, "sed", "--in-place", "s/collection_interval: 15s/collection_interval: 16s/", tree+"/etc/"+node+"/config.yaml")
	output(t, "dpkg-deb", "--build", "-Zgzip", "-z1", tree, target)
	return target
}

// requireInstalled looks at what an installation made, before anybody touched it.
func requireInstalled(t *testing.T, m *machine, name string) {
	t.Helper()
	require.Regexp(t, `(?m)^`+name+` version `+version(t)+` `, m.run(t, name, "--version"))
	m.requireSilence(t, name, "validate", "--config", "/etc/"+name+"/config.yaml")
	require.Equal(t, "755 root", m.run(t, "stat", "--format", "%a %U", "/usr/bin/"+name))
	require.Equal(t, "644 root", m.run(t, "stat", "--format", "%a %U", "/etc/"+name+"/config.yaml"))
	require.Equal(t, "750 otelcol-tracecore", m.run(t, "stat", "--format", "%a %U", "/var/lib/"+name))
	require.Regexp(t, `^otelcol-tracecore:x:\d+:\d+:[^:]*:/nonexistent:/usr/sbin/nologin$`, m.run(t, "getent", "passwd", "otelcol-tracecore"))
	require.Empty(t, m.run(t, "systemd-analyze", "verify", "--man=no", name+".service"))
	score := m.run(t, "systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=25", name+".service")
	t.Log(score[strings.LastIndex(score, "\n")+1:])
	require.False(t, m.enabled(name), "nobody enabled it")
	m.requireState(t, "inactive", name, "nobody started it")
}

// requireServes starts an installed service in the way of an operator and asks it for its data.
func requireServes(t *testing.T, m *machine, name string) {
	t.Helper()
	m.run(t, "systemctl", "start", name)
	m.waitFor(t, "localhost:13134/healthz", "ok")
	m.waitFor(t, "localhost:13134/readyz", "ok")
	// The kernel's clock discipline, which the sandbox has to allow, the host, and the absent GPUs.
	for _, series := range []string{"clock_error_max_seconds", "system_memory_usage_bytes", "system_network_io_bytes_total", "dcgm_up"} {
		m.waitFor(t, "127.0.0.1:9464/metrics", series)
	}
	m.run(t, "systemctl", "status", "--no-pager", name)
	require.Equal(t, "otelcol-tracecore", m.run(t, "ps", "-o", "user:32=", m.mainPID(t, name)))
}

// requireReloads reloads a good configuration and a faulty one.
func requireReloads(t *testing.T, m *machine, name string) {
	t.Helper()
	config := "/etc/" + name + "/config.yaml"
	good, pid := m.read(t, config), m.mainPID(t, name)
	m.write(t, config, strings.ReplaceAll(good, "127.0.0.1:9464", "127.0.0.1:9465"))
	m.run(t, "systemctl", "reload", name)
	m.waitFor(t, "127.0.0.1:9465/metrics", "clock_time_seconds")
	require.Equal(t, pid, m.mainPID(t, name), "a reload keeps the process")

	m.write(t, config, "receivers: {nonsense: }\n")
	m.fails(t, "systemctl", "reload", name)
	require.Equal(t, pid, m.mainPID(t, name), "a faulty configuration is not loaded")
	m.waitFor(t, "localhost:13134/healthz", "ok")
	m.write(t, config, good)
	m.run(t, "systemctl", "reload", name)
	m.waitFor(t, "127.0.0.1:9464/metrics", "clock_time_seconds")
}

// requireReadsLogs lets the sandboxed service read the journal, and a file as Debian keeps logs.
func requireReadsLogs(t *testing.T, m *machine, name string) {
	t.Helper()
	config, state := "/etc/"+name+"/config.yaml", "/var/lib/"+name+"/logs.json"
	good := m.read(t, config)
	m.write(t, "/var/log/test.log", "a line of a file\n")
	m.run(t, "chown", "root:adm", "/var/log/test.log")
	m.run(t, "chmod", "0640", "/var/log/test.log")
	m.write(t, config, `
receivers:
  journald: {start_at: beginning}
  file_log: {include: [/var/log/test.log], start_at: beginning}
exporters: {file: {path: `+state+`, flush_interval: 100ms}}
service: {pipelines: {logs: {receivers: [journald, file_log], exporters: [file]}}}
`)
	m.run(t, "systemctl", "reload", name)
	for _, text := range []string{"a line of a file", "Startup finished in"} {
		require.Eventually(t, func() bool { return m.has(state) && strings.Contains(m.read(t, state), text) }, patience, interval, text)
	}
	m.write(t, config, good)
	m.run(t, "systemctl", "reload", name)
	m.waitFor(t, "localhost:13134/readyz", "ok")
}

// requireFindsGPUs lets the sandboxed service load a libdcgm, the simulated one.
func requireFindsGPUs(t *testing.T, m *machine, name string) {
	t.Helper()
	output(t, "cp", repository+"/bin/sim/libdcgm.so.4", m.root+"/usr/lib/")
	output(t, "cp", "-r", repository+"/internal/dcgmsim/scenarios", repository+"/internal/dcgmsim/models", m.root+"/usr/share/")
	environment := "/etc/" + name + "/" + name + ".conf"
	good := m.read(t, environment)
	m.write(t, environment, good+"DCGMSIM_SCENARIO=/usr/share/scenarios/h100x8.scenario\n")
	m.run(t, "systemctl", "restart", name)
	m.waitFor(t, "127.0.0.1:9464/metrics", "hw_power_watts")
	m.write(t, environment, good)
	m.run(t, "rm", "/usr/lib/libdcgm.so.4")
	m.run(t, "systemctl", "restart", name)
	m.waitFor(t, "localhost:13134/readyz", "ok")
}

// requireRunsExamples lets the sandboxed service run example configurations as they are.
func requireRunsExamples(t *testing.T, m *machine, name, pattern string) {
	t.Helper()
	config := "/etc/" + name + "/config.yaml"
	good, pid := m.read(t, config), m.mainPID(t, name)
	examples, err := filepath.Glob(repository + "/docs/examples/" + pattern)
	require.NoError(t, err)
	require.NotEmpty(t, examples)
	for _, example := range examples {
		content, err := os.ReadFile(example)
		require.NoError(t, err)
		m.write(t, config, string(content))
		m.run(t, "rm", "-rf", "/var/lib/"+name+"/agent", "/var/lib/"+name+"/gateway")
		m.run(t, "systemctl", "reload", name)
		side := "agent"
		if strings.HasPrefix(filepath.Base(example), "gateway-") {
			side = "gateway"
		}
		require.Eventually(t, func() bool { return m.has("/var/lib/" + name + "/" + side) }, patience, interval, example)
		m.waitFor(t, "localhost:13134/readyz", "ok")
		require.Equal(t, pid, m.mainPID(t, name), example)
	}
	m.write(t, config, good)
	m.run(t, "systemctl", "reload", name)
	m.waitFor(t, "127.0.0.1:9464/metrics", "clock_time_seconds")
}

func requireRemoved(t *testing.T, m *machine, name string) {
	t.Helper()
	m.requireState(t, "inactive", name)
	if m.booted() {
		m.fails(t, "pgrep", "--uid", "otelcol-tracecore")
		m.fails(t, "systemctl", "cat", name)
	}
	require.False(t, m.enabled(name))
	require.False(t, m.has("/lib/systemd/system/"+name+".service"))
	require.False(t, m.has("/usr/bin/"+name))
}
