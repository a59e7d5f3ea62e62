// SPDX-License-Identifier: Apache-2.0

package stdoutexporter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/fdwriter"
	"github.com/tracecoreai/tracecore/internal/selftelemetry"
)

// writeGrace is how long Shutdown waits for a write that its caller has left, so that a slow reader gets the whole line.
const writeGrace = 2 * time.Second

var errShutdown = errors.New("exporter is shut down")

// targets maps the values of "target" to file descriptors.
var targets = map[string]int{targetStdout: 1, targetStderr: 2}

// stdoutExporter is the part of the exporter that all signals share.
type stdoutExporter struct {
	config    *Config
	format    format
	telemetry selftelemetry.Exporter

	writer *fdwriter.Writer
	status statusReporter

	// running ends when the exporter gives up all writes, the waiting and the stuck ones alike.
	running context.Context
	abandon context.CancelFunc
	closed  sync.Once
}

func newStdoutExporter(set exporter.Settings, config *Config) *stdoutExporter {
	running, abandon := context.WithCancel(context.Background())
	return &stdoutExporter{
		config:    config,
		format:    formats[config.Format],
		telemetry: selftelemetry.NewExporter(set.TelemetrySettings, set.ID),
		running:   running,
		abandon:   abandon,
	}
}

func (e *stdoutExporter) options() []exporterhelper.Option {
	return []exporterhelper.Option{
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}),
		exporterhelper.WithQueue(e.config.Queue),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}),
		exporterhelper.WithStart(e.start),
		exporterhelper.WithShutdown(e.shutdown),
	}
}

func (e *stdoutExporter) start(_ context.Context, host component.Host) error {
	writer, err := fdwriter.Open(targets[e.config.Target])
	if err != nil {
		return fmt.Errorf("open %q %s: %w", "target", e.config.Target, err)
	}
	e.writer = writer
	e.status.host = host
	return nil
}

func (e *stdoutExporter) shutdown(ctx context.Context) error {
	e.closed.Do(func() {
		e.drain(ctx)
		e.abandon()
		e.status.close()
		if e.writer != nil {
			e.writer.Close()
		}
	})
	return nil
}

func (e *stdoutExporter) drain(ctx context.Context) {
	if e.writer == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, writeGrace)
	defer cancel()
	e.writer.Drain(ctx)
}

// push writes one batch. It returns when the batch is handed to the kernel, which for a reader that does not read may take for ever.
func push[T any](ctx context.Context, e *stdoutExporter, encode func([]byte, T) []byte, batch T) error {
	err := e.write(ctx, func(b []byte) []byte { return encode(b, batch) })
	if err != nil {
		e.telemetry.IncCallFailure(selftelemetry.KindDownstream)
		return e.failed(ctx, fmt.Errorf("write to %s: %w", e.config.Target, err))
	}
	e.telemetry.IncCallSuccess()
	e.status.ok()
	return nil
}

// write gives up when ctx ends or when the exporter does.
func (e *stdoutExporter) write(ctx context.Context, encode func([]byte) []byte) error {
	if e.running.Err() != nil {
		return errShutdown
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(e.running, func() { cancel(errShutdown) })()
	return e.writer.Write(ctx, encode)
}

// failed reports what the error of a write means for the exporter and reports to the pipeline whether the batch may be tried again. Giving up
// says nothing about the target.
func (e *stdoutExporter) failed(ctx context.Context, err error) error {
	if errors.Is(err, fdwriter.ErrBrokenPipe) {
		e.status.brokenPipe(err, e.config.OnBrokenPipe == onBrokenPipeStop && e.writer.ClaimStop())
		return consumererror.NewPermanent(err)
	}
	if ctx.Err() == nil && e.running.Err() == nil {
		e.status.failing(err)
	}
	return err
}

// boundedShutdown ends the exporter's Shutdown with its context: writes that are stuck by then are abandoned, and with them what is left
// in the sending queue.
type boundedShutdown struct {
	component.Component
	abandon context.CancelFunc
}

func (b boundedShutdown) Shutdown(ctx context.Context) error {
	defer context.AfterFunc(ctx, b.abandon)()
	return b.Component.Shutdown(ctx)
}
