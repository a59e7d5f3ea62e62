// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// running are the processes that tests have launched.
var running launched

type launched struct {
	mu   sync.Mutex
	byID map[string][]*collector // the name of a test
}

func (p *launched) add(t *testing.T, c *collector) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byID == nil {
		p.byID = map[string][]*collector{}
	}
	p.byID[t.Name()] = append(p.byID[t.Name()], c)
}

// ended returns why no wait of this test makes sense any more: one of its processes, or of the test that it is a part of, has ended
// by itself.
func (p *launched) ended(test string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, ofTest := range p.byID {
		for _, c := range ofTest {
			if (name == test || strings.HasPrefix(test, name+"/")) && c.endedByItself() {
				return fmt.Sprintf("%v has ended: %s", c.Args, c.ProcessState)
			}
		}
	}
	return ""
}

func (c *collector) endedByItself() bool {
	select {
	case <-c.exited:
		status, _ := c.ProcessState.Sys().(syscall.WaitStatus)
		killed := status.Signaled() && (status.Signal() == syscall.SIGKILL || status.Signal() == syscall.SIGTERM)
		return !killed && !c.mayEnd.Load()
	default:
		return false
	}
}

// eventually waits for a condition, but not for that of a process that has ended.
func eventually(t *testing.T, condition func() bool, format string, args ...any) {
	t.Helper()
	if failure := await(t.Name(), patience, condition); failure != "" {
		require.FailNow(t, failure, fmt.Sprintf(format, args...))
	}
}

// await returns why the condition is not met.
func await(test string, patience time.Duration, condition func() bool) string {
	for deadline := time.Now().Add(patience); ; time.Sleep(interval) {
		ended := running.ended(test) // What a process did before its end counts.
		switch {
		case condition():
			return ""
		case ended != "":
			return ended
		case time.Now().After(deadline):
			return "Condition never satisfied"
		}
	}
}

func waitStatus(t *testing.T, address, path string, want int) {
	t.Helper()
	eventually(t, func() bool { status, _ := get(address, path); return status == want }, "%s%s never answers %d", address, path, want)
}

func TestNobodyWaitsForWhatHasEnded(t *testing.T) {
	never := func() bool { return false }
	shell := func(t *testing.T, script string) *collector {
		t.Helper()
		c := &collector{Cmd: exec.Command("sh", "-c", script), exited: make(chan struct{})}
		c.launch(t)
		return c
	}
	t.Run("ended with an error", func(t *testing.T) {
		shell(t, "exit 3")
		require.Contains(t, await(t.Name(), patience, never), "exit status 3")
	})
	t.Run("ended without", func(t *testing.T) {
		shell(t, "true")
		t.Run("in a part of the test", func(t *testing.T) {
			require.Contains(t, await(t.Name(), patience, never), "exit status 0")
		})
	})
	t.Run("after what was waited for", func(t *testing.T) {
		file := t.TempDir() + "/done"
		<-shell(t, "touch "+file).exited
		require.Empty(t, await(t.Name(), patience, func() bool { _, err := os.Stat(file); return err == nil }))
	})
	t.Run("the test asked for its end", func(t *testing.T) {
		shell(t, "exit 4").exitCode(t)
		require.Contains(t, await(t.Name(), interval, never), "never")
		c := shell(t, "sleep 600")
		require.NoError(t, c.Process.Kill())
		<-c.exited
		require.Contains(t, await(t.Name(), interval, never), "never")
	})
	t.Run("a process of another test", func(t *testing.T) {
		require.Contains(t, await(t.Name(), interval, never), "never")
	})
}
