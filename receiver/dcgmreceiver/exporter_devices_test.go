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

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// ofDevices are counters of every kind of entity.
const ofDevices = `DCGM_FI_DEV_GPU_TEMP, gauge, Temperature of the GPU.
DCGM_FI_DEV_NVSWITCH_TEMPERATURE_CURRENT, gauge, Temperature of the NVSwitch.
DCGM_FI_DEV_NVSWITCH_FATAL_ERRORS, gauge, Newest fatal SXID.
DCGM_FI_DEV_NVSWITCH_LINK_THROUGHPUT_TX, gauge, Sent by a port of the NVSwitch.
DCGM_FI_DEV_NVSWITCH_LINK_CRC_ERRORS, counter, CRC errors of a port of the NVSwitch.
DCGM_FI_DEV_NVLINK_PPCNT_PLR_RCV_CODES, counter, Codes that an NVLink of a GPU has received.
DCGM_FI_DEV_CPU_TEMP_CURRENT, gauge, Temperature of the CPU.
DCGM_FI_DEV_CPU_POWER_UTIL_CURRENT, gauge, Power of the CPU.
DCGM_FI_DEV_CPU_UTIL_TOTAL, gauge, Utilization of the CPU and of each core.
DCGM_FI_DRIVER_VERSION, label, Driver.
DCGM_FI_DEV_NVSWITCH_PHYSICAL_ID, label, Number of the NVSwitch.
DCGM_FI_DEV_CPU_MODEL, label, Model of the CPU.
`

// everything is a node with two GPUs of two NVLinks, two NVSwitches of two ports, and two CPUs of two cores.
const everything = `engine 4.6.1
include models/gb200.model
switches 2 ports=2
cpu 0 0-1 0xe
cpu 1 2-3 0xf
field 858 switch:* const 40 each=1
field 863 switch:* const 0 each=1
field 878 switch:0 const 205376746160128
field 878 switch:1 const 205376746160129
field 780 link:* const 100 each=10
field 787 link:* counter base=5 rate=1 each=1
field 1110 cpu:* const 50 each=1
field 1130 cpu:* blank
field 1141 cpu:* const Grace
field 1100 cpu:* const 0.5
field 1100 core:* const 0.25
%s
model small
base gb200
links 2
gpu 0 model=small uuid=GPU-00000000-0000-0000-0000-000000000000 pci=00000000:01:00.0
gpu 1 model=small uuid=GPU-00000000-0000-0000-0000-000000000001 pci=00000000:02:00.0
`

func lowerHostname(cfg *Config) { cfg.DCGMExporter.HostnameLabel = hostnameLower }

func TestPageHasSwitchesLinksAndCPUs(t *testing.T) {
	t.Setenv("HOST_NAME", "localhost")
	simulate(t, fmt.Sprintf(everything, ""), asExporter(ofDevices, lowerHostname), func(s *simulation) {
		s.pass(time.Minute)
		s.sim.Send("sxid switch=1 code=12028", "sxid switch=0 code=20001 type=non_fatal")
		s.pass(time.Minute)
		batches := s.sink.AllMetrics()
		requireGolden(s.t, "page-devices", strings.Join(pageOf(batches[len(batches)-1]), "\n")+"\n")
		require.Equal(s.t, map[string]float64{"nvswitch1": 12028}, s.exported("DCGM_FI_DEV_NVSWITCH_FATAL_ERRORS", "nvswitch"))
		require.Equal(s.t, map[string]float64{"nvswitch0": 40, "nvswitch1": 41}, s.exported("DCGM_FI_DEV_NVSWITCH_TEMPERATURE_CURRENT", "nvswitch"))
		require.Equal(s.t, map[string]float64{"0 nvswitch0": 100, "1 nvswitch0": 110, "0 nvswitch1": 100, "1 nvswitch1": 110},
			s.exported("DCGM_FI_DEV_NVSWITCH_LINK_THROUGHPUT_TX", "nvlink", "nvswitch"))
		s.pass(10 * time.Minute)
		require.Empty(s.t, s.exported("DCGM_FI_DEV_NVSWITCH_FATAL_ERRORS"), "after xid_window")
		require.Len(s.t, s.exported("DCGM_FI_DEV_NVSWITCH_TEMPERATURE_CURRENT", "nvswitch"), 2)
	})
}

