// SPDX-License-Identifier: Apache-2.0

package clockreceiver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/clockreceiver/internal/metadata"
)

// shutdownGrace is how long Shutdown waits for a push that ignores its cancelled context.
const shutdownGrace = time.Second

// clock ticks, reads the host's clocks at every tick and pushes what it read. One goroutine
// does all of it, so a slow consumer delays ticks and never piles them up.
type clock struct {
	cfg     *Config
	logger  *zap.Logger
	next    consumer.Metrics
	obs     *receiverhelper.ObsReport
	self    selftelemetry.Receiver
	kernel  kernel
	builder *metadata.MetricsBuilder
	emit    []metadata.ResourceMetricsOption

	host   component.Host
	cancel context.CancelFunc
	done   chan struct{} // closed when the goroutine has ended

	ticks     int64
	missed    int64
	delivered *instant // last tick that the next component took; nil before the first
	trouble   error    // what is wrong now; nil while all is well
	absent    bool     // some clock is not offered by this host, and that has been said
}

func newClock(cfg *Config, set receiver.Settings, next consumer.Metrics) (*clock, error) {
	obs, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, ReceiverCreateSettings: set})
	if err != nil {
		return nil, fmt.Errorf("make receiver telemetry: %w", err)
	}
	return &clock{
		cfg:     cfg,
		logger:  set.Logger,
		next:    next,
		obs:     obs,
		self:    selftelemetry.NewReceiver(set.TelemetrySettings, set.ID),
		kernel:  newKernel(cfg.MetricsBuilderConfig.Metrics),
		builder: metadata.NewMetricsBuilder(cfg.MetricsBuilderConfig, set),
	}, nil
}

// Start begins to tick. The context bounds Start alone.
func (c *clock) Start(startCtx context.Context, host component.Host) error {
	rb := c.builder.NewResourceBuilder()
	detectHost(startCtx, c.logger).set(rb)
	c.emit = []metadata.ResourceMetricsOption{metadata.WithResource(rb.Emit())}
	ctx, cancel := context.WithCancel(context.Background())
	c.host, c.cancel, c.done = host, cancel, make(chan struct{})
	ticks := newCadence(time.Now().Add(c.cfg.InitialDelay), c.cfg.CollectionInterval, c.cfg.Jitter)
	go func() {
		defer close(c.done)
		c.run(ctx, ticks)
	}()
	return nil
}

// Shutdown ends the ticking. A push under way is cancelled; one that ignores that is left
// behind, so that a stuck consumer cannot keep the Collector from stopping.
func (c *clock) Shutdown(ctx context.Context) error {
	c.self.Shutdown()
	if c.cancel == nil {
		return nil
	}
	c.cancel()
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the last push: %w", ctx.Err())
	case <-time.After(shutdownGrace):
		c.logger.Warn("left a push behind, the next component does not return", zap.Duration("after", shutdownGrace))
		return nil
	}
}

func (c *clock) run(ctx context.Context, ticks *cadence) {
	for {
		due, missed := ticks.next(time.Now())
		c.missed += missed
		if !waitUntil(ctx, due) {
			return
		}
		c.tick(ctx, due)
	}
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

func (c *clock) tick(ctx context.Context, due time.Time) {
	r := c.beginReading(c.kernel.now(), due)
	readErr := c.kernel.read(r)
	r.record(c.builder)
	pushErr := c.push(ctx, c.builder.Emit(c.emit...))
	if ctx.Err() != nil {
		return // cancelled by Shutdown, which is nobody's failure
	}
	c.self.ObserveLatency(time.Since(r.at.mono))
	c.reportRead(readErr)
	c.reportPush(pushErr, r.at)
	c.setTrouble(errors.Join(ignoreUnavailable(readErr), pushErr))
}

func (c *clock) beginReading(at instant, due time.Time) *reading {
	c.ticks++
	r := &reading{at: at, lateness: at.mono.Sub(due), ticks: c.ticks, missed: c.missed}
	if c.delivered != nil {
		step := wallStep(*c.delivered, at)
		r.step = &step
	}
	return r
}

func (c *clock) push(ctx context.Context, metrics pmetric.Metrics) error {
	points := metrics.DataPointCount()
	opCtx := c.obs.StartMetricsOp(ctx)
	err := c.next.ConsumeMetrics(opCtx, metrics)
	c.obs.EndMetricsOp(opCtx, metadata.Type.String(), points, err)
	if err != nil {
		return fmt.Errorf("push metrics: %w", err)
	}
	return nil
}
