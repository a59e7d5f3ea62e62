// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const (
	// stops of the pipelines in one test: reloads of several processes and, at last, their ends.
	stops     = 50
	processes = 5

	// stopBudget is what a stop may take: a push that has begun, its grace, and a busy machine.
	stopBudget = 20 * time.Second
)

// slowBackend takes OTLP over HTTP in its time, and counts by path.
type slowBackend struct {
	*httptest.Server
	begun, lost map[string]*atomic.Int64
}

func startSlowBackend(t *testing.T, takes time.Duration, paths ...string) *slowBackend {
	t.Helper()
	b := &slowBackend{begun: map[string]*atomic.Int64{}, lost: map[string]*atomic.Int64{}}
	for _, path := range paths {
		b.begun[path], b.lost[path] = &atomic.Int64{}, &atomic.Int64{}
	}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.Trim(r.URL.Path, "/")
		b.begun[path].Add(1)
		_, err := io.Copy(io.Discard, r.Body)
		select {
		case <-time.After(takes):
		case <-r.Context().Done(): // The sender has disconnected.
			err = r.Context().Err()
		}
		if err != nil {
			b.lost[path].Add(1)
		}
		w.WriteHeader(http.StatusOK)
	}))
	t.Cleanup(b.Close)
	return b
}

// Whoever hands a batch to an exporter without a queue waits for the backend with it. The receivers of
// upstream do, and so do ours.
func TestStopLosesNoBatchThatASlowBackendIsGetting(t *testing.T) {
	t.Parallel()
	receivers := []string{"clock", "dcgm", "host_metrics"}
	backend := startSlowBackend(t, 150*time.Millisecond, receivers...)
	config := configFile(t, `
receivers:
  clock: {collection_interval: 10ms, initial_delay: 0s}
  dcgm: {collection_interval: 100ms, initial_delay: 0s}
  host_metrics: {collection_interval: 10ms, initial_delay: 0s, scrapers: {load: }}
exporters:
  otlp_http/clock: &backend {metrics_endpoint: %[1]s/clock, compression: none, sending_queue: {enabled: false}, retry_on_failure: {enabled: false}}
  otlp_http/dcgm: {<<: *backend, metrics_endpoint: %[1]s/dcgm}
  otlp_http/host_metrics: {<<: *backend, metrics_endpoint: %[1]s/host_metrics}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    metrics/clock: {receivers: [clock], exporters: [otlp_http/clock]}
    metrics/dcgm: {receivers: [dcgm], exporters: [otlp_http/dcgm]}
    metrics/host_metrics: {receivers: [host_metrics], exporters: [otlp_http/host_metrics]}
`, backend.URL)
	stopAgainAndAgain(t, config, nil, func(t *testing.T, c *collector) {
		t.Helper()
		require.NotContains(t, c.err.String(), "Exporting failed")
		require.NotContains(t, c.err.String(), "cancelled a push")
	})
	for _, name := range receivers {
		require.GreaterOrEqual(t, backend.begun[name].Load(), int64(stops), name)
		require.Zero(t, backend.lost[name].Load(), "batches of %s that the backend was getting", name)
	}
}

func TestStopTearsNoLineThatASlowReaderIsGetting(t *testing.T) {
	t.Parallel()
	config := configFile(t, `
receivers:
  clock: {collection_interval: 10ms, initial_delay: 0s}
  dcgm: {collection_interval: 100ms, initial_delay: 0s}
exporters: {stdout: }
service:
  telemetry: {metrics: {level: none}}
  pipelines: {metrics: {receivers: [clock, dcgm], exporters: [stdout]}}
`)
	stopAgainAndAgain(t, config, readSlowly, func(t *testing.T, c *collector) {
		t.Helper()
		out := c.out.String()
		require.True(t, strings.HasSuffix(out, "\n"), "the last line is torn")
		for i, line := range c.out.lines() {
			require.True(t, json.Valid([]byte(line)), "line %d is torn", i)
		}
		require.Contains(t, out, "dcgm.up")
		require.NotContains(t, c.err.String(), "Exporting failed")
	})
}

// readSlowly gives the process a pipe of one page, which is read 16 KiB at a time with pauses.
func readSlowly(t *testing.T, c *collector) (drained <-chan struct{}) {
	t.Helper()
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	_, err = unix.FcntlInt(writer.Fd(), unix.F_SETPIPE_SZ, os.Getpagesize())
	require.NoError(t, err)
	c.Stdout = writer
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer reader.Close() //nolint:errcheck // Nothing is written to it.
		for {
			if _, err := io.CopyN(&c.out, reader, 16<<10); err != nil {
				return // io.EOF: the process has ended.
			}
			time.Sleep(time.Millisecond)
		}
	}()
	t.Cleanup(func() { _ = writer.Close() }) // launch has closed it unless the process did not start.
	return done
}

// stopAgainAndAgain stops the pipelines of a configuration by SIGHUP and at last by SIGTERM, each time at another moment.
func stopAgainAndAgain(t *testing.T, config string, stdout func(*testing.T, *collector) <-chan struct{}, check func(*testing.T, *collector)) {
	t.Helper()
	t.Run("group", func(t *testing.T) {
		for p := range processes {
			t.Run(fmt.Sprintf("process %d", p), func(t *testing.T) {
				t.Parallel()
				c := command("--config", config)
				c.Env = append(os.Environ(), simulation(t, "h100x8", controlFile(t))...)
				var drained <-chan struct{}
				if stdout != nil {
					drained = stdout(t, c)
				}
				c.launch(t)
				if file, isFile := c.Stdout.(*os.File); isFile {
					require.NoError(t, file.Close())
				}
				perProcess := stops / processes
				for i := range perProcess {
					eventually(t, func() bool { return c.runs() > i }, "no run %d", i)
					time.Sleep(300*time.Millisecond + time.Duration(i*processes+p)*7*time.Millisecond) // somewhere in a push
					if i == perProcess-1 {
						break
					}
					c.signal(t, syscall.SIGHUP)
				}
				asked := time.Now()
				c.stop(t)
				require.Less(t, time.Since(asked), stopBudget)
				if drained != nil {
					<-drained
				}
				check(t, c)
			})
		}
	})
}
