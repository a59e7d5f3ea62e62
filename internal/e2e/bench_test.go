// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// All processes run at the same time, so that a load of the machine is a load for each of them. The
// median part leaves out what happens once.
const (
	warmUp = 15 * time.Second
	part   = 15 * time.Second
	parts  = 5
)

// peer is the process that others are compared with: nothing but go-dcgm's call.
const peer = "go-dcgm alone, the exporter's fields, 1s"

// nopPipeline takes a receiver and its settings.
const nopPipeline = `
receivers: {%[1]s: %[2]s}
exporters: {nop: }
service: {telemetry: {metrics: {level: none}}, pipelines: {metrics: {receivers: [%[1]s], exporters: [nop]}}}
`

// overAgent makes agent.yaml collect at 1 s, on ports of its own.
const overAgent = `
receivers: {dcgm: %s}
exporters: {prometheus: {endpoint: %s}}
extensions: {health_slo: {http: {endpoint: '127.0.0.1:0'}}}
service: {telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 0}}}}]}}}
`

// BenchmarkNode measures what processes cost on a node of eight GPUs: their CPU time per second, and
// their memory, of which what is no part of the binary is anonymous.
func BenchmarkNode(b *testing.B) {
	fields := "{collection_interval: 1s, metrics: " + exporterMetrics(b) + "}"
	page := benchAddress(b)
	processes := []*measured{
		{name: peer, cmd: bareCall(b)},
		{name: "idle", cmd: agent(b, fmt.Sprintf(nopPipeline, "nop", ""))},
		{name: "default metrics, 15s", cmd: agent(b, fmt.Sprintf(nopPipeline, "dcgm", "{collection_interval: 15s}"))},
		{name: "default metrics, 1s", cmd: agent(b, fmt.Sprintf(nopPipeline, "dcgm", "{collection_interval: 1s}"))},
		{name: "the exporter's fields, 1s", cmd: agent(b, fmt.Sprintf(nopPipeline, "dcgm", fields))},
		{name: "agent.yaml, the exporter's fields, 1s", cmd: agent(b, fmt.Sprintf(overAgent, fields, benchAddress(b)), shippedAgent)},
		{name: "agent.yaml, the exporter's fields, 1s, page scraped", cmd: agent(b, fmt.Sprintf(overAgent, fields, page), shippedAgent)},
	}
	for _, p := range processes {
		p.start(b)
	}
	scrapeEverySecond(b, page)
	measure(b, processes)
	for _, p := range processes {
		b.Run(p.name, func(b *testing.B) { p.report(b, processes[0]) })
	}
}

const shippedAgent = root + "/distribution/otelcol-tracecore-node/config/agent.yaml"

// exporterMetrics are settings that switch on the metrics which take 24 fields of dcgm-exporter's
// default counters, as the receiver's own benchmark does, and all others off.
func exporterMetrics(b *testing.B) string {
	b.Helper()
	wanted := []string{
		"gpu.clock.frequency", "hw.temperature", "hw.power", "hw.energy", "gpu.pcie.replays", "gpu.utilization.sampled",
		"hw.gpu.utilization", "gpu.memory.bandwidth.utilization", "gpu.memory.usage", "gpu.sm.utilization",
		"gpu.memory.rows.remapped", "gpu.memory.rows.remap.failed", "hw.gpu.io", "gpu.nvlink.io",
	}
	content, err := os.ReadFile(root + "/receiver/dcgmreceiver/metadata.yaml")
	require.NoError(b, err)
	var metadata struct{ Metrics map[string]any }
	require.NoError(b, yaml.Unmarshal(content, &metadata))
	var settings []string
	for name := range metadata.Metrics {
		settings = append(settings, fmt.Sprintf("%s: {enabled: %t}", name, slices.Contains(wanted, name)))
	}
	require.Greater(b, len(settings), len(wanted))
	return "{" + strings.Join(settings, ", ") + "}"
}

// agent is the binary under test with the configurations before, and one more.
func agent(b *testing.B, config string, before ...string) *exec.Cmd {
	b.Helper()
	path := filepath.Join(b.TempDir(), "config.yaml")
	require.NoError(b, os.WriteFile(path, []byte(config), 0o600))
	var args []string
	for _, file := range append(before, path) {
		args = append(args, "--config", file)
	}
	return exec.Command(binary, args...)
}

// measured is a process with its CPU time in each part of the measurement.
type measured struct {
	name      string
	cmd       *exec.Cmd
	log       syncBuffer
	cpu       []time.Duration // per second
	rss, anon float64         // MB
}

// start runs the process with the simulated libdcgm until the benchmark ends.
func (p *measured) start(b *testing.B) {
	b.Helper()
	library, err := filepath.Abs(root + "/bin/sim")
	require.NoError(b, err)
	scenario, err := filepath.Abs(simulator + "/scenarios/h100x8.scenario")
	require.NoError(b, err)
	p.cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+library, "DCGMSIM_SCENARIO="+scenario)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	require.NoError(b, p.cmd.Start())
	b.Cleanup(func() {
		_, _ = p.cmd.Process.Kill(), p.cmd.Wait() // It ends by the signal.
		if b.Failed() {
			b.Logf("%s:\n%s", p.name, p.log.String())
		}
	})
}

// measure lets the processes run.
func measure(b *testing.B, processes []*measured) {
	b.Helper()
	time.Sleep(warmUp)
	for range parts {
		before, begin := make([]time.Duration, len(processes)), time.Now()
		for i, p := range processes {
			before[i] = cpuTime(b, p.cmd.Process.Pid)
		}
		time.Sleep(part)
		for i, p := range processes {
			p.cpu = append(p.cpu, time.Duration(float64(cpuTime(b, p.cmd.Process.Pid)-before[i])/time.Since(begin).Seconds()))
		}
	}
	for _, p := range processes {
		p.rss, p.anon = memoryMB(b, p.cmd.Process.Pid, "VmRSS"), memoryMB(b, p.cmd.Process.Pid, "RssAnon")
		slices.Sort(p.cpu)
	}
}

func (p *measured) report(b *testing.B, peer *measured) {
	b.Helper()
	for b.Loop() { // It has been measured.
	}
	median := func(of *measured) float64 { return float64(of.cpu[parts/2].Microseconds()) / 1000 }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(p), "cpu-ms/s")
	b.ReportMetric(median(p)/median(peer), "x-bare-call")
	b.ReportMetric(p.rss, "RSS-MB")
	b.ReportMetric(p.anon, "anonymous-MB")
}

// scrapeEverySecond does what Prometheus does, until the benchmark ends. It fails where the page
// has no GPU.
func scrapeEverySecond(b *testing.B, address string) {
	b.Helper()
	done := make(chan struct{})
	var scraping sync.WaitGroup
	var last string
	scraping.Go(func() {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				last = readPage(address)
			}
		}
	})
	b.Cleanup(func() {
		close(done)
		scraping.Wait()
		require.Contains(b, last, "hw_temperature_celsius", "the page that was scraped")
	})
}

// readPage returns the page over a kept connection, which the transport compresses as Prometheus does.
func readPage(address string) string {
	resp, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close() //nolint:errcheck // It has been read.
	page, err := io.ReadAll(resp.Body)
	return string(page) + errorText(err)
}
