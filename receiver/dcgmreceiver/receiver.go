// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

const (
	// shutdownGrace is how long Shutdown waits for the goroutine, whatever hangs below it.
	shutdownGrace = 5 * time.Second
	// releaseGrace is how long the goroutine takes at its end to free what the host engine holds.
	releaseGrace = 2 * time.Second
)

// gpuReceiver keeps a connection to a host engine, collects at every tick and pushes what
// it collected. One goroutine ticks and pushes, another one deals with the host engine: what hangs there
// keeps nobody from saying so, and one collection at most is out.
type gpuReceiver struct {
	cfg      *Config
	endpoint dcgm.Endpoint
	logger   *zap.Logger
	next     consumer.Metrics
	obs      *receiverhelper.ObsReport
	self     selftelemetry.Receiver
	states   *gpuStates
	node     hostAttributes

	host     component.Host
	cancel   context.CancelFunc
	done     chan struct{} // closed when both goroutines have ended
	started  time.Time
	troubles sync.Mutex // guards trouble
	trouble  trouble

	// Of the goroutine that ticks.
	desk        *desk
	tickBuilder *metadata.MetricsBuilder
	overSaid    bool

	// Of the goroutine that deals with the host engine.
	session   dcgm.Session // nil where there is no way to a host engine at all, or not yet; else it stays
	collector *collector
	builder   *metadata.MetricsBuilder
	simulated bool
	connects  int64
	retry     backoff
	retryAt   time.Time
	linkErr   error // why there is no connection or no plan; nil while there is one
	hung      bool  // the last attempt to connect or to collect has left a call behind
}

func newGPUReceiver(cfg *Config, set receiver.Settings, next consumer.Metrics) (*gpuReceiver, error) {
	obs, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, ReceiverCreateSettings: set})
	if err != nil {
		return nil, fmt.Errorf("make receiver telemetry: %w", err)
	}
	endpoint, err := cfg.host()
	if err != nil {
		return nil, err
	}
	devices, err := parseDevices(cfg.Devices)
	if err != nil {
		return nil, err
	}
	states, err := newGPUStates(set.TelemetrySettings, set.ID)
	if err != nil {
		return nil, err
	}
	self := selftelemetry.NewReceiver(set.TelemetrySettings, set.ID, kindWatch)
	return &gpuReceiver{
		cfg:      cfg,
		endpoint: endpoint,
		logger:   set.Logger,
		next:     next,
		obs:      obs,
		self:     self,
		states:   states,

		desk:        newDesk(),
		tickBuilder: metadata.NewMetricsBuilder(cfg.MetricsBuilderConfig, set),
		builder:     metadata.NewMetricsBuilder(cfg.MetricsBuilderConfig, set),
		collector:   newCollector(cfg, devices, set.Logger, self),
	}, nil
}

// Start begins to connect and to collect. A library, an engine or a GPU that is missing is
// reported and waited for, and is never an error here. The context bounds Start alone.
func (r *gpuReceiver) Start(startCtx context.Context, host component.Host) error {
	r.node = detectHost(startCtx, r.logger)
	r.host, r.started = host, time.Now()
	r.linkErr = errNotConnected
	if err := r.open(); err != nil {
		r.noConnection(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel, r.done = cancel, make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() { r.run(ctx) })
	both.Go(func() {
		defer r.hangUp()
		r.serve(ctx)
	})
	go func() {
		both.Wait()
		close(r.done)
	}()
	return nil
}

// Shutdown frees all that the host engine holds for the receiver. What hangs is left behind,
// so that a sick driver cannot keep the Collector from stopping.
func (r *gpuReceiver) Shutdown(ctx context.Context) error {
	r.self.Shutdown()
	r.states.shutdown()
	if r.cancel == nil {
		return nil
	}
	r.cancel()
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the last collection: %w", ctx.Err())
	case <-time.After(shutdownGrace):
		r.logger.Warn("left a collection behind that does not end", zap.Duration("after", shutdownGrace))
		return nil
	}
}

// run pushes at every tick.
func (r *gpuReceiver) run(ctx context.Context) {
	tick := r.started.Add(r.cfg.InitialDelay)
	for waitUntil(ctx, tick) {
		r.tick(ctx)
		tick = nextTick(tick, time.Now(), r.cfg.CollectionInterval)
	}
}

// nextTick returns the first instant of the grid of last that lies ahead of now.
func nextTick(last, now time.Time, interval time.Duration) time.Time {
	behind := max(0, now.Sub(last))
	return last.Add(behind.Truncate(interval) + interval)
}

// waitUntil reports false if ctx ends first.
func waitUntil(ctx context.Context, instant time.Time) bool {
	timer := time.NewTimer(time.Until(instant))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// tick pushes a collection. One that is not there by half of the interval is pushed at the next tick, and
// dcgm.up alone until then.
func (r *gpuReceiver) tick(ctx context.Context) {
	if c, late := r.desk.come(); late {
		r.deliver(ctx, c)
	}
	c, ok := r.desk.await(ctx, time.Now(), r.patience())
	switch {
	case ok:
		r.deliver(ctx, c)
	case ctx.Err() == nil:
		r.reportPush(ctx, r.push(ctx, r.unanswered(time.Now())))
	}
}

func (r *gpuReceiver) deliver(ctx context.Context, c collection) {
	err := r.push(ctx, c.metrics)
	if ctx.Err() != nil {
		return // cancelled by Shutdown, which is nobody's failure
	}
	r.self.ObserveLatency(time.Since(c.begin))
	r.reportTick(ctx, c, err)
}

func (r *gpuReceiver) push(ctx context.Context, metrics pmetric.Metrics) error {
	points := metrics.DataPointCount()
	opCtx := r.obs.StartMetricsOp(ctx)
	err := r.next.ConsumeMetrics(opCtx, metrics)
	r.obs.EndMetricsOp(opCtx, metadata.Type.String(), points, err)
	if err != nil {
		err = fail(selftelemetry.KindDownstream, fmt.Errorf("push metrics: %w", err))
	}
	return err
}

// resource is what the metrics belong to.
func (r *gpuReceiver) resource(simulated bool) pcommon.Resource {
	rb := metadata.NewResourceBuilder(r.cfg.MetricsBuilderConfig.ResourceAttributes)
	if simulated {
		rb.SetTracecoreSimulated(true)
	}
	r.node.set(rb)
	return rb.Emit()
}

// record writes the points of the GPUs and those about DCGM itself.
func (r *gpuReceiver) record(begin time.Time, up bool) {
	now := time.Now()
	r.collector.tally.begin()
	if up {
		r.collector.record(r.builder, now, r.started)
		r.states.set(r.collector.stateOfAll(), r.simulated)
	} else {
		r.states.set(nil, false)
	}
	r.builder.Reset(metadata.WithStartTime(timestamp(r.started)))
	ts := timestamp(now)
	r.builder.RecordDcgmUpDataPoint(ts, boolToInt(up))
	r.builder.RecordDcgmReconnectsDataPoint(ts, max(0, r.connects-1))
	r.builder.RecordDcgmScrapeDurationDataPoint(ts, now.Sub(begin).Seconds())
	r.collector.recordSelf(r.builder, now)
}

// errNotConnected is the state before the first attempt to connect.
var errNotConnected = errors.New("not connected yet")
