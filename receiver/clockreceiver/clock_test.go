// SPDX-License-Identifier: Apache-2.0

package clockreceiver

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tracecoreai/tracecore/internal/receiverloop"
	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/internal/selftelemetry/selftelemetrytest"
	"github.com/tracecoreai/tracecore/receiver/clockreceiver/internal/hostclock"
	"github.com/tracecoreai/tracecore/receiver/clockreceiver/internal/metadata"
)

// rig is a clock whose every report is captured.
type rig struct {
	*clock
	host *selftelemetrytest.Host
	self *selftelemetrytest.Receiver
	logs *observer.ObservedLogs
}

func newRig(t *testing.T, cfg *Config, next consumer.Metrics) *rig {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	set := receivertest.NewNopSettings(metadata.Type)
	set.Logger = zap.New(core)
	c, err := newClock(cfg, set, next)
	require.NoError(t, err)
	self := &selftelemetrytest.Receiver{}
	c.loop.Self = self
	return &rig{clock: c, host: &selftelemetrytest.Host{}, self: self, logs: logs}
}

func (r *rig) start(t *testing.T) {
	t.Helper()
	require.NoError(t, r.Start(t.Context(), r.host))
}

func (r *rig) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, r.Shutdown(context.Background()))
}

func everySecond() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.CollectionInterval, cfg.InitialDelay = time.Second, 0
	return cfg
}

// values returns the first data point of every metric in md, by name.
func values(md pmetric.Metrics) map[string]float64 {
	out := map[string]float64{}
	if md.ResourceMetrics().Len() == 0 {
		return out
	}
	metrics := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	for _, m := range metrics.All() {
		out[m.Name()] = value(firstPoint(m))
	}
	return out
}

func firstPoint(m pmetric.Metric) pmetric.NumberDataPoint {
	if m.Type() == pmetric.MetricTypeSum {
		return m.Sum().DataPoints().At(0)
	}
	return m.Gauge().DataPoints().At(0)
}

func value(point pmetric.NumberDataPoint) float64 {
	if point.ValueType() == pmetric.NumberDataPointValueTypeInt {
		return float64(point.IntValue())
	}
	return point.DoubleValue()
}

func TestTicksKeepTheirCadence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &consumertest.MetricsSink{}
		cfg := everySecond()
		cfg.InitialDelay = 1500 * time.Millisecond
		r := newRig(t, cfg, sink)
		begin := time.Now()
		r.start(t)
		time.Sleep(4*time.Second + time.Millisecond)
		r.stop(t)

		require.Len(t, sink.AllMetrics(), 3)
		for i, md := range sink.AllMetrics() {
			got := values(md)
			require.InDelta(t, i+1, got["clock.ticks"], 0)
			require.InDelta(t, 0, got["clock.tick.missed"], 0)
			require.InDelta(t, 0, got["clock.tick.lateness"], 0)
			require.InDelta(t, float64(begin.Unix()+2+int64(i)), got["clock.time"], 1e-6)
			_, hasStep := got["clock.wall.step"]
			require.Equal(t, i > 0, hasStep, "the first tick has nothing to compare with")
		}
		report := r.self.Report()
		require.EqualValues(t, 3, report.Emissions)
		require.Equal(t, 3, report.Activities)
		require.Len(t, report.Latencies, 3)
		require.Equal(t, 1, report.Shutdowns)
		require.Empty(t, report.Degraded)
		require.Empty(t, r.host.Statuses(), "nothing changed, so nothing is reported")
	})
}

func TestJitterDelaysTicksWithinTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &consumertest.MetricsSink{}
		cfg := everySecond()
		cfg.Jitter = 900 * time.Millisecond
		r := newRig(t, cfg, sink)
		begin := time.Now()
		r.start(t)
		time.Sleep(20 * time.Second)
		r.stop(t)

		require.Len(t, sink.AllMetrics(), 20)
		spread := map[time.Duration]bool{}
		for i, md := range sink.AllMetrics() {
			point := firstPoint(md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0))
			late := point.Timestamp().AsTime().Sub(begin.Add(time.Duration(i) * time.Second))
			require.True(t, late >= 0 && late < cfg.Jitter, "tick %d is %s behind", i, late)
			require.InDelta(t, 0, values(md)["clock.tick.lateness"], 0, "the delay is intended")
			spread[late] = true
		}
		require.Greater(t, len(spread), 10)
	})
}