// A real host engine's NVSwitch of two ports: what it had no value of has no series.
func TestPageOfARecordedSwitch(t *testing.T) {
	counters := "DCGM_FI_DEV_NVSWITCH_TEMP_CELSIUS, gauge, t\nDCGM_FI_DEV_NVSWITCH_TEMP_SHUTDOWN_CELSIUS, gauge, t\nDCGM_FI_DEV_NVSWITCH_LINK_STATUS, gauge, s\n" +
		"DCGM_FI_DEV_NVSWITCH_LINK_TYPE, gauge, t\nDCGM_FI_DEV_NVSWITCH_LINK_THROUGHPUT_TX, gauge, b\n"
	stepwiseWith(t, withoutRefusals(t, unpacked(t, "dcgm-4.6.0-nvswitch.jsonl")), asExporter(counters), unchanged, func(s *steps) {
		s.pass(interval)
		require.Equal(s.t, map[string]float64{"nvswitch0": 65}, s.exported("DCGM_FI_DEV_NVSWITCH_TEMP_CELSIUS", "nvswitch"))
		require.Equal(s.t, map[string]float64{"0 nvswitch0": 2, "1 nvswitch0": 2}, s.exported("DCGM_FI_DEV_NVSWITCH_LINK_STATUS", "nvlink", "nvswitch"))
		for _, blank := range []string{"DCGM_FI_DEV_NVSWITCH_TEMP_SHUTDOWN_CELSIUS", "DCGM_FI_DEV_NVSWITCH_LINK_TYPE", "DCGM_FI_DEV_NVSWITCH_LINK_THROUGHPUT_TX"} {
			require.Empty(s.t, s.exported(blank), blank)
		}
	})
}

func unchanged(src dcgm.Source) dcgm.Source { return src }

// What the host engine does not serve of one kind of entity costs the others nothing.
func TestKindsOfEntitiesDegradeAlone(t *testing.T) {
	series := map[string]string{
		"GPU": "DCGM_FI_DEV_GPU_TEMP", "switch": "DCGM_FI_DEV_NVSWITCH_TEMPERATURE_CURRENT", "switch link": "DCGM_FI_DEV_NVSWITCH_LINK_THROUGHPUT_TX",
		"GPU link": "DCGM_FI_DEV_NVLINK_PPCNT_PLR_RCV_CODES", "CPU": "DCGM_FI_DEV_CPU_TEMP_CURRENT",
	}
	for name, tt := range map[string]struct {
		scenario string
		lost     []string
		logs     string
	}{
		"without the module of CPUs":         {"at 0s call call=dcgmGetCpuHierarchy_v2 status=-33", []string{"CPU"}, "does not serve a call"},
		"CPUs cannot be listed":              {"at 0s call call=dcgmGetCpuHierarchy_v2 status=-3\n", []string{"CPU"}, "devices cannot be listed"},
		"links cannot be listed":             {"at 0s call call=dcgmGetNvLinkLinkStatus status=-33", []string{"switch link", "GPU link"}, ""},
		"fields of links are not known":      {"at 0s unknown_field 780\n", []string{"switch link"}, "does not know some fields"},
		"groups for GPUs and switches alone": {"at 0s group_limit 2", []string{"switch link", "GPU link", "CPU"}, ""},
		"no switches, but links of GPUs":     {"switches 0\n", []string{"switch", "switch link"}, ""},
		"a CPU's fields read blank":          {"field 1110 cpu:* blank\n", []string{"CPU"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, fmt.Sprintf(everything, tt.scenario), asExporter(ofDevices), func(s *simulation) {
				s.pass(2 * time.Minute)
				var lost []string
				for _, kind := range slices.Sorted(maps.Keys(series)) {
					if len(s.exported(series[kind], "gpu", "nvlink", "nvswitch", "cpu")) == 0 {
						lost = append(lost, kind)
					}
				}
				require.ElementsMatch(s.t, tt.lost, lost)
				require.Len(s.t, s.exported(series["GPU"], "gpu"), 2)
				if tt.logs != "" {
					require.Equal(s.t, 1, s.logs.FilterMessageSnippet(tt.logs).Len())
				}
			})
		})
	}
}

