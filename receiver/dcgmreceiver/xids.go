// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/events"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/series"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/watching"
)

var (
	metricXIDErrors = catalog.Named("gpu.xid.errors")
	metricXIDLast   = catalog.Named("gpu.xid.last")

	metricSXIDErrors = catalog.Named("gpu.sxid.errors")
	metricSXIDLast   = catalog.Named("gpu.sxid.last")
)

// codes is what is read of the codes of some kinds of entities.
type codes struct {
	history events.History
	fields  []dcgm.FieldID
	kinds   catalog.Kinds
	period  time.Duration
}

// codesOf are XIDs, which the host engine's thread appends, and SXIDs, for which it asks the driver.
var codesOf = [...]codes{
	{events.XIDs, []dcgm.FieldID{events.FieldXID}, catalog.KindsOf(dcgm.GPU, dcgm.GPUInstance, dcgm.ComputeInstance), eventPeriod},
	{events.SXIDs, []dcgm.FieldID{events.FieldFatalSXID, events.FieldNonFatalSXID}, catalog.KindsOf(dcgm.Switch), sxidPeriod},
}

// xidReader reads the XIDs of all GPUs and the SXIDs of all NVSwitches into a journal.
type xidReader struct {
	table   *xid.Table
	metrics map[events.History]bool // some metric needs them
	journal *events.Journal
	records bool  // a logs pipeline needs them
	begun   bool  // they have been read
	failed  bool  // some could not be read last time
	unsaved error // the journal's store does not have all of it

	unbroken bool   // nothing but one interval is between the last look at who has which number and the next one
	owned    uint64 // the version of the node at that look
	called   bool   // the GPUs of an earlier run have been looked for
}

func newXIDReader(table *xid.Table, metrics map[events.History]bool) *xidReader {
	return &xidReader{table: table, metrics: metrics}
}

// wanted reports whether anybody wants a history. Without a journal nothing has started.
func (x *xidReader) wanted(history events.History) bool {
	return x.journal != nil && (x.metrics[history] || x.records)
}

// xidWants are the watches of the XIDs of all GPUs, those that cannot be read included, and of their MIG instances: with
// MIG, most come from there. NVSwitches have SXIDs.
func (c *historian) xidWants() []watching.Want {
	var wants []watching.Want
	for _, kind := range kinds {
		of := &codesOf[slices.IndexFunc(codesOf[:], func(of codes) bool { return of.kinds.Has(kind) })]
		if !c.xids.wanted(of.history) {
			continue
		}
		var entities []dcgm.Entity
		for _, g := range c.present() {
			if g.entity().Kind == kind {
				entities = append(entities, g.entity())
			}
		}
		if len(entities) > 0 {
			watch := dcgm.Watch{Fields: of.fields, Period: of.period, KeepAge: events.KeepAge}
			wants = append(wants, watching.Want{Purpose: watching.Events, Entities: entities, Watch: watch})
		}
	}
	return wants
}

// begin reads what the host engine holds before the first collection, once: what comes later is new.
func (x *xidReader) begin(ctx context.Context, c *collector) error {
	if x.begun {
		return nil
	}
	err := c.readXIDs(ctx)
	x.save(ctx, c.self)
	return err
}

// readLastXIDs reads with the watches that are there the XIDs of entities that the next plan may not have any more.
func (c *historian) readLastXIDs(ctx context.Context) error {
	if !c.xids.begun {
		return nil
	}
	return c.takeXIDs(ctx, func(int64) {})
}

// readXIDs reads the XIDs since the last time, after the identity of all entities.
func (c *historian) readXIDs(ctx context.Context) error { return c.takeXIDs(ctx, c.own) }

// takeXIDs reads the XIDs and SXIDs since the last time, and calls own with the host engine's time before it takes them. Those of entities for
// which that fails, as when one has lost its watch, are read after the next plan: the host engine keeps them.
func (c *historian) takeXIDs(ctx context.Context, own func(now int64)) error {
	var failed error
	owned := false
	ownOnce := func(now int64) {
		if !owned {
			own(now)
		}
		owned = true
	}
	for i := range codesOf {
		err := c.takeCodes(ctx, &codesOf[i], ownOnce)
		if lost(err) {
			return fail(selftelemetry.KindRead, err)
		}
		failed = cmp.Or(failed, err)
	}
	c.noteXIDsFailed(failed)
	return nil
}

