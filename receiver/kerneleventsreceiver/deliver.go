// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/receiverloop"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/metadata"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/reports"
)

// deliver pushes what is pending, and stores how far the log is delivered. It tries again while the next component refuses for now: the
// kernel keeps the records that come meanwhile. It reports false if ctx ended before the events were taken.
func (r *kernelReceiver) deliver(ctx context.Context) bool {
	if len(r.pending) > 0 && !r.push(ctx, r.pending) {
		return false
	}
	r.pending = r.pending[:0]
	r.save()
	return true
}

func (r *kernelReceiver) push(ctx context.Context, events []made) bool {
	backoff := minBackoff
	for {
		begin := time.Now()
		err := r.loop.PushLogs(r.logs, r.records(events))
		r.loop.Collected(begin, err)
		r.report(pushingLogs, err)
		switch {
		case err == nil:
			return true
		case consumererror.IsPermanent(err):
			for i := range events {
				r.counts.addDropped(events[i].kind)
			}
			return true
		case !receiverloop.Wait(ctx, time.Now().Add(backoff)):
			return false
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

func (r *kernelReceiver) records(events []made) plog.Logs {
	logs := plog.NewLogs()
	rl := logs.ResourceLogs().AppendEmpty()
	r.resource.CopyTo(rl.Resource())
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(metadata.ScopeName)
	sl.Scope().SetVersion(r.set.BuildInfo.Version)
	observed := pcommon.NewTimestampFromTime(time.Now())
	for i := range events {
		record := sl.LogRecords().AppendEmpty()
		record.SetObservedTimestamp(observed)
		record.SetTimestamp(pcommon.NewTimestampFromTime(r.wall(&events[i].event)))
		events[i].copyTo(record)
		record.Attributes().PutStr("kernel.log.boot_id", r.position.BootID)
		record.Attributes().PutStr("log.record.uid", uid(r.position.BootID, &events[i].event))
	}
	return logs
}

// wall is when an event began. Those that a crash left behind have their own time.
func (r *kernelReceiver) wall(event *reports.Event) time.Time {
	if !event.Wall.IsZero() {
		return event.Wall
	}
	return r.clock.Wall(event.Since)
}

// uid is the same whenever the event is read, so that a repetition can be told. Numbers of records may start over in a file or fifo; together
// with their time they do not repeat.
func uid(boot string, event *reports.Event) string {
	name := append(make([]byte, 0, 160), boot...)
	name = append(append(append(name, '/'), event.Rule.Name...), '/')
	name = append(strconv.AppendUint(name, event.Sequence, 10), '/')
	name = append(strconv.AppendInt(name, int64(event.Since), 10), '/')
	name = strconv.AppendInt(name, event.Wall.UnixNano(), 10)
	return uuid.NewSHA1(uuid.NameSpaceOID, name).String()
}

// save stores the position at once after events, and now and then without.
func (r *kernelReceiver) save() {
	now := time.Now()
	if !r.unsaved && now.Sub(r.saved) < saveInterval {
		return
	}
	r.unsaved, r.saved = false, now
	position := r.position
	position.Open = r.assembler.Open()
	if err := r.store.save(context.Background(), position); err != nil {
		r.loop.Self.IncError(kindStorage)
		r.set.Logger.Warn("the position in the kernel log cannot be stored", zap.Error(err))
	}
}
