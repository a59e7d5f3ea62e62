// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// recordedLine is a line of a recording of events.
type recordedLine struct {
	Kind, Step string
	T          float64
	EntityID   int `json:"entity_id"`
	System     dcgm.HealthSystems
	Health     dcgm.HealthResult
	Code       int
	Violation  struct {
		GPU       int
		Condition string
		Data      map[string]float64
	}
}

func (l *recordedLine) at() time.Duration { return time.Duration(l.T * float64(time.Second)) }

func recordingPath(name string) string { return filepath.Join("internal", "dcgm", "testdata", name) }

func recordedLines(t *testing.T, name string) []recordedLine {
	t.Helper()
	file, err := os.Open(recordingPath(name))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	var lines []recordedLine
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		var l recordedLine
		require.NoError(t, json.Unmarshal(scanner.Bytes(), &l))
		lines = append(lines, l)
	}
	return lines
}

// replayed is the scenario of a recording, and of what was done to its GPUs where it does not say so. Recordings of events do not have who a
// GPU is.
func replayed(t *testing.T, name string, events ...string) string {
	t.Helper()
	path, err := filepath.Abs(recordingPath(name))
	require.NoError(t, err)
	var b strings.Builder
	fmt.Fprintf(&b, "replay %s\n", path)
	for i := range 8 {
		fmt.Fprintf(&b, "at 0s field gpu=%d id=54 value=GPU-a1b2000%d-1111-2222-3333-44556677000%d\nat 0s field gpu=%d id=55 value=%d\nat 0s field gpu=%d id=50 value=H100\n", i, i, i, i, i, i)
	}
	return b.String() + strings.Join(events, "\n") + "\n"
}

// replay reads a recording every 100 ms, for so long, with checks of the health every 500 ms.
func replay(t *testing.T, scenario string, until time.Duration, test func(s *simulation)) {
	t.Helper()
	const every = 100 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		sim := simtest.StartAt(t, scenario, time.Now())
		cfg := createDefaultConfig().(*Config)
		cfg.CollectionInterval, cfg.InitialDelay, cfg.HealthInterval = every, 0, 5*every
		s := &simulation{rig: newRig(t, cfg, nil), sim: sim, origin: time.Now()}
		s.start()
		defer s.stop()
		s.settle()
		for range until / every {
			s.pass(every)
		}
		test(s)
	})
}

// incidentsOfStep are the incidents that a check of the recording found, as GPU, system, error and result.
func incidentsOfStep(lines []recordedLine, step string) (found []string) {
	for i := range lines {
		if l := &lines[i]; l.Kind == "incident" && l.Step == step {
			found = append(found, fmt.Sprintf("nvidia%d %s %d %s", l.EntityID, l.System, l.Code, l.Health))
		}
	}
	return found
}

// incidentChanges are the incidents that began and ended between two checks of the recording. One of a GPU that is lost vanishes and is not over.
func incidentChanges(lines []recordedLine, lost string) map[string][]string {
	changes := map[string][]string{}
	var open []string
	for i := range lines {
		step := lines[i].Step
		if lines[i].Kind != "health" {
			continue
		}
		found := incidentsOfStep(lines, step)
		for _, one := range found {
			if !slices.Contains(open, one) {
				changes[step] = append(changes[step], one+" begins")
			}
		}
		for _, one := range open {
			switch {
			case slices.Contains(found, one):
			case step == "lost" && strings.HasPrefix(one, lost):
				found = append(found, one)
			default:
				changes[step] = append(changes[step], one+" ends")
			}
		}
		open = found
	}
	return changes
}

// byStep sorts records under the check of the recording that they follow, or under none.
func (s *simulation) byStep(lines []recordedLine, event string, text func(map[string]any, plog.LogRecord) string) map[string][]string {
	out := map[string][]string{}
	for _, record := range recordsOf(s.records) {
		if record.EventName() != event {
			continue
		}
		step := ""
		for i := range lines {
			if lines[i].Kind == "health" && lines[i].at() <= record.Timestamp().AsTime().Sub(s.origin) {
				step = lines[i].Step
			}
		}
		attributes := record.Attributes().AsRaw()
		out[step] = append(out[step], fmt.Sprint(attributes["hw.name"], " ", text(attributes, record)))
	}
	for _, of := range out {
		slices.Sort(of)
	}
	return out
}

