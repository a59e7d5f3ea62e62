// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// requireState tells the state of a GPU, by what it goes by, from all that is said of it.
func (s *simulation) requireState(name, state string) {
	s.t.Helper()
	up, health := "0 ", "failed"
	switch state {
	case "ok":
		up, health = "1 ", "ok"
	case "detached", "unknown":
		health = "degraded"
	}
	require.Contains(s.t, s.now(), fmt.Sprintf("gpu.up{hw.name=%s}", name))
	require.Contains(s.t, s.now()[fmt.Sprintf("gpu.up{hw.name=%s}", name)], up)
	require.Contains(s.t, s.now()[fmt.Sprintf("gpu.status{gpu.state=%s hw.name=%s}", state, name)], "1 ")
	require.Contains(s.t, s.now()[fmt.Sprintf("hw.status{hw.name=%s hw.state=%s}", name, health)], "1 ")
}

// requireOneSeriesPerThing looks at every batch so far: what is said once of a GPU has one
// series all along, and every set of states has one that holds.
func (s *simulation) requireOneSeriesPerThing() {
	s.t.Helper()
	identities := map[string]string{}
	for _, batch := range s.sink.AllMetrics() {
		holds := map[string]int64{}
		for m, point := range points(batch) {
			thing := m.Name() + " " + idOf(point)
			switch m.Name() {
			case metricUp.Name, metricInfo.Name, metricFabricInfo.Name, metricProfiling.Name:
				attributes := fmt.Sprint(point.Attributes().AsRaw())
				if before, seen := identities[thing]; seen {
					require.Equal(s.t, before, attributes, m.Name())
				}
				identities[thing] = attributes
			case metricStatus.Name, metricHealth.Name:
				holds[thing] += point.IntValue()
			}
		}
		for thing, states := range holds {
			require.EqualValues(s.t, 1, states, thing)
		}
	}
}

func TestInfoHasOneSeriesFromTheStart(t *testing.T) {
	for name, late := range map[string]string{
		"profiling cannot be asked for":         "at 0s call call=dcgmProfGetSupportedMetricGroups status=-3 for 30s\n",
		"profiling is paused":                   "at 0s profiling_paused for 2m\n",
		"a better source is late":               "at 0s field id=1611 value=blank for 90s\n",
		"the engine learns fields at a restart": "at 0s unknown_field 1600-1612\nat 30s engine_dies for 5s\n",
		"a GPU is lost and comes back":          "at 30s gpu_lost gpu=0 for 60s\n",
		"a GPU is not listed, and listed again": "at 30s gpu_removed gpu=0\nat 90s gpu_added 0 model=h100 uuid=GPU-00000000-0000-0000-0000-000000000000 pci=00000000:01:00.0 serial=1\n",
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, "engine 4.6.1\n"+steady+late, nil, func(s *simulation) {
				for range 20 {
					s.pass(interval)
				}
				s.requireUp(true)
				s.requireOneSeriesPerThing()
			})
		})
	}
}

func TestGPUThatTheHostEngineNoLongerListsIsAbsent(t *testing.T) {
	simulate(t, steady, nil, func(s *simulation) {
		s.sim.Send("gpu_removed gpu=0")
		for range 3 {
			s.pass(interval)
			s.requireState("nvidia0", "absent")
			s.requireState("nvidia1", "ok")
		}
		s.sim.Send("gpu_added 2 model=h100 uuid=GPU-00000000-0000-0000-0000-000000000002 pci=00000000:03:00.0 serial=3")
		s.pass(interval) // Now it is in the plan no more.
		s.requireState("nvidia0", "absent")
		s.requireOneSeriesPerThing()
	})
}

