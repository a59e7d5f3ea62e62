// SPDX-License-Identifier: Apache-2.0

package googleview

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// What Google's receiver reads each series from, and what comes first here because it is exact.
func TestSeriesComeFromTheFieldsOfGooglesReceiver(t *testing.T) {
	want := map[string][]dcgm.FieldID{
		"gpu.dcgm.clock.frequency []":                              {1603, 100},
		"gpu.dcgm.codec.decoder.utilization []":                    {207},
		"gpu.dcgm.codec.encoder.utilization []":                    {206},
		"gpu.dcgm.ecc_errors [{gpu.error.type dbe}]":               {311},
		"gpu.dcgm.ecc_errors [{gpu.error.type sbe}]":               {310},
		"gpu.dcgm.energy_consumption []":                           {1611, 156, 155},
		"gpu.dcgm.memory.bandwidth_utilization []":                 {1005, 204},
		"gpu.dcgm.memory.bytes_used [{gpu.memory.state free}]":     {251},
		"gpu.dcgm.memory.bytes_used [{gpu.memory.state reserved}]": {253},
		"gpu.dcgm.memory.bytes_used [{gpu.memory.state used}]":     {252},
		"gpu.dcgm.nvlink.io [{network.io.direction receive}]":      {1203, 1012},
		"gpu.dcgm.nvlink.io [{network.io.direction transmit}]":     {1201, 1011},
		"gpu.dcgm.pcie.io [{network.io.direction receive}]":        {1092, 1010},
		"gpu.dcgm.pcie.io [{network.io.direction transmit}]":       {1091, 1009},
		"gpu.dcgm.pipe.utilization [{gpu.pipe fp16}]":              {1008},
		"gpu.dcgm.pipe.utilization [{gpu.pipe fp32}]":              {1007},
		"gpu.dcgm.pipe.utilization [{gpu.pipe fp64}]":              {1006},
		"gpu.dcgm.pipe.utilization [{gpu.pipe tensor}]":            {1004},
		"gpu.dcgm.sm.occupancy []":                                 {1003},
		"gpu.dcgm.sm.utilization []":                               {1002},
		"gpu.dcgm.temperature []":                                  {150},
		"gpu.dcgm.utilization []":                                  {1001, 203},
	}
	for i, violation := range []string{"power", "thermal", "sync_boost", "board_limit", "low_util", "reliability", "app_clock", "base_clock"} {
		want["gpu.dcgm.clock.throttle_duration.time [{gpu.clock.violation "+violation+"}]"] = []dcgm.FieldID{dcgm.FieldID(240 + i)}
	}
	got := map[string][]dcgm.FieldID{}
	for _, row := range New(map[string]bool{"gpu.dcgm.sm.occupancy": true}).Rows {
		var fields []dcgm.FieldID
		for _, source := range row.Sources {
			fields = append(fields, source.Fields...)
		}
		got[fmt.Sprint(row.Name, " ", row.Attrs)] = fields
	}
	require.Equal(t, want, got)
}

func TestSwitches(t *testing.T) {
	names := func(v *View) (names []string) {
		for i := range v.Metrics {
			require.Equal(t, i, v.Metrics[i].Index)
			names = append(names, v.Metrics[i].Name)
		}
		return names
	}
	byDefault := New(nil)
	require.Len(t, names(byDefault), len(all)-2)
	require.Nil(t, byDefault.XIDs)
	switched := New(map[string]bool{XIDErrors: true, "gpu.dcgm.temperature": false})
	require.Contains(t, names(switched), XIDErrors)
	require.NotContains(t, names(switched), "gpu.dcgm.temperature")
	require.Equal(t, XIDErrors, switched.XIDs.Name)
}