// slowConsumer takes its time and counts the calls that are under way at once.
type slowConsumer struct {
	consumertest.MetricsSink
	takes time.Duration
}

func (s *slowConsumer) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	time.Sleep(s.takes)
	return s.MetricsSink.ConsumeMetrics(ctx, md)
}

func TestSlowConsumerMissesTicksAndNeverPilesThemUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowConsumer{takes: 2500 * time.Millisecond}
		r := newRig(t, everySecond(), slow)
		r.start(t)
		time.Sleep(11900 * time.Millisecond)
		require.Len(t, slow.AllMetrics(), 4, "ticks at 0, 3, 6, 9 s")
		r.stop(t)
		for i, md := range slow.AllMetrics() {
			got := values(md)
			require.InDelta(t, i+1, got["clock.ticks"], 0)
			require.InDelta(t, 2*i, got["clock.tick.missed"], 0)
			require.InDelta(t, 0, got["clock.tick.lateness"], 0)
		}
	})
}

func TestShutdownIsBounded(t *testing.T) {
	respectful, err := consumer.NewMetrics(func(ctx context.Context, _ pmetric.Metrics) error {
		<-ctx.Done()
		return ctx.Err()
	})
	require.NoError(t, err)
	release := make(chan struct{})
	stuck, err := consumer.NewMetrics(func(context.Context, pmetric.Metrics) error {
		<-release
		return nil
	})
	require.NoError(t, err)

	for _, tt := range []struct {
		name  string
		next  consumer.Metrics
		after time.Duration
		took  time.Duration
	}{
		{"while waiting for a tick", consumertest.NewNop(), 10 * time.Millisecond, 0},
		{"while the consumer waits on its context", respectful, time.Second, receiverloop.PushGrace},
		{"while the consumer ignores its context", stuck, time.Second, receiverloop.PushGrace + receiverloop.ReturnGrace},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if tt.took > 0 {
					release = make(chan struct{})
					defer func() { close(release) }()
				}
				r := newRig(t, everySecond(), tt.next)
				r.start(t)
				time.Sleep(tt.after)
				asked := time.Now()
				r.stop(t)
				require.Equal(t, tt.took, time.Since(asked))
				require.Empty(t, r.self.Report().Errors, "stopping is not a failure")
				r.stop(t)
			})
		})
	}
}

func TestShutdownLetsTheConsumerFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowConsumer{takes: 3 * time.Second}
		r := newRig(t, everySecond(), slow)
		r.start(t)
		time.Sleep(time.Millisecond)
		r.stop(t)
		require.Len(t, slow.AllMetrics(), 1)
		require.EqualValues(t, 1, r.self.Report().Emissions)
		time.Sleep(time.Minute)
		require.Len(t, slow.AllMetrics(), 1, "no tick after the stop")
	})
}

func TestShutdownEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		stuck, err := consumer.NewMetrics(func(context.Context, pmetric.Metrics) error {
			<-release
			return nil
		})
		require.NoError(t, err)
		r := newRig(t, everySecond(), stuck)
		r.start(t)
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		require.ErrorIs(t, r.Shutdown(ctx), context.DeadlineExceeded)
	})
}

// faults says what goes wrong at each tick, the last entry for ever after.
type faults []error

func (f *faults) take() error {
	err := (*f)[0]
	if len(*f) > 1 {
		*f = (*f)[1:]
	}
	return err
}

