// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
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

// BenchmarkNode measures what the Collector costs on a node of eight GPUs: memory at the
// default interval, and the share of one core at 1 s.
func BenchmarkNode(b *testing.B) {
	for _, interval := range []string{"15s", "1s"} {
		b.Run(interval, func(b *testing.B) {
			for b.Loop() {
				rss, share := costOf(b, interval)
				b.ReportMetric(rss, "RSS-MB")
				b.ReportMetric(share, "%-of-a-core")
			}
		})
	}
}

// costOf runs a Collector with the defaults for a minute after a warm-up.
func costOf(b *testing.B, interval string) (megabytes, percent float64) {
	b.Helper()
	config := filepath.Join(b.TempDir(), "config.yaml")
	require.NoError(b, os.WriteFile(config, []byte(`
receivers: {dcgm: {collection_interval: `+interval+`}}
exporters: {nop: }
service: {telemetry: {metrics: {level: none}}, pipelines: {metrics: {receivers: [dcgm], exporters: [nop]}}}
`), 0o600))
	cmd := exec.Command(binary, "--config", config)
	library, err := filepath.Abs(root + "/bin/sim")
	require.NoError(b, err)
	scenario, err := filepath.Abs(simulator + "/scenarios/h100x8.scenario")
	require.NoError(b, err)
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+library, "DCGMSIM_SCENARIO="+scenario)
	require.NoError(b, cmd.Start())
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // It runs until here.
		_ = cmd.Wait()                          // Its exit code says nothing here.
	}()
	const warmUp, measured = 10 * time.Second, time.Minute
	time.Sleep(warmUp)
	before := cpuSeconds(b, cmd.Process.Pid)
	time.Sleep(measured)
	used := cpuSeconds(b, cmd.Process.Pid) - before
	return residentMB(b, cmd.Process.Pid), 100 * used / measured.Seconds()
}

func cpuSeconds(b *testing.B, pid int) float64 {
	b.Helper()
	const ticksPerSecond = 100 // USER_HZ of Linux
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(b, err)
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	user, err := strconv.Atoi(fields[11])
	require.NoError(b, err)
	system, err := strconv.Atoi(fields[12])
	require.NoError(b, err)
	return float64(user+system) / ticksPerSecond
}

func residentMB(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(b, err)
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(b, err)
	return float64(kilobytes) / 1024
}