func TestGPUThatHasLeftIsForgottenAfterAWhile(t *testing.T) {
	simulate(t, steady, func(cfg *Config) { cfg.ForgetAfter = 5 * time.Minute }, func(s *simulation) {
		s.sim.Send("gpu_removed gpu=0")
		s.pass(interval)
		for range 30 {
			s.requireState("nvidia0", "absent")
			s.requireState("nvidia1", "ok")
			s.pass(interval)
		}
		require.Len(s.t, s.idsUp(), 1)
		require.NotContains(s.t, s.states.current.Load().of, "nvidia0")
		require.Contains(s.t, s.now()["dcgm.watch.rebuilds{}"], "0 ", "nothing changes for the others")
		s.sim.Send("gpu_added 0 model=h100 uuid=GPU-00000000-0000-0000-0000-000000000000 pci=00000000:01:00.0 serial=1")
		s.pass(interval)
		s.pass(interval)
		s.requireState("nvidia0", "ok")
		require.Contains(s.t, s.now(), "hw.power{hw.name=nvidia0}")
	})
}

func TestNothingIsKeptOfAGPUThatIsForgotten(t *testing.T) {
	simulate(t, steady, func(cfg *Config) { cfg.ForgetAfter = 5 * time.Minute }, func(s *simulation) {
		s.sim.Send("gpu_removed gpu=0")
		s.pass(6 * time.Minute)
		require.Len(s.t, s.collector.known, 1)
	})
}

func TestConfiguredDevicesThatAreAbsentGoByTheirNumberOrUUID(t *testing.T) {
	devices := func(cfg *Config) { cfg.Devices = []string{"0", "5", "GPU-0000000A-0000-0000-0000-00000000000B"} }
	simulate(t, steady, devices, func(s *simulation) {
		t := s.t
		ids := func() (ids []string) {
			batches := s.sink.AllMetrics()
			for m, point := range points(batches[len(batches)-1]) {
				if m.Name() == metricUp.Name {
					ids = append(ids, idOf(point))
				}
			}
			return ids
		}
		want := []string{"GPU-00000000-0000-0000-0000-000000000000", "gpu5", "GPU-0000000a-0000-0000-0000-00000000000b"}
		require.Equal(t, want, ids())
		s.requireState("gpu5", "absent")
		s.requireState("", "absent")

		s.sim.Send("gpu_removed gpu=0", "gpu_added 2 model=h100 uuid=GPU-00000000-0000-0000-0000-000000000002 pci=00000000:03:00.0 serial=3")
		s.pass(interval)
		s.pass(interval)
		require.Equal(t, want, ids(), "a device that was there is not absent by another name as well")
	})
}

func TestBlankIdentityChangesNoLiveSeries(t *testing.T) {
	for name, tt := range map[string]struct {
		event string
		from  int // collection from which GPU 0 has series; negative if its UUID is late
	}{
		"while it runs":          {"at 15s field id=1,50,52,53,55,57,63,85,94,500 gpu=0 value=blank for 400s\n", 0},
		"at the start":           {"at 0s field id=50,55 gpu=0 value=blank for 2s\n", 1},
		"UUID too, at the start": {"at 0s field id=50,54,55 gpu=0 value=blank for 2s\n", -1},
		"the UUID, at the start": {"at 0s field id=54 gpu=0 value=blank for 2s\n", -1},
		"no UUID, at the start":  {"at 0s field id=54 gpu=0 value=N/A for 22s\n", -3},
		"garbage while it runs":  {"at 15s field id=52,55,63 gpu=0 value=4278190080 for 400s\n", 0},
		"no names while it runs": {"at 15s field id=50,53,57,85 gpu=0 value=N/A for 400s\n", 0},
		"another name":           {"at 15s field id=50 gpu=0 value=garbage for 700s\n", 0},
		"another minor once":     {"at 15s field id=55 gpu=0 value=77 for 400s\n", 0},
		"no name, at the start":  {"at 0s field id=50 gpu=0 value=Unknown for 2s\n", 1},
		"longer, at the start":   {"at 0s field id=50,55 gpu=0 value=blank for 25s\n", 3},
		"not to be had":          {"at 0s field id=53,52 gpu=0 value=not_supported\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, steady+tt.event, nil, func(s *simulation) {
				t := s.t
				for range 45 {
					s.pass(interval)
				}
				require.Contains(t, s.now()["dcgm.watch.rebuilds{}"], map[bool]string{true: "1 ", false: "0 "}[tt.from < 0])
				s.requireOneSeriesPerThing()
				s.requireState("nvidia0", "ok")
				for i, batch := range s.sink.AllMetrics() {
					text := render(batch, s.origin)
					require.Equal(t, i >= max(tt.from, -tt.from), hasSeries(text, "hw.power{hw.name=nvidia0}"), "collection %d", i)
					require.NotContains(t, idsUp(batch), "gpu0")
					require.True(t, hasSeries(text, "hw.power{hw.name=nvidia1}"))
					require.NotContains(t, text, "hw.power{hw.name=gpu0}")
				}
			})
		})
	}
}

