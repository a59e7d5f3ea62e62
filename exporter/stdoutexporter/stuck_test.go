// SPDX-License-Identifier: Apache-2.0

//go:build unix

package stdoutexporter

import (
	"bufio"
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/metadata"
)

// mebibyte returns a batch that is larger than any pipe.
func mebibyte() plog.Logs {
	ld := plog.NewLogs()
	body := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body()
	body.SetEmptyBytes().FromRaw(make([]byte, 1<<20))
	return ld
}

func TestStuckReaderHoldsThePipelineBack(t *testing.T) {
	pipeStderr(t)
	host := &statusHost{}
	e := startLogs(t, stderrConfig(), host)
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error)
	for range 3 {
		go func() { results <- e.ConsumeLogs(ctx, mebibyte()) }()
	}
	select {
	case err := <-results:
		require.Fail(t, "a call returned although nobody reads", err)
	case <-time.After(100 * time.Millisecond):
	}
	cancel()
	for range 3 {
		require.ErrorIs(t, <-results, context.Canceled)
	}
	require.Empty(t, host.statuses())
}

func TestShutdownEndsWithItsContextWhileStuck(t *testing.T) {
	pipeStderr(t)
	cfg := stderrConfig()
	cfg.Queue = configoptional.Some(exporterhelper.NewDefaultQueueConfig())
	e, err := NewFactory().CreateLogs(t.Context(), exportertest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	for range 5 {
		require.NoError(t, e.ConsumeLogs(t.Context(), mebibyte()))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	done := make(chan error)
	go func() { done <- e.Shutdown(ctx) }()
	select {
	case err := <-done:
		require.NoError(t, err)
		require.Error(t, ctx.Err(), "shutdown has to wait for the queue as long as it may")
	case <-time.After(10 * time.Second):
		require.Fail(t, "shutdown hangs")
	}
}

func TestQueueIsDrainedOnShutdown(t *testing.T) {
	reader := pipeStderr(t)
	cfg := stderrConfig()
	cfg.Queue = configoptional.Some(exporterhelper.NewDefaultQueueConfig())
	e := startLogs(t, cfg, componenttest.NewNopHost())
	read := make(chan int64)
	const batches = 5
	go func() {
		lines := bufio.NewScanner(reader)
		lines.Buffer(nil, 1<<22)
		n := int64(0)
		for n < batches && lines.Scan() {
			n++
		}
		read <- n
	}()
	for range batches {
		require.NoError(t, e.ConsumeLogs(t.Context(), mebibyte()))
	}
	require.NoError(t, e.Shutdown(t.Context()))
	require.EqualValues(t, batches, <-read)
}

// leaveAWriteBehind gives a call up whose line has begun to go out, and returns what was read of it.
func leaveAWriteBehind(t *testing.T, reader io.Reader, e exporter.Logs) []byte {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() { left <- e.ConsumeLogs(ctx, mebibyte()) }()
	first := make([]byte, 1)
	_, err := reader.Read(first)
	require.NoError(t, err)
	cancel()
	require.ErrorIs(t, <-left, context.Canceled)
	return first
}

func TestShutdownLetsASlowReaderHaveTheWholeLine(t *testing.T) {
	reader := pipeStderr(t)
	e := startLogs(t, stderrConfig(), componenttest.NewNopHost())
	first := leaveAWriteBehind(t, reader, e)
	stopped := make(chan error)
	go func() { stopped <- e.Shutdown(context.WithoutCancel(t.Context())) }()
	select {
	case err := <-stopped:
		require.Fail(t, "the exporter stops within a line", err)
	case <-time.After(50 * time.Millisecond):
	}
	rest, err := bufio.NewReader(reader).ReadBytes('\n')
	require.NoError(t, err)
	require.NoError(t, <-stopped)
	_, err = (&plog.JSONUnmarshaler{}).UnmarshalLogs(append(first, rest...))
	require.NoError(t, err)
}

func TestShutdownDoesNotWaitForAStuckReaderForEver(t *testing.T) {
	reader := pipeStderr(t)
	e := startLogs(t, stderrConfig(), componenttest.NewNopHost())
	leaveAWriteBehind(t, reader, e)
	asked := time.Now()
	require.NoError(t, e.Shutdown(t.Context()))
	require.GreaterOrEqual(t, time.Since(asked), writeGrace)
}

// A reader may take as long as it likes: what bounds a write is the caller's context.
func TestWritesHaveNoTimeout(t *testing.T) {
	pipeStderr(t)
	e := newStdoutExporter(exportertest.NewNopSettings(metadata.Type), stderrConfig())
	inner, err := exporterhelper.NewLogs(t.Context(), exportertest.NewNopSettings(metadata.Type), e.config, func(ctx context.Context, _ plog.Logs) error {
		_, bounded := ctx.Deadline()
		require.False(t, bounded)
		return nil
	}, e.options()...)
	require.NoError(t, err)
	require.NoError(t, inner.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, inner.ConsumeLogs(t.Context(), plog.NewLogs()))
	require.NoError(t, inner.Shutdown(t.Context()))
}
