// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"errors"
	"slices"
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
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/series"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/watching"
)

// Metrics without rows, because no conversion of fields gives them.
var (
	metricUp             = catalog.Named("gpu.up")
	metricStatus         = catalog.Named("gpu.status")
	metricHealth         = catalog.Named("hw.status")
	metricInfo           = catalog.Named("gpu.info")
	metricFabricInfo     = catalog.Named("gpu.fabric.info")
	metricProfiling      = catalog.Named("gpu.profiling.fields")
	metricFallbacks      = catalog.Named("gpu.fallback.series")
	metricLinks          = catalog.Named("gpu.nvlink.links")
	metricThrottleEvents = catalog.Named("gpu.throttle.events")
	metricEngineMemory   = catalog.Named("dcgm.hostengine.memory.usage")
	metricInstances      = catalog.Named("gpu.mig.instances")
	metricSwitchUp       = catalog.Named("gpu.nvswitch.up")
	metricSwitchInfo     = catalog.Named("gpu.nvswitch.info")
	metricSwitchLinks    = catalog.Named("gpu.nvswitch.links")
	metricEngineCPU      = catalog.Named("dcgm.hostengine.cpu.utilization")
)

// collector makes collections through one source at a time. Each of its parts stands on the one before: what is needed
// (demand), what there is (roster), what the host engine holds (watcher), what has been read (reader), what is to be
// reported once (notifier), what has happened (historian).
type collector struct {
	*examiner
}

// demand is what a configuration needs.
type demand struct {
	*catalog.Layout // that of GPUs
	layouts         map[dcgm.EntityKind]*catalog.Layout
	enabled         map[string]bool
	profiling       bool // something needs a profiling field
	watches         watching.Settings
	needs           map[dcgm.EntityKind]watching.Needs
	judged          bool      // hw.status is wanted, as a metric or by other components
	exporter        *exporter // nil without dcgm-exporter's view
	google          *google   // nil without that of Google's receiver
	wants           wanted
}

// roster is what there is. It outlives sources.
type roster struct {
	*demand

	node     inventory.Node
	known    map[inventory.Key]*gpu
	gpus     []*gpu        // those that are there and configured
	parts    []*gpu        // their GPU instances and compute instances
	switches []*gpu        // the NVSwitches that are there
	gone     []*gpu        // GPUs that were there before and are not now
	left     []*gpu        // NVSwitches that were
	devices  []*gpu        // NVLinks, CPUs and their cores
	outer    listing       // of them
	all      []dcgm.Entity // what the host engine has now
	listed   []dcgm.Entity // what of it it reads now
	entities []dcgm.Entity // those of the plan
	active   []dcgm.Entity // those of them that were read when it was made
}

// watcher has a host engine hold what is needed.
type watcher struct {
	*roster

	src               dcgm.Source // nil while disconnected
	extras            *extras
	logger            *zap.Logger
	self              selftelemetry.Receiver
	holder            *watching.Holder
	planned           bool                              // the host engine holds what the plan says
	incomplete        bool                              // the plan lacks something, which is asked for again after a pause
	frugal            bool                              // everything is sampled in one pace, because the host engine has too few groups of fields
	identitiesAreFast bool                              // they are sampled with everything else
	refused           map[dcgm.FieldID]watching.Refusal // fields of the plan that are not watched
	said              map[dcgm.FieldID]bool             // refused fields that have been logged
	unserved          map[string]bool                   // calls that the host engine does not serve and that have been logged
	ungrouped         error                             // some MIG instances have no group
	noGroup           error                             // the host engine has too few groups for the plan
}

// reader reads the values of what is watched.
type reader struct {
	*watcher

	classes     []*class
	unread      [catalog.Tiers]map[dcgm.Entity]error // what could not be read in a tier the last time
	due         [catalog.Tiers]time.Time
	readAt      time.Time // when the newest values had been read
	buf         []dcgm.Sample
	clock       series.Clock  // the host engine's
	setBack     bool          // it was set back before the last read
	overdue     catalog.Kinds // of the entities that had a stale value of a field that is watched at the last collection
	tally       *record.Tally
	used        *usage
	plans       int64
	watched     int64 // distinct fields
	unsupported int64 // distinct fields that some GPU does not have
}

// usage is what the host engine consumed at an instant.
type usage struct {
	dcgm.Usage
	at      time.Time
	emitted bool
}

func newCollector(cfg *Config, devices *inventory.Devices, table *xid.Table, view *exporter, other *google, logger *zap.Logger, self selftelemetry.Receiver) *collector {
	d := newDemand(cfg, view, other)
	w := &watcher{roster: &roster{demand: d, node: inventory.New(devices, cfg.ForgetAfter)}, logger: logger, extras: newExtras(logger), self: self, said: map[dcgm.FieldID]bool{}, unserved: map[string]bool{}}
	n := &notifier{reader: &reader{watcher: w, tally: record.NewTally(cfg.MaxSeries)}, xids: newXIDReader(table, d.codes())}
	return &collector{&examiner{historian: &historian{notifier: n}, checks: healthWatch{every: cfg.HealthInterval}}}
}

