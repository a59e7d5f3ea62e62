// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// notices lists the records but for XIDs, hw.status and gpu.health, as time on the node, event, severity, device and attributes of their own.
func (s *simulation) notices() []string {
	var out []string
	for _, record := range recordsOf(s.records) {
		if slices.Contains([]string{"gpu.xid", "hw.status", "gpu.health"}, record.EventName()) {
			continue
		}
		var own []string
		for key, value := range record.Attributes().All() {
			if !strings.HasPrefix(key, "hw.") && key != "log.record.uid" && key != "gpu.pci.bus_id" {
				own = append(own, key+"="+value.AsString())
			}
		}
		slices.Sort(own)
		name, _ := record.Attributes().Get("hw.name")
		at := record.Timestamp().AsTime().Sub(s.origin).Round(time.Second)
		out = append(out, fmt.Sprintf("%s %s %s %s %s", at, record.EventName(), record.SeverityText(), name.AsString(), strings.Join(own, " ")))
	}
	return out
}

func TestChangesOfAGPUAreRecords(t *testing.T) {
	for name, tt := range map[string]struct {
		acts []act
		want []string
	}{
		"lost and back": {
			[]act{{"", []string{"gpu_lost gpu=0"}, interval}, {"", []string{"gpu_restored gpu=0"}, 2 * interval}},
			[]string{"20s gpu.status ERROR nvidia0 gpu.state.previous=ok gpu.state=lost", "30s gpu.status INFO nvidia0 gpu.state.previous=lost gpu.state=ok"},
		},
		"reset, without being lost": {
			[]act{{"", nil, slowPeriod}, {"", []string{"reset gpu=0"}, 4 * interval}, {"", []string{"field gpu=0 id=156 value=5"}, interval}, {"", []string{"unfield gpu=0 id=156"}, 2 * interval}},
			[]string{"1m20s gpu.reset WARN nvidia0 "},
		},
		"removed": {
			[]act{{"", []string{"gpu_removed gpu=0"}, interval}},
			[]string{"20s gpu.status ERROR nvidia0 gpu.state.previous=ok gpu.state=absent"},
		},
		"replaced": {
			[]act{{"", []string{"gpu_removed gpu=0", "gpu_added 0 model=h100 uuid=GPU-00000000-0000-0000-0000-000000000009 pci=00000000:01:00.0 serial=9"}, 2 * interval}},
			[]string{"20s gpu.replaced WARN nvidia0 gpu.replacement.id=GPU-00000000-0000-0000-0000-000000000009"},
		},
		"recovery action": {
			[]act{{"", []string{"recovery gpu=0 action=drain_p2p"}, interval}, {"", []string{"recovery gpu=0 action=node_reboot"}, interval}, {"", []string{"recovery gpu=0 action=none"}, interval}},
			[]string{
				"20s gpu.recovery.action WARN nvidia0 gpu.recovery.action.previous=none gpu.recovery.action=drain_p2p",
				"30s gpu.recovery.action FATAL nvidia0 gpu.recovery.action.previous=drain_p2p gpu.recovery.action=node_reboot",
				"40s gpu.recovery.action INFO nvidia0 gpu.recovery.action.previous=node_reboot gpu.recovery.action=none",
			},
		},
		"row remap": {
			[]act{{"", []string{"row_remap gpu=0 pending"}, interval}, {"", []string{"row_remap gpu=0 failed"}, interval}},
			[]string{
				"20s gpu.memory.remap WARN nvidia0 gpu.memory.remap.state.previous=none gpu.memory.remap.state=pending",
				"30s gpu.memory.remap ERROR nvidia0 gpu.memory.remap.state.previous=pending gpu.memory.remap.state=failed",
			},
		},
		"partitioned": {
			[]act{{"", []string{"mig_reconfigure gpu=0 layout=1g.10gb,1g.10gb"}, slowPeriod}},
			[]string{"20s gpu.mig.layout INFO nvidia0 gpu.mig.layout.previous=none gpu.mig.layout=1g.10gb/1,1g.10gb/1/0,1g.10gb/2,1g.10gb/2/0"},
		},
		"throttled by hardware": {
			[]act{{"", []string{"throttle gpu=0 reason=hw_thermal,hw_slowdown for 5s", "throttle gpu=0 reason=power_cap for 3s"}, interval}, {"", nil, 4 * interval}},
			[]string{
				"11s gpu.throttle WARN nvidia0 gpu.throttle.active=true gpu.throttle.reason=hw_slowdown",
				"11s gpu.throttle WARN nvidia0 gpu.throttle.active=true gpu.throttle.reason=hw_thermal",
				"15s gpu.throttle INFO nvidia0 gpu.throttle.active=false gpu.throttle.reason=hw_slowdown",
				"15s gpu.throttle INFO nvidia0 gpu.throttle.active=false gpu.throttle.reason=hw_thermal",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, steady, nil, func(s *simulation) {
				s.pass(interval)
				require.Empty(s.t, s.notices(), "what was from the start has not changed")
				for _, act := range tt.acts {
					s.sim.Send(act.events...)
					for range act.wait / interval {
						s.pass(interval)
					}
				}
				require.Equal(s.t, tt.want, s.notices())
			})
		})
	}
}