func hasSeries(text seriesText, key string) bool {
	_, has := text[key]
	return has
}

// Of 13 collections, the first three are before the event and the last five after its end.
func TestWhatCanBeNoUUIDIsBlank(t *testing.T) {
	for name, value := range map[string]string{"a text": "N/A", "an empty text": `""`, "a number": "77", "a shortened UUID": "GPU-00000000"} {
		t.Run(name, func(t *testing.T) {
			simulate(t, steady+"at 25s field id=54 gpu=0 value="+value+" for 50s\n", nil, func(s *simulation) {
				t := s.t
				for range 12 {
					s.pass(interval)
					require.Contains(t, s.now(), "hw.power{hw.name=nvidia0}")
					s.requireState("nvidia0", "ok")
				}
				require.Contains(t, s.now()["dcgm.watch.rebuilds{}"], "0 ")
				require.Contains(t, s.now()["dcgm.values.dropped{dcgm.drop.reason=implausible}"], "5 ")
				require.ElementsMatch(t, []string{"GPU-00000000-0000-0000-0000-000000000000", "GPU-00000000-0000-0000-0000-000000000001"}, s.idsUp())
				s.requireOneSeriesPerThing()
			})
		})
	}
}

// idsUp are those that the newest batch says gpu.up of.
func (s *simulation) idsUp() []string {
	batches := s.sink.AllMetrics()
	return idsUp(batches[len(batches)-1])
}

func (s *simulation) idsByName() map[string]string {
	ids := map[string]string{}
	batches := s.sink.AllMetrics()
	for m, point := range points(batches[len(batches)-1]) {
		if m.Name() == metricUp.Name {
			name, _ := point.Attributes().Get("hw.name")
			ids[name.Str()] = idOf(point)
		}
	}
	return ids
}

func idsUp(batch pmetric.Metrics) (ids []string) {
	for m, point := range points(batch) {
		if m.Name() == metricUp.Name {
			ids = append(ids, idOf(point))
		}
	}
	return ids
}

func TestUUIDOfAnotherGPUIsBlank(t *testing.T) {
	const of0, of1 = "GPU-00000000-0000-0000-0000-000000000000", "GPU-00000000-0000-0000-0000-000000000001"
	for name, tt := range map[string]struct {
		event    string
		during   []string
		rebuilds string
	}{
		"from the start": {"at 0s field id=54 gpu=1 value=" + of0 + " for 75s\n", []string{of0, "gpu1"}, "2 "},
		"while it runs":  {"at 5s field id=54 gpu=0 value=" + of1 + " for 70s\n", []string{of0, of1}, "1 "},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, steady+tt.event, nil, func(s *simulation) {
				t := s.t
				for range 7 {
					s.pass(interval)
					requireNoDuplicates(t, s)
				}
				require.ElementsMatch(t, tt.during, s.idsUp())
				require.Equal(t, 1, s.logs.FilterMessage("two entities have the same UUID, one of them goes without").Len())
				for range 3 {
					s.pass(interval)
					requireNoDuplicates(t, s)
				}
				require.ElementsMatch(t, []string{of0, of1}, s.idsUp())
				require.Contains(t, s.now()["dcgm.watch.rebuilds{}"], tt.rebuilds)
			})
		})
	}
}

// requireNoDuplicates looks for points of the newest batch that are of the same series.
func requireNoDuplicates(t *testing.T, s *simulation) {
	t.Helper()
	seen := map[string]bool{}
	batches := s.sink.AllMetrics()
	for m, point := range points(batches[len(batches)-1]) {
		series := fmt.Sprint(m.Name(), point.Attributes().AsRaw())
		require.False(t, seen[series], series)
		seen[series] = true
	}
}
