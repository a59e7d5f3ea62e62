// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/hostidentity"
	"github.com/tracecoreai/tracecore/internal/receiverloop"
	"github.com/tracecoreai/tracecore/internal/selftelemetry/gpureport"
	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/events"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/record"
)

// releaseGrace is how long the goroutine takes at its end to free what the host engine holds.
const releaseGrace = 2 * time.Second

// gpuReceiver keeps a connection to a host engine, collects at every tick and pushes what
// it collected. One goroutine ticks and pushes, another one deals with the host engine: what hangs there
// keeps nobody from saying so, and one collection at most is out.
type gpuReceiver struct {
	*connection // of the goroutine that deals with the host engine

	id      component.ID
	metrics consumer.Metrics // nil without a metrics pipeline
	logs    consumer.Logs    // nil without a logs pipeline
	journal *events.Journal

	// Of the goroutine that ticks.
	desk      *desk
	tickBatch *record.Batch
	overSaid  bool
}

// output is what both goroutines make their reports and batches of.
type output struct {
	cfg       *Config
	logger    *zap.Logger
	loop      *receiverloop.Loop
	states    *gpuStates
	node      hostidentity.Host
	resources resourceFilters
	version   string
	started   time.Time
}

// connection is the way to a host engine, and what comes over it.
type connection struct {
	*output

	endpoint  dcgm.Endpoint
	reports   *reporter
	session   dcgm.Session // nil where there is no way to a host engine at all, or not yet; else it stays
	dump      *dump        // nil unless it is configured
	collector *collector
	batches   []*record.Batch // of OpenTelemetry's metrics, then those of other views
	simulated bool
	connects  int64
	retry     backoff
	retryAt   time.Time
	linkErr   error // why there is no connection or no plan; nil while there is one
	hung      bool  // the last attempt to connect or to collect has left a call behind
}

func newGPUReceiver(cfg *Config, set receiver.Settings) (*gpuReceiver, error) {
	endpoint, err := cfg.host()
	if err != nil {
		return nil, err
	}
	devices, err := inventory.ParseDevices(cfg.Devices)
	if err != nil {
		return nil, err
	}
	states, err := newGPUStates(set.TelemetrySettings, set.ID)
	if err != nil {
		return nil, err
	}
	loop, err := newLoop(set, endpoint)
	if err != nil {
		return nil, err
	}
	table, err := xid.New(cfg.XIDs, cfg.SXIDs)
	if err != nil {
		return nil, err
	}
	view, err := newExporter(cfg, set.BuildInfo.Version, set.Logger)
	if err != nil {
		return nil, err
	}
	out := &output{cfg: cfg, logger: set.Logger, loop: loop, states: states, resources: newResourceFilters(cfg.MetricsBuilderConfig.ResourceAttributes), version: set.BuildInfo.Version}
	collector := newCollector(cfg, devices, table, view, newGoogle(cfg, set.BuildInfo.Version, set.Logger), set.Logger, loop.Self)
	return &gpuReceiver{
		connection: &connection{
			output:    out,
			endpoint:  endpoint,
			batches:   append([]*record.Batch{record.NewBatch(catalog.ScopeName, set.BuildInfo.Version, catalog.Metrics())}, view.batches()...),
			collector: collector,
			reports:   newReporter(set.ID, cfg.CollectionInterval),
		},
		id:        set.ID,
		desk:      newDesk(),
		tickBatch: record.NewBatch(catalog.ScopeName, set.BuildInfo.Version, catalog.Metrics()),
	}, nil
}

// Start begins to connect and to collect. A library, an engine or a GPU that is missing is
// reported and waited for, and is never an error here: the storage extension must be there. The context bounds Start alone.
func (r *gpuReceiver) Start(startCtx context.Context, host component.Host) error {
	err := r.openJournal(startCtx, host)
	if err != nil {
		return err
	}
	if r.node, err = hostidentity.Detect(startCtx); err != nil {
		r.logger.Info("resource attributes of the host are incomplete", zap.Error(err))
	}
	if view := r.collector.exporter; view != nil {
		view.host = r.node.Name
	}
	r.reports.observers = gpureport.Observers(host)
	r.loop.Start(host)
	r.started, r.linkErr = time.Now(), errNotConnected
	r.dump = startDump(r.cfg.Dump, r.logger)
	if err := r.open(); err != nil {
		r.noConnection(err)
	}
	r.loop.Go(r.run, func(ctx context.Context) {
		defer r.hangUp()
		r.serve(ctx)
	})
	return nil
}

