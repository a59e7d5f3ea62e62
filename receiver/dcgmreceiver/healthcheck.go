// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/events"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/exporterview"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/record"
)

var metricHealthWatch = catalog.Named("gpu.health")

// shownSystems are the systems of which gpu.health always tells. DCGM has more, which find nothing on GPUs so far.
var shownSystems = dcgm.HealthPCIe | dcgm.HealthNVLink | dcgm.HealthMemory | dcgm.HealthInfoROM | dcgm.HealthThermal | dcgm.HealthPower | dcgm.HealthDriver

// healthWatch watches the health of all GPUs in a group of its own: the host engine keeps the state of checks in the group.
type healthWatch struct {
	every     time.Duration // 0: never
	group     *dcgm.Group   // nil while health is not watched
	entities  []dcgm.Entity
	due       time.Time
	checked   int64 // the engine's time of the newest check that said what there is, in microseconds
	sent      int64 // that of the points that were emitted last
	baseline  bool  // the next check says nothing
	failed    bool  // the last attempt did
	incidents events.Incidents
}

// examiner checks the health of GPUs at a pace of its own.
type examiner struct {
	*historian

	checks healthWatch
}

// wantsHealth reports whether anybody does.
func (c *examiner) wantsHealth() bool {
	return c.checks.every > 0 && (c.enabled[metricHealthWatch.Name] || c.judged || c.notices() || c.exporter.wants(exporterview.HealthStatus))
}

// checkHealth checks when it is due. A host engine that does not serve it is no error; the next attempt is the next check.
func (c *examiner) checkHealth(ctx context.Context, now time.Time) error {
	h := &c.checks
	c.forgetHealth(c.clock.Now(now))
	if !c.wantsHealth() || now.Before(h.due) || len(c.gpus) == 0 {
		return nil
	}
	h.due = now.Add(h.every - c.Periods[catalog.Normal]/2) // Ticks are a little early or late.
	err := c.watchHealth(ctx)
	var found []dcgm.Incident
	if err == nil {
		found, err = c.extras.CheckHealth(ctx, h.group)
	}
	if lost(err) {
		return fail(selftelemetry.KindRead, err)
	}
	if err != nil { // Another client may have ended the watches, or the group: the next check makes them anew.
		_ = c.releaseHealth(ctx)
	}
	c.noteHealthFailed(err)
	if err == nil && !h.baseline {
		c.takeIncidents(found, c.clock.Now(now))
	}
	h.baseline = false
	return nil
}

// forgetHealth takes what the newest check said for unknown once two more should have come. Incidents stay open until a check does not find them.
func (c *examiner) forgetHealth(engine int64) {
	const checks = 3
	h := &c.checks
	if h.checked == 0 || engine-h.checked <= checks*h.every.Microseconds() {
		return
	}
	h.checked = 0
	for _, g := range c.known {
		g.worst = dcgm.HealthPass
	}
}

// watchHealth has the host engine watch the health of the GPUs that there are now. The first check of a group is a baseline.
func (c *examiner) watchHealth(ctx context.Context) (err error) {
	h := &c.checks
	entities := make([]dcgm.Entity, len(c.gpus))
	for i, g := range c.gpus {
		entities[i] = g.entity()
	}
	if h.group != nil && slices.Equal(entities, h.entities) {
		return nil
	}
	if err := c.releaseHealth(ctx); lost(err) {
		return err
	}
	if h.group, _, err = c.src.Group(ctx, entities); err != nil { // What the engine does not take has no incidents.
		h.group = nil
		return err
	}
	h.entities, h.baseline = entities, true
	if err = c.extras.WatchHealth(ctx, h.group, dcgm.HealthAll); err != nil && !lost(err) {
		_ = c.releaseHealth(ctx) // The first error says why.
	}
	return err
}

// releaseHealth gives the group back.
func (c *examiner) releaseHealth(ctx context.Context) error {
	group := c.checks.group
	c.checks.group, c.checks.entities = nil, nil
	if group == nil {
		return nil
	}
	return c.src.Release(ctx, group)
}

