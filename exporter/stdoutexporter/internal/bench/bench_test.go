// SPDX-License-Identifier: Apache-2.0

//go:build unix

package bench

import (
	"context"
	"os"
	"runtime"
	"slices"
	"testing"

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
// else the machine does hits all of them. It reports the cost of the stdout exporter, and the median of how many times its CPU time the
// others take.
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
	var total cost
	var timesFile, timesDebug []float64
	for b.Loop() {
		ours := measure(b, stdout, consume, batch, batchesPerTurn)
		total.add(ours)
		timesFile = append(timesFile, measure(b, file, consume, batch, batchesPerTurn).cpu/ours.cpu)
		timesDebug = append(timesDebug, measure(b, debug, consume, batch, debugBatchesPerTurn).cpu/ours.cpu)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(total.cpu/float64(b.N), "cpu-ns/batch")
	b.ReportMetric(total.bytes/float64(b.N), "B/batch")
	b.ReportMetric(total.allocations/float64(b.N), "allocs/batch")
	b.ReportMetric(median(timesFile), "x-file")
	b.ReportMetric(median(timesDebug), "x-debug")
}

// cost is what a batch costs: nanoseconds of CPU time, and what is allocated.
type cost struct{ cpu, bytes, allocations float64 }

func (c *cost) add(more cost) {
	c.cpu, c.bytes, c.allocations = c.cpu+more.cpu, c.bytes+more.bytes, c.allocations+more.allocations
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

// measure returns what a batch costs in one turn. It begins without the garbage of the others, so that each exporter pays for its
// own, and with one batch that does not count and warms up what the collection has cooled down.
func measure[E, T any](b *testing.B, e E, consume consume[E, T], batch T, batches int) cost {
	b.Helper()
	runtime.GC()
	require.NoError(b, consume(e, b.Context(), batch))
	before := spent(b)
	for range batches {
		if err := consume(e, b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	after, n := spent(b), float64(batches)
	return cost{(after.cpu - before.cpu) / n, (after.bytes - before.bytes) / n, (after.allocations - before.allocations) / n}
}

// spent is what this process has cost so far. CPU time is that of all threads, so garbage collection counts and what else the machine does
// hardly does.
func spent(b *testing.B) cost {
	b.Helper()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	var usage unix.Rusage
	require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &usage))
	return cost{float64(usage.Utime.Nano() + usage.Stime.Nano()), float64(memory.TotalAlloc), float64(memory.Mallocs)}
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
