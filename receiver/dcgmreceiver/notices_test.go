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
)

// notices lists the records but for XIDs, as time on the node, event, severity, device and attributes of their own.
func (s *simulation) notices() []string {
	var out []string
	for _, record := range recordsOf(s.records) {
		if record.EventName() == "gpu.xid" {
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
