// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// gpuEvents keeps the events of GPUs in a storage extension; its arguments are the endpoints of health and page, and the directory.
const gpuEvents = `
receivers: {dcgm: {collection_interval: 100ms, initial_delay: 0s, storage: file_storage}}
exporters: {prometheus: {endpoint: %[2]s}, stdout: {format: otlp_json}}
extensions:
  health_slo: {http: {endpoint: %[1]s}}
  file_storage: {directory: %[3]s, create_directory: true}
service:
  telemetry: {metrics: {level: none}}
  extensions: [health_slo, file_storage]
  pipelines:
    metrics: {receivers: [dcgm], exporters: [prometheus]}
    logs: {receivers: [dcgm], exporters: [stdout]}
`

// ledger is a host engine that lives on while agents are killed, and what they said.
type ledger struct {
	scenario, config string
	node             *node // the agent that runs
	env              []string
	said             []string
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	dir := t.TempDir()
	l := &ledger{scenario: filepath.Join(dir, "node.scenario"), node: &node{health: freeAddress(t), prom: freeAddress(t), control: controlFile(t)}}
	l.config = configFile(t, gpuEvents, l.node.health, l.node.prom, filepath.Join(dir, "storage"))
	l.write(t, "")
	include, err := filepath.Abs(simulator + "/scenarios")
	require.NoError(t, err)
	l.env = append(simulation(t, l.scenario, l.node.control), fmt.Sprintf("DCGMSIM_CLOCK=boot:%d", time.Now().Unix()), "DCGMSIM_INCLUDE="+include)
	return l
}

func (l *ledger) write(t *testing.T, events string) {
	t.Helper()
	require.NoError(t, os.WriteFile(l.scenario, []byte("include h100x8.scenario\n"+events), 0o600))
}

func (l *ledger) start(t *testing.T) {
	t.Helper()
	l.node.collector = command("--config", l.config)
	l.node.Stdout, l.node.Env = &l.node.out, l.env
	l.node.launch(t)
}

// kill ends the agent after it has said what it said.
func (l *ledger) kill(t *testing.T) {
	t.Helper()
	l.node.mayEnd.Store(true)
	require.NoError(t, l.node.Process.Kill())
	<-l.node.exited
	l.said = append(l.said, l.node.out.lines()...)
}

// uids returns how often each XID was said.
func (l *ledger) uids(t *testing.T) map[string]int {
	t.Helper()
	uids := map[string]int{}
	for _, line := range append(l.said, l.node.out.lines()...) {
		var logs struct {
			ResourceLogs []struct {
				ScopeLogs []struct {
					LogRecords []struct {
						EventName  string
						Attributes []struct {
							Key   string
							Value struct{ StringValue string }
						}
					}
				}
			}
		}
		require.NoError(t, json.Unmarshal([]byte(line), &logs), line)
		for _, rl := range logs.ResourceLogs {
			for _, record := range rl.ScopeLogs[0].LogRecords {
				for _, attribute := range record.Attributes {
					if record.EventName == "gpu.xid" && attribute.Key == "log.record.uid" {
						uids[attribute.Value.StringValue]++
					}
				}
			}
		}
	}
	return uids
}

// counted is the sum of all counters of XIDs.
func (l *ledger) counted(t *testing.T) (sum int) {
	t.Helper()
	_, page := get(l.node.prom, "/metrics")
	for _, match := range regexp.MustCompile(`(?m)^gpu_xid_errors_total\{.*\} (\d+)`).FindAllStringSubmatch(page, -1) {
		n, err := strconv.Atoi(match[1])
		require.NoError(t, err)
		sum += n
	}
	return sum
}

// TestEveryXIDIsInLogsAndCountersOverKills injects XIDs while the agent is killed at random moments and started again. Each is in the logs; one that
// is there twice has one id, and was being pushed at a kill. The counter has each once.
func TestEveryXIDIsInLogsAndCountersOverKills(t *testing.T) {
	if strings.HasSuffix(binary, "-static") {
		t.Skip("the static flavour has no DCGM")
	}
	const kills, between = 20, 20 * time.Millisecond
	l := newLedger(t)
	l.start(t)
	waitStatus(t, l.node.health, "/readyz", 200)
	l.node.waitFor(t, "dcgm_up", "", "", 1)
	eventually(t, func() bool { return len(l.node.series(t, "hw_energy_joules_total", "hw_name")) == 8 }, "no collection")
	l.kill(t)
	boot := time.Unix(0, 0)
	for _, variable := range l.env {
		if seconds, ok := strings.CutPrefix(variable, "DCGMSIM_CLOCK=boot:"); ok {
			var n int64
			_, err := fmt.Sscan(seconds, &n)
			require.NoError(t, err)
			boot = time.Unix(n, 0)
		}
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // A test repeats its moments.
	var events strings.Builder
	injected := 0
	for at, end := time.Since(boot), time.Since(boot)+40*time.Second; at < end; at += between {
		fmt.Fprintf(&events, "at %dus xid gpu=%d code=%d spread=1us\n", at.Microseconds(), random.IntN(8), []int{13, 31, 43, 45, 79}[random.IntN(5)])
		injected++
	}
	l.write(t, events.String())
	for range kills {
		l.start(t)
		time.Sleep(time.Duration(random.IntN(2000)) * time.Millisecond)
		l.kill(t)
	}
	l.start(t)
	eventually(t, func() bool { return len(l.uids(t)) == injected }, "%d XIDs are not in the logs", injected)
	repeated := 0
	for _, n := range l.uids(t) {
		repeated += n - 1
	}
	t.Logf("%d XIDs, %d records repeated with their id", injected, repeated)
	require.Less(t, repeated, injected/2, "what is repeated was being pushed at a kill")
	eventually(t, func() bool { return l.counted(t) == injected }, "the counters are not %d", injected)
	l.node.stop(t)
}
