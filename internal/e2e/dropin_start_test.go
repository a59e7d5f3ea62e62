// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// waiting are the configurations with a component that waits for its backend when it starts,
// if not always.
var waiting = []string{"aws-kinesis.yaml", "azure.yaml", "cloud-foundry.yaml", "deprecated-aliases.yaml", "google-cloud.yaml", "message-queues.yaml", "sumologic.yaml"}

// A binary that compiles, and that knows a component, may still panic when the component
// starts. What fails here, for want of a backend, fails in a stock Collector in the same words.
func TestDropInCorpusStartsAsInStock(t *testing.T) {
	theirs := stock(t)
	for _, path := range corpus(t, corpusConfigs) {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := startAlone(t, binary, path)
			if own.ready && own.code <= 0 {
				return
			}
			their := startAlone(t, theirs, path)
			if own.waits() || their.waits() {
				require.Contains(t, waiting, name)
				return
			}
			require.Equal(t, their, own)
		})
	}
}

// beginning is how a Collector starts.
type beginning struct {
	ready bool
	code  int // once it has ended, else -1
	words []string
}

func (b beginning) waits() bool { return !b.ready && b.code < 0 }

// startAlone runs a Collector in a network of its own, which has nothing but a loopback
// interface, until it is ready and has had the time to scrape, or until it is clear that it
// never is.
func startAlone(t *testing.T, path, config string) beginning {
	t.Helper()
	c := commandOf(path, "--config", config)
	c.Env = append(os.Environ(), corpusEnv(t)...)
	launched := make(chan error)
	go func() {
		runtime.LockOSThread() // The thread, and what it starts, stay in the other network.
		err := loopbackAlone()
		if err == nil {
			err = c.Start()
		}
		launched <- err
		_ = c.Wait() // The exit code is read from ProcessState.
		close(c.exited)
	}()
	if err := <-launched; err != nil {
		t.Skipf("needs the right to make a network namespace: %v", err)
	}
	defer func() {
		_ = c.Process.Kill() // It may have exited.
		<-c.exited
	}()

	b := beginning{code: -1}
	deadline := time.Now().Add(30 * time.Second)
	for !b.ready && b.code < 0 && time.Now().Before(deadline) {
		select {
		case <-c.exited:
			b.code = c.ProcessState.ExitCode()
		case <-time.After(interval):
			b.ready = c.runs() > 0
		}
	}
	if b.ready {
		time.Sleep(1500 * time.Millisecond) // Receivers scrape for the first time after 1 s.
		require.NoError(t, c.Process.Signal(syscall.SIGTERM))
		select {
		case <-c.exited:
			b.code = c.ProcessState.ExitCode()
		case <-time.After(10 * time.Second): // Upstream waits for some backends without an end.
		}
	}
	require.NotRegexp(t, `(?m)^(panic|fatal error|goroutine \d+)`, c.err.String())
	b.words = words(regexp.MustCompile(`(?ms)^Error: .*`).FindString(c.err.String()))
	return b
}

// loopbackAlone moves the thread into a new network whose loopback interface is up.
func loopbackAlone() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd) //nolint:errcheck // Nothing was written.
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}
