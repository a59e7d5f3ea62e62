// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/receiverloop"
	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/kmsg"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/reports"
)

const (
	// maxBatch and maxDelay bound how long an event waits for others to be pushed with it.
	maxBatch = 512
	maxDelay = 200 * time.Millisecond

	// poll is how often a file, or a fifo without a writer, is looked at.
	poll = 200 * time.Millisecond

	// waited is how long a read takes that waits for a record; one that has one takes less.
	waited = time.Millisecond

	// saveInterval is how often the position is stored while there are no events.
	saveInterval = 10 * time.Second

	minBackoff = time.Second
	maxBackoff = time.Minute
)

// read reads the log until ctx ends, and opens it again after errors.
func (r *kernelReceiver) read(ctx context.Context) {
	r.resume(ctx)
	backoff := minBackoff
	for ctx.Err() == nil {
		begin := time.Now()
		err := r.session(ctx)
		if ctx.Err() != nil {
			break
		}
		if errors.Is(err, kmsg.ErrReplaced) {
			r.set.Logger.Info("another kernel log is at the path or it was truncated, it is read from its beginning", zap.String("path", r.cfg.Path))
			r.forget()
			continue
		}
		if time.Since(begin) > maxBackoff {
			backoff = minBackoff
		}
		r.report(reading, explain(r.cfg.Path, err))
		if !receiverloop.Wait(ctx, time.Now().Add(backoff+rand.N(backoff/4))) {
			break
		}
		backoff = min(2*backoff, maxBackoff)
	}
	r.finish()
}

// resume reads the stored position. One from before a reboot says nothing about this log.
func (r *kernelReceiver) resume(ctx context.Context) {
	r.clock.Update()
	boot := r.system.bootID()
	stored, err := r.store.load(ctx)
	if err != nil {
		r.loop.Self.IncError(kindStorage)
		r.set.Logger.Warn("the stored position in the kernel log cannot be read, reading begins at boot", zap.Error(err))
	}
	if stored.BootID != "" && stored.BootID != boot {
		r.set.Logger.Info("the host was booted since the last run, reading begins at boot", zap.String("boot_id", boot))
	}
	if stored.BootID == boot && boot != "" {
		r.position = stored
	}
	r.position.BootID = boot
	if r.cfg.StartAt != startNow {
		r.hold(crashRecords(r.system.pstore, r.position.Crashes), time.Now())
		r.position.Crashes = crashNames(r.system.pstore)
	}
}

// session reads the log from opening it to an error.
func (r *kernelReceiver) session(ctx context.Context) error {
	reader, err := kmsg.Open(r.cfg.Path)
	if err != nil {
		r.loop.Self.IncError(selftelemetry.KindConnect)
		return err
	}
	defer func() { _ = reader.Close() }()
	if err := r.begin(reader); err != nil {
		r.loop.Self.IncError(selftelemetry.KindRead)
		return err
	}
	r.report(reading, nil)
	stop := context.AfterFunc(ctx, reader.Interrupt)
	defer stop()
	err = r.follow(ctx, reader)
	r.drain(reader)
	r.account(reader)
	if err != nil && !errors.Is(err, kmsg.ErrReplaced) {
		r.loop.Self.IncError(selftelemetry.KindRead)
	}
	return err
}

// drain takes what has been read already.
func (r *kernelReceiver) drain(reader *kmsg.Reader) {
	for record, ok := reader.Rest(); ok; record, ok = reader.Rest() {
		r.take(&record, time.Now())
	}
}

// begin puts the reader where reading begins: where this run was, where the last one was, or where the configuration says.
func (r *kernelReceiver) begin(reader *kmsg.Reader) error {
	first := !r.begun
	r.begun = true
	switch {
	case r.position.Known && reader.Has(r.position.Head, r.position.End):
		if len(r.position.Open) > 0 {
			r.replay = r.position
		}
		reader.From(r.position.first(), r.position.End)
		r.position.Open = nil // In this run, reports that go on are in memory.
		return nil
	case r.cfg.StartAt == startNow && (first || reader.IsDevice()):
		return reader.SeekEnd()
	case reader.IsDevice():
		reader.Expect(0) // In a file or fifo, a first number above 0 says nothing.
	}
	r.forget()
	return nil
}