func TestErrorIsReportedWhenItBeginsAndWhenItEnds(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		name   string
		read   faults
		push   faults
		errors map[selftelemetry.Kind]int64
	}{
		{"read", faults{nil, broken, broken, nil}, faults{nil}, map[selftelemetry.Kind]int64{selftelemetry.KindRead: 2}},
		{"push", faults{nil}, faults{nil, broken, broken, nil}, map[selftelemetry.Kind]int64{selftelemetry.KindDownstream: 2}},
		{"both", faults{nil, broken, nil}, faults{nil, nil, broken, nil}, map[selftelemetry.Kind]int64{selftelemetry.KindRead: 1, selftelemetry.KindDownstream: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				next, err := consumer.NewMetrics(func(context.Context, pmetric.Metrics) error { return tt.push.take() })
				require.NoError(t, err)
				r := newRig(t, everySecond(), next)
				r.kernel.discipline = func() (hostclock.Discipline, error) { return hostclock.Discipline{}, tt.read.take() }
				r.start(t)
				time.Sleep(5*time.Second + time.Millisecond)
				r.stop(t)

				report := r.self.Report()
				require.Equal(t, tt.errors, report.Errors)
				require.Equal(t, []bool{true, false}, report.Degraded)
				require.Equal(t, 4, report.Activities, "of 6 ticks, 2 were no success")
				require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, r.host.Statuses())
				require.Equal(t, 1, r.logs.FilterLevelExact(zapcore.WarnLevel).Len())
				require.Equal(t, 1, r.logs.FilterMessage("clock receiver has recovered").Len())
			})
		})
	}
}

func TestUnavailableClocksAreAbsentAndSaidOnce(t *testing.T) {
	for _, missing := range []error{syscall.ENOSYS, syscall.EPERM, syscall.EACCES, errors.ErrUnsupported} {
		synctest.Test(t, func(t *testing.T) {
			sink := &consumertest.MetricsSink{}
			r := newRig(t, everySecond(), sink)
			r.kernel.discipline = func() (hostclock.Discipline, error) { return hostclock.Discipline{}, missing }
			r.kernel.phcs = func() ([]hostclock.PHC, error) { return nil, errors.Join(missing, missing) }
			r.start(t)
			time.Sleep(3*time.Second + time.Millisecond)
			r.stop(t)

			heartbeat := []string{"clock.ticks", "clock.tick.missed", "clock.tick.lateness", "clock.time", "clock.wall.step"}
			require.ElementsMatch(t, heartbeat, keys(values(sink.AllMetrics()[2])))
			require.Equal(t, map[selftelemetry.Kind]int64{selftelemetry.KindRead: 1}, r.self.Report().Errors)
			require.Empty(t, r.self.Report().Degraded)
			require.Empty(t, r.host.Statuses())
			require.Equal(t, 1, r.logs.Len())
		})
	}
}

func TestUnavailableDoesNotHideABrokenClock(t *testing.T) {
	broken := errors.New("broken")
	require.True(t, unavailable(errors.Join(syscall.EACCES, errors.Join(syscall.ENOSYS))))
	require.False(t, unavailable(errors.Join(syscall.EACCES, broken)))
	require.False(t, unavailable(broken))
}

func TestHardwareClockThatBreaksIsReportedBesideOnesThatWork(t *testing.T) {
	broken := errors.New("broken")
	k := kernel{phcs: func() ([]hostclock.PHC, error) { return []hostclock.PHC{{Device: "/dev/ptp0"}}, broken }}
	var r reading
	require.ErrorIs(t, k.read(&r), broken)
	require.Len(t, r.phcs, 1)
}

func keys(m map[string]float64) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	return out
}

func TestWallStepShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &consumertest.MetricsSink{}
		refuse := faults{nil, nil, errors.New("refused"), nil}
		next, err := consumer.NewMetrics(func(ctx context.Context, md pmetric.Metrics) error {
			if err := refuse.take(); err != nil {
				return err
			}
			return sink.ConsumeMetrics(ctx, md)
		})
		require.NoError(t, err)
		r := newRig(t, everySecond(), next)
		begin := time.Now()
		r.kernel.now = func() instant {
			at := now()
			if at.mono.Sub(begin) >= 2*time.Second { // stepped before the tick whose push is refused
				at.wall = at.wall.Add(-300 * time.Millisecond)
			}
			return at
		}
		r.start(t)
		time.Sleep(4*time.Second + time.Millisecond)
		r.stop(t)

		got := sink.AllMetrics()
		require.Len(t, got, 4)
		for i, want := range []float64{0, -0.3, 0} {
			require.InDelta(t, want, values(got[i+1])["clock.wall.step"], 1e-12)
		}
	})
}

