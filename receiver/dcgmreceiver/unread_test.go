// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

const unreadable0 = "gpu.status{gpu.state=unreadable hw.name=nvidia0}"

func TestReadsThatFailForAllGPUsAreReportedAndCounted(t *testing.T) {
	for status, text := range map[int]string{-3: "Generic unspecified error", -8: "NVML error", -17: "No permission", -57: "NVML driver timeout"} {
		t.Run(text, func(t *testing.T) {
			simulate(t, steady, nil, func(s *simulation) {
				t := s.t
				s.pass(interval)
				_, before := cutTimes(s.now()[energyOf0])
				s.sim.Send(fmt.Sprintf("call call=dcgmEntitiesGetLatestValues status=%d", status))
				for range 36 {
					s.pass(interval)
					require.Contains(t, s.now()["dcgm.up{}"], "1 ", "the host engine answers")
					require.Contains(t, s.now()["gpu.up{hw.name=nvidia0}"], "0 ")
					require.Contains(t, s.now()[unreadable0], "1 ")
					require.Contains(t, s.now()["hw.status{hw.name=nvidia1 hw.state=degraded}"], "1 ")
					require.NotContains(t, s.now(), energyOf0)
				}
				require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, s.host.statuses())
				require.ErrorContains(t, s.host.firstError(), "host engine does not read GPUs [0 1]: ")
				require.ErrorContains(t, s.host.firstError(), text)
				require.EqualValues(t, 36, s.self.Report().Errors[selftelemetry.KindRead], "once for each collection")
				require.Equal(t, 1, s.logs.FilterMessage("DCGM receiver is degraded").Len())
				require.Zero(t, s.logs.FilterMessageSnippet("cannot be read").Len())

				s.sim.Send("call call=dcgmEntitiesGetLatestValues status=0")
				s.pass(interval)
				s.pass(interval)
				s.requireUp(true)
				require.Contains(t, s.now()[unreadable0], "0 ")
				_, after := cutTimes(s.now()[energyOf0])
				require.Equal(t, before, after, "no counter restarts")
				require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, s.host.statuses())
			})
		})
	}
}

// unread lets every read of GPU 0 fail.
type unread struct {
	dcgm.Source
	fails *bool
}

func (u unread) Read(ctx context.Context, gpus []dcgm.Entity, fields []dcgm.FieldID, buf []dcgm.Sample) ([]dcgm.Sample, map[dcgm.Entity]error, error) {
	if !*u.fails {
		return u.Source.Read(ctx, gpus, fields, buf)
	}
	samples, _, err := u.Source.Read(ctx, gpus[1:], fields, buf)
	return samples, map[dcgm.Entity]error{gpus[0]: errors.New("broken")}, err
}

func TestReadsThatFailForOneGPUAreItsOwnTrouble(t *testing.T) {
	fails := false
	stepwise(t, steady, func(src dcgm.Source) dcgm.Source { return unread{src, &fails} }, func(s *steps) {
		t := s.t
		s.pass(interval)
		fails = true
		for range 3 {
			s.pass(interval)
			require.Contains(t, s.now()["gpu.up{hw.name=nvidia0}"], "0 ")
			require.Contains(t, s.now()[unreadable0], "1 ")
			require.NotContains(t, s.now(), "hw.power{hw.name=nvidia0}")
			require.Contains(t, s.now()["gpu.up{hw.name=nvidia1}"], "1 ")
			require.Contains(t, s.now(), "hw.power{hw.name=nvidia1}")
		}
		require.EqualError(t, s.host.firstError(), "host engine does not read GPUs [0]: broken")
		fails = false
		s.pass(interval)
		require.Contains(t, s.now()["gpu.up{hw.name=nvidia0}"], "1 ")
		require.Contains(t, s.now(), "hw.power{hw.name=nvidia0}")
	})
}