// forget drops the position, which is of another log.
func (r *kernelReceiver) forget() {
	r.position = cursor{BootID: r.position.BootID, Crashes: r.position.Crashes}
	r.replay = cursor{}
}

func (r *kernelReceiver) follow(ctx context.Context, reader *kmsg.Reader) error {
	for ctx.Err() == nil {
		asked := time.Now()
		record, err := reader.Next(asked.Add(poll))
		now := time.Now()
		switch {
		case err == nil:
			if reader.IsDevice() && now.Sub(asked) > waited {
				r.clock.Came(record.Since)
			}
			r.take(&record, now)
		case !errors.Is(err, kmsg.ErrIdle):
			return err
		case len(r.pending) == 0 && now.Sub(asked) < poll/2:
			receiverloop.Wait(ctx, asked.Add(poll))
		}
		if idle := err != nil; idle || len(r.pending) >= maxBatch || len(r.pending) > 0 && now.Sub(r.since) > maxDelay {
			r.account(reader)
			r.clock.Update()
			r.hold(r.assembler.Due(now), now)
			if !r.deliver(ctx) {
				return ctx.Err()
			}
		}
		if err != nil {
			if err := reader.Check(r.cfg.Path); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// take makes events of a record. One that the last run has read is only looked at for the rest of a report.
func (r *kernelReceiver) take(record *kmsg.Record, now time.Time) {
	if r.replay.Known && r.replay.behind(record) {
		r.replay = cursor{}
	}
	if r.replay.Known && !slices.Contains(r.replay.Open, record.Sequence) {
		done, _ := r.assembler.Continue(record)
		r.hold(done, now)
		return
	}
	done, matched := r.assembler.Add(record, now)
	r.hold(done, now)
	if !r.replay.Known {
		r.counts.addRecord(matched)
		r.position.Known, r.position.Sequence, r.position.End = true, record.Sequence, record.End
	}
}

// hold counts events, and keeps those of which log records are made.
func (r *kernelReceiver) hold(events []reports.Event, now time.Time) {
	for i := range events {
		if events[i].Rule.Ignore {
			r.maker.learn(&events[i])
			continue
		}
		m := r.maker.make(events[i], now)
		r.counts.addEvent(&m)
		r.unsaved = true
		switch {
		case r.logs == nil:
		case !r.limits.allow(m.kind, now):
			r.counts.addDropped(m.kind)
		default:
			r.pending = append(r.pending, m)
		}
		if len(r.pending) == 1 {
			r.since = now
		}
	}
}

// account takes over what the reader counted.
func (r *kernelReceiver) account(reader *kmsg.Reader) {
	c := reader.Counts
	reader.Counts = kmsg.Counts{}
	r.position.Head = reader.Head(r.position.End)
	r.counts.addUnread(c)
	if c.Lost > 0 {
		r.set.Logger.Warn("records of the kernel log were overwritten before they were read", zap.Uint64("records", c.Lost))
	}
	for range min(c.Malformed+c.Oversized, 1) {
		r.loop.Self.IncError(selftelemetry.KindParse)
	}
}

// finish pushes what there is when the receiver stops.
func (r *kernelReceiver) finish() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // One attempt.
	r.hold(r.assembler.Flush(), time.Now())
	r.deliver(ctx)
}

// accessError says what a log that may not be read lacks.
type accessError struct{ err error }

func (e *accessError) Error() string {
	return e.err.Error() + ": reading the kernel log needs read access to it, and CAP_SYSLOG where kernel.dmesg_restrict is 1" +
		" (systemd: AmbientCapabilities=CAP_SYSLOG, ProtectKernelLogs=no, PrivateDevices=no, DeviceAllow=/dev/kmsg r;" +
		" Docker: --cap-add SYSLOG --device /dev/kmsg:/dev/kmsg:r; Kubernetes: privileged: true and a hostPath volume of /dev/kmsg)"
}

func (e *accessError) Unwrap() error { return e.err }

func explain(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) || path == defaultPath && errors.Is(err, fs.ErrNotExist) {
		return &accessError{err}
	}
	return err
}
