// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

func TestWhatAFailedCollectionLeaves(t *testing.T) {
	hung, gone, other := fmt.Errorf("read: %w", dcgm.ErrHung), fmt.Errorf("read: %w", dcgm.ErrDisconnected), errors.New("refused")
	for name, tt := range map[string]struct {
		planned              bool
		err                  error
		reconnects, detached bool
	}{
		"a call that hangs, with a plan":           {true, hung, false, false},
		"a call that hangs while the plan is made": {false, hung, false, false},
		"a connection that is gone":                {true, gone, true, true},
		"a connection that is gone without a plan": {false, gone, true, true},
		"a read that is refused":                   {true, other, false, false},
		"a plan that is refused":                   {false, other, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, createDefaultConfig().(*Config), nil)
			r.collector.src, r.collector.planned = strayAnswers{}, tt.planned
			r.afterFailure(tt.err)
			require.Equal(t, tt.reconnects, r.wantsConnection())
			require.Equal(t, tt.reconnects, !r.retryAt.IsZero())
			require.Equal(t, tt.detached, r.collector.src == nil)
		})
	}
}

func TestHungCallConcernsTheConnection(t *testing.T) {
	for _, err := range []error{dcgm.ErrHung, dcgm.ErrDisconnected, dcgm.ErrPanic} {
		require.True(t, lost(fail(selftelemetry.KindRead, fmt.Errorf("call: %w", err))), err)
	}
	require.False(t, lost(errors.New("refused")))
	require.False(t, lost(nil))
}

func TestActivityIsMarkedByCollectionsThatGaveValuesAlone(t *testing.T) {
	simulate(t, steady, nil, func(s *simulation) {
		t := s.t
		s.pass(interval)
		before := s.self.Report()
		require.EqualValues(t, before.Emissions, before.Activities)
		s.sim.Send("call call=dcgmGetAllSupportedDevices status=-3")
		for range 3 {
			s.pass(interval)
		}
		report := s.self.Report()
		require.Equal(t, before.Emissions+3, report.Emissions, "it goes on to say that DCGM is down")
		require.Equal(t, before.Activities, report.Activities, "which is no activity")
		s.sim.Send("call call=dcgmGetAllSupportedDevices status=0")
		s.pass(2 * lastBackoff)
		require.Greater(t, s.self.Report().Activities, report.Activities)
	})
}
