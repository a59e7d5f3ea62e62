// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/events"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// notifier reports changes that last, once, in the journal.
type notifier struct {
	*reader

	xids *xidReader
}

// notices reports whether records are wanted.
func (c *notifier) notices() bool { return c.xids.journal != nil && c.xids.records }

// notice reports what is another state of a GPU than at the collection before, which may be one of an earlier run. now is the Collector's time.
func (c *notifier) notice(now time.Time) {
	if !c.notices() {
		return
	}
	engine := c.clock.Now(now)
	c.noticeMissing(engine)
	for _, g := range slices.Concat(shown(c.gpus), c.gone) {
		c.noticeState(g, engine)
		c.noticeHealth(g, engine)
		if g.up() {
			c.noticeRecovery(g, engine)
			c.noticeRemap(g, engine)
			c.noticeLayout(g, engine)
		}
	}
}

func (g *gpu) subject() *events.Subject {
	return &events.Subject{Attributes: g.attributes(), PCIBusID: g.known.PCIBusID}
}

// stateSeverities are those of states that are not warnings.
var stateSeverities = map[inventory.State]xid.Severity{
	inventory.StateOK: xid.Info, inventory.StateFake: xid.Info, inventory.StateLost: xid.Error, inventory.StateAbsent: xid.Error,
	inventory.StateInaccessible: xid.Error, inventory.StateUnreadable: xid.Error, inventory.StateFrozen: xid.Error,
}

func (c *notifier) noticeState(g *gpu, engine int64) {
	state := g.known.State()
	before, changed := c.xids.journal.Changed(g.known.Key(), "gpu.state", string(state))
	if !changed {
		return
	}
	c.xids.journal.Notice(g.subject(), stateNotice(before, state, engine))
}

func stateNotice(before string, state inventory.State, engine int64) events.Notice {
	severity, isNoWarning := stateSeverities[state]
	if !isNoWarning {
		severity = xid.Warn
	}
	return events.Notice{
		Event: "gpu.status", Time: engine, Severity: severity, Text: fmt.Sprintf("was %s and is %s", before, state),
		Attributes: map[string]any{"gpu.state": string(state), "gpu.state.previous": before},
	}
}

// healthSeverities are those of the states of hw.status.
var healthSeverities = map[metadata.AttributeHwState]xid.Severity{
	metadata.AttributeHwStateOk: xid.Info, metadata.AttributeHwStateDegraded: xid.Warn, metadata.AttributeHwStatePredictedFailure: xid.Warn, metadata.AttributeHwStateFailed: xid.Error,
}

// noticeHealth reports that hw.status is another one, or has another reason, so that the newest record has the reason that holds.
func (c *notifier) noticeHealth(g *gpu, engine int64) {
	state, reason := c.healthOf(g, engine)
	fact, changed := c.xids.journal.Changed(g.known.Key(), "hw.state", state.String()+":"+reason)
	if !changed {
		return
	}
	before, _, _ := strings.Cut(fact, ":")
	text := fmt.Sprintf("hw.status was %s and is %s", before, state)
	attributes := map[string]any{"hw.state": state.String(), "hw.state.previous": before}
	if reason != "" {
		text += ": " + reason
		attributes["hw.state.reason"] = reason
	}
	c.xids.journal.Notice(g.subject(), events.Notice{Event: "hw.status", Time: engine, Severity: healthSeverities[state], Text: text, Attributes: attributes})
}

func (c *notifier) noticeRecovery(g *gpu, engine int64) {
	s, known := c.newest(g, fieldRecoveryAction, engine)
	recovery, valid := xid.RecoveryOf(s.Int())
	if !known || !valid {
		return
	}
	before, changed := c.xids.journal.Changed(g.known.Key(), "gpu.recovery.action", recovery.Name)
	if !changed {
		return
	}
	c.xids.journal.Notice(g.subject(), events.Notice{
		Event: "gpu.recovery.action", Time: s.TS, Severity: recovery.Severity, Text: fmt.Sprintf("recovery action was %s and is %s (%s)", before, recovery.Name, recovery.Action),
		Attributes: map[string]any{"gpu.recovery.action": recovery.Name, "gpu.recovery.action.previous": before},
	})
}

