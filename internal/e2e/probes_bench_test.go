// SPDX-License-Identifier: Apache-2.0

//go:build linux

package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const (
	probeRate    = 1000 // requests per second
	probeClients = 32   // connections they come from
	recordRate   = 200  // log records per second that go through meanwhile
)

// BenchmarkProbesWhileTrafficFlows asks for the probes at a fixed rate, whatever the answers
// take: a latency begins when the request was due. The CPU time is the Collector's, the records included, which are
// as many per request. Run it with -benchtime=10000x.
func BenchmarkProbesWhileTrafficFlows(b *testing.B) {
	health, otlp := benchAddress(b), benchAddress(b)
	process := startBench(b, fmt.Sprintf(accepting, health, otlp), health)
	done := make(chan struct{})
	var traffic sync.WaitGroup
	var records atomic.Int64
	traffic.Go(func() {
		ticker := time.NewTicker(time.Second / recordRate)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				if sendLog(otlp, "record") {
					records.Add(1)
				}
			}
		}
	})

	b.ResetTimer()
	before := cpuTime(b, process)
	latencies, failed := probe(health, b.N)
	cpu := cpuTime(b, process) - before
	b.StopTimer()
	close(done)
	traffic.Wait()

	slices.Sort(latencies)
	b.ReportMetric(float64(latencies[len(latencies)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(latencies[len(latencies)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(cpu)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(failed), "errors")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(records.Load()), "records")
}

// probe makes n requests at the rate and returns how long each took and how many failed.
func probe(health string, n int) (latencies []time.Duration, failed int64) {
	latencies = make([]time.Duration, n)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: probeClients}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	begin := time.Now()
	var next, failures atomic.Int64
	var clients sync.WaitGroup
	for range probeClients {
		clients.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				due := begin.Add(time.Duration(i) * time.Second / probeRate)
				time.Sleep(time.Until(due))
				if !answersOK(client, "http://"+health+[]string{"/healthz", "/readyz"}[i%2]) {
					failures.Add(1)
				}
				latencies[i] = time.Since(due)
			}
		})
	}
	clients.Wait()
	return latencies, failures.Load()
}

func answersOK(client *http.Client, url string) bool {
	resp, err := client.Get(url)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

func benchAddress(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // Only its address is wanted.
	return l.Addr().String()
}

// startBench runs the binary until the benchmark ends, and waits until it is ready.
func startBench(b *testing.B, config, health string) (pid int) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	c := command("--config", path)
	c.Stdout = io.Discard
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _, _ = c.Process.Kill(), c.Wait() }) // It ends by the signal.
	for deadline := time.Now().Add(patience); ; time.Sleep(interval) {
		if status, _ := get(health, "/readyz"); status == http.StatusOK {
			return c.Process.Pid
		}
		if time.Now().After(deadline) {
			b.Fatal("never ready:\n" + c.err.String())
		}
	}
}

// cpuTime reads the CPU time clock of a process, which counts nanoseconds of all its threads.
func cpuTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	const schedule = 2 // CPUCLOCK_SCHED, beside the process in a clock's id
	var t unix.Timespec
	require.NoError(b, unix.ClockGettime(int32(^pid<<3|schedule), &t))
	return time.Duration(t.Nano())
}
