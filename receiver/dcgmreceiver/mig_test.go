// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// parted is steady with MIG on GPU 0. NVML's numbers are no count, and DCGM's are none of NVML's.
const parted = steady + "instances_per_gpu 8\nmig 0 1g.10gb@9,3g.40gb@2/1+2\nfield 1001-1008 gi:* const 0.5\nfield 1001-1008 ci:* const 0.5\n"

// instanceSeries are the newest values of a metric by instance: its numbers and profile, and its hw.id.
func (s *simulation) instanceSeries(metric string) (profiles, ids map[string]string) {
	profiles, ids = map[string]string{}, map[string]string{}
	batches := s.sink.AllMetrics()
	for m, point := range points(batches[len(batches)-1]) {
		attrs := point.Attributes().AsRaw()
		if gi, isInstance := attrs["gpu.mig.gi"]; isInstance && m.Name() == metric {
			at := fmt.Sprint(gi)
			if ci, isCompute := attrs["gpu.mig.ci"]; isCompute {
				at += "/" + fmt.Sprint(ci)
			}
			profiles[at], ids[at] = fmt.Sprint(attrs["gpu.mig.profile"]), fmt.Sprint(attrs["hw.id"])
			require.Equal(s.t, "GPU-00000000-0000-0000-0000-000000000000", attrs["hw.parent"])
			require.Equal(s.t, "nvidia0", attrs["hw.name"])
		}
	}
	return profiles, ids
}

func TestGPUsAndTheirInstancesAreReadAtOnce(t *testing.T) {
	simulate(t, parted, nil, func(s *simulation) {
		t := s.t
		s.pass(interval)
		s.pass(interval)
		profiles, ids := s.instanceSeries("hw.gpu.memory.usage")
		require.Len(t, profiles, 5)
		require.Equal(t, "1g.10gb", profiles["9"])
		require.Equal(t, "3g.40gb", profiles["2"])
		require.Equal(t, ids["9"], ids["9/0"], "a GPU instance has the UUID of its first compute instance")
		require.Equal(t, ids["2"], ids["2/0"])
		require.NotEqual(t, ids["2/0"], ids["2/1"])
		requireNoDuplicates(t, s)

		profiles, _ = s.instanceSeries("gpu.memory.bandwidth.utilization")
		require.Len(t, profiles, 2, "compute instances have none of their own")
		for _, metric := range []string{"hw.power", "hw.energy", "gpu.ecc.errors", "gpu.nvlink.io", "gpu.up", "hw.status"} {
			profiles, _ = s.instanceSeries(metric)
			require.Empty(t, profiles, "%s is the GPU's", metric)
		}
		require.Regexp(t, "^1 ", s.now()["gpu.mig.instances{gpu.mig.profile=1g.10gb hw.name=nvidia0}"])
		require.Regexp(t, "^1 ", s.now()["gpu.mig.instances{gpu.mig.profile=3g.40gb hw.name=nvidia0}"])
		require.Contains(t, s.now(), "hw.power{hw.name=nvidia0}")
		require.Contains(t, s.now(), "hw.gpu.memory.usage{hw.name=nvidia0}")
		require.Len(t, s.idsUp(), 2)
	})
}

// The same layout once more gives the same numbers to other instances.
func TestInstanceOfAnotherUUIDIsAnotherOne(t *testing.T) {
	simulate(t, parted, nil, func(s *simulation) {
		t := s.t
		s.pass(interval)
		s.pass(interval)
		_, before := s.instanceSeries("hw.gpu.memory.usage")
		_, energy := cutTimes(s.now()["hw.energy{hw.name=nvidia0}"])
		s.sim.Send("mig_reconfigure gpu=0 layout=1g.10gb,3g.40gb")
		for range 3 {
			s.pass(interval)
			_, after := s.instanceSeries("hw.gpu.memory.usage")
			for _, id := range before {
				require.NotContains(t, after, id)
			}
			requireNoDuplicates(t, s)
		}
		profiles, _ := s.instanceSeries("gpu.sm.utilization")
		require.Len(t, profiles, 4)
		_, after := cutTimes(s.now()["hw.energy{hw.name=nvidia0}"])
		require.Equal(t, energy, after, "nothing changes for the GPU")
		require.Equal(t, 1, s.logs.FilterMessage("GPU is repartitioned").Len())
		require.Empty(t, s.host.statuses())
	})
}

