// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// minimal ticks into stdout; its one argument is the health endpoint.
const minimal = `
receivers: {clock: {collection_interval: 100ms, initial_delay: 0s}}
exporters: {stdout: }
extensions: {health_slo: {http: {endpoint: %s}}}
service:
  telemetry: {metrics: {level: none}}
  extensions: [health_slo]
  pipelines: {metrics: {receivers: [clock], exporters: [stdout]}}
`

// queued ends in an exporter whose start waits for its queue's file. Its arguments are the
// health endpoint and the directory of the file.
const queued = `
receivers: {clock: {collection_interval: 1h}}
exporters: {otlp_http: {endpoint: "http://127.0.0.1:9", sending_queue: {storage: file_storage}}}
extensions:
  health_slo: {http: {endpoint: %s}, shutdown_delay: 2s}
  file_storage: {directory: %s, timeout: 60s}
service:
  telemetry: {metrics: {level: none}}
  extensions: [health_slo, file_storage]
  pipelines: {metrics: {receivers: [clock], exporters: [otlp_http]}}
`

// lockFiles takes the locks of the databases in dir, as another process that uses them does.
func lockFiles(t *testing.T, dir string) (unlock func()) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	var files []*os.File
	for _, entry := range entries {
		f, err := os.OpenFile(filepath.Join(dir, entry.Name()), os.O_RDWR, 0)
		require.NoError(t, err)
		require.NoError(t, unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB))
		files = append(files, f)
	}
	return func() {
		for _, f := range files {
			require.NoError(t, f.Close())
		}
	}
}

func TestReadinessFollowsTheLifeOfThePipelines(t *testing.T) {
	health, dir := freeAddress(t), t.TempDir()
	config := configFile(t, queued, health, dir)
	first := start(t, "--config", config) // makes the queue's file
	waitStatus(t, health, "/readyz", 200)
	first.stop(t)

	unlock := lockFiles(t, dir)
	c := start(t, "--config", config)
	waitStatus(t, health, "/readyz", 503)
	_, body := get(health, "/readyz")
	require.Contains(t, body, "starting")
	requireStatus(t, health, "/healthz", 200)

	unlock()
	waitStatus(t, health, "/readyz", 200)

	asked := time.Now()
	c.signal(t, syscall.SIGTERM)
	waitStatus(t, health, "/readyz", 503)
	requireStatus(t, health, "/healthz", 200)
	_, body = get(health, "/readyz")
	require.Contains(t, body, "draining")
	require.Zero(t, c.exitCode(t))
	require.GreaterOrEqual(t, time.Since(asked), 2*time.Second, "shutdown_delay")
}

func requireStatus(t *testing.T, address, path string, want int) {
	t.Helper()
	status, body := get(address, path)
	require.Equal(t, want, status, body)
}

// accepting takes OTLP over HTTP; its arguments are the endpoints of health and receiver.
const accepting = `
receivers: {otlp: {protocols: {http: {endpoint: %[2]s}}}}
processors: {batch: {timeout: 60s}}
exporters: {stdout: {sending_queue: }}
extensions: {health_slo: {http: {endpoint: %[1]s}}}
service:
  telemetry: {metrics: {level: none}}
  extensions: [health_slo]
  pipelines: {logs: {receivers: [otlp], processors: [batch], exporters: [stdout]}}
`

// sendLog posts one log record with this body and reports whether it was accepted.
func sendLog(address, body string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	payload := fmt.Sprintf(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":%q}}]}]}]}`, body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/v1/logs", strings.NewReader(payload))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close() // The status is all that counts.
	return resp.StatusCode == http.StatusOK
}

func TestSIGTERMLosesNoAcceptedBatch(t *testing.T) {
	health, otlp := freeAddress(t), freeAddress(t)
	c := start(t, "--config", configFile(t, accepting, health, otlp))
	waitStatus(t, health, "/readyz", 200)

	var accepted atomic.Int64
	refused := make(chan struct{})
	go func() {
		defer close(refused)
		for i := range 100_000 {
			if !sendLog(otlp, fmt.Sprintf("record %d.", i)) {
				return
			}
			accepted.Add(1)
		}
	}()
	eventually(t, func() bool { return accepted.Load() >= 100 }, "nothing is accepted")
	asked := time.Now()
	c.stop(t)
	require.Less(t, time.Since(asked), 10*time.Second, "time to stop")
	<-refused

	out := c.out.String()
	for i := range accepted.Load() {
		require.Contains(t, out, fmt.Sprintf(`"record %d."`, i))
	}
}

func TestSIGHUPReloads(t *testing.T) {
	before, after := freeAddress(t), freeAddress(t)
	config := configFile(t, minimal, before)
	c := start(t, "--config", config)
	waitStatus(t, before, "/readyz", 200)

	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, minimal, after), 0o600))
	c.signal(t, syscall.SIGHUP)
	waitStatus(t, after, "/readyz", 200)
	status, _ := get(before, "/readyz")
	require.Zero(t, status, "the old endpoint is closed")
	ticks := len(c.out.lines())
	eventually(t, func() bool { return len(c.out.lines()) > ticks }, "no tick after the reload")

	require.NoError(t, os.WriteFile(config, []byte("{{{"), 0o600))
	c.signal(t, syscall.SIGHUP)
	require.Equal(t, 1, c.exitCode(t), "a broken configuration ends the process")
	require.Contains(t, c.err.String(), `"--config `+config+`": must be YAML`)
}

func TestBrokenPipe(t *testing.T) {
	for _, tt := range []struct {
		name, onBrokenPipe string
		stops              bool
	}{
		{"error keeps the Collector alive and not ready", "error", false},
		{"stop ends it", "stop", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			health := freeAddress(t)
			c := command("--config", configFile(t, minimal, health), "--set=exporters.stdout.on_broken_pipe="+tt.onBrokenPipe)
			reader, writer, err := os.Pipe()
			require.NoError(t, err)
			c.Stdout = writer
			c.launch(t)
			require.NoError(t, writer.Close())
			waitStatus(t, health, "/readyz", 200)
			require.NoError(t, reader.Close())

			if tt.stops {
				require.Zero(t, c.exitCode(t), "upstream ends with 0 after a fatal status")
				require.Contains(t, c.err.String(), "broken pipe")
				return
			}
			waitStatus(t, health, "/readyz", 503)
			_, body := get(health, "/readyz")
			require.Contains(t, body, "stdout")
			requireStatus(t, health, "/healthz", 200)
			c.stop(t)
		})
	}
}

func TestStuckReaderDoesNotKeepTheCollectorFromStopping(t *testing.T) {
	health := freeAddress(t)
	c := command("--config", configFile(t, minimal, health))
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer reader.Close() //nolint:errcheck // It only has to stay open and unread until here.
	_, err = unix.FcntlInt(writer.Fd(), unix.F_SETPIPE_SZ, os.Getpagesize())
	require.NoError(t, err)
	c.Stdout = writer
	c.launch(t)
	require.NoError(t, writer.Close())
	waitStatus(t, health, "/readyz", 200)
	waitFull(t, reader)
	c.stop(t)
}

// waitFull waits until no tick has gone into the pipe for the time of five.
func waitFull(t *testing.T, reader *os.File) {
	t.Helper()
	last, unchanged := 0, 0
	eventually(t, func() bool {
		pending, err := unix.IoctlGetInt(int(reader.Fd()), unix.TIOCINQ)
		if err != nil || pending == 0 || pending != last {
			last, unchanged = pending, 0
			return false
		}
		unchanged++
		return unchanged >= int(500*time.Millisecond/interval)
	}, "the pipe never fills")
}
