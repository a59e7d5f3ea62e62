// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
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

// injected is an XID of a GPU at a time of the node.
type injected struct {
	at   time.Duration // after the boot
	gpu  int
	code int
}

// engineLife is from when until when a host engine lives.
type engineLife struct{ from, until time.Duration }

// ledger is a node that lives on while agents and host engines are killed, and what the agents said.
type ledger struct {
	scenario, config string
	boot             time.Time
	node             *node // the agent that runs
	env              []string
	xids             []injected
	lives            []engineLife // of the host engines, one after the other
	said             map[string][]injected
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	dir := t.TempDir()
	l := &ledger{
		scenario: filepath.Join(dir, "node.scenario"), boot: time.Now().Truncate(time.Second), said: map[string][]injected{},
		node: &node{health: freeAddress(t), prom: freeAddress(t), control: controlFile(t)},
	}
	l.config = configFile(t, gpuEvents, l.node.health, l.node.prom, filepath.Join(dir, "storage"))
	l.write(t, "")
	include, err := filepath.Abs(simulator + "/scenarios")
	require.NoError(t, err)
	l.env = append(simulation(t, l.scenario, l.node.control), fmt.Sprintf("DCGMSIM_CLOCK=boot:%d", l.boot.Unix()), "DCGMSIM_INCLUDE="+include)
	return l
}

func (l *ledger) write(t *testing.T, events string) {
	t.Helper()
	require.NoError(t, os.WriteFile(l.scenario, []byte("include h100x8.scenario\n"+events), 0o600))
}

// plan has XIDs happen from now on for a while, and host engines die at random moments of it.
func (l *ledger) plan(t *testing.T, random *rand.Rand, during time.Duration, deaths int) {
	t.Helper()
	const between = 20 * time.Millisecond
	var events strings.Builder
	begin := time.Since(l.boot).Truncate(time.Microsecond)
	for at := begin; at < begin+during; at += between {
		x := injected{at, random.IntN(8), []int{13, 31, 43, 45, 79}[random.IntN(5)]}
		fmt.Fprintf(&events, "at %dus xid gpu=%d code=%d spread=1us\n", at.Microseconds(), x.gpu, x.code)
		l.xids = append(l.xids, x)
	}
	l.lives = []engineLife{{until: time.Hour}}
	for i := range deaths { // One in each part of the time, so that a death ends before the next one.
		part := during / time.Duration(deaths)
		dies := begin + time.Duration(i)*part + time.Duration(random.Int64N(int64(part/2))).Truncate(time.Microsecond) + 5*time.Microsecond
		returns := dies + time.Duration(random.Int64N(int64(part/4))).Truncate(time.Microsecond) + time.Microsecond
		fmt.Fprintf(&events, "at %dus engine_dies\nat %dus engine_returns\n", dies.Microseconds(), returns.Microseconds())
		l.lives[i].until = dies
		l.lives = append(l.lives, engineLife{returns, time.Hour})
	}
	l.write(t, events.String())
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
	l.hear(t, l.said, l.node.out.lines())
}

// recordsIn are the records of lines of the stdout exporter: their attributes, name ("event") and time in nanoseconds ("time").
func recordsIn(t *testing.T, lines []string) (records []map[string]string) {
	t.Helper()
	for _, line := range lines {
		var logs struct {
			ResourceLogs []struct {
				ScopeLogs []struct {
					LogRecords []struct {
						EventName    string
						TimeUnixNano string
						Attributes   []struct {
							Key   string
							Value struct{ StringValue, IntValue string }
						}
					}
				}
			}
		}
		require.NoError(t, json.Unmarshal([]byte(line), &logs), line)
		for _, rl := range logs.ResourceLogs {
			for _, record := range rl.ScopeLogs[0].LogRecords {
				of := map[string]string{"event": record.EventName, "time": record.TimeUnixNano}
				for _, attribute := range record.Attributes {
					of[attribute.Key] = attribute.Value.StringValue + attribute.Value.IntValue
				}
				records = append(records, of)
			}
		}
	}
	return records
}

// hear adds the XIDs of lines to those that were said, by their id.
func (l *ledger) hear(t *testing.T, to map[string][]injected, lines []string) {
	t.Helper()
	for _, of := range recordsIn(t, lines) {
		if of["event"] != "gpu.xid" {
			continue
		}
		require.NotContains(t, of, "gpu.xid.replayed")
		var x injected
		_, err := fmt.Sscanf(of["hw.name"]+" "+of["gpu.xid.code"], "nvidia%d %d", &x.gpu, &x.code)
		require.NoError(t, err)
		nanos, err := strconv.ParseInt(of["time"], 10, 64)
		require.NoError(t, err)
		x.at = time.Unix(0, nanos).Sub(l.boot)
		to[of["log.record.uid"]] = append(to[of["log.record.uid"]], x)
	}
}