func TestLinksOfALostGPUEnd(t *testing.T) {
	const codes = "DCGM_FI_DEV_NVLINK_PPCNT_PLR_RCV_CODES"
	simulate(t, fmt.Sprintf(everything, ""), asExporter(ofDevices), func(s *simulation) {
		s.pass(interval)
		require.Equal(s.t, []string{"0 0", "0 1", "1 0", "1 1"}, sortedKeys(s.exported(codes, "gpu", "nvlink")))
		s.sim.Send("gpu_lost gpu=1")
		s.pass(interval)
		require.Equal(s.t, []string{"0 0", "0 1"}, sortedKeys(s.exported(codes, "gpu", "nvlink")))
		s.sim.Send("gpu_restored gpu=1")
		s.pass(3 * interval)
		require.Len(s.t, s.exported(codes, "gpu", "nvlink"), 4)
	})
}

func TestLinksFollowTheChoiceOfGPUs(t *testing.T) {
	simulate(t, fmt.Sprintf(everything, ""), asExporter(ofDevices, func(cfg *Config) { cfg.Devices = []string{"1"} }), func(s *simulation) {
		s.pass(interval)
		require.Equal(s.t, []string{"1 0", "1 1"}, sortedKeys(s.exported("DCGM_FI_DEV_NVLINK_PPCNT_PLR_RCV_CODES", "gpu", "nvlink")))
		require.Len(s.t, s.exported("DCGM_FI_DEV_CPU_TEMP_CURRENT", "cpu"), 2)
	})
}

// Links and CPUs are listed once a minute, and only where a counter is about them.
func TestDevicesAreListedForTheirCountersAlone(t *testing.T) {
	const ticks = int(2 * slowPeriod / interval)
	for counters, want := range map[string][2]int{
		"DCGM_FI_DEV_GPU_TEMP, gauge, t": {0, 0}, "DCGM_FI_DEV_NVSWITCH_LINK_CRC_ERRORS, counter, e": {2, 0}, "DCGM_FI_DEV_CPU_TEMP_CURRENT, gauge, t": {0, 2},
	} {
		calls := callsOf(t, ticks, asExporter(counters))
		require.Equal(t, want, [2]int{calls["Links"], calls["Processors"]}, counters)
		require.Zero(t, calls["Group"]+calls["Watch"], "%s: watches are kept", counters)
	}
}

// A field that both views have of an NVSwitch is watched once, as often as the faster one needs it.
func TestSwitchFieldOfTwoViewsIsReadOnce(t *testing.T) {
	both := asExporter("DCGM_FI_DEV_NVSWITCH_TEMPERATURE_CURRENT, gauge, t", func(cfg *Config) { cfg.Views = []string{viewOTel, viewDCGMExporter} })
	simulate(t, switched, both, func(s *simulation) {
		layout := s.collector.layouts[dcgm.Switch]
		slot, needed := layout.Slot(858)
		require.True(s.t, needed)
		require.Zero(s.t, layout.SlotTier(slot))
		s.pass(interval)
		require.Len(s.t, s.exported("DCGM_FI_DEV_NVSWITCH_TEMPERATURE_CURRENT", "nvswitch"), 2)
	})
}

// The counters of a link that is down are what says why.
func TestLinkThatIsDownKeepsItsSeries(t *testing.T) {
	simulate(t, fmt.Sprintf(everything, ""), asExporter(ofDevices), func(s *simulation) {
		s.sim.Send("link gpu=0 link=1 state=down")
		s.pass(3 * time.Minute)
		require.Len(s.t, s.exported("DCGM_FI_DEV_NVLINK_PPCNT_PLR_RCV_CODES", "gpu", "nvlink"), 4)
	})
}

