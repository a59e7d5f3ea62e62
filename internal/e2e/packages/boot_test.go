// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// boot returns a Debian that runs until the end of the test, which is skipped on hosts where
// none can.
func boot(t *testing.T) *machine {
	t.Helper()
	base(t)
	if reason := unbootable(); reason != nil {
		skipped.add(t.Name())
		t.Skipf("no Debian can be booted here: %v", reason)
	}
	m := debian(t)
	stop, err := m.start()
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			journal, err := m.try("journalctl", "--no-pager", "--lines=40")
			t.Log(journal, err)
		}
		stop()
	})
	return m
}

// unbootable boots a Debian, once, and starts a service with a sandbox there. It says what is
// in the way: hosts may forbid namespaces, mounts, devices or control groups.
var unbootable = sync.OnceValue(func() error {
	dir, err := os.MkdirTemp("", "probe")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // test-packages removes what is left.
	m := &machine{root: filepath.Join(dir, "root")}
	if out, err := exec.Command("cp", "-a", os.Getenv("DEBIAN_ROOT"), m.root).CombinedOutput(); err != nil {
		return fmt.Errorf("copy Debian: %w: %s", err, out)
	}
	stop, err := m.start()
	if err != nil {
		return err
	}
	defer stop()
	if out, err := m.try("systemd-run", "--wait", "--quiet", "--property=PrivateDevices=yes", "--property=ProtectSystem=strict", "true"); err != nil {
		return fmt.Errorf("start a service with a sandbox: %w: %s", err, out)
	}
	return nil
})

// start boots a machine. Stop ends all of its processes.
func (m *machine) start() (stop func(), err error) {
	script, err := filepath.Abs(repository + "/internal/tools/boot-root")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(script, m.root)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var failure error
	ended := make(chan struct{})
	go func() {
		failure = cmd.Wait()
		close(ended)
	}()
	stop = func() {
		// The script waits for unshare, whose end is that of every process of the machine, and
		// then removes their control groups.
		_ = exec.Command("kill", "-KILL", child(strconv.Itoa(cmd.Process.Pid))).Run() // It may have ended.
		<-ended
		m.init = ""
	}
	state := "unknown"
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); time.Sleep(interval) {
		select {
		case <-ended:
			m.init = ""
			return nil, fmt.Errorf("boot-root ended with %v: %s", failure, strings.TrimSpace(said.String())) //nolint:errorlint // It may be nil.
		default:
		}
		if m.init = child(child(strconv.Itoa(cmd.Process.Pid))); !m.booted() {
			continue
		}
		if state, err = m.try("systemctl", "is-system-running"); err == nil && state == "running" {
			return stop, nil
		}
	}
	stop()
	return nil, fmt.Errorf("systemd is not running but %q: %s", state, strings.TrimSpace(said.String()))
}

// child returns the only child of a process, or nothing.
func child(pid string) string {
	children, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
	if pid == "" || err != nil {
		return ""
	}
	return strings.TrimSpace(string(children))
}

// names is a list that tests which run at once add to.
type names struct {
	sync.Mutex
	list []string
}

func (n *names) add(name string) {
	n.Lock()
	defer n.Unlock()
	n.list = append(n.list, name)
}

// skipped are the tests that need a running systemd, where there can be none.
var skipped names

// What was not tested must not be overlooked among what was.
func TestMain(m *testing.M) {
	code := m.Run()
	if len(skipped.list) > 0 {
		fmt.Printf("SKIPPED, for no Debian can be booted here (%v):\n  %s\n", unbootable(), strings.Join(skipped.list, "\n  "))
	}
	os.Exit(code)
}
