// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// rpm changes what rpm has installed on a Debian, where it finds none of the dependencies.
func rpm(t *testing.T, m *machine, args ...string) {
	t.Helper()
	m.run(t, append([]string{"rpm", "--force-debian", "--nodeps"}, args...)...)
}

func TestRPMServesFromInstallationToErasure(t *testing.T) {
	file := pack(t, node, "rpm")
	next := filepath.Join(makePackages(t, node, "RELEASE=2"), filepath.Base(file))
	everywhere(t, func(t *testing.T, m *machine) {
		t.Helper()
		config, before := "/etc/"+node+"/config.yaml", ""
		rpm(t, m, "--install", m.put(t, file)[0])
		requireInstalled(t, m, node)
		m.run(t, "systemctl", "enable", node)
		if m.booted() {
			requireServes(t, m, node)
			before = m.mainPID(t, node)
		}

		own := m.read(t, config) + "# edited\n"
		m.write(t, config, own)
		rpm(t, m, "--upgrade", m.put(t, next)[0])
		require.Equal(t, node+"-"+version(t)+"-2", m.run(t, "rpm", "--query", "--queryformat", "%{name}-%{version}-%{release}", node))
		require.Equal(t, own, m.read(t, config), "an upgrade keeps what was edited")
		require.True(t, m.enabled(node))
		m.requireState(t, "active", node)
		if m.booted() {
			require.NotEqual(t, before, m.mainPID(t, node), "an upgrade starts the new binary")
			m.waitFor(t, "localhost:13134/readyz", "ok")
		}

		rpm(t, m, "--erase", node)
		requireRemoved(t, m, node)
		require.Equal(t, own, m.read(t, config+".rpmsave"))
	})
}

func TestRPMScriptsAndRelations(t *testing.T) {
	for _, name := range []string{node, full, compat} {
		file := pack(t, name, "rpm")
		output(t, "rpm", "--checksig", "--nosignature", file)
		scripts := output(t, "rpm", "--query", "--package", "--scripts", file)
		require.NotContains(t, scripts, "@", "a name was not filled in")
		for _, part := range []string{"postinstall", "preuninstall", "postuninstall"} {
			require.Contains(t, scripts, part+" scriptlet (using /bin/sh)")
		}
	}
	file := pack(t, compat, "rpm")
	for relation, want := range map[string]string{
		"--conflicts": "otelcol-contrib",
		"--obsoletes": "otelcol-contrib",
		"--provides":  "otelcol-contrib = " + version(t),
		"--requires":  "otelcol-tracecore = " + version(t) + "-1",
	} {
		require.Contains(t, output(t, "rpm", "--query", "--package", relation, file), want)
	}
}

// makePackages builds the packages of a flavour once more, with these variables, and returns their
// folder.
func makePackages(t *testing.T, name string, environ ...string) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("internal/tools/make-packages", name)
	cmd.Dir = repository
	cmd.Env = append(append(os.Environ(), "VERSION="+version(t), "DIST="+dir), environ...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return dir
}
