// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
)

const (
	// PushGrace is how long the receivers of a Collector together let pushes that have begun go on at a stop, before each cancels its own.
	PushGrace = 5 * time.Second

	// ReturnGrace is how long Shutdown waits for a push that does not return although it is cancelled.
	ReturnGrace = time.Second
)

// errStopping is why a push is cancelled.
var errStopping = errors.New("receiver is stopping")

// Settings are what distinguishes one receiver's loop from another's.
type Settings struct {
	// Name begins every log message of the loop, such as "clock receiver".
	Name string

	// Identify distinguishes errors: an error with another problem is another state, and another reason of the same problem is
	// logged again. Nil: all errors are one problem.
	Identify func(error) (problem, reason string)

	// Cleanup is how long what runs may take at its end, beyond a push.
	Cleanup time.Duration
}

// Loop runs a receiver. Its methods are safe for concurrent use, but for Start, Go and Shutdown, which are called in this order.
type Loop struct {
	// Self is the receiver's self-telemetry. A test may set another one before Start.
	Self selftelemetry.Receiver

	settings  Settings
	collector pcommon.Resource
	logger    *zap.Logger
	format    string
	obs       *receiverhelper.ObsReport
	state     state

	running context.Context // ends when Shutdown begins
	stop    context.CancelFunc
	pushing context.Context // ends when a push is not waited for any longer
	cancel  context.CancelCauseFunc
	pushes  atomic.Int64  // under way
	done    chan struct{} // closed when all goroutines have ended; nil before Go
}

// New returns the loop of the receiver that set describes. The extra kinds are those of its self-telemetry.
func New(set receiver.Settings, settings Settings, extra ...selftelemetry.Kind) (*Loop, error) {
	obs, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, ReceiverCreateSettings: set})
	if err != nil {
		return nil, fmt.Errorf("make receiver telemetry: %w", err)
	}
	l := &Loop{
		Self:      selftelemetry.NewReceiver(set.TelemetrySettings, set.ID, extra...),
		settings:  settings,
		collector: set.Resource,
		logger:    set.Logger,
		format:    set.ID.Type().String(),
		obs:       obs,
	}
	l.running, l.stop = context.WithCancel(context.Background())
	l.pushing, l.cancel = context.WithCancelCause(context.Background())
	return l, nil
}

// Start takes the host that learns the component status.
func (l *Loop) Start(host component.Host) { l.state.host = host }

// Go calls each of runs in a goroutine of its own; Shutdown waits for all of them. Their context ends when Shutdown begins; a push does
// not end with it.
func (l *Loop) Go(runs ...func(context.Context)) {
	l.done = make(chan struct{})
	var all sync.WaitGroup
	for _, run := range runs {
		all.Go(func() { run(l.running) })
	}
	go func() {
		all.Wait()
		close(l.done)
	}()
}

// Shutdown ends what runs and the self-telemetry. A push that has begun goes on until [PushGrace] after the first Shutdown of the Collector's
// loops and is then cancelled. One that ignores that is left behind, so that a stuck consumer cannot keep the Collector from stopping.
func (l *Loop) Shutdown(ctx context.Context) error {
	defer l.Self.Shutdown()
	defer l.cancel(errStopping)
	l.stop()
	grace := stopsUnderWay.grace(l.collector, time.Now())
	if l.done == nil || l.ended(ctx, grace) {
		return nil
	}
	if ctx.Err() == nil && l.pushes.Load() > 0 {
		l.logger.Warn("cancelled a push that had begun, the next component takes too long", zap.Duration("after", grace))
	}
	l.cancel(errStopping)
	switch {
	case l.ended(ctx, ReturnGrace+l.settings.Cleanup):
	case ctx.Err() != nil:
		return fmt.Errorf("wait for the last push: %w", ctx.Err())
	default:
		l.logger.Warn(l.settings.Name+" left a collection or a push behind that does not return", zap.Duration("after", grace+ReturnGrace+l.settings.Cleanup))
	}
	return nil
}

// ended waits for the goroutines. It reports false if that takes longer than the grace or than ctx allows.
func (l *Loop) ended(ctx context.Context, grace time.Duration) bool {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-l.done:
		return true
	case <-ctx.Done():
	case <-timer.C:
	}
	return false
}

func (l *Loop) stopping() bool { return l.running.Err() != nil }
