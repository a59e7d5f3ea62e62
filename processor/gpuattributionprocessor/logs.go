// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"cmp"
	"context"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
)

// logsProcessor is the part of one logs pipeline.
type logsProcessor struct {
	*member
	next consumer.Logs
}

// Capabilities says that data is changed.
func (*logsProcessor) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// ConsumeLogs adds to records of GPUs who held them at the time of the event, and passes everything on.
func (p *logsProcessor) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	n := &tally{}
	now := time.Now()
	p.book.Lock()
	for i := range ld.ResourceLogs().Len() {
		rl := ld.ResourceLogs().At(i)
		foreign := p.node.foreign(rl.Resource().Attributes())
		for j := range rl.ScopeLogs().Len() {
			records := rl.ScopeLogs().At(j).LogRecords()
			for k := range records.Len() {
				p.record(records.At(k), foreign, now, n)
			}
		}
	}
	p.book.Unlock()
	p.self.countLookups(ctx, n)
	return p.next.ConsumeLogs(ctx, ld)
}

func (p *logsProcessor) record(record plog.LogRecord, foreign bool, now time.Time, n *tally) {
	attrs := record.Attributes()
	who, is := identify(attrs)
	address, hasAddress := attrs.Get(attrPCI)
	switch {
	case !is && !hasAddress:
		return
	case foreign:
		n[wrongNode]++
		return
	}
	gpu := p.named(who, is, attrs, now)
	if gpu == nil && is {
		n[unknown]++
		return
	}
	if gpu == nil {
		if gpu = p.book.ByPCI(address.Str()); gpu == nil {
			n[unknown]++
			return
		}
		attrs.PutStr(attrID, gpu.ID())
	}
	at := cmp.Or(record.Timestamp(), record.ObservedTimestamp(), pcommon.NewTimestampFromTime(now))
	state, _ := gpu.At(int64(at))
	v := p.view(state)
	n[v.result]++
	v.single.put(attrs)
}

// named returns the GPU that a record names itself.
func (p *logsProcessor) named(who identity, is bool, attrs pcommon.Map, now time.Time) *holders.GPU {
	if !is {
		return nil
	}
	return p.gpuOf(who, attrs, now)
}