func TestLatenessIsTheTimeSinceTheIntendedInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &consumertest.MetricsSink{}
		r := newRig(t, everySecond(), sink)
		r.kernel.now = func() instant {
			time.Sleep(250 * time.Millisecond) // as on a host that is short of CPU
			return now()
		}
		r.start(t)
		time.Sleep(time.Second)
		r.stop(t)
		require.InDelta(t, 0.25, values(sink.AllMetrics()[0])["clock.tick.lateness"], 1e-9)
	})
}

func TestReadingsBecomeMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &consumertest.MetricsSink{}
		r := newRig(t, everySecond(), sink)
		r.kernel.discipline = func() (hostclock.Discipline, error) {
			return hostclock.Discipline{
				Offset: -2 * time.Microsecond, ErrorEstimated: 40 * time.Microsecond, ErrorMax: time.Millisecond,
				FrequencyOffset: 12e-6, Synchronized: true, TAIOffset: 37 * time.Second,
			}, nil
		}
		r.kernel.phcs = func() ([]hostclock.PHC, error) {
			return []hostclock.PHC{{Device: "/dev/ptp0", Offset: 37*time.Second + 250*time.Nanosecond}}, nil
		}
		r.start(t)
		time.Sleep(time.Millisecond)
		r.stop(t)
		got := values(sink.AllMetrics()[0])
		for name, want := range map[string]float64{
			"clock.offset": -2e-6, "clock.error.estimated": 40e-6, "clock.error.max": 1e-3, "clock.frequency.offset": 12e-6,
			"clock.synchronized": 1, "clock.tai.offset": 37, "clock.phc.offset": 37.00000025,
		} {
			require.InDelta(t, want, got[name], 1e-12, name)
		}
	})
}

func TestTAIOffsetIsAbsentUntilTheKernelKnowsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &consumertest.MetricsSink{}
		r := newRig(t, everySecond(), sink)
		r.kernel.discipline = func() (hostclock.Discipline, error) { return hostclock.Discipline{}, nil }
		r.start(t)
		time.Sleep(time.Millisecond)
		r.stop(t)
		got := keys(values(sink.AllMetrics()[0]))
		require.Contains(t, got, "clock.offset")
		require.NotContains(t, got, "clock.tai.offset")
	})
}

func TestSwitchedOffMetricsAreNotRead(t *testing.T) {
	k := newKernel(metadata.MetricsConfig{})
	require.Nil(t, k.discipline)
	require.Nil(t, k.phcs)
	require.NoError(t, k.read(&reading{}))
}

func TestThisHostIsReadForReal(t *testing.T) {
	cfg := everySecond()
	cfg.CollectionInterval = 10 * time.Millisecond
	sink := &consumertest.MetricsSink{}
	r, err := NewFactory().CreateMetrics(t.Context(), receivertest.NewNopSettings(metadata.Type), cfg, sink)
	require.NoError(t, err)
	begin := time.Now()
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	require.Eventually(t, func() bool { return len(sink.AllMetrics()) >= 3 }, 5*time.Second, time.Millisecond)
	require.NoError(t, r.Shutdown(t.Context()))
	last := values(sink.AllMetrics()[2])
	require.InDelta(t, float64(begin.Unix()), last["clock.time"], 10)
	require.InDelta(t, 0, last["clock.wall.step"], 0.5)
	require.GreaterOrEqual(t, last["clock.tick.lateness"], 0.0)
}

func BenchmarkTick(b *testing.B) {
	c, err := newClock(createDefaultConfig().(*Config), receivertest.NewNopSettings(metadata.Type), consumertest.NewNop())
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		c.tick(time.Now())
	}
}