// Shutdown lets a push that has begun come to its end and frees all that the host engine holds
// for the receiver. What hangs is left behind, so that a sick driver cannot keep the Collector
// from stopping.
func (r *gpuReceiver) Shutdown(ctx context.Context) error {
	r.states.shutdown()
	return errors.Join(r.loop.Shutdown(ctx), r.closeJournal(ctx))
}

// run pushes at every tick.
func (r *gpuReceiver) run(ctx context.Context) {
	ticks := receiverloop.NewCadence(r.started.Add(r.cfg.InitialDelay), r.cfg.CollectionInterval, 0)
	for {
		due, _ := ticks.Next(time.Now())
		if !receiverloop.Wait(ctx, due) {
			return
		}
		r.tick(ctx)
	}
}

// tick pushes a collection. One that is not there by half of the interval is pushed at the next tick, and
// dcgm.up alone until then. Of one that failed meanwhile only the error is reported: that there are no values, this
// tick says itself.
func (r *gpuReceiver) tick(ctx context.Context) {
	if c, late := r.desk.come(); late {
		if c.err != nil {
			c.metrics = pmetric.NewMetrics()
		}
		r.deliver(ctx, c)
	}
	c, ok := r.desk.await(ctx, time.Now(), r.patience())
	switch {
	case ok:
		r.deliver(ctx, c)
	case ctx.Err() == nil:
		_ = r.push(r.unanswered(time.Now())) // The loop has counted an error.
	}
}

func (r *gpuReceiver) deliver(ctx context.Context, c collection) {
	if c.err != nil && ctx.Err() != nil {
		return // cancelled by Shutdown, which is nobody's failure
	}
	err := errors.Join(r.push(c.metrics), r.pushRecords(ctx, c.simulated))
	r.loop.Collected(c.begin, errors.Join(c.err, err))
	r.reportCardinality(c.over)
	r.loop.Report(c.err, c.missing, err)
}

// push hands metrics to the pipeline, if there are any and there is one.
func (r *gpuReceiver) push(metrics pmetric.Metrics) error {
	if r.metrics == nil || metrics.ResourceMetrics().Len() == 0 {
		return nil
	}
	return r.loop.PushMetrics(r.metrics, metrics)
}

// emit returns what batches have, unless the configuration leaves metrics of this resource out.
func (r *output) emit(simulated bool, batches ...*record.Batch) pmetric.Metrics {
	resource := r.resource(simulated)
	kept := r.resources.keep(resource.Attributes())
	metrics := record.Emit(resource, batches...)
	if !kept {
		return pmetric.NewMetrics()
	}
	return metrics
}

// resource is what metrics and records belong to.
func (r *output) resource(simulated bool) pcommon.Resource {
	rb := metadata.NewResourceBuilder(r.cfg.MetricsBuilderConfig.ResourceAttributes)
	if simulated {
		rb.SetTracecoreSimulated(true)
	}
	r.node.AddTo(rb)
	return rb.Emit()
}

// record writes the points of the GPUs and those about DCGM itself.
func (r *gpuReceiver) record(begin time.Time, up bool) {
	now := time.Now()
	r.collector.tally.Begin()
	pass := r.pass(r.batches[0], now)
	if up {
		r.collector.record(pass)
		r.states.set(r.collector.stateOfAll(pass.Engine), r.simulated)
		r.reports.show(r.collector, now, pass.Engine)
	} else {
		r.states.set(nil, false)
	}
	pass.AddSelf(pass.Now, metricConnected, count(boolToInt(up)))
	pass.AddSelf(pass.Now, metricReconnects, count(max(0, r.connects-1)))
	pass.AddSelf(pass.Now, metricScrapeDuration, catalog.Number{F: now.Sub(begin).Seconds()})
	r.collector.recordSelf(&pass)
}

// pass begins a pass at an instant.
func (r *gpuReceiver) pass(batch *record.Batch, now time.Time) record.Pass {
	return record.Pass{
		Batch:   batch,
		Tally:   r.collector.tally,
		Engine:  r.collector.clock.Now(now),
		Now:     timestamp(now),
		Start:   timestamp(r.started),
		Enabled: r.collector.enabled,
		NewOnly: !r.cfg.RepeatUnchanged,
	}
}

// errNotConnected is the state before the first attempt to connect.
var errNotConnected = errors.New("not connected yet")