// TestRecordedHealthOfARealHostEngineGivesItsIncidents replays what the health checks of a real host engine found, beside what was done to its GPUs.
func TestRecordedHealthOfARealHostEngineGivesItsIncidents(t *testing.T) {
	lines := recordedLines(t, "dcgm-4.6.0-health.jsonl")
	scenario := replayed(t, "dcgm-4.6.0-health.jsonl",
		"at 0s field gpu=* id=395,396,1523 value=0",
		"at 4900ms xid gpu=3 code=79", "at 7400ms xid gpu=2 code=48", "at 10s xid gpu=4 code=94", "at 12500ms xid gpu=5 code=31",
		"at 20300ms field gpu=1 id=396 value=1", "at 22900ms field gpu=1 id=395 value=1", "at 38300ms gpu_lost gpu=7", "at 40900ms gpu_restored gpu=7",
	)
	replay(t, scenario, 45*time.Second, func(s *simulation) {
		t := s.t
		begun := s.byStep(lines, "gpu.health", func(a map[string]any, _ plog.LogRecord) string {
			change := map[any]string{true: "begins", false: "ends"}[a["gpu.health.active"]]
			return fmt.Sprint(a["gpu.health.system"], " ", a["gpu.health.error.code"], " ", a["gpu.health.state"], " ", change)
		})
		want := incidentChanges(lines, "nvidia7")
		require.Len(t, want, 10)
		require.Equal(t, want, begun)
		status := s.byStep(lines, "hw.status", func(a map[string]any, r plog.LogRecord) string {
			return fmt.Sprint(r.SeverityText(), " ", a["hw.state"], " ", a["hw.state.reason"])
		})
		require.Equal(t, map[string][]string{
			"xid79":         {"nvidia3 ERROR failed xid"},
			"xid48":         {"nvidia2 ERROR failed xid"},
			"dbe":           {"nvidia0 ERROR failed health_fail"},
			"remap_pending": {"nvidia1 WARN predicted_failure row_remap_pending"},
			"remap_failed":  {"nvidia1 ERROR failed row_remap_failed"},
			"pcie_replay":   {"nvidia6 WARN degraded health_warn"},
			"nvlink_crc":    {"nvidia7 WARN degraded health_warn"},
			"lost":          {"nvidia7 ERROR failed lost"},
			"restored":      {"nvidia7 WARN degraded health_warn"},
		}, status, "XIDs of applications make no GPU unwell, whatever DCGM keeps of them")
	})
}

// TestRecordedPolicyViolationsOfARealHostEngineAreSeen replays the values that violated policies of a real host engine: each is in the receiver's
// metrics, and an XID is an event.
func TestRecordedPolicyViolationsOfARealHostEngineAreSeen(t *testing.T) {
	const name = "dcgm-4.6.0-policy.jsonl"
	series := map[string]string{
		"PCI error ReplayCounter":        "gpu.pcie.replays{hw.name=nvidia%d}",
		"Nvlink Error Counter":           "gpu.nvlink.errors{gpu.nvlink.error.type=crc_flit hw.name=nvidia%d}",
		"Power Limit PowerViolation":     "hw.power{hw.name=nvidia%d}",
		"Thermal Limit ThermalViolation": "hw.temperature{hw.name=nvidia%d hw.sensor_location=gpu}",
	}
	lines := recordedLines(t, name)
	replay(t, replayed(t, name), 20*time.Second, func(s *simulation) {
		t := s.t
		var xids []string
		seen := map[string]int{}
		for i := range lines {
			l := &lines[i]
			if l.Kind != "violation" {
				continue
			}
			if code, isXID := l.Violation.Data["ErrNum"]; isXID {
				xids = append(xids, fmt.Sprintf("%s nvidia%d %g", l.at(), l.Violation.GPU, code))
			}
			for key, value := range l.Violation.Data {
				if of, isMetric := series[l.Violation.Condition+" "+key]; isMetric {
					seen[l.Violation.Condition]++
					require.Regexp(t, fmt.Sprintf("^%g at", value), s.now()[fmt.Sprintf(of, l.Violation.GPU)], "%+v", l.Violation)
				}
			}
		}
		require.Equal(t, map[string]int{"PCI error": 1, "Nvlink Error": 1, "Power Limit": 14, "Thermal Limit": 1}, seen)
		require.Equal(t, []string{"897ms nvidia3 79"}, xids)
		require.Equal(t, xids, s.xids())
		require.Equal(t, "1", s.errorsOf("nvidia3", 79))
	})
}
