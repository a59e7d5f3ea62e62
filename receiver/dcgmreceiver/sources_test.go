// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	energyOf0      = "hw.energy{hw.name=nvidia0}"
	clockOf0       = "gpu.clock.frequency{gpu.clock.domain=sm hw.name=nvidia0}"
	utilizationOf0 = "hw.gpu.utilization{hw.gpu.task=general hw.name=nvidia0}"
	pcieOf0        = "hw.gpu.io{hw.name=nvidia0 network.io.direction=transmit}"
)

// infoOf0 is the identity of gpu.info, which has the sources in use.
func (s *simulation) infoOf0() string {
	for key := range s.now().of("nvidia0") {
		if len(key) > 9 && key[:9] == "gpu.info{" {
			return key
		}
	}
	return ""
}

func TestSourcesThatADowngradedEngineLacksAreReplaced(t *testing.T) {
	simulate(t, "engine 4.6.1\n"+steady, nil, func(s *simulation) {
		t := s.t
		s.pass(interval)
		require.NotContains(t, s.infoOf0(), "hw.energy=156")
		_, before := cutTimes(s.now()[energyOf0])
		require.NotEmpty(t, before)
		clock, _ := cutTimes(s.now()[clockOf0])

		s.sim.Send("engine_dies", "unknown_field 1600-1612")
		s.pass(interval)
		s.sim.Send("engine_returns")
		s.pass(2 * lastBackoff)
		s.requireUp(true)
		require.Contains(t, s.infoOf0(), "gpu.clock.frequency=100,101,102")
		require.Contains(t, s.infoOf0(), "hw.energy=156")
		again, _ := cutTimes(s.now()[clockOf0])
		require.Equal(t, clock, again)
		require.Contains(t, s.now(), energyOf0)
		_, after := cutTimes(s.now()[energyOf0])
		require.NotEqual(t, before, after, "another source counts from another start")
	})
}
