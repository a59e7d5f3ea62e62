// SPDX-License-Identifier: Apache-2.0

//go:build unix

package bench

import (
	"context"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configtelemetry"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/debugexporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter"
)

// BenchmarkAgainstPeers sends the same batches through the three exporters, all of which end in /dev/null. They take turns, so that what
// else the machine does hits all of them. It reports the median of how many times longer the others take than the stdout exporter.
func BenchmarkAgainstPeers(b *testing.B) {
	b.Run("metrics", func(b *testing.B) {
		compare(b, exporter.Factory.CreateMetrics, exporter.Metrics.ConsumeMetrics, metrics())
	})
	b.Run("logs", func(b *testing.B) {
		compare(b, exporter.Factory.CreateLogs, exporter.Logs.ConsumeLogs, logs())
	})
	b.Run("traces", func(b *testing.B) {
		compare(b, exporter.Factory.CreateTraces, exporter.Traces.ConsumeTraces, traces())
	})
}

type (
	create[E any]     func(exporter.Factory, context.Context, exporter.Settings, component.Config) (E, error)
	consume[E, T any] func(E, context.Context, T) error
)

func compare[E component.Component, T any](b *testing.B, create create[E], consume consume[E, T], batch T) {
	b.Helper()
	discardStderr(b)
	stdout := start(b, stdoutexporter.NewFactory(), create, func(cfg component.Config) {
		cfg.(*stdoutexporter.Config).Target = "stderr"
	})
	file := start(b, fileexporter.NewFactory(), create, func(cfg component.Config) {
		fileConfig := cfg.(*fileexporter.Config)
		fileConfig.Path = os.DevNull
		// As it is for users who do not ask for rotation. A rotation would rename the device.
		fileConfig.Rotation = nil
	})
	debug := start(b, debugexporter.NewFactory(), create, func(cfg component.Config) {
		cfg.(*debugexporter.Config).Verbosity = configtelemetry.LevelDetailed
	})
	var stdoutTimes, timesFile, timesDebug []float64
	for b.Loop() {
		stdoutTime := measure(b, stdout, consume, batch, batchesPerTurn)
		stdoutTimes = append(stdoutTimes, stdoutTime)
		timesFile = append(timesFile, measure(b, file, consume, batch, batchesPerTurn)/stdoutTime)
		timesDebug = append(timesDebug, measure(b, debug, consume, batch, debugBatchesPerTurn)/stdoutTime)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(stdoutTimes), "µs/batch")
	b.ReportMetric(median(timesFile), "x-file")
	b.ReportMetric(median(timesDebug), "x-debug")
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

const (
	// A turn is long enough for the garbage that an exporter makes to be collected in it, and short enough for many turns.
	batchesPerTurn = 25
	// The debug exporter takes some twenty times as long and makes more garbage.
	debugBatchesPerTurn = 10
)

// measure returns the microseconds per batch of one turn. It begins without the garbage of the others, so that each exporter pays for its
// own, and with one batch that does not count and warms up what the collection has cooled down.
func measure[E, T any](b *testing.B, e E, consume consume[E, T], batch T, batches int) float64 {
	b.Helper()
	runtime.GC()
	require.NoError(b, consume(e, b.Context(), batch))
	begin := time.Now()
	for range batches {
		if err := consume(e, b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	return float64(time.Since(begin).Nanoseconds()) / 1e3 / float64(batches)
}

func start[E component.Component](b *testing.B, factory exporter.Factory, create create[E], configure func(component.Config)) E {
	b.Helper()
	cfg := factory.CreateDefaultConfig()
	configure(cfg)
	set := exportertest.NewNopSettings(factory.Type())
	set.Logger = discardingLogger(b)
	e, err := create(factory, b.Context(), set, cfg)
	require.NoError(b, err)
	require.NoError(b, e.Start(b.Context(), componenttest.NewNopHost()))
	b.Cleanup(func() { require.NoError(b, e.Shutdown(context.Background())) })
	return e
}

// discardingLogger is the logger the service makes by default, writing to /dev/null and without sampling, which would drop output.
func discardingLogger(b *testing.B) *zap.Logger {
	b.Helper()
	cfg := zap.NewProductionConfig()
	cfg.Encoding = "console"
	cfg.EncoderConfig = zap.NewProductionEncoderConfig()
	cfg.Sampling = nil
	cfg.OutputPaths = []string{os.DevNull}
	logger, err := cfg.Build()
	require.NoError(b, err)
	return logger
}

// discardStderr points file descriptor 2 at /dev/null while b runs. Descriptor 1 carries the results.
func discardStderr(b *testing.B) {
	b.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(b, err)
	saved, err := unix.Dup(2)
	require.NoError(b, err)
	require.NoError(b, unix.Dup2(int(null.Fd()), 2))
	require.NoError(b, null.Close())
	b.Cleanup(func() {
		require.NoError(b, unix.Dup2(saved, 2))
		require.NoError(b, unix.Close(saved))
	})
}
