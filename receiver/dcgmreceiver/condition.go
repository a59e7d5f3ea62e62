// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"time"

	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/events"
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

	// is takes the place of field and holds for what is no field.
	is func(g *gpu) bool

	// action is what NVIDIA's catalogue says to do, "" where it says nothing; nil where the condition alone says it.
	action func(g *gpu) string
}

// conditions are in the order of their weight.
var conditions = [...]condition{
	{name: metadata.AttributeGpuConditionRecoveryNodeReboot, field: fieldRecoveryAction, holds: equals(recoveryNodeReboot), health: metadata.AttributeHwStateFailed},
	{name: metadata.AttributeGpuConditionRecoveryGpuReset, field: fieldRecoveryAction, holds: equals(recoveryGPUReset), health: metadata.AttributeHwStateFailed},
	{name: metadata.AttributeGpuConditionRowRemapFailed, field: fieldRowRemapFailure, holds: equals(1), health: metadata.AttributeHwStateFailed},
	{name: metadata.AttributeGpuConditionHealthFail, is: healthIs(dcgm.HealthFail), health: metadata.AttributeHwStateFailed},
	{name: metadata.AttributeGpuConditionXid, is: hadXID, action: xidAction, health: metadata.AttributeHwStateFailed},
	{name: metadata.AttributeGpuConditionRowRemapPending, field: fieldRowRemapPending, holds: equals(1), health: metadata.AttributeHwStatePredictedFailure},
	{name: metadata.AttributeGpuConditionRecoveryDrainAndReset, field: fieldRecoveryAction, holds: equals(recoveryDrainAndReset), health: metadata.AttributeHwStateDegraded},
	{name: metadata.AttributeGpuConditionRecoveryDrainP2p, field: fieldRecoveryAction, holds: equals(recoveryDrainP2P), health: metadata.AttributeHwStateDegraded},
	{name: metadata.AttributeGpuConditionHealthWarn, is: healthIs(dcgm.HealthWarn), health: metadata.AttributeHwStateDegraded},
	{name: metadata.AttributeGpuConditionMemoryUnrepairable, field: fieldMemoryUnrepairable, holds: equals(1), health: metadata.AttributeHwStateOk},
	{name: metadata.AttributeGpuConditionEccSramThresholdExceeded, field: fieldSRAMThreshold, holds: equals(1), health: metadata.AttributeHwStateOk},
	{name: metadata.AttributeGpuConditionEccUncorrected, field: fieldUncorrectedErrors, holds: someErrors, health: metadata.AttributeHwStateOk},
	{name: metadata.AttributeGpuConditionHwThermal, field: catalog.FieldClocksEventReasons, holds: has(hwThermal), health: metadata.AttributeHwStateOk},
	{name: metadata.AttributeGpuConditionHwPowerBrake, field: catalog.FieldClocksEventReasons, holds: has(hwPowerBrake), health: metadata.AttributeHwStateOk},
	{name: metadata.AttributeGpuConditionHwSlowdown, field: catalog.FieldClocksEventReasons, holds: slowdownAlone, health: metadata.AttributeHwStateOk},
}

// xidWindow is how long after an XID that is an error a GPU counts as failed, unless it is recovered before.
const xidWindow = time.Hour

// healthIs holds where the worst open incident of DCGM's health watches has a result.
func healthIs(result dcgm.HealthResult) func(*gpu) bool {
	return func(g *gpu) bool { return g.worst == result }
}

// hadXID reports whether an XID is open, see [judged].
func hadXID(g *gpu) bool { return g.xid.Number != 0 }

func xidAction(g *gpu) string { return g.xid.Action }

// openXID returns the worst XID of a GPU and of its MIG instances, those included that are there no more, that is an error, not long ago, and
// not before the GPU was recovered: the newest of equal ones. It is zero where there is none.
func (c *notifier) openXID(g *gpu, engine int64) xid.Code {
	var worst xid.Code
	if c.xids.journal == nil || !c.xids.journal.Counted() {
		return worst
	}
	since, newest := max(engine-xidWindow.Microseconds(), g.cleared), int64(0)
	for _, key := range c.xids.journal.Numbers.Owners().Within(g.known.Key()) {
		counts, _, _ := c.xids.journal.Counts(events.XIDs, key)
		for i := range counts {
			code, last := c.xids.table.XID(counts[i].Code), counts[i].Last
			if last <= since || code.Severity < max(xid.Error, worst.Severity) || code.Severity == worst.Severity && last < newest {
				continue
			}
			worst, newest = code, last
		}
	}
	return worst
}

// judgeXIDs notes which GPUs had XIDs that are not over: they are when the GPU was reset, or the driver, which had asked for a recovery, asks for
// none any more.
func (c *historian) judgeXIDs(now time.Time) {
	engine := c.clock.Now(now)
	for _, g := range c.gpus {
		if s, known := c.newest(g, fieldRecoveryAction, engine); known {
			if s.Int() == 0 && g.recovery != 0 {
				g.cleared = engine
			}
			g.recovery = s.Int()
		}
		c.judgeReset(g, engine)
		g.xid = c.openXID(g, engine)
	}
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
	if condition.is != nil {
		return condition.is(g)
	}
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

// actionsOf are the actions of those of some conditions that have one, by condition.
func actionsOf(g *gpu, held uint32) [len(conditions)]string {
	var actions [len(conditions)]string
	for i := range conditions {
		if action := conditions[i].action; action != nil && held&(1<<i) != 0 {
			actions[i] = action(g)
		}
	}
	return actions
}
