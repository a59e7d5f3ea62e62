// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// Fields of conditions beside those that hw.status needs (dcgm_fields.h).
const (
	fieldUncorrectedErrors  dcgm.FieldID = 311
	fieldSRAMThreshold      dcgm.FieldID = 346
	fieldMemoryUnrepairable dcgm.FieldID = 1507
)

// Bits of field 112 that the hardware sets (dcgm_fields.h, DCGM_CLOCKS_EVENT_REASON_*).
const (
	hwSlowdown   = 1 << 3
	hwThermal    = 1 << 6
	hwPowerBrake = 1 << 7
)

// condition is something that an operator should know of a GPU that can be read.
type condition struct {
	name   metadata.AttributeGpuCondition
	field  dcgm.FieldID
	holds  func(value int64) bool
	health metadata.AttributeHwState // what it makes of hw.status; ok if nothing
}

// conditions are in the order of their weight.
var conditions = [...]condition{
	{metadata.AttributeGpuConditionRecoveryNodeReboot, fieldRecoveryAction, equals(recoveryNodeReboot), metadata.AttributeHwStateFailed},
	{metadata.AttributeGpuConditionRecoveryGpuReset, fieldRecoveryAction, equals(recoveryGPUReset), metadata.AttributeHwStateFailed},
	{metadata.AttributeGpuConditionRowRemapFailed, fieldRowRemapFailure, equals(1), metadata.AttributeHwStateFailed},
	{metadata.AttributeGpuConditionRowRemapPending, fieldRowRemapPending, equals(1), metadata.AttributeHwStatePredictedFailure},
	{metadata.AttributeGpuConditionRecoveryDrainAndReset, fieldRecoveryAction, equals(recoveryDrainAndReset), metadata.AttributeHwStateDegraded},
	{metadata.AttributeGpuConditionRecoveryDrainP2p, fieldRecoveryAction, equals(recoveryDrainP2P), metadata.AttributeHwStateDegraded},
	{metadata.AttributeGpuConditionMemoryUnrepairable, fieldMemoryUnrepairable, equals(1), metadata.AttributeHwStateOk},
	{metadata.AttributeGpuConditionEccSramThresholdExceeded, fieldSRAMThreshold, equals(1), metadata.AttributeHwStateOk},
	{metadata.AttributeGpuConditionEccUncorrected, fieldUncorrectedErrors, someErrors, metadata.AttributeHwStateOk},
	{metadata.AttributeGpuConditionHwThermal, catalog.FieldClocksEventReasons, has(hwThermal), metadata.AttributeHwStateOk},
	{metadata.AttributeGpuConditionHwPowerBrake, catalog.FieldClocksEventReasons, has(hwPowerBrake), metadata.AttributeHwStateOk},
	{metadata.AttributeGpuConditionHwSlowdown, catalog.FieldClocksEventReasons, slowdownAlone, metadata.AttributeHwStateOk},
}

func equals(want int64) func(int64) bool { return func(value int64) bool { return value == want } }

// someErrors leaves out a count that no board can have.
func someErrors(count int64) bool {
	return count > 0 && catalog.RangeOf("gpu.ecc.errors").Holds(catalog.Level, float64(count))
}

func has(bit int64) func(int64) bool {
	return func(mask int64) bool { return catalog.IsClocksEventMask(mask) && mask&bit != 0 }
}

// slowdownAlone leaves out a slowdown whose reason is set as well.
func slowdownAlone(mask int64) bool {
	return catalog.IsClocksEventMask(mask) && mask&(hwSlowdown|hwThermal|hwPowerBrake) == hwSlowdown
}

// holds tells whether a condition is known to hold at a time of the host engine in microseconds.
func (c *roster) holds(condition *condition, g *gpu, engine int64) bool {
	s, known := c.newest(g, condition.field, engine)
	return known && condition.holds(s.Int())
}

// newest returns the newest sample of a field at a time of the host engine in microseconds. It reports false where there is none: a field
// that no enabled metric needs is not read, and of a sample that is too old for a point nothing is known any more.
func (c *roster) newest(g *gpu, field dcgm.FieldID, engine int64) (dcgm.Sample, bool) {
	slot, needed := c.Slot(field)
	if !needed {
		return dcgm.Sample{}, false
	}
	s := g.values.At(slot)
	return s, s.Reason == dcgm.OK && engine-s.TS <= c.SlotLimit(slot)
}

// conditionsOf returns those that hold, as a bit each. Nothing is known of a GPU that cannot be read.
func (c *roster) conditionsOf(g *gpu, now int64) (held uint32) {
	if !g.up() {
		return 0
	}
	for i := range conditions {
		if c.holds(&conditions[i], g, now) {
			held |= 1 << i
		}
	}
	return held
}
