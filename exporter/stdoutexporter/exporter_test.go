// SPDX-License-Identifier: Apache-2.0

//go:build unix

package stdoutexporter

import (
	"bufio"
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/xexporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/testdata"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"golang.org/x/sys/unix"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/metadata"
)

func TestEverySignalIsOneLineThatReadsBack(t *testing.T) {
	reader := bufio.NewReader(pipeStderr(t))
	factory, set, host := NewFactory(), exportertest.NewNopSettings(metadata.Type), componenttest.NewNopHost()
	line := func(e component.Component, consume func() error) []byte {
		require.NoError(t, e.Start(t.Context(), host))
		require.NoError(t, consume())
		require.NoError(t, e.Shutdown(t.Context()))
		got, err := reader.ReadBytes('\n')
		require.NoError(t, err)
		return got
	}

	metrics, err := factory.CreateMetrics(t.Context(), set, stderrConfig())
	require.NoError(t, err)
	require.False(t, metrics.Capabilities().MutatesData)
	md := testdata.GenerateMetrics(3)
	gotMetrics, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(line(metrics, func() error { return metrics.ConsumeMetrics(t.Context(), md) }))
	require.NoError(t, err)
	require.Equal(t, md, gotMetrics)

	logs, err := factory.CreateLogs(t.Context(), set, stderrConfig())
	require.NoError(t, err)
	require.False(t, logs.Capabilities().MutatesData)
	ld := testdata.GenerateLogs(3)
	gotLogs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line(logs, func() error { return logs.ConsumeLogs(t.Context(), ld) }))
	require.NoError(t, err)
	require.Equal(t, ld, gotLogs)

	traces, err := factory.CreateTraces(t.Context(), set, stderrConfig())
	require.NoError(t, err)
	require.False(t, traces.Capabilities().MutatesData)
	td := testdata.GenerateTraces(3)
	gotTraces, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(line(traces, func() error { return traces.ConsumeTraces(t.Context(), td) }))
	require.NoError(t, err)
	require.Equal(t, td, gotTraces)

	profiles, err := factory.(xexporter.Factory).CreateProfiles(t.Context(), set, stderrConfig())
	require.NoError(t, err)
	require.False(t, profiles.Capabilities().MutatesData)
	pd := testdata.GenerateProfiles(3)
	pd.MarkReadOnly()
	gotProfiles, err := (&pprofile.JSONUnmarshaler{}).UnmarshalProfiles(line(profiles, func() error { return profiles.ConsumeProfiles(t.Context(), pd) }))
	require.NoError(t, err)
	want, err := (&pprofile.ProtoMarshaler{}).MarshalProfiles(pd)
	require.NoError(t, err)
	got, err := (&pprofile.ProtoMarshaler{}).MarshalProfiles(gotProfiles)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestItemLinesGoOutTogether(t *testing.T) {
	reader := pipeStderr(t)
	cfg := stderrConfig()
	cfg.Format = formatItemLines
	e := startLogs(t, cfg, componenttest.NewNopHost())
	require.NoError(t, e.ConsumeLogs(t.Context(), plog.NewLogs()))
	require.NoError(t, e.ConsumeLogs(t.Context(), testdata.GenerateLogs(2)))
	buffer := make([]byte, 1<<16)
	n, err := reader.Read(buffer)
	require.NoError(t, err)
	require.Regexp(t, `^\{"signal":"log",.*\}\n\{"signal":"log",.*\}\n$`, string(buffer[:n]))
}

func TestCallsAreCountedEmptyOnesToo(t *testing.T) {
	reader := pipeStderr(t)
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.WithoutCancel(t.Context()))) })
	set := exportertest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	e, err := NewFactory().CreateLogs(t.Context(), set, stderrConfig())
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, e.ConsumeLogs(t.Context(), plog.NewLogs()))
	require.NoError(t, e.ConsumeLogs(t.Context(), testdata.GenerateLogs(1)))
	require.NoError(t, reader.Close())
	require.Error(t, e.ConsumeLogs(t.Context(), testdata.GenerateLogs(1)))
	require.NoError(t, e.Shutdown(t.Context()))

	calls, err := telemetry.GetMetric("tracecore.exporter.calls_total")
	require.NoError(t, err)
	got := map[string]int64{}
	for _, dp := range calls.Data.(metricdata.Sum[int64]).DataPoints {
		got[dp.Attributes.Encoded(attribute.DefaultEncoder())] = dp.Value
	}
	id := "component_id=" + set.ID.String()
	require.Equal(t, map[string]int64{id + ",result=success": 2, id + ",kind=downstream,result=failure": 1}, got)
}