func (c *historian) takeCodes(ctx context.Context, of *codes, own func(now int64)) error {
	x := c.xids
	watches := c.eventWatches(of.fields[0])
	if !x.wanted(of.history) || len(watches) == 0 {
		return nil
	}
	since, ready := x.journal.Since(of.history)
	if !ready {
		x.unbroken = false
		return nil
	}
	read, err := c.readWatches(ctx, watches, since)
	if lost(err) {
		return err
	}
	x.begun = true
	if !read.Next.IsZero() {
		own(read.Next.UnixMicro())
	}
	owners := x.journal.Numbers.Owners()
	x.journal.Read(of.history, read, func(o events.Occurrence, replayed bool, into plog.LogRecord) (inventory.Key, bool) {
		return c.describeXID(owners, o, replayed, into)
	})
	return err
}

// own notes who has which number at a time of the host engine: an XID is of whoever had the number when it came.
func (c *historian) own(now int64) {
	x := c.xids
	if x.unbroken && x.owned == c.node.Version {
		x.journal.Numbers.Looked(now)
		return
	}
	var present []events.Owner
	for _, g := range c.present() {
		present = append(present, events.OwnerOf(g.entity(), g.known.Key(), g.attributes(), g.known.PCIBusID))
	}
	x.journal.Numbers.Own(now, x.unbroken, present)
	x.unbroken, x.owned = true, c.node.Version
}

// readWatches reads all watches of a stream. An error is one of the whole connection, or the first of a watch that is to be rebuilt.
func (c *historian) readWatches(ctx context.Context, watches []*watching.Held, since time.Time) (events.Reading, error) {
	var read events.Reading
	var failed error
	for _, watch := range watches {
		samples, next, err := watch.Read(ctx, c.src, since)
		if lost(err) {
			return read, err
		}
		if err != nil {
			watch.Doubt()
			failed = cmp.Or(failed, err)
			continue
		}
		read.Add(samples, next)
	}
	read.Partial = failed != nil
	return read, failed
}

func (c *historian) noteXIDsFailed(err error) {
	x := c.xids
	if err != nil {
		c.incomplete = true
		c.self.IncError(selftelemetry.KindRead)
	}
	if err != nil && !x.failed {
		c.logger.Warn("XIDs of some GPUs or SXIDs of some NVSwitches cannot be read, trying again with new watches", zap.Error(err))
	}
	x.failed = err != nil
}

// forget forgets the state of what is known no more.
func (x *xidReader) forget(key inventory.Key) {
	if x.journal != nil {
		x.journal.Forget(key)
	}
}

// save writes the journal. That it cannot is reported, and tried again.
func (x *xidReader) save(ctx context.Context, self selftelemetry.Receiver) {
	x.unsaved = nil
	if x.journal == nil {
		return
	}
	if err := x.journal.Save(ctx); err != nil {
		x.unsaved = fail(kindStorage, err)
		self.IncError(kindStorage)
	}
}

// describeXID fills the record of an XID, of which the host engine says so as soon as it has one.
func (c *historian) describeXID(owners events.Owners, o events.Occurrence, replayed bool, into plog.LogRecord) (inventory.Key, bool) {
	code, ok := events.CodeOf(c.xids.table, o)
	if !ok {
		c.tally.Drop(series.Implausible)
		return inventory.Key{}, false
	}
	owner, had := owners.Of(o.Entity, o.Time)
	if !had {
		return inventory.Key{}, false // It is not configured.
	}
	c.freeze(code, o)
	if owner == nil {
		unassigned(owners.Kin(o.Entity)).Describe(o, code, replayed, into)
		return inventory.Key{}, true
	}
	if code.Kind == xid.XID {
		c.exporter.takeXID(owner.Key, owner.GPU(), code.Number, o.Time)
	} else {
		c.exporter.takeSXID(owner.Key, code.Number, o.Field == events.FieldFatalSXID, o.Time)
	}
	owner.Subject().Describe(o, code, replayed, into)
	return owner.Key, true
}

// unassigned is a subject of which nothing is known but that it had the number of another one before: an instance was in the same GPU.
func unassigned(kin *events.Owner) *events.Subject {
	subject := &events.Subject{Attributes: pcommon.NewMap(), Number: inventory.ByNumber(kin.Entity)}
	if isInstance(kin.Entity) {
		subject = kin.Subject()
		subject.Number = inventory.ByNumber(kin.Entity)
		for _, own := range []string{"hw.id", "gpu.mig.profile", "gpu.mig.gi", "gpu.mig.ci"} {
			subject.Attributes.Remove(own)
		}
	}
	subject.Attributes.PutStr("hw.vendor", inventory.Vendor)
	subject.Attributes.PutInt("dcgm.entity.id", int64(kin.Entity.ID))
	return subject
}