func TestSameLayoutOfOtherInstancesIsARecord(t *testing.T) {
	simulate(t, parted, nil, func(s *simulation) {
		for range 3 {
			s.pass(interval)
		}
		require.Empty(s.t, s.notices())
		s.sim.Send("mig_reconfigure gpu=0 layout=1g.10gb,3g.40gb")
		for range 3 {
			s.pass(interval)
		}
		layout := s.notices()
		s.sim.Send("mig_reconfigure gpu=0 layout=1g.10gb,3g.40gb")
		for range 3 {
			s.pass(interval)
		}
		again := s.notices()
		require.Len(s.t, layout, 1)
		require.Len(s.t, again, 2)
		const same = "1g.10gb/1,1g.10gb/1/0,3g.40gb/2,3g.40gb/2/0"
		require.Contains(s.t, again[1], "gpu.mig.layout.previous="+same+" gpu.mig.layout="+same)
	})
}

func TestReconnectIsARecord(t *testing.T) {
	simulate(t, steady, nil, func(s *simulation) {
		s.pass(interval)
		s.sim.Send("engine_dies for 5s")
		s.pass(lastBackoff)
		s.pass(interval)
		records := recordsOf(s.records)
		require.Len(s.t, records, 1)
		require.Equal(s.t, "dcgm.hostengine.reconnect", records[0].EventName())
		require.Equal(s.t, "connected to the host engine at tcp://localhost:5555 again: it was restarted, or the connection was interrupted", records[0].Body().Str())
		require.Equal(s.t, "4.6.0", records[0].Attributes().AsRaw()["dcgm.version"])
	})
}

// verdicts lists the records of hw.status.
func (s *simulation) verdicts() []string {
	var out []string
	for _, record := range recordsOf(s.records) {
		if a := record.Attributes().AsRaw(); record.EventName() == "hw.status" {
			out = append(out, fmt.Sprintf("%s %v %v", record.SeverityText(), a["hw.state"], a["hw.state.reason"]))
		}
	}
	return out
}

func TestHWStatusSaysWhyAndEndsWithItsCause(t *testing.T) {
	for name, tt := range map[string]struct {
		acts []act
		want []string
	}{
		"an XID that a recovery ends": {
			[]act{{"", []string{"xid gpu=0 code=48", "recovery gpu=0 action=gpu_reset"}, interval}, {"", []string{"recovery gpu=0 action=none"}, interval}},
			[]string{"ERROR failed recovery_gpu_reset", "INFO ok <nil>"},
		},
		"an XID that a window ends": {
			[]act{{"", []string{"xid gpu=0 code=95"}, interval}, {"", nil, time.Hour}},
			[]string{"ERROR failed xid", "INFO ok <nil>"},
		},
		"an XID that a reset ends": {
			[]act{{"", []string{"xid gpu=0 code=95"}, interval}, {"", []string{"reset gpu=0"}, 2 * interval}},
			[]string{"ERROR failed xid", "INFO ok <nil>"},
		},
		"an XID of an application": {[]act{{"", []string{"xid gpu=0 code=31"}, interval}}, nil},
		"a GPU that is lost with its XID, and back": {
			[]act{{"", []string{"xid gpu=0 code=79", "gpu_lost gpu=0"}, interval}, {"", []string{"gpu_restored gpu=0"}, 2 * interval}},
			[]string{"ERROR failed lost", "INFO ok <nil>"},
		},
		"a warning of a health watch that ends": {
			[]act{{"", []string{"throttle gpu=0 reason=hw_thermal for 5s"}, 6 * time.Minute}},
			[]string{"WARN degraded health_warn", "INFO ok <nil>"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, steady, nil, func(s *simulation) {
				for range 12 {
					s.pass(interval)
				}
				for _, act := range tt.acts {
					s.sim.Send(act.events...)
					for range act.wait / interval {
						s.pass(interval)
					}
				}
				require.Equal(s.t, tt.want, s.verdicts())
			})
		})
	}
}

