// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/receiverloop"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/events"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/record"
)

// maxRecords is how many log records one push has at most.
const maxRecords = 1000

// openJournal gets the journal of events from the storage extension, or begins one. One that cannot be read is reported and replaced by an empty one.
func (r *gpuReceiver) openJournal(ctx context.Context, host component.Host) error {
	client, err := receiverloop.OpenStorage(ctx, host, r.cfg.Storage, r.id)
	if err != nil {
		return err
	}
	journal, err := events.Open(ctx, client, r.endpoint.String(), r.logs != nil)
	if err != nil {
		r.loop.Self.IncError(kindStorage)
		r.logger.Error("journal of events is replaced by an empty one, what was not delivered before is lost", zap.Error(err))
	}
	r.journal = journal
	r.collector.node.Remember(journal.Numbers.Owners().Remembered())
	r.collector.xids.journal, r.collector.xids.records = journal, r.logs != nil
	r.collector.wants.switches = r.collector.wants.switches || r.logs != nil
	if r.logs != nil && enabledOf(r.cfg.MetricsBuilderConfig.Metrics)[metricThrottleEvents.Name] {
		r.collector.watches = watchSettings(true, r.collector.Pace) // Records tell what the hardware does, whatever the views.
	}
	return nil
}

func (r *gpuReceiver) closeJournal(ctx context.Context) error {
	if r.journal == nil {
		return nil
	}
	return r.journal.Close(ctx)
}

// pushRecords hands the records that wait to the logs pipeline, and forgets those that it took or will never take.
func (r *gpuReceiver) pushRecords(ctx context.Context, simulated bool) error {
	if r.logs == nil || r.journal == nil {
		return nil
	}
	for {
		records := plog.NewLogRecordSlice()
		n := r.journal.Waiting(maxRecords, records)
		if n == 0 {
			return nil
		}
		err := r.loop.PushLogs(r.logs, record.Logs(r.resource(simulated), r.version, records))
		if err != nil && !consumererror.IsPermanent(err) {
			return err
		}
		r.journal.Delivered(n)
		if saveErr := r.journal.Save(ctx); saveErr != nil {
			r.loop.Self.IncError(kindStorage)
			r.logger.Warn("records may be repeated after a restart", zap.Error(saveErr))
		}
		if err != nil {
			return err
		}
	}
}
