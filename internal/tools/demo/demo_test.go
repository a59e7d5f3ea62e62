// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const patience = 60 * time.Second

func TestMissingToolsAreNamedWithTheWayToGetThem(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := findTools(t.TempDir(), func(string) string { return "" }, "agent", "libdcgm", "Prometheus", "Alertmanager")
	for _, want := range []string{
		"find agent: it is not installed. Get it: make build-node. BINARY names another place",
		"find libdcgm: it is not installed. Get it: make sim",
		"find Prometheus: it is not installed. Get it: apt-get install prometheus, or https://prometheus.io/download. PROMETHEUS names",
		"find Alertmanager: it is not installed. Get it: apt-get install prometheus-alertmanager",
	} {
		require.ErrorContains(t, err, want)
	}
}

func TestToolsAreFoundUnderTheirNames(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	program := filepath.Join(dir, "alertmanager")
	require.NoError(t, os.WriteFile(program, nil, 0o700)) //nolint:gosec // A program.
	for _, named := range []string{"", program} {
		found, err := findTools(t.TempDir(), func(string) string { return named }, "Alertmanager")
		require.NoError(t, err)
		require.Equal(t, program, found["Alertmanager"])
	}
}

func TestArgumentsOutsideTheirRuleAreRefused(t *testing.T) {
	for args, want := range map[string]string{
		"-speed 0":    "-speed 0: above 0, and at most 1000",
		"-speed NaN":  "-speed NaN",
		"-port 80":    "-port 80: 0, or from 1024 to 65527",
		"-port 65530": "-port 65530",
		"tour":        `"tour" is none`,
	} {
		_, err := parse(strings.Fields(args), io.Discard)
		require.ErrorContains(t, err, want)
	}
}

func TestPortsInARowAreFreeOrTheErrorNamesOne(t *testing.T) {
	found, err := freeAddresses(0)
	require.NoError(t, err)
	require.Len(t, found, portsNeeded)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close() //nolint:errcheck // The test is over.
	_, port, err := net.SplitHostPort(taken.Addr().String())
	require.NoError(t, err)
	first, err := strconv.Atoi(port)
	require.NoError(t, err)
	_, err = freeAddresses(first)
	require.ErrorContains(t, err, "find ports: listen tcp 127.0.0.1:"+port)
}

func TestEveryStepSaysWhatItIsAboutAndWhereToLook(t *testing.T) {
	var all time.Duration
	for _, s := range tour {
		require.NotEmpty(t, s.title)
		require.NotEmpty(t, s.sees, s.title)
		require.NotEmpty(t, s.look, s.title)
		require.Positive(t, s.linger, s.title)
		all += s.linger
	}
	require.InDelta(t, 5*time.Minute, all, float64(time.Minute), "a five-minute tour")
}

// running is a demo that has started.
type running struct {
	*exec.Cmd

	PIDs      []int
	Directory string
	output    *strings.Builder
}

func begin(t *testing.T) *running {
	t.Helper()
	binary := os.Getenv("DEMO_BINARY")
	if binary == "" {
		t.Skip("DEMO_BINARY is not set: make test-dashboards does it")
	}
	addresses := filepath.Join(t.TempDir(), "addresses.json")
	r := &running{Cmd: exec.Command(binary, "-root", "../../..", "-addresses", addresses), output: &strings.Builder{}}
	r.Stdout, r.Stderr = r.output, r.output
	require.NoError(t, r.Start())
	t.Cleanup(func() { _ = r.Process.Kill() }) // It has ended where the test has passed.
	require.Eventually(t, func() bool {
		content, err := os.ReadFile(addresses)
		return err == nil && json.Unmarshal(content, r) == nil && len(r.PIDs) == 4
	}, patience, 100*time.Millisecond)
	return r
}

// requireNothingLeft waits until none of the processes is alive.
func (r *running) requireNothingLeft(t *testing.T) {
	t.Helper()
	for _, pid := range r.PIDs {
		require.Eventually(t, func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }, patience, 50*time.Millisecond)
	}
}

func TestNothingIsLeftAfterCtrlC(t *testing.T) {
	r := begin(t)
	require.NoError(t, r.Process.Signal(syscall.SIGINT))
	require.NoError(t, r.Wait(), "Ctrl-C is how a demo ends")
	r.requireNothingLeft(t)
	require.NoDirExists(t, r.Directory)
	require.Contains(t, r.output.String(), "stopping")
}

func TestNoProcessIsLeftAfterAKill(t *testing.T) {
	r := begin(t)
	require.NoError(t, r.Process.Kill())
	require.Error(t, r.Wait())
	r.requireNothingLeft(t)
	require.NoError(t, os.RemoveAll(r.Directory))
}

func TestAProcessThatEndsEndsTheDemoWithItsLog(t *testing.T) {
	r := begin(t)
	require.NoError(t, syscall.Kill(r.PIDs[0], syscall.SIGTERM))
	require.Error(t, r.Wait())
	require.Contains(t, r.output.String(), "demo: run gpu-node-1: it ended (exit status 0):")
	require.Contains(t, r.output.String(), "Shutdown complete.")
	r.requireNothingLeft(t)
	require.NoDirExists(t, r.Directory)
}