// heard are the XIDs that were said by all agents, in order, and how many records repeat one with its id.
func (l *ledger) heard(t *testing.T) (xids []injected, repeated int) {
	t.Helper()
	all := map[string][]injected{}
	for uid, of := range l.said {
		all[uid] = slices.Clone(of)
	}
	l.hear(t, all, l.node.out.lines())
	for uid, of := range all {
		require.Len(t, slices.Compact(of), 1, "records with id %s", uid)
		xids = append(xids, of[0])
		repeated += len(of) - 1
	}
	slices.SortFunc(xids, func(a, b injected) int { return cmp.Compare(a.at, b.at) })
	return xids, repeated
}

// during keeps the XIDs that a host engine had.
func during(life engineLife, xids []injected) []injected {
	return slices.DeleteFunc(slices.Clone(xids), func(x injected) bool { return x.at < life.from || x.at >= life.until })
}

// counted are the counters of XIDs by GPU and code.
func (l *ledger) counted(t *testing.T) map[string]int {
	t.Helper()
	_, page := get(l.node.prom, "/metrics")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(page))
	require.NoError(t, err)
	counts := map[string]int{}
	for _, m := range families["gpu_xid_errors_total"].GetMetric() {
		counts[labelValue(m, "hw_name")+" "+labelValue(m, "gpu_xid_code")] += int(m.GetCounter().GetValue())
	}
	return counts
}

// setting is a number from the environment.
func setting(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, name)
	return n
}

// TestEveryXIDIsInLogsAndCountersOnceOverKills injects XIDs while agents and host engines are killed at random moments; KILLS says how many, and
// SEED which. What a host engine had and nobody had read when it died, and what came while it was dead, no client of DCGM can know. Of every
// life of an engine, the agents therefore have the XIDs up to one of them without a hole, and of the last one all. Each is in the logs; one
// that is there twice has one id, and was being pushed at a kill. The counters have each once.
func TestEveryXIDIsInLogsAndCountersOnceOverKills(t *testing.T) {
	if strings.HasSuffix(binary, "-static") {
		t.Skip("the static flavour has no DCGM")
	}
	kills, seed := int(setting(t, "KILLS", 50)), setting(t, "SEED", rand.Uint64()) //nolint:gosec // A small number.
	t.Logf("SEED=%d KILLS=%d", seed, kills)
	random, engines := rand.New(rand.NewPCG(seed, 0)), kills*3/10 //nolint:gosec // A test repeats its moments.
	l := newLedger(t)
	l.start(t)
	waitStatus(t, l.node.health, "/readyz", 200)
	l.node.waitFor(t, "dcgm_up", "", "", 1)
	eventually(t, func() bool { return len(l.node.series(t, "hw_energy_joules_total", "hw_name")) == 8 }, "no collection")
	l.kill(t)
	l.plan(t, random, time.Duration(kills)*800*time.Millisecond, engines)
	for range kills - engines {
		l.start(t)
		time.Sleep(time.Duration(random.IntN(1200)) * time.Millisecond)
		l.kill(t)
	}
	l.start(t)
	last := l.lives[len(l.lives)-1]
	eventually(t, func() bool {
		xids, _ := l.heard(t)
		return len(during(last, xids)) == len(during(last, l.xids))
	}, "%d XIDs of the last host engine are not in the logs", len(during(last, l.xids)))
	l.audit(t)
	l.node.stop(t)
}

func (l *ledger) audit(t *testing.T) {
	t.Helper()
	xids, repeated := l.heard(t)
	var known []injected
	counts := map[string]int{}
	for _, life := range l.lives {
		had, said := during(life, l.xids), during(life, xids)
		require.LessOrEqual(t, len(said), len(had))
		require.Equal(t, had[:len(said)], said, "what the engine of %v had", life)
		known = append(known, said...)
	}
	require.Equal(t, known, xids, "nothing is from while no engine lived")
	for _, x := range xids {
		counts[fmt.Sprintf("nvidia%d %d", x.gpu, x.code)]++
	}
	t.Logf("%d XIDs, %d of them known, %d records repeated with their id", len(l.xids), len(xids), repeated)
	require.Less(t, repeated, len(xids)/2, "what is repeated was being pushed at a kill")
	eventually(t, func() bool { return maps.Equal(counts, l.counted(t)) }, "the counters are not those of the logs")
}
