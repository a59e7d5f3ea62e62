// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	godcgm "github.com/NVIDIA/go-dcgm/pkg/dcgm"
	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// TestHealthThroughTheDoorIsThatOfARealHostEngine checks at the instants of the recording and compares every incident with its row.
func TestHealthThroughTheDoorIsThatOfARealHostEngine(t *testing.T) {
	sim := simtest.StartAt(t, "testdata/health.scenario", time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC))
	start := sim.Now()
	src := openSource(t)
	group, refused, err := src.Group(t.Context(), append(gpuEntities(0, 1, 2, 3, 4, 5, 6, 7), Entity{Switch, 0}))
	require.NoError(t, err)
	require.Empty(t, refused)
	lines := readLines(t, "dcgm-4.6.0-health.jsonl")
	checks := 0
	for _, want := range lines {
		sim.Advance(start.Add(time.Duration(want.T * float64(time.Second))).Sub(sim.Now()))
		switch {
		case want.Call == "HealthSet ALL":
			require.NoError(t, src.WatchHealth(t.Context(), group, HealthAll))
		case want.Kind == "health":
			got, err := src.CheckHealth(t.Context(), group)
			require.NoError(t, err)
			of := slices.DeleteFunc(slices.Clone(lines), func(line recorded) bool { return line.Kind != "incident" || line.Step != want.Step })
			require.Equal(t, doorIncidents(t, of), append([]Incident{}, got...), want.Step)
			checks++
		}
	}
	require.Greater(t, checks, 10)
	require.NoError(t, src.Release(t.Context(), group))
	require.Empty(t, sim.EngineErrors())
}

func openSource(t *testing.T) Source {
	t.Helper()
	endpoint, err := ParseEndpoint("localhost:5555")
	require.NoError(t, err)
	session, err := Open(endpoint, time.Minute)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, session.Close(context.Background())) })
	src, err := session.Connect(t.Context())
	require.NoError(t, err)
	return src
}

func doorIncidents(t *testing.T, lines []recorded) []Incident {
	t.Helper()
	all := []Incident{}
	for _, l := range lines {
		var meta struct {
			Suggestion         string
			Severity, Category int
		}
		require.NoError(t, json.Unmarshal(l.Meta, &meta))
		all = append(all, Incident{
			Entity:  entityOf(l.entity()),
			System:  HealthSystems(l.System), //nolint:gosec // 32 bits wide in DCGM.
			Result:  HealthResult(l.Health),  //nolint:gosec // There are three.
			Code:    *l.Code,
			Message: l.Message,
			Meta:    ErrorMeta{nameOf(errorSeverities[:], meta.Severity), nameOf(errorCategories[:], meta.Category), meta.Suggestion},
		})
	}
	return all
}

func TestHealthNamesAreThoseOfDCGM(t *testing.T) {
	for system, name := range map[godcgm.HealthSystem]string{
		godcgm.DCGM_HEALTH_WATCH_PCIE: "pcie", godcgm.DCGM_HEALTH_WATCH_NVLINK: "nvlink", godcgm.DCGM_HEALTH_WATCH_PMU: "pmu",
		godcgm.DCGM_HEALTH_WATCH_MCU: "mcu", godcgm.DCGM_HEALTH_WATCH_MEM: "memory", godcgm.DCGM_HEALTH_WATCH_SM: "sm",
		godcgm.DCGM_HEALTH_WATCH_INFOROM: "inforom", godcgm.DCGM_HEALTH_WATCH_THERMAL: "thermal", godcgm.DCGM_HEALTH_WATCH_POWER: "power",
		godcgm.DCGM_HEALTH_WATCH_DRIVER: "driver", godcgm.DCGM_HEALTH_WATCH_NVSWITCH_NONFATAL: "nvswitch_nonfatal",
		godcgm.DCGM_HEALTH_WATCH_NVSWITCH_FATAL: "nvswitch_fatal", godcgm.DCGM_HEALTH_WATCH_CONNECTX: "connectx",
		godcgm.DCGM_HEALTH_WATCH_IMEX: "imex", godcgm.DCGM_HEALTH_WATCH_ALL: "all",
		godcgm.DCGM_HEALTH_WATCH_MEM | godcgm.DCGM_HEALTH_WATCH_SM: "memory,sm", 1 << 20: "0x100000", 0: "0x0",
	} {
		require.Equal(t, name, HealthSystems(system).String()) //nolint:gosec // 32 bits wide in DCGM.
	}
	for severity, name := range map[godcgm.ErrorSeverity]string{
		godcgm.DCGM_ERROR_NONE: "none", godcgm.DCGM_ERROR_MONITOR: "monitor", godcgm.DCGM_ERROR_ISOLATE: "isolate", godcgm.DCGM_ERROR_UNKNOWN: "unknown",
		godcgm.DCGM_ERROR_TRIAGE: "triage", godcgm.DCGM_ERROR_CONFIG: "config", godcgm.DCGM_ERROR_RESET: "reset", 7: "", -1: "",
	} {
		require.Equal(t, name, nameOf(errorSeverities[:], int(severity)))
	}
	for category, name := range map[godcgm.ErrorCategory]string{
		godcgm.DCGM_FR_EC_NONE: "none", godcgm.DCGM_FR_EC_SOFTWARE_XID: "software_xid", godcgm.DCGM_FR_EC_HARDWARE_MEMORY: "hardware_memory",
		godcgm.DCGM_FR_EC_HARDWARE_PCIE: "hardware_pcie", godcgm.DCGM_FR_EC_INTERNAL_OTHER: "internal_other",
	} {
		require.Equal(t, name, nameOf(errorCategories[:], int(category)))
	}
	require.Equal(t, []string{"pass", "warn", "fail", "result_7"}, []string{HealthPass.String(), HealthWarn.String(), HealthFail.String(), HealthResult(7).String()})
	require.Equal(t, ErrorMeta{}, errorMetaOf(99_999))
}

func TestHealthCallThatIsRefusedEndsNoConnection(t *testing.T) {
	src, sim := connect(t, "l4x1")
	group, _, err := src.Group(t.Context(), gpuEntities(0))
	require.NoError(t, err)
	sim.Send("call call=dcgmHealthSet status=-25")
	require.Error(t, src.WatchHealth(t.Context(), group, HealthAll))
	sim.Send("call call=dcgmHealthSet status=0")
	require.NoError(t, src.WatchHealth(t.Context(), group, HealthAll))
	sim.Send("call call=dcgmHealthCheck status=-25")
	_, err = src.CheckHealth(t.Context(), group)
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrDisconnected)
	sim.Send("call call=dcgmHealthCheck status=0")
	_, err = src.CheckHealth(t.Context(), group)
	require.NoError(t, err)
}
