// SPDX-License-Identifier: Apache-2.0

//go:build !linux || !cgo

package dcgmreceiver

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

func TestBuildWithoutDCGMSaysSoOnceAndGoesOn(t *testing.T) {
	for when, status := range map[string]componentstatus.Status{
		whenUnavailableReady:    componentstatus.StatusRecoverableError,
		whenUnavailableNotReady: componentstatus.StatusPermanentError,
	} {
		synctest.Test(t, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			cfg.WhenUnavailable = when
			r := newRig(t, cfg, nil)
			origin := time.Now()
			r.start()
			time.Sleep(time.Minute)
			r.stop()

			require.Equal(t, []componentstatus.Status{status}, r.host.statuses())
			require.ErrorIs(t, r.host.firstError(), dcgm.ErrUnavailable)
			require.Equal(t, 1, r.logs.Len())
			require.Len(t, r.sink.AllMetrics(), 4)
			require.Equal(t, "0 at 46s", r.last(origin)["dcgm.up{}"])
			require.Equal(t, map[selftelemetry.Kind]int64{selftelemetry.KindInit: 1}, r.self.Report().Errors)
			require.Equal(t, []bool{true}, r.self.Report().Degraded)
		})
	}
}
