// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tracecoreai/tracecore/internal/selftelemetry/selftelemetrytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a loop whose every report is captured.
type rig struct {
	*Loop
	host *selftelemetrytest.Host
	self *selftelemetrytest.Receiver
	logs *observer.ObservedLogs
	tel  *componenttest.Telemetry
}

func newRig(t *testing.T, settings Settings) *rig {
	t.Helper()
	return newRigOf(t, pcommon.NewResource(), settings)
}

// newRigOf returns a rig of the Collector that has the resource.
func newRigOf(t *testing.T, collector pcommon.Resource, settings Settings) *rig {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.WithoutCancel(t.Context()))) })
	set := receivertest.NewNopSettings(component.MustNewType("test"))
	set.TelemetrySettings = tel.NewTelemetrySettings()
	set.Logger = zap.New(core)
	set.Resource = collector
	settings.Name = "test receiver"
	l, err := New(set, settings)
	require.NoError(t, err)
	l.Self.Shutdown()
	self := &selftelemetrytest.Receiver{}
	l.Self = self
	r := &rig{Loop: l, host: &selftelemetrytest.Host{}, self: self, logs: logs, tel: tel}
	l.Start(r.host)
	return r
}

// messages returns what was logged.
func (r *rig) messages() []string {
	var out []string
	for _, entry := range r.logs.All() {
		out = append(out, entry.Message)
	}
	return out
}

func consumeWith(t *testing.T, consume func(context.Context) error) consumer.Metrics {
	t.Helper()
	next, err := consumer.NewMetrics(func(ctx context.Context, _ pmetric.Metrics) error { return consume(ctx) })
	require.NoError(t, err)
	return next
}

// onePoint is a batch of one data point.
func onePoint() pmetric.Metrics {
	md := pmetric.NewMetrics()
	md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty()
	return md
}

func TestShutdownFinishesAPushThatHasBegun(t *testing.T) {
	const cleanup = 2 * time.Second
	for name, tt := range map[string]struct {
		consume       func(context.Context) error
		deadline      time.Duration // of Shutdown's context; 0 for none
		took          time.Duration
		accepted      int64
		shutdownError error
		warning       string
	}{
		"quick":                        {consume: takes(0), accepted: 1},
		"slow":                         {consume: takes(4 * time.Second), took: 4 * time.Second, accepted: 1},
		"slow, ends with the grace":    {consume: takes(PushGrace - 1), took: PushGrace - 1, accepted: 1},
		"waits on its context":         {consume: untilCancelled, took: PushGrace, warning: "cancelled a push that had begun, the next component takes too long"},
		"ignores its context":          {consume: takes(time.Minute), took: PushGrace + ReturnGrace + cleanup, accepted: 1, warning: "test receiver left a collection or a push behind that does not return"},
		"longer than Shutdown may":     {consume: untilCancelled, deadline: time.Second, took: time.Second, shutdownError: context.DeadlineExceeded},
		"within what Shutdown may":     {consume: takes(time.Second), deadline: 2 * time.Second, took: time.Second, accepted: 1},
		"longer than Shutdown's grace": {consume: takes(time.Minute), deadline: PushGrace + ReturnGrace, took: PushGrace + ReturnGrace, accepted: 1, shutdownError: context.DeadlineExceeded, warning: "cancelled a push that had begun, the next component takes too long"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, Settings{Cleanup: cleanup})
				next := consumeWith(t, tt.consume)
				r.Go(func(context.Context) { _ = r.PushMetrics(next, onePoint()) })
				synctest.Wait()
				ctx := context.Background()
				if tt.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.deadline)
					defer cancel()
				}
				asked := time.Now()
				require.ErrorIs(t, r.Shutdown(ctx), tt.shutdownError)
				require.Equal(t, tt.took, time.Since(asked))
				if tt.warning != "" {
					require.Contains(t, r.messages(), tt.warning)
				} else {
					require.Empty(t, r.messages())
				}
				require.Equal(t, 1, r.self.Report().Shutdowns)
				<-r.done
				require.Equal(t, tt.accepted, r.self.Report().Emissions)
				require.Empty(t, r.self.Report().Errors, "stopping is nobody's failure")
			})
		})
	}
}

func takes(d time.Duration) func(context.Context) error {
	return func(context.Context) error {
		time.Sleep(d)
		return nil
	}
}

func untilCancelled(ctx context.Context) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

func TestShutdownEndsAWaitAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Settings{})
		r.Go(func(ctx context.Context) { require.False(t, Wait(ctx, time.Now().Add(time.Hour))) })
		asked := time.Now()
		require.NoError(t, r.Shutdown(t.Context()))
		require.NoError(t, r.Shutdown(t.Context()), "once more has no effect")
		require.Zero(t, time.Since(asked))
	})
}

func TestShutdownWaitsForAllThatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Settings{})
		var ended atomic.Int64
		run := func(takes time.Duration) func(context.Context) {
			return func(ctx context.Context) {
				<-ctx.Done()
				time.Sleep(takes)
				ended.Add(1)
			}
		}
		r.Go(run(time.Second), run(3*time.Second), run(2*time.Second))
		asked := time.Now()
		require.NoError(t, r.Shutdown(t.Context()))
		require.EqualValues(t, 3, ended.Load())
		require.Equal(t, 3*time.Second, time.Since(asked))
	})
}

func TestShutdownGivesCleanupItsTime(t *testing.T) {
	const cleanup = 3 * time.Second
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Settings{Cleanup: cleanup})
		next := consumeWith(t, takes(0))
		r.Go(func(ctx context.Context) {
			require.NoError(t, r.PushMetrics(next, onePoint()))
			<-ctx.Done()
			time.Sleep(PushGrace + cleanup)
		})
		require.NoError(t, r.Shutdown(t.Context()))
		require.Empty(t, r.messages(), "no push was cancelled, nothing is left behind")
	})
}

func TestShutdownWithoutStartAndWithoutGo(t *testing.T) {
	r := newRig(t, Settings{})
	require.NoError(t, r.Shutdown(t.Context()))
	require.Equal(t, 1, r.self.Report().Shutdowns)
}

func TestNothingIsReportedWhileStopping(t *testing.T) {
	r := newRig(t, Settings{})
	r.Report(errors.New("broken"))
	require.NoError(t, r.Shutdown(t.Context()))
	r.Report()
	r.ReportPermanent(errors.New("for ever"))
	require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, r.host.Statuses())
	require.Equal(t, []bool{true}, r.self.Report().Degraded)
	require.Equal(t, []string{"test receiver is degraded"}, r.messages())
}
