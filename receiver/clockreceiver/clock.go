// SPDX-License-Identifier: Apache-2.0

package clockreceiver

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/hostidentity"
	"github.com/tracecoreai/tracecore/internal/receiverloop"
	"github.com/tracecoreai/tracecore/receiver/clockreceiver/internal/metadata"
)

// clock ticks, reads the host's clocks at every tick and pushes what it read. One goroutine
// does all of it, so a slow consumer delays ticks and never piles them up.
type clock struct {
	cfg     *Config
	logger  *zap.Logger
	next    consumer.Metrics
	loop    *receiverloop.Loop
	kernel  kernel
	builder *metadata.MetricsBuilder
	emit    []metadata.ResourceMetricsOption

	ticks     int64
	missed    int64
	delivered *instant // last tick that the next component took; nil before the first
	absent    bool     // some clock is not offered by this host, and that has been said
}

func newClock(cfg *Config, set receiver.Settings, next consumer.Metrics) (*clock, error) {
	loop, err := receiverloop.New(set, receiverloop.Settings{Name: "clock receiver"})
	if err != nil {
		return nil, err
	}
	return &clock{
		cfg:     cfg,
		logger:  set.Logger,
		next:    next,
		loop:    loop,
		kernel:  newKernel(cfg.MetricsBuilderConfig.Metrics),
		builder: metadata.NewMetricsBuilder(cfg.MetricsBuilderConfig, set),
	}, nil
}

// Start begins to tick. The context bounds Start alone.
func (c *clock) Start(startCtx context.Context, host component.Host) error {
	rb := c.builder.NewResourceBuilder()
	identity, err := hostidentity.Detect(startCtx)
	if err != nil {
		c.logger.Info("resource attributes of the host are incomplete", zap.Error(err))
	}
	identity.AddTo(rb)
	c.emit = []metadata.ResourceMetricsOption{metadata.WithResource(rb.Emit())}
	earliest := time.Now().Add(c.cfg.InitialDelay)
	ticks := receiverloop.NewCadence(receiverloop.Aligned(earliest, c.cfg.CollectionInterval), c.cfg.CollectionInterval, c.cfg.Jitter)
	c.loop.Start(host)
	c.loop.Go(func(ctx context.Context) { c.run(ctx, ticks) })
	return nil
}

// Shutdown ends the ticking, and lets a push that has begun come to its end.
func (c *clock) Shutdown(ctx context.Context) error { return c.loop.Shutdown(ctx) }

func (c *clock) run(ctx context.Context, ticks *receiverloop.Cadence) {
	for {
		due, missed := ticks.Next(time.Now())
		c.missed += missed
		if !receiverloop.Wait(ctx, due) {
			return
		}
		c.tick(due)
	}
}

func (c *clock) tick(due time.Time) {
	r := c.beginReading(c.kernel.now(), due)
	readErr := c.kernel.read(r)
	c.countRead(readErr)
	r.record(c.builder)
	pushErr := c.loop.PushMetrics(c.next, c.builder.Emit(c.emit...))
	if pushErr == nil {
		c.delivered = &r.at
	}
	failed := []error{ignoreUnavailable(readErr), pushErr}
	c.loop.Collected(r.at.mono, errors.Join(failed...))
	c.loop.Report(failed...)
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