func newDemand(cfg *Config, view *exporter, other *google) *demand {
	d := &demand{enabled: enabledMetrics(cfg), judged: enabledOf(cfg.MetricsBuilderConfig.Metrics)[metricHealth.Name], exporter: view, google: other}
	own := len(catalog.Rows())
	more := slices.Concat(view.rows(), other.rows())
	d.layouts = layoutsOf(slices.Concat(catalog.Rows(), more), withRows(d.enabled, more), d.inputs(cfg), view, catalog.NewPace(cfg.CollectionInterval, cfg.StaleAfter))
	view.place(d.layouts, own)
	other.place(d.layouts, own+len(view.rows()))
	d.Layout = d.layouts[dcgm.GPU]
	d.profiling, d.needs = d.NeedsProfiling(), needsOf(d.layouts)
	clockEvents := d.enabled[metricThrottleEvents.Name] || view.wants(exporterview.ClockEventsCount, exporterview.ClockEventsTotal)
	d.watches = watchSettings(clockEvents, d.Pace)
	d.wants = d.wanted()
	return d
}

// inputs are the fields that hw.status needs beside rows. Where no row has what the conditions of a GPU need, they are among them.
func (d *demand) inputs(cfg *Config) []dcgm.FieldID {
	switch {
	case !d.judged:
		return nil
	case cfg.shows(viewOTel):
		return statusInputs
	}
	var fields []dcgm.FieldID
	for i := range conditions {
		if conditions[i].is == nil && !slices.Contains(fields, conditions[i].field) {
			fields = append(fields, conditions[i].field)
		}
	}
	return fields
}

// codes tells which codes some metric needs.
func (d *demand) codes() map[events.History]bool {
	return map[events.History]bool{
		events.XIDs: d.enabled[metricXIDErrors.Name] || d.enabled[metricXIDLast.Name] ||
			d.exporter.wants(exporterview.XIDLast, exporterview.XIDCount, exporterview.XIDTotal) || d.google.wantsXIDs(),
		events.SXIDs: d.enabled[metricSXIDErrors.Name] || d.enabled[metricSXIDLast.Name] || d.exporter.wants(exporterview.SXIDFatal, exporterview.SXIDNonFatal),
	}
}

// attach begins to use a source. Nothing is planned on it yet.
func (c *collector) attach(src dcgm.Source, now time.Time) {
	c.src, c.extras.Source = src, src
	c.holder = watching.NewHolder(src)
	c.planned, c.frugal, c.classes, c.entities = false, false, nil, nil
	c.since, c.clock = now, series.Clock{} // Another engine may be there now.
	c.xids.unbroken, c.outer = false, listing{}
}

// detach stops using a source whose connection is gone, and with it all groups and watches.
// Nothing that came through it is emitted again.
func (c *collector) detach() {
	c.checks.detach()
	c.src, c.extras.Source = nil, nil
	c.planned, c.classes, c.watched, c.unsupported = false, nil, 0, 0
	c.used = nil
	c.exporter.detach()
	c.unread = [catalog.Tiers]map[dcgm.Entity]error{}
	for _, g := range slices.Concat(c.present(), c.devices) {
		g.forget()
	}
}

// prepare makes the plan fit the GPUs that are there now, and what they are partitioned into.
func (c *collector) prepare(ctx context.Context, now time.Time) error {
	if err := c.list(ctx, now); err != nil {
		return err
	}
	retry := (c.incomplete || c.overdue != 0) && c.holder.Due(now)
	if retry {
		c.holder.DoubtKinds(c.overdue) // Another client may have ended our watches.
	}
	if c.planned && !retry && allPlanned(c.all, c.entities) && allPlanned(c.listed, c.active) && allPlanned(without(c.entities, dcgm.GPU), c.all) {
		return nil
	}
	return c.plan(ctx, now)
}

// allPlanned reports whether the plan has all of these GPUs. One that has left stays in the plan,
// so that nothing changes for the others and it is read again when it is back.
func allPlanned(gpus, plan []dcgm.Entity) bool {
	return !slices.ContainsFunc(gpus, func(gpu dcgm.Entity) bool { return !slices.Contains(plan, gpu) })
}

// collect brings all that is known up to date. Where another GPU has come under a number, it
// is done once more on a new plan.
func (c *collector) collect(ctx context.Context, now time.Time) error {
	defer c.sayUnserved()
	for range 2 {
		if err := c.prepare(ctx, now); err != nil {
			return err
		}
		if err := c.read(ctx, now); err != nil || c.planned {
			return err
		}
	}
	return nil
}

// sayUnserved says once of every call that the host engine does not serve it, which is no error: what needs the call is
// absent, unless another call takes its place.
func (c *watcher) sayUnserved() {
	for call, why := range c.src.Unserved() {
		if !c.unserved[call] {
			c.unserved[call] = true
			message := "host engine does not serve a call, what needs it is absent"
			if errors.Is(why, dcgm.ErrReadThrough) {
				message = "libdcgm does not serve a call, another one takes its place"
			}
			c.logger.Warn(message, zap.String("call", call), zap.NamedError("reason", why))
		}
	}
}
