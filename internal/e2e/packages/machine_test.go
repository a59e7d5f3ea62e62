// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	repository = "../../.."
	patience   = 30 * time.Second
	interval   = 100 * time.Millisecond
)

var update = flag.Bool("update", false, "write the golden files")

// built returns the path of a package in the folder of the packages under test.
func built(t *testing.T, file string) string {
	t.Helper()
	folder := os.Getenv("PACKAGES")
	if folder == "" {
		t.Skip("PACKAGES is not set: make test-packages sets it")
	}
	path := filepath.Join(folder, file)
	require.FileExists(t, path)
	return path
}

// output runs a command, which has to succeed.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %v:\n%s", name, args, out)
	return strings.TrimSpace(string(out))
}

// machine is a Debian in a folder of this host. It is booted if it has an init.
type machine struct {
	root string
	init string // its PID 1, as this host numbers it
}

func (m *machine) booted() bool { return m.init != "" }

// debian returns a Debian that is not booted, as where packages are installed into an image.
func debian(t *testing.T) *machine {
	t.Helper()
	m := &machine{root: filepath.Join(t.TempDir(), "root")}
	output(t, "cp", "-a", base(t), m.root)
	return m
}

// base returns the folder that every Debian is a copy of.
func base(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("DEBIAN_ROOT")
	if folder == "" {
		t.Skip("DEBIAN_ROOT is not set: make test-packages sets it")
	}
	return folder
}

// everywhere runs a test on a Debian that is booted and on one that is not.
func everywhere(t *testing.T, test func(t *testing.T, m *machine)) {
	t.Helper()
	base(t)
	t.Parallel()
	t.Run("booted", func(t *testing.T) {
		t.Parallel()
		test(t, boot(t))
	})
	t.Run("not booted", func(t *testing.T) {
		t.Parallel()
		test(t, debian(t))
	})
}

// try runs a command on the machine.
func (m *machine) try(args ...string) (string, error) {
	enter := []string{"chroot", m.root}
	if m.booted() {
		enter = []string{"nsenter", "--target", m.init, "--all", "--root", "--wd"}
	}
	enter = append(enter, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
	out, err := exec.Command(enter[0], append(enter[1:], args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// run runs a command on the machine, which has to succeed.
func (m *machine) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := m.try(args...)
	require.NoError(t, err, "%v:\n%s", args, out)
	return out
}

// requireSilence runs a command that has nothing to say. There is no /proc before a boot, and a
// dependency of the full distribution complains about that when it starts.
func (m *machine) requireSilence(t *testing.T, args ...string) {
	t.Helper()
	out := m.run(t, args...)
	if m.booted() {
		require.Empty(t, out)
	}
}

// fails runs a command on the machine, which has to fail.
func (m *machine) fails(t *testing.T, args ...string) string {
	t.Helper()
	out, err := m.try(args...)
	require.Error(t, err, "%v:\n%s", args, out)
	return out
}

// put copies files to the machine's /root and returns their paths there.
func (m *machine) put(t *testing.T, paths ...string) (there []string) {
	t.Helper()
	for _, path := range paths {
		output(t, "cp", path, filepath.Join(m.root, "root"))
		there = append(there, filepath.Join("/root", filepath.Base(path)))
	}
	return there
}

func (m *machine) write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(m.root, path), []byte(content), 0o644)) //nolint:gosec // Services read it.
}

func (m *machine) read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(m.root, path))
	require.NoError(t, err)
	return string(content)
}

func (m *machine) has(path string) bool {
	_, err := os.Lstat(filepath.Join(m.root, path))
	return err == nil
}

// get asks an address of the machine's loopback network.
func (m *machine) get(url string) string {
	out, err := exec.Command("nsenter", "--target", m.init, "--net", "curl", "--silent", "--fail", "--max-time", "5", url).Output()
	if err != nil {
		return ""
	}
	return string(out)
}

// waitFor waits until the page at the address has the text.
func (m *machine) waitFor(t *testing.T, url, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(m.get(url), text) }, patience, interval, "%s never says %q", url, text)
}

// mainPID returns the process of a unit on a booted machine.
func (m *machine) mainPID(t *testing.T, unit string) string {
	t.Helper()
	return m.run(t, "systemctl", "show", "--property=MainPID", "--value", unit)
}

// requireState compares the state of a unit, such as active, inactive and failed, where it can
// have one.
func (m *machine) requireState(t *testing.T, want, unit string, why ...any) {
	t.Helper()
	if !m.booted() {
		return
	}
	state, err := m.try("systemctl", "is-active", unit)
	if state == "" {
		require.NoError(t, err)
	}
	require.Equal(t, want, state, why...)
}

// enabled says whether a unit is to be started at boot.
func (m *machine) enabled(unit string) bool {
	return m.has("/etc/systemd/system/multi-user.target.wants/" + unit + ".service")
}

// unit returns what is in the file of a unit, wherever the package has it.
func (m *machine) unit(t *testing.T, name string) string {
	t.Helper()
	return m.read(t, "/lib/systemd/system/"+name+".service")
}
