// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/hostidentity"
	"github.com/tracecoreai/tracecore/internal/receiverloop"
	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/kmsg"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/metadata"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/reports"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/rules"
)

// kindStorage is the kind of errors of the storage extension.
const kindStorage selftelemetry.Kind = "storage"

// kernelReceiver reads the kernel log in one goroutine and pushes metrics in another.
type kernelReceiver struct {
	cfg     *Config
	set     receiver.Settings
	logs    consumer.Logs    // nil without a logs pipeline
	metrics consumer.Metrics // nil without a metrics pipeline
	loop    *receiverloop.Loop
	system  system

	resource pcommon.Resource
	counts   counts
	problems problems

	// Of the goroutine that reads.
	store     *store
	clock     kmsg.Clock
	assembler reports.Assembler
	maker     maker
	limits    limits
	pending   []made    // of which log records are to be pushed
	since     time.Time // when the first of pending came
	position  cursor    // behind what is in pending
	begun     bool      // the log has been opened in this run
	replay    cursor    // what the last run has read and is read again, for the reports that went on
	unsaved   bool      // there were events since the position was stored
	saved     time.Time
}

// system is what the receiver knows of the machine. Tests have another one.
type system struct {
	now    func() (wall time.Time, sinceBoot time.Duration)
	bootID func() string
	gpus   string // folder of the driver's GPUs
	pstore string // folder of what crashes left
}

func thisSystem() system {
	return system{now: kmsg.Now, bootID: readBootID, gpus: "/proc/driver/nvidia/gpus", pstore: "/sys/fs/pstore"}
}

func newKernelReceiver(cfg *Config, set receiver.Settings) (*kernelReceiver, error) {
	loop, err := receiverloop.New(set, receiverloop.Settings{Name: "kernel events receiver"}, kindStorage)
	if err != nil {
		return nil, err
	}
	return &kernelReceiver{cfg: cfg, set: set, loop: loop, system: thisSystem(), counts: newCounts()}, nil
}

// Start begins to read. The context bounds Start alone.
func (r *kernelReceiver) Start(ctx context.Context, host component.Host) error {
	set, err := r.cfg.rules()
	if err != nil {
		return err
	}
	codes, err := r.cfg.codes()
	if err != nil {
		return err
	}
	client, err := receiverloop.OpenStorage(ctx, host, r.cfg.Storage, r.set.ID)
	if err != nil {
		return err
	}
	r.store = &store{client}
	r.identify(ctx)
	r.prepare(set, codes)
	r.loop.Start(host)
	runs := []func(context.Context){r.read}
	if r.metrics != nil {
		runs = append(runs, r.measure)
	}
	r.loop.Go(runs...)
	return nil
}

// identify names the host in the resource.
func (r *kernelReceiver) identify(ctx context.Context) {
	rb := metadata.NewResourceBuilder(r.cfg.MetricsBuilderConfig.ResourceAttributes)
	identity, err := hostidentity.Detect(ctx)
	if err != nil {
		r.set.Logger.Info("resource attributes of the host are incomplete", zap.Error(err))
	}
	identity.AddTo(rb)
	r.resource = rb.Emit()
}

// Shutdown ends reading, and lets a push that has begun come to its end.
func (r *kernelReceiver) Shutdown(ctx context.Context) error {
	err := r.loop.Shutdown(ctx)
	r.store.close(ctx)
	return err
}

// problems is what is wrong with each part of the receiver, for one report of all.
type problems struct {
	mu sync.Mutex
	of [3]error
}

const (
	reading = iota
	pushingLogs
	pushingMetrics
)

func (r *kernelReceiver) report(part int, err error) {
	r.problems.mu.Lock()
	defer r.problems.mu.Unlock()
	r.problems.of[part] = err
	r.loop.Report(r.problems.of[:]...)
}

// measure pushes metrics in the cadence of the configuration.
func (r *kernelReceiver) measure(ctx context.Context) {
	builder := metadata.NewMetricsBuilder(r.cfg.MetricsBuilderConfig, r.set)
	interval := r.cfg.CollectionInterval
	ticks := receiverloop.NewCadence(receiverloop.Aligned(time.Now(), interval), interval, 0)
	for {
		due, _ := ticks.Next(time.Now())
		if !receiverloop.Wait(ctx, due) {
			return
		}
		begin := time.Now()
		r.counts.record(builder, pcommon.NewTimestampFromTime(begin))
		err := r.loop.PushMetrics(r.metrics, builder.Emit(metadata.WithResource(r.resource)))
		r.loop.Collected(begin, err)
		r.report(pushingMetrics, err)
	}
}

func (r *kernelReceiver) prepare(set *rules.Set, codes *xid.Table) {
	r.clock = kmsg.Clock{Now: r.system.now}
	r.assembler = reports.Assembler{Rules: set}
	r.maker = maker{codes: codes, gpus: newGPUs(r.system.gpus)}
	r.limits = limits{perSecond: float64(r.cfg.RateLimit.EventsPerSecond), burst: float64(r.cfg.RateLimit.Burst)}
}