func TestMIGIsTurnedOnAndOffWithoutARestart(t *testing.T) {
	simulate(t, steady, nil, func(s *simulation) {
		t := s.t
		for range 3 {
			s.sim.Send("mig_reconfigure gpu=0 layout=7g.79gb")
			s.pass(interval)
			s.pass(interval)
			profiles, _ := s.instanceSeries("hw.gpu.memory.usage")
			require.Equal(t, map[string]string{"1": "7g.79gb", "1/0": "7g.79gb"}, profiles)
			s.sim.Send("mig_reconfigure gpu=0 layout=none")
			s.pass(interval)
			profiles, _ = s.instanceSeries("hw.gpu.memory.usage")
			require.Empty(t, profiles)
			require.NotContains(t, s.now().lines(), "gpu.mig.instances")
		}
		require.Len(t, s.collector.known, 2, "nothing is kept of instances that are gone")
		require.Empty(t, s.sim.EngineErrors())
	})
}

func TestInstancesOfALostGPUAreLostWithIt(t *testing.T) {
	simulate(t, parted, nil, func(s *simulation) {
		t := s.t
		s.pass(interval)
		_, before := s.instanceSeries("hw.gpu.memory.usage")
		s.sim.Send("gpu_lost gpu=0")
		for range 3 {
			s.pass(interval)
			profiles, _ := s.instanceSeries("hw.gpu.memory.usage")
			require.Empty(t, profiles)
		}
		require.Equal(t, 1, s.logs.FilterMessage("GPU cannot be read").Len(), "the GPU alone is reported")
		s.sim.Send("gpu_restored gpu=0")
		s.pass(interval)
		s.pass(interval)
		_, after := s.instanceSeries("hw.gpu.memory.usage")
		require.Equal(t, before, after)
	})
}

func TestInstancesAreWithTheConfiguredGPUs(t *testing.T) {
	for device, instances := range map[string]int{"0": 5, "1": 0} {
		simulate(t, parted, func(cfg *Config) { cfg.Devices = []string{device} }, func(s *simulation) {
			s.pass(interval)
			profiles, _ := s.instanceSeries("hw.gpu.memory.usage")
			require.Len(s.t, profiles, instances)
		})
	}
}

func TestMaxSeriesTakesInstancesByTheImportanceOfTheirMetrics(t *testing.T) {
	var all []string
	simulate(t, parted, nil, func(s *simulation) {
		s.pass(interval)
		all = strings.Split(s.now().lines(), "\n")
	})
	limit := len(all) / 2
	simulate(t, parted, func(cfg *Config) { cfg.MaxSeries = limit }, func(s *simulation) {
		t := s.t
		s.pass(interval)
		some := s.now()
		count := 0
		for key := range some {
			count += int(boolToInt(!strings.HasPrefix(key, "dcgm.")))
		}
		require.Equal(t, limit, count)
		profiles, _ := s.instanceSeries("hw.gpu.utilization")
		require.Len(t, profiles, 5, "what matters most of all entities comes before what matters less of any")
		profiles, _ = s.instanceSeries("gpu.bar1.usage")
		require.Empty(t, profiles)
	})
}

func TestXIDsPushOutNoMeasurement(t *testing.T) {
	simulate(t, steady, func(cfg *Config) { cfg.MaxSeries = 200 }, func(s *simulation) {
		t := s.t
		s.pass(interval)
		before := s.now()
		for code := range 64 {
			s.sim.Send(fmt.Sprintf("xid gpu=0 code=%d spread=1ms", code+1))
		}
		s.pass(2 * interval)
		after := s.now()
		xids := 0
		for key := range after {
			xids += int(boolToInt(strings.HasPrefix(key, "gpu.xid.")))
		}
		require.Positive(t, xids, "they come before what matters less")
		for key := range before {
			for _, metric := range []string{"hw.power{", "hw.temperature{", "hw.gpu.utilization{", "hw.gpu.memory.usage{", "gpu.up{"} {
				if strings.HasPrefix(key, metric) {
					require.Contains(t, after, key)
				}
			}
		}
		require.Contains(t, before, "hw.power{hw.name=nvidia1}")
	})
}

