// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/internal/xid"
)

func TestXIDsOfInstancesAreConditionsOfTheirGPU(t *testing.T) {
	for name, tt := range map[string]struct {
		events []string
		want   []string
	}{
		"instance that is there":    {[]string{"xid gpu=0 gi=0 code=95"}, []string{"ERROR failed xid", "INFO ok <nil>"}},
		"compute instance":          {[]string{"xid gpu=0 ci=1 code=95"}, []string{"ERROR failed xid", "INFO ok <nil>"}},
		"instance that has gone":    {[]string{"xid gpu=0 gi=0 code=95", "advance 1s", "mig_reconfigure gpu=0 layout=none"}, []string{"ERROR failed xid", "INFO ok <nil>"}},
		"instance of a new layout":  {[]string{"xid gpu=0 gi=0 code=95", "advance 1s", "mig_reconfigure gpu=0 layout=1g.10gb"}, []string{"ERROR failed xid", "INFO ok <nil>"}},
		"another GPU, and no error": {[]string{"xid gpu=1 code=31"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, parted, func(cfg *Config) { cfg.HealthInterval = 0 }, func(s *simulation) {
				s.pass(interval)
				s.sim.Send(tt.events...)
				s.pass(time.Minute)
				require.Equal(s.t, tt.want[:min(1, len(tt.want))], s.verdicts(), "it lasts for the window")
				if len(tt.want) > 0 {
					require.Contains(s.t, s.states.current.Load().of[0].actions, xid.Default().XID(95).Action)
				}
				s.pass(time.Hour)
				require.Equal(s.t, tt.want, s.verdicts())
			})
		})
	}
}

// Whoever restarts a host engine that has stopped to call the driver has not recovered the GPUs.
func TestXIDsOutlastAHostEngineThatWasFrozen(t *testing.T) {
	simulate(t, steady, func(cfg *Config) { cfg.HealthInterval = 0 }, func(s *simulation) {
		s.pass(interval)
		s.sim.Send("xid gpu=1 code=95")
		s.pass(interval)
		s.sim.Send("xid gpu=0 code=119", "field gpu=* id=1-229,231-1612 value=stale for 5m")
		s.pass(4 * time.Minute)
		require.Contains(s.t, s.verdicts(), "WARN degraded frozen")
		s.sim.Send("engine_dies for 5s")
		s.pass(5 * time.Minute)
		verdicts := s.verdicts()
		require.Equal(s.t, []string{"ERROR failed xid", "ERROR failed xid"}, verdicts[len(verdicts)-2:])
	})
}
