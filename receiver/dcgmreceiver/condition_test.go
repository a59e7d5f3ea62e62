// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

func TestConditionsOfValues(t *testing.T) {
	f := func(field dcgm.FieldID, value int64, want ...string) {
		t.Helper()
		var got []string
		for i := range conditions {
			if c := &conditions[i]; c.field == field && c.holds(value) {
				got = append(got, c.name.String())
			}
		}
		require.Equal(t, want, got, "field %d = %#x", field, value)
	}
	f(fieldRecoveryAction, 0)
	f(fieldRecoveryAction, 1, "recovery_gpu_reset")
	f(fieldRecoveryAction, 2, "recovery_node_reboot")
	f(fieldRecoveryAction, 3, "recovery_drain_p2p")
	f(fieldRecoveryAction, 4, "recovery_drain_and_reset")
	f(fieldRecoveryAction, 5)
	f(fieldRowRemapFailure, 0)
	f(fieldRowRemapFailure, 1, "row_remap_failed")
	f(fieldRowRemapPending, 0)
	f(fieldRowRemapPending, 1, "row_remap_pending")
	f(fieldMemoryUnrepairable, 0)
	f(fieldMemoryUnrepairable, 1, "memory_unrepairable")
	f(fieldSRAMThreshold, 0)
	f(fieldSRAMThreshold, 1, "ecc_sram_threshold_exceeded")
	f(fieldUncorrectedErrors, 0)
	f(fieldUncorrectedErrors, 1, "ecc_uncorrected")
	f(fieldUncorrectedErrors, 70, "ecc_uncorrected")
	f(fieldUncorrectedErrors, 9_000_000_000_000_000_000)
	f(fieldUncorrectedErrors, -1)
	f(catalog.FieldClocksEventReasons, 0x137) // idle, settings, power cap, sync boost, software heat, display
	f(catalog.FieldClocksEventReasons, 0x40, "hw_thermal")
	f(catalog.FieldClocksEventReasons, 0x80, "hw_power_brake")
	f(catalog.FieldClocksEventReasons, 0x8, "hw_slowdown")
	f(catalog.FieldClocksEventReasons, 0x48, "hw_thermal")
	f(catalog.FieldClocksEventReasons, 0x8c, "hw_power_brake")
	f(catalog.FieldClocksEventReasons, 0x1c8, "hw_thermal", "hw_power_brake")
	f(catalog.FieldClocksEventReasons, 1<<40|0x48)
	f(catalog.FieldClocksEventReasons, 1<<40|0x8)
	f(catalog.FieldClocksEventReasons, -1)
}

func TestEveryConditionHasARow(t *testing.T) {
	var names []metadata.AttributeGpuCondition
	for i := range conditions {
		names = append(names, conditions[i].name)
	}
	require.ElementsMatch(t, allOf(metadata.MapAttributeGpuCondition), names)
}