func TestHostEngineThatServesNoHierarchyHasNoInstances(t *testing.T) {
	simulate(t, parted+"at 0s call call=dcgmGetGpuInstanceHierarchy status=-12\n", nil, func(s *simulation) {
		t := s.t
		for range 5 {
			s.pass(interval)
		}
		profiles, _ := s.instanceSeries("hw.gpu.memory.usage")
		require.Empty(t, profiles)
		require.Contains(t, s.now(), "hw.power{hw.name=nvidia0}")
		require.Equal(t, 1, s.logs.FilterMessageSnippet("does not serve a call").Len())
	})
}

// A host engine with few groups goes without instances before it goes without GPUs.
func TestInstancesTakeNoGroupsFromGPUs(t *testing.T) {
	simulate(t, parted+"at 0s group_limit 1\n", nil, func(s *simulation) {
		t := s.t
		s.pass(interval)
		require.Contains(t, s.now(), "hw.power{hw.name=nvidia0}")
		profiles, _ := s.instanceSeries("hw.gpu.memory.usage")
		require.Empty(t, profiles)
		require.ErrorContains(t, s.host.firstError(), "host engine takes no more groups")
		s.sim.Send("group_limit 10")
		s.pass(2 * time.Minute)
		s.pass(interval)
		profiles, _ = s.instanceSeries("hw.gpu.memory.usage")
		require.Len(t, profiles, 5)
		require.True(t, slices.Contains(s.idsUp(), "GPU-00000000-0000-0000-0000-000000000000"))
	})
}

// With MIG, most XIDs come from instances: each is the instance's that had it.
func TestXIDsOfInstancesAreTheirs(t *testing.T) {
	simulate(t, parted, nil, func(s *simulation) {
		t := s.t
		s.pass(interval)
		s.sim.Send("xid gpu=0 gi=0 code=43", "xid gpu=0 ci=1 code=13", "xid gpu=0 code=31")
		s.pass(interval)
		xids := map[string]string{}
		for key, text := range s.now() {
			if series, isXID := strings.CutPrefix(key, "gpu.xid.errors{"); isXID {
				value, _ := cutTimes(text)
				xids[strings.TrimSuffix(series, "}")] = value
			}
		}
		const parent = " hw.name=nvidia0 hw.parent=GPU-00000000-0000-0000-0000-000000000000"
		require.Equal(t, map[string]string{
			"gpu.mig.gi=9 gpu.mig.profile=1g.10gb gpu.xid.code=43" + parent:              "1",
			"gpu.mig.ci=0 gpu.mig.gi=2 gpu.mig.profile=3g.40gb gpu.xid.code=13" + parent: "1",
			"gpu.xid.code=31 hw.name=nvidia0":                                            "1",
		}, xids)
	})
}

// A host engine takes some seconds until it knows a new layout.
func TestLayoutThatSettlesLateMixesNoInstances(t *testing.T) {
	simulate(t, parted, nil, func(s *simulation) {
		t := s.t
		s.pass(interval)
		_, before := s.instanceSeries("hw.gpu.memory.usage")
		s.sim.Send("mig_reconfigure gpu=0 layout=1g.10gb,1g.10gb,2g.20gb settle=25s")
		for range 6 {
			s.pass(interval)
			requireNoDuplicates(t, s)
			_, now := s.instanceSeries("hw.gpu.memory.usage")
			for at, id := range now {
				require.True(t, before[at] == id || !slices.Contains(slices.Collect(maps.Values(before)), id), "%s has another place", id)
			}
		}
		profiles, _ := s.instanceSeries("hw.gpu.memory.usage")
		require.Len(t, profiles, 6)
		require.Equal(t, "2g.20gb", profiles["3"])
		require.Regexp(t, "^2 ", s.now()["gpu.mig.instances{gpu.mig.profile=1g.10gb hw.name=nvidia0}"])
	})
}