func TestPeersHaveAStateForEachPair(t *testing.T) {
	const status = "DCGM_EXP_P2P_STATUS"
	nodes := map[string]struct {
		scenario string
		want     map[string]float64
	}{
		"joined":                  {steady, map[string]float64{"0 1 OK": 0, "1 0 OK": 0}},
		"one has no NVLink":       {steady + "include models/l4.model\ngpu 2 model=l4 uuid=GPU-00000000-0000-0000-0000-000000000002 pci=00000000:03:00.0\n", map[string]float64{"0 1 OK": 0, "0 2 NotSupported": 5, "1 0 OK": 0, "1 2 NotSupported": 5, "2 0 NotSupported": 5, "2 1 NotSupported": 5}},
		"of MIG, the GPU's":       {steady + "mig 0 1g.10gb\n", map[string]float64{"0 1 OK": 0, "1 0 OK": 0}},
		"numbers that leave gaps": {steady + "gpu 3 model=h100 uuid=GPU-00000000-0000-0000-0000-000000000003 pci=00000000:04:00.0\n", map[string]float64{}},
		"not supported":           {steady + "at 0s call call=dcgmGetNvLinkP2PStatus status=-6\n", map[string]float64{}},
		"an error":                {steady + "at 0s call call=dcgmGetNvLinkP2PStatus status=-3\n", map[string]float64{}},
		"another version of DCGM": {steady + "at 0s call call=dcgmGetNvLinkP2PStatus status=-12\n", map[string]float64{}},
	}
	for name, tt := range nodes {
		t.Run(name, func(t *testing.T) {
			simulate(t, tt.scenario, asExporter(status+", gauge, p\nDCGM_FI_DEV_GPU_TEMP, gauge, t"), func(s *simulation) {
				s.pass(interval)
				require.Equal(s.t, tt.want, s.exported(status, "gpu", "peer_gpu", "link_status"))
				require.NotEmpty(s.t, s.exported("DCGM_FI_DEV_GPU_TEMP", "gpu", "GPU_I_ID"))
				s.sim.Send("gpu_lost gpu=1")
				s.pass(interval)
				require.NotContains(s.t, s.exported(status, "gpu", "peer_gpu", "link_status"), "1 0 OK")
			})
		})
	}
}

// NVLinks come and go with their GPU, at once, and all come back with the host engine.
func TestLinksComeAndGoWithTheirGPU(t *testing.T) {
	const codes = "DCGM_FI_DEV_NVLINK_PPCNT_PLR_RCV_CODES"
	simulate(t, fmt.Sprintf(everything, ""), asExporter(ofDevices), func(s *simulation) {
		s.pass(interval)
		s.sim.Send("gpu_removed gpu=1")
		s.pass(2 * interval)
		require.Equal(s.t, []string{"0 0", "0 1"}, sortedKeys(s.exported(codes, "gpu", "nvlink")))
		require.Zero(s.t, s.logs.FilterMessageSnippet("does not take").Len())
		s.sim.Send("gpu_added 5 model=small uuid=GPU-00000000-0000-0000-0000-000000000005 pci=00000000:06:00.0")
		s.pass(2 * interval)
		require.Equal(s.t, []string{"0 0", "0 1", "5 0", "5 1"}, sortedKeys(s.exported(codes, "gpu", "nvlink")))
		s.sim.Send("engine_dies for 5s")
		s.pass(time.Minute)
		require.Len(s.t, s.exported(codes, "gpu", "nvlink"), 4)
		require.Len(s.t, s.exported("DCGM_FI_DEV_CPU_UTIL_TOTAL", "cpu", "cpucore"), 6)
		require.Len(s.t, s.exported("DCGM_FI_DEV_NVSWITCH_LINK_CRC_ERRORS", "nvlink", "nvswitch"), 4)
	})
}