// remaps are the states of row remapping, by whether one is pending and whether one has failed.
var remaps = map[[2]bool]struct {
	name     string
	severity xid.Severity
	text     string
}{
	{false, false}: {"none", xid.Info, "no row remap is pending or failed any more"},
	{true, false}:  {"pending", xid.Warn, "a row remap is pending until the GPU is reset"},
	{false, true}:  {"failed", xid.Error, "a row could not be remapped: the GPU is to be repaired"},
	{true, true}:   {"failed", xid.Error, "a row could not be remapped: the GPU is to be repaired"},
}

func (c *notifier) noticeRemap(g *gpu, engine int64) {
	pending, pendingKnown := c.newest(g, fieldRowRemapPending, engine)
	failed, failedKnown := c.newest(g, fieldRowRemapFailure, engine)
	if !pendingKnown || !failedKnown {
		return
	}
	remap := remaps[[2]bool{pending.Int() == 1, failed.Int() == 1}]
	before, changed := c.xids.journal.Changed(g.known.Key(), "gpu.memory.remap.state", remap.name)
	if !changed {
		return
	}
	c.xids.journal.Notice(g.subject(), events.Notice{
		Event: "gpu.memory.remap", Time: max(pending.TS, failed.TS), Severity: remap.severity, Text: remap.text,
		Attributes: map[string]any{"gpu.memory.remap.state": remap.name, "gpu.memory.remap.state.previous": before},
	})
}

// layoutOf lists the MIG instances of a GPU as profile and number of each GPU instance, and the numbers of its compute instances.
func (c *notifier) layoutOf(g *gpu) string {
	var instances []string
	for _, part := range c.parts {
		if id := part.known.Identity; id.Parent == g.known.ID {
			instances = append(instances, strings.Join(slices.DeleteFunc([]string{id.MIG.Profile, id.MIG.GI, id.MIG.CI}, func(s string) bool { return s == "" }), "/"))
		}
	}
	if len(instances) == 0 {
		return "none"
	}
	slices.Sort(instances)
	return strings.Join(instances, ",")
}

// instancesOf lists the UUIDs of the MIG instances of a GPU. It reports false while one of them does not tell its own.
func (c *notifier) instancesOf(g *gpu) (ids string, told bool) {
	var list []string
	for _, part := range c.partsOf(g) {
		if part.known.ID == inventory.ByNumber(part.entity()) {
			return "", false
		}
		list = append(list, part.known.ID)
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ","), true
}

// noticeLayout reports another layout, and other instances in the same one.
func (c *notifier) noticeLayout(g *gpu, engine int64) {
	ids, told := c.instancesOf(g)
	if !told {
		return
	}
	layout := c.layoutOf(g)
	before, changed := c.xids.journal.Changed(g.known.Key(), "gpu.mig.layout", layout)
	_, others := c.xids.journal.Changed(g.known.Key(), "gpu.mig.instances", ids)
	text := fmt.Sprintf("MIG instances were %s and are %s", before, layout)
	switch {
	case changed:
	case others:
		text = "MIG instances are other ones in the same layout: " + layout
	default:
		return
	}
	c.xids.journal.Notice(g.subject(), events.Notice{
		Event: "gpu.mig.layout", Time: engine, Severity: xid.Info, Text: text,
		Attributes: map[string]any{"gpu.mig.layout": layout, "gpu.mig.layout.previous": before},
	})
}

// hardwareReasons are the reasons for which the hardware lowers the clocks, by their bits.
var hardwareReasons = [...]struct {
	bit  uint64
	name string
}{{hwSlowdown, "hw_slowdown"}, {hwThermal, "hw_thermal"}, {hwPowerBrake, "hw_power_brake"}}

// episodes are the throttling of a GPU by its hardware, by reason.
type episodes [len(hardwareReasons)]events.Episode