// detach forgets a connection that is gone. Another host engine may know nothing of the incidents before.
func (h *healthWatch) detach() {
	h.group, h.entities, h.due = nil, nil, time.Time{}
	h.checked = 0
	h.incidents.Reset()
}

func (c *examiner) noteHealthFailed(err error) {
	if err != nil && !c.checks.failed {
		c.self.IncError(selftelemetry.KindRead)
		c.logger.Warn("health of GPUs cannot be checked, trying again", zap.Duration("in", c.checks.every), zap.Error(err))
	}
	c.checks.failed = err != nil
}

func (c *examiner) takeIncidents(found []dcgm.Incident, engine int64) {
	h := &c.checks
	var known []events.Incident
	for _, incident := range found {
		if g := c.at(incident.Entity); g != nil {
			known = append(known, events.Incident{Key: g.known.Key(), Incident: incident})
		}
	}
	begun, ended := h.incidents.Update(known, func(key inventory.Key) bool { return c.known[key] != nil && c.known[key].up() })
	h.checked = engine
	for _, g := range c.known {
		g.worst = h.incidents.Worst(g.known.Key())
	}
	for i := range begun {
		c.noticeIncident(&begun[i], true)
	}
	for i := range ended {
		c.noticeIncident(&ended[i], false)
	}
}

// incidentSeverities are those of incidents that begin.
var incidentSeverities = map[dcgm.HealthResult]xid.Severity{dcgm.HealthWarn: xid.Warn, dcgm.HealthFail: xid.Error}

// noticeIncident reports that an incident has begun or ended, once over restarts of the Collector.
func (c *examiner) noticeIncident(i *events.Incident, begun bool) {
	g := c.known[i.Key]
	if !c.notices() || g == nil {
		return
	}
	state, severity, text := "ended", xid.Info, "health incident has ended: "
	if begun {
		state, severity, text = i.Result.String(), incidentSeverities[i.Result], "health incident: "
	}
	fact := fmt.Sprintf("health/%s/%d", i.System, i.Code)
	c.xids.journal.Assume(i.Key, fact, "ended")
	if _, changed := c.xids.journal.Changed(i.Key, fact, state); !changed {
		return
	}
	attributes := map[string]any{"gpu.health.system": i.System.String(), "gpu.health.state": i.Result.String(), "gpu.health.active": begun, "gpu.health.error.code": int64(i.Code)}
	for key, value := range map[string]string{"gpu.health.error.severity": i.Meta.Severity, "gpu.health.error.category": i.Meta.Category, "gpu.health.next_step": i.Meta.NextStep} {
		if value != "" {
			attributes[key] = value
		}
	}
	c.xids.journal.Notice(g.subject(), events.Notice{Event: "gpu.health", Time: c.checks.checked, Severity: severity, Text: text + strings.TrimSpace(i.Message), Attributes: attributes})
}

// healthWatches records what the newest check said of a GPU.
func (r *recording) healthWatches(g *gpu) {
	h := &r.checks
	if h.checked == 0 || !r.Enabled[metricHealthWatch.Name] || r.NewOnly && h.sent == h.checked {
		return
	}
	results := h.incidents.Of(g.known.Key())
	for i, name := range dcgm.HealthSystemNames() {
		if shownSystems&(1<<i) != 0 && results[name] == 0 {
			results[name] = dcgm.HealthPass
		}
	}
	at := record.Micros(h.checked)
	for system, result := range results {
		for _, state := range []dcgm.HealthResult{dcgm.HealthPass, dcgm.HealthWarn, dcgm.HealthFail} {
			if r.Wants(metricHealthWatch) {
				p := record.Point{Value: count(boolToInt(state == result)), At: at, Start: min(at, r.Start)}
				r.Batch.AddOf(g.attributes(), metricHealthWatch, p, metricHealthWatch.With(system, state.String())...)
			}
		}
	}
}