func TestBrokenPipeIsAPermanentErrorReportedOnce(t *testing.T) {
	reader := pipeStderr(t)
	host := &statusHost{}
	e := startLogs(t, stderrConfig(), host)
	require.NoError(t, reader.Close())
	for range 3 {
		err := e.ConsumeLogs(t.Context(), testdata.GenerateLogs(1))
		require.True(t, consumererror.IsPermanent(err))
		require.ErrorContains(t, err, "write to stderr: broken pipe")
	}
	require.Equal(t, []componentstatus.Status{componentstatus.StatusPermanentError}, host.statuses())
	require.EqualError(t, host.events[0].Err(), "write to stderr: broken pipe")
}

func TestBrokenPipeStopsTheCollectorOnlyOnce(t *testing.T) {
	reader := pipeStderr(t)
	cfg := stderrConfig()
	cfg.OnBrokenPipe = onBrokenPipeStop
	first, second := &statusHost{}, &statusHost{}
	for _, host := range []*statusHost{first, second} {
		e := startLogs(t, cfg, host)
		_ = reader.Close()
		require.True(t, consumererror.IsPermanent(e.ConsumeLogs(t.Context(), testdata.GenerateLogs(1))))
		require.True(t, consumererror.IsPermanent(e.ConsumeLogs(t.Context(), testdata.GenerateLogs(1))))
	}
	require.Eventually(t, func() bool { return len(first.statuses()) > 0 }, 10*time.Second, time.Millisecond)
	require.Equal(t, []componentstatus.Status{componentstatus.StatusFatalError}, first.statuses())
	require.Equal(t, []componentstatus.Status{componentstatus.StatusPermanentError}, second.statuses())
}

func TestOtherWriteErrorsAreRecoverable(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "full")
	require.NoError(t, err)
	redirectStderr(t, file)
	require.NoError(t, file.Close())
	host := &statusHost{}
	e := startLogs(t, stderrConfig(), host)

	// A file size limit of nothing fails as a full disk does.
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_FSIZE, &old))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Max: old.Max}))
	first, second := e.ConsumeLogs(t.Context(), plog.NewLogs()), e.ConsumeLogs(t.Context(), plog.NewLogs())
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &old))
	require.ErrorIs(t, first, unix.EFBIG)
	require.ErrorIs(t, second, unix.EFBIG)
	require.False(t, consumererror.IsPermanent(first))

	require.NoError(t, e.ConsumeLogs(t.Context(), plog.NewLogs()))
	require.NoError(t, e.ConsumeLogs(t.Context(), plog.NewLogs()))
	require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, host.statuses())
}

func TestShutdownTwiceAndConsumeAfterwards(t *testing.T) {
	pipeStderr(t)
	e := startLogs(t, stderrConfig(), componenttest.NewNopHost())
	require.NoError(t, e.Shutdown(t.Context()))
	require.NoError(t, e.Shutdown(t.Context()))
	require.ErrorIs(t, e.ConsumeLogs(t.Context(), plog.NewLogs()), errShutdown)
}

func TestStartFailsWithoutTarget(t *testing.T) {
	reader := pipeStderr(t)
	require.NoError(t, unix.Close(2))
	e, err := NewFactory().CreateLogs(t.Context(), exportertest.NewNopSettings(metadata.Type), stderrConfig())
	require.NoError(t, err)
	require.ErrorContains(t, e.Start(t.Context(), componenttest.NewNopHost()), `open "target" stderr: duplicate file descriptor 2: `)
	require.NoError(t, e.Shutdown(t.Context()))
	require.NoError(t, reader.Close())
}

func TestAllocationsDoNotGrowWithTheBatch(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	redirectStderr(t, null)
	require.NoError(t, null.Close())
	for _, format := range []string{formatOTLPJSON, formatItemLines} {
		cfg := stderrConfig()
		cfg.Format = format
		e := startLogs(t, cfg, componenttest.NewNopHost())
		allocations := func(records int) float64 {
			ld := testdata.GenerateLogs(records)
			return testing.AllocsPerRun(20, func() { _ = e.ConsumeLogs(context.Background(), ld) })
		}
		require.InDelta(t, allocations(1), allocations(1000), 1, format)
	}
}
