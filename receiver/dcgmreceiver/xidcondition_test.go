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
