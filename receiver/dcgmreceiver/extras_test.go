// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// A call that what GPUs measure does not need, and that never returns in time, costs that alone. Time in C is real.
func TestSlowExtraCallCostsNoGPU(t *testing.T) {
	for _, call := range []string{
		"dcgmGetNvLinkP2PStatus", "dcgmGetCpuHierarchy_v2", "dcgmGetNvLinkLinkStatus", "dcgmIntrospectGetHostengineMemoryUsage",
		"dcgmProfGetSupportedMetricGroups", "dcgmGetGpuInstanceHierarchy", "dcgmHealthSet", "dcgmHealthCheck",
	} {
		t.Run(call, func(t *testing.T) {
			sim := simtest.Start(t, fmt.Sprintf(everything, "")+"mig 0 1g.24gb\n")
			sim.Send("slow 1500ms call=" + call)
			cfg := createDefaultConfig().(*Config)
			cfg.CollectionInterval, cfg.InitialDelay, cfg.Timeout = 100*time.Millisecond, 0, minTimeout
			cfg.Views, cfg.DCGMExporter.Counters = []string{viewOTel, viewDCGMExporter}, ofDevices+"DCGM_EXP_P2P_STATUS, gauge, p\nDCGM_FI_PROF_GR_ENGINE_ACTIVE, gauge, g\n"
			s := &simulation{rig: newRig(t, cfg, nil), sim: sim, origin: time.Now()}
			s.start()
			defer s.stop()
			s.eventually(func() bool { return s.logs.FilterMessageSnippet("does not return in time").Len() == 1 })
			s.eventually(func() bool { return hasGPUs(s.now()) && len(s.exported("DCGM_FI_DEV_GPU_TEMP", "gpu", "GPU_I_ID")) > 0 })
		})
	}
}

func TestCallThatHangsRestsTwiceAsLongEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newExtras(zaptest.NewLogger(t))
		made, answer := 0, fmt.Errorf("peers: %w", dcgm.ErrUnreturned)
		call := func() error {
			_, err := extra(e, "peers", func() (int, error) { made++; return made, answer })
			return err
		}
		for _, pause := range []time.Duration{5, 10, 20, 40, 60, 60} {
			before := made
			require.True(t, lost(call()), "the connection goes with it")
			time.Sleep(pause*time.Minute - time.Second)
			err := call()
			require.ErrorIs(t, err, errResting)
			require.False(t, lost(err))
			require.Equal(t, before+1, made)
			time.Sleep(time.Second)
		}
		answer = nil
		require.NoError(t, call())
		answer = fmt.Errorf("peers: %w: list has not returned", dcgm.ErrHung)
		require.True(t, lost(call()), "another call hangs")
		answer = nil
		require.NoError(t, call())
	})
}
