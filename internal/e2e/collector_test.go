// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	root = "../.." // of the repository

	// patience bounds every wait on a process; machines that run tests are busy.
	patience = 5 * time.Minute
	interval = 20 * time.Millisecond
)

// binary is the absolute path of the binary under test.
var binary string

func TestMain(m *testing.M) {
	if err := findBinary(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func findBinary() (err error) {
	if binary = os.Getenv("BINARY"); binary != "" {
		return nil
	}
	build := exec.Command("make", "-C", root, "build-node")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("make build-node: %w", err)
	}
	binary, err = filepath.Abs(root + "/bin/otelcol-tracecore-node")
	return err
}

// syncBuffer is a buffer that a process writes and a test reads.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// lines returns the complete lines written so far.
func (b *syncBuffer) lines() []string {
	parts := strings.SplitAfter(b.String(), "\n")
	return parts[:len(parts)-1]
}

// collector is a running process of the binary under test.
type collector struct {
	*exec.Cmd
	out, err syncBuffer
	exited   chan struct{} // closed once the process has been reaped
	mayEnd   atomic.Bool   // the test has asked for it
}

// start runs the binary with these arguments. The process is killed when the test ends.
func start(t *testing.T, args ...string) *collector {
	t.Helper()
	return startOf(t, binary, nil, args...)
}

// startOf runs any Collector as [start] runs the binary under test, with variables added to
// its environment.
func startOf(t *testing.T, path string, env []string, args ...string) *collector {
	t.Helper()
	c := commandOf(path, args...)
	c.Env = slices.Concat(os.Environ(), []string{"STATE_DIRECTORY=" + t.TempDir()}, env)
	c.Stdout = &c.out
	c.launch(t)
	return c
}

func command(args ...string) *collector { return commandOf(binary, args...) }

func commandOf(path string, args ...string) *collector {
	c := &collector{Cmd: exec.Command(path, args...), exited: make(chan struct{})}
	c.Stderr = &c.err
	return c
}

func (c *collector) launch(t *testing.T) {
	t.Helper()
	require.NoError(t, c.Start())
	running.add(t, c)
	go func() {
		defer close(c.exited)
		_ = c.Wait() // The exit code is read from ProcessState.
	}()
	t.Cleanup(func() {
		_ = c.Process.Kill() // It may have exited.
		<-c.exited
		if t.Failed() {
			t.Logf("stderr of %v:\n%s", c.Args, c.err.String())
		}
	})
}

// exitCode waits for the process to end.
func (c *collector) exitCode(t *testing.T) int {
	t.Helper()
	c.mayEnd.Store(true)
	select {
	case <-c.exited:
		return c.ProcessState.ExitCode()
	case <-time.After(patience):
		require.FailNow(t, "the process does not end")
		return -1
	}
}

// stop sends SIGTERM and requires a clean exit.
func (c *collector) stop(t *testing.T) {
	t.Helper()
	c.signal(t, syscall.SIGTERM)
	require.Zero(t, c.exitCode(t), "exit code after SIGTERM")
}

// signal sends a signal to a Collector that runs. Upstream listens for signals a moment
// after it says that it is ready; before that, they end the process.
func (c *collector) signal(t *testing.T, sig os.Signal) {
	t.Helper()
	if strings.HasPrefix(filepath.Base(c.Path), "otelcol-") { // and not Prometheus
		eventually(t, func() bool { return c.runs() > 0 }, "the Collector never runs")
		time.Sleep(5 * interval)
	}
	if sig != syscall.SIGHUP {
		c.mayEnd.Store(true)
	}
	require.NoError(t, c.Process.Signal(sig))
}

// runs counts the services that have run so far: one, and one more for each reload.
func (c *collector) runs() int { return strings.Count(c.err.String(), "Everything is ready.") }

// configFile writes a configuration and returns its path.
func configFile(t *testing.T, format string, args ...any) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, format, args...), 0o600))
	return path
}

// freeAddress returns a loopback address nobody listens on. Its port lies below those that the kernel
// gives to outgoing connections, one of which could else take it before the Collector does.
func freeAddress(t *testing.T) string {
	t.Helper()
	var address string
	eventually(t, func() bool {
		address = fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000))
		l, err := net.Listen("tcp", address)
		return err == nil && l.Close() == nil
	}, "no port is free")
	return address
}

// listen occupies a loopback port until the test ends.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() }) // Closing twice is an error of no interest.
	return l
}

func port(address string) string {
	_, p, _ := net.SplitHostPort(address)
	return p
}

// get returns status and body of a GET; status 0 if nobody answers.
func get(address, path string) (status int, body string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, http.NoBody)
	if err != nil {
		return 0, err.Error()
	}
	// A kept connection would keep the Collector from closing its listeners at once.
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	content, readErr := io.ReadAll(resp.Body)
	return resp.StatusCode, string(content) + errorText(errors.Join(readErr, resp.Body.Close()))
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
