// SPDX-License-Identifier: Apache-2.0

package events

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

func incidentOf(entity dcgm.Entity, system dcgm.HealthSystems, result dcgm.HealthResult, code int) Incident {
	return Incident{keyOf(entity), dcgm.Incident{Entity: entity, System: system, Result: result, Code: code}}
}

func TestIncidentsBeginAndEnd(t *testing.T) {
	var h Incidents
	up := map[inventory.Key]bool{keyOf(gpu0): true, keyOf(gpu1): true}
	update := func(found ...Incident) (int, int) {
		begun, ended := h.Update(found, func(key inventory.Key) bool { return up[key] })
		return len(begun), len(ended)
	}
	warn, failed := incidentOf(gpu0, dcgm.HealthPCIe, dcgm.HealthWarn, 1), incidentOf(gpu0, dcgm.HealthMemory, dcgm.HealthFail, 4)
	of79 := incidentOf(gpu1, dcgm.HealthAll, dcgm.HealthFail, 120)
	require.False(t, h.Known())
	for _, step := range []struct {
		name         string
		found        []Incident
		begun, ended int
		worst        dcgm.HealthResult
	}{
		{"nothing", nil, 0, 0, dcgm.HealthPass},
		{"one", []Incident{warn}, 1, 0, dcgm.HealthWarn},
		{"the same, told twice", []Incident{warn, warn}, 0, 0, dcgm.HealthWarn},
		{"two, and one of an XID", []Incident{warn, failed, of79}, 2, 0, dcgm.HealthFail},
		{"one has ended", []Incident{failed, of79}, 0, 1, dcgm.HealthFail},
	} {
		begun, ended := update(step.found...)
		require.Equal(t, []int{step.begun, step.ended}, []int{begun, ended}, step.name)
		require.Equal(t, step.worst, h.Worst(keyOf(gpu0)), step.name)
	}
	require.Equal(t, dcgm.HealthPass, h.Worst(keyOf(gpu1)), "the XID itself says more")
	require.Equal(t, map[string]dcgm.HealthResult{"all": dcgm.HealthFail}, h.Of(keyOf(gpu1)))

	of31 := incidentOf(gpu1, dcgm.HealthMemory, dcgm.HealthWarn, 101)
	of95 := incidentOf(gpu1, dcgm.HealthMemory, dcgm.HealthFail, 81)
	of95.Message = "GPU had an uncontained error (XID 95)  (triggered by XID 95: GPU had an uncontained error)"
	update(failed, of79, of31, of95)
	require.Equal(t, dcgm.HealthPass, h.Worst(keyOf(gpu1)), "of whatever system it is")
	require.Equal(t, dcgm.HealthFail, h.Of(keyOf(gpu1))["memory"])

	up[keyOf(gpu0)] = false
	begun, ended := update(of79, of31, of95)
	require.Equal(t, []int{0, 0}, []int{begun, ended}, "those of a lost GPU vanish and are not over")
	require.Equal(t, dcgm.HealthFail, h.Worst(keyOf(gpu0)))
	up[keyOf(gpu0)] = true
	begun, ended = update(of79, of31, of95, failed)
	require.Equal(t, []int{0, 0}, []int{begun, ended})
	h.Reset()
	require.False(t, h.Known())
	require.Empty(t, h.Of(keyOf(gpu1)))
}