// noticeClocks reports when the hardware begins and ends to lower the clocks.
func (c *notifier) noticeClocks(g *gpu, at int64, mask uint64) {
	if !c.notices() {
		return
	}
	for i, reason := range hardwareReasons {
		begun, changed, when := g.episodes[i].Observe(at, mask&reason.bit != 0)
		if !changed {
			continue
		}
		notice := events.Notice{Event: "gpu.throttle", Time: when, Severity: xid.Info, Text: "the hardware does not lower the clocks any more: " + reason.name}
		if begun {
			notice.Severity, notice.Text = xid.Warn, "the hardware lowers the clocks: "+reason.name
		}
		notice.Attributes = map[string]any{"gpu.throttle.reason": reason.name, "gpu.throttle.active": begun}
		c.xids.journal.Notice(g.subject(), notice)
	}
}

// noticeReplaced reports that another GPU is in the place of one, which is known no more.
func (c *notifier) noticeReplaced(before *gpu) {
	if !c.notices() || before == nil || isNoGPU(before.entity()) {
		return
	}
	c.replaced(before.subject(), before.known.Key(), c.inPlaceOf(before.known.PCIBusID), c.clock.Now(time.Now()))
}

// inPlaceOf returns the GPU that is in a slot, nil if none is or the slot is not known.
func (c *roster) inPlaceOf(busID string) *gpu {
	i := slices.IndexFunc(c.gpus, func(g *gpu) bool { return busID != "" && strings.EqualFold(g.known.PCIBusID, busID) })
	if i < 0 {
		return nil
	}
	return c.gpus[i]
}

func (c *notifier) replaced(subject *events.Subject, key inventory.Key, by *gpu, engine int64) {
	attributes := map[string]any{}
	text := "another GPU has taken its place"
	if by != nil {
		attributes["gpu.replacement.id"] = by.known.ID
		text = by.known.ID + " has taken its place"
	}
	c.xids.journal.Notice(subject, events.Notice{Event: "gpu.replaced", Time: engine, Severity: xid.Warn, Text: text, Attributes: attributes})
	c.xids.journal.Forget(key)
}

// noticeMissing reports once which GPUs of an earlier run are not there any more, when all that are there have told who they are.
func (c *notifier) noticeMissing(engine int64) {
	x := c.xids
	isNameless := func(g *gpu) bool { return g.known.Nameless }
	if _, ready := x.journal.Since(events.XIDs); !ready || x.called || !x.unbroken || slices.ContainsFunc(c.gpus, isNameless) {
		return
	}
	x.called = true
	owners := x.journal.Numbers.Owners()
	for i := range owners {
		if owner := &owners[i]; owner.Until != 0 && !isNoGPU(owner.Entity) && c.known[owner.Key] == nil {
			c.noticeOneMissing(owner, engine)
		}
	}
}

func (c *notifier) noticeOneMissing(owner *events.Owner, engine int64) {
	const absent = string(inventory.StateAbsent)
	before, changed := c.xids.journal.Changed(owner.Key, "gpu.state", absent)
	by := c.inPlaceOf(owner.PCIBusID)
	switch {
	case !changed: // It was reported before, or nothing was said of it ever.
	case by != nil:
		c.replaced(owner.Subject(), owner.Key, by, engine)
	default:
		c.xids.journal.Notice(owner.Subject(), stateNotice(before, inventory.StateAbsent, engine))
	}
}

// noticeReconnect reports that a connection has taken the place of another one.
func (c *notifier) noticeReconnect(now time.Time, endpoint dcgm.Endpoint, engine dcgm.Engine) {
	if !c.notices() {
		return
	}
	c.xids.journal.Notice(&events.Subject{Attributes: pcommon.NewMap()}, events.Notice{
		Event: "dcgm.hostengine.reconnect", Time: now.UnixMicro(), Severity: xid.Warn,
		Text:       fmt.Sprintf("connected to the host engine at %s again: it was restarted, or the connection was interrupted", endpoint),
		Attributes: map[string]any{"dcgm.endpoint": endpoint.String(), "dcgm.version": engine.Version},
	})
}
