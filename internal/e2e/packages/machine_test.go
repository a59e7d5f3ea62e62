// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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

// machine is a booted Debian.
type machine struct {
	root string // its folder on this host
	init string // its PID 1, as this host numbers it
}

func boot(t *testing.T) *machine {
	t.Helper()
	t.Parallel()
	base := os.Getenv("DEBIAN_ROOT")
	if base == "" {
		t.Skip("DEBIAN_ROOT is not set: make test-packages sets it")
	}
	m := &machine{root: filepath.Join(t.TempDir(), "root")}
	output(t, "cp", "-a", base, m.root)
	script, err := filepath.Abs(repository + "/internal/tools/boot-root")
	require.NoError(t, err)
	cmd := exec.Command(script, m.root)
	var said bytes.Buffer
	cmd.Stderr = &said
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		if t.Failed() {
			journal, err := m.try("journalctl", "--no-pager", "--lines=40")
			t.Log(journal, err, said.String())
		}
		output(t, "kill", "-KILL", m.init) // and with PID 1 every process of the machine
		_ = cmd.Wait()                     // It was killed.
	})
	require.Eventually(t, func() bool {
		// The script waits for unshare, and that for PID 1.
		if m.init = child(child(strconv.Itoa(cmd.Process.Pid))); m.init == "" {
			return false
		}
		state, err := m.try("systemctl", "is-system-running")
		return err == nil && state == "running"
	}, patience, interval, "the machine does not boot")
	return m
}

// child returns the only child of a process, or nothing.
func child(pid string) string {
	children, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
	if pid == "" || err != nil {
		return ""
	}
	return strings.TrimSpace(string(children))
}

// try runs a command on the machine.
func (m *machine) try(args ...string) (string, error) {
	enter := []string{"--target", m.init, "--all", "--root", "--wd", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	out, err := exec.Command("nsenter", append(enter, args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// run runs a command on the machine, which has to succeed.
func (m *machine) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := m.try(args...)
	require.NoError(t, err, "%v:\n%s", args, out)
	return out
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

func (m *machine) mainPID(t *testing.T, unit string) string {
	t.Helper()
	return m.run(t, "systemctl", "show", "--property=MainPID", "--value", unit)
}

// active returns the state of a unit: active, inactive, failed and others.
func (m *machine) active(unit string) string {
	state, err := m.try("systemctl", "is-active", unit)
	if err != nil && state == "" {
		return err.Error()
	}
	return state
}