func TestHealthIncidentsAreRecordsAndAStateSet(t *testing.T) {
	const health = "gpu.health{gpu.health.state=%s gpu.health.system=%s hw.name=nvidia0}"
	simulate(t, steady, nil, func(s *simulation) {
		t := s.t
		require.NotContains(t, s.now(), fmt.Sprintf(health, "pass", "memory"), "the first check is a baseline")
		for range 7 {
			s.pass(interval)
		}
		require.Regexp(t, "^1 ", s.now()[fmt.Sprintf(health, "pass", "memory")])
		s.sim.Send("ecc gpu=0 type=dbe count=3")
		for range 6 {
			s.pass(interval)
		}
		require.Regexp(t, "^1 ", s.now()[fmt.Sprintf(health, "fail", "memory")])
		require.Regexp(t, "^1 ", s.now()[fmt.Sprintf(health, "pass", "pcie")])
		require.Regexp(t, "^1 ", s.now()["gpu.health{gpu.health.state=pass gpu.health.system=memory hw.name=nvidia1}"])
		require.Regexp(t, "^1 ", s.now()["hw.status{hw.name=nvidia0 hw.state=failed}"])
		records := slices.DeleteFunc(recordsOf(s.records), func(r plog.LogRecord) bool { return r.EventName() != "gpu.health" })
		require.Len(t, records, 1)
		attributes := records[0].Attributes().AsRaw()
		require.Equal(t, []any{"ERROR", "memory", "fail", true, int64(4), "isolate", "hardware_memory", "Drain the GPU and reset it or reboot the node."}, []any{
			records[0].SeverityText(), attributes["gpu.health.system"], attributes["gpu.health.state"], attributes["gpu.health.active"], attributes["gpu.health.error.code"],
			attributes["gpu.health.error.severity"], attributes["gpu.health.error.category"], attributes["gpu.health.next_step"],
		})
		require.Contains(t, records[0].Body().Str(), "Detected 3 volatile double-bit ECC error(s) in GPU 0")

		s.sim.Send("gpu_lost gpu=0")
		for range 12 {
			s.pass(interval)
		}
		s.sim.Send("gpu_restored gpu=0")
		for range 12 {
			s.pass(interval)
		}
		records = slices.DeleteFunc(recordsOf(s.records), func(r plog.LogRecord) bool { return r.EventName() != "gpu.health" })
		require.Len(t, records, 1, "an incident that vanishes while the GPU is lost is not over")
	})
}

func TestHealthIsNotCheckedWhereNobodyWantsIt(t *testing.T) {
	simulate(t, steady, func(cfg *Config) { cfg.HealthInterval = 0 }, func(s *simulation) {
		for range 13 {
			s.pass(interval)
		}
		require.Nil(s.t, s.collector.checks.group)
	})
}

func TestHealthThatTheEngineRefusesIsNoErrorOfTheReceiver(t *testing.T) {
	simulate(t, steady+"at 0s call call=dcgmHealthSet status=-33\n", nil, func(s *simulation) {
		t := s.t
		for range 13 {
			s.pass(interval)
		}
		require.Empty(t, s.host.statuses())
		require.Equal(t, 1, s.logs.FilterMessageSnippet("health of GPUs cannot be checked").Len())
		s.requireUp(true)
		s.sim.Send("call call=dcgmHealthSet status=0")
		for range 13 {
			s.pass(interval)
		}
		require.Contains(t, s.now(), "gpu.health{gpu.health.state=pass gpu.health.system=pcie hw.name=nvidia0}")
	})
}

func TestHealthThatIsNotCheckedAnyMoreIsUnknown(t *testing.T) {
	simulate(t, steady, nil, func(s *simulation) {
		t := s.t
		for range 15 {
			s.pass(interval)
		}
		s.sim.Send("field gpu=0 id=409 value=200")
		for range 3 {
			s.pass(interval)
		}
		const warns, degraded = "gpu.health{gpu.health.state=warn gpu.health.system=nvlink hw.name=nvidia0}", "hw.status{hw.name=nvidia0 hw.state=degraded}"
		require.Regexp(t, "^1 ", s.now()[warns])
		s.sim.Send("call call=dcgmHealthCheck status=-33")
		for range 18 {
			require.Regexp(t, "^1 ", s.now()[warns])
			require.Regexp(t, "^1 ", s.now()[degraded])
			s.pass(interval)
		}
		s.pass(interval)
		require.NotContains(t, s.now(), warns, "three intervals after the check that found it")
		require.Regexp(t, "^0 ", s.now()[degraded])
		s.sim.Send("call call=dcgmHealthCheck status=0", "field gpu=0 id=409 value=400")
		for range 18 {
			s.pass(interval)
		}
		require.Contains(t, s.now(), warns)
	})
}
