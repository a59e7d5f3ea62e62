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
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/record"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/series"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/watching"
)

var (
	metricXIDErrors = catalog.Named("gpu.xid.errors")
	metricXIDLast   = catalog.Named("gpu.xid.last")
)

// xidReader reads the XIDs of all GPUs into a journal.
type xidReader struct {
	table   *xid.Table
	metrics bool // some metric needs them
	journal *events.Journal
	records bool  // a logs pipeline needs them
	begun   bool  // they have been read
	failed  bool  // some could not be read last time
	unsaved error // the journal's store does not have all of it

	unbroken bool   // nothing but one interval is between the last look at who has which number and the next one
	owned    uint64 // the version of the node at that look
	called   bool   // the GPUs of an earlier run have been looked for
}

func newXIDReader(table *xid.Table, metrics bool) *xidReader {
	return &xidReader{table: table, metrics: metrics}
}

// wanted reports whether anybody does. Without a journal nothing has started.
func (x *xidReader) wanted() bool { return x.journal != nil && (x.metrics || x.records) }

// xidWants are the watches of the XIDs of all GPUs, those that cannot be read included, and of their MIG instances: with
// MIG, most come from there.
func (c *historian) xidWants() []watching.Want {
	if !c.xids.wanted() {
		return nil
	}
	var wants []watching.Want
	for _, kind := range kinds {
		var entities []dcgm.Entity
		for _, g := range c.present() {
			if g.entity().Kind == kind {
				entities = append(entities, g.entity())
			}
		}
		if len(entities) > 0 {
			watch := dcgm.Watch{Fields: []dcgm.FieldID{events.FieldXID}, Period: eventPeriod, KeepAge: events.KeepAge}
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

// takeXIDs reads the XIDs since the last time, and calls own with the host engine's time before it takes them. Those of GPUs for which that
// fails, as when one has lost its watch, are read after the next plan: the host engine keeps them.
func (c *historian) takeXIDs(ctx context.Context, own func(now int64)) error {
	x := c.xids
	watches := c.eventWatches(events.FieldXID)
	if !x.wanted() || len(watches) == 0 {
		return nil
	}
	since, ready := x.journal.Since(events.XIDs)
	if !ready {
		x.unbroken = false
		return nil
	}
	read, err := c.readWatches(ctx, watches, since)
	if lost(err) {
		return fail(selftelemetry.KindRead, err)
	}
	c.noteXIDsFailed(err)
	x.begun = true
	if !read.Next.IsZero() {
		own(read.Next.UnixMicro())
	}
	owners := x.journal.Numbers.Owners()
	x.journal.Read(events.XIDs, read, func(o events.Occurrence, replayed bool, into plog.LogRecord) (inventory.Key, bool) {
		return c.describeXID(owners, o, replayed, into)
	})
	return nil
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
		c.logger.Warn("XIDs of some GPUs cannot be read, trying again with new watches", zap.Error(err))
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
		strangerOf(owners.Kin(o.Entity)).Describe(o, code, replayed, into)
		return inventory.Key{}, true
	}
	c.exporter.takeXID(owner.Key, code.Number, o.Time)
	owner.Subject().Describe(o, code, replayed, into)
	return owner.Key, true
}

// strangerOf is a subject of which nothing is known but that it had the number of another one before: an instance was in the same GPU.
func strangerOf(kin *events.Owner) *events.Subject {
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

// xids records the counts of entities, be they there or not: what has happened stays true. Those of an entity that is known no more go on
// as long as it is remembered that it had a number.
func (r *recording) xids(some []*gpu) {
	x := r.collector.xids
	if !x.wanted() || !x.journal.Counted() {
		return
	}
	done := map[inventory.Key]bool{}
	for _, g := range slices.Concat(r.present(), r.gone) { // Those that are not shown yet have no series.
		done[g.known.Key()] = true
	}
	for _, g := range some {
		r.xidsOf(g.known.Key(), g.attributes())
	}
	owners := x.journal.Numbers.Owners()
	for i := range owners {
		if owner := &owners[i]; !done[owner.Key] {
			done[owner.Key] = true
			r.xidsOf(owner.Key, owner.Subject().Attributes)
		}
	}
}

func (r *recording) xidsOf(key inventory.Key, attributes pcommon.Map) {
	counts, since, until := r.collector.xids.journal.Counts(events.XIDs, key)
	at, start := timestamp(time.UnixMicro(until)), timestamp(time.UnixMicro(since))
	for i := range counts {
		count := &counts[i]
		fill := func(to pcommon.Map) {
			if count.Overflow {
				to.PutBool("otel.metric.overflow", true)
				return
			}
			to.PutInt("gpu.xid.code", int64(count.Code))
		}
		if r.Wants(metricXIDErrors) {
			r.Batch.AddFilled(attributes, metricXIDErrors, record.Point{Value: catalog.Number{I: count.Number}, At: at, Start: start}, fill)
		}
		if r.Wants(metricXIDLast) {
			r.Batch.AddFilled(attributes, metricXIDLast, record.Point{Value: catalog.Number{F: float64(count.Last) / 1e6}, At: at, Start: at}, fill)
		}
	}
}
