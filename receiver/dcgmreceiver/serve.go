// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/record"
)

// collection is what one collection came to.
type collection struct {
	begin     time.Time
	metrics   pmetric.Metrics
	simulated bool
	err       error // why there are no values
	missing   error // what is absent though the host engine answers
	over      int   // points left out for max_series
}

// up reports whether DCGM gave values.
func (c *collection) up() bool { return c.err == nil && !c.begin.IsZero() }

// serve deals with the host engine: it connects as soon as the backoff allows, and collects when it is
// asked to. The session, the collector and the state of the connection are its own, so that whoever pushes
// need not wait for a call into DCGM.
func (r *gpuReceiver) serve(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.untilRetry():
			r.connect(ctx)
		case <-r.hungCall():
			r.afterHang(ctx)
		case begin := <-r.desk.asks:
			if r.wantsConnection() && !begin.Before(r.retryAt) {
				r.connect(ctx)
			}
			r.desk.answers <- r.collection(ctx, begin)
		}
	}
}

// untilRetry returns a channel that says when to connect; nil while there is nothing to connect.
func (r *connection) untilRetry() <-chan time.Time {
	if !r.wantsConnection() {
		return nil
	}
	return time.After(time.Until(r.retryAt))
}

// hungCall returns a channel that closes when the call has returned that the last attempt or collection has
// left behind; nil if none was.
func (r *connection) hungCall() <-chan struct{} {
	if !r.hung || r.session == nil {
		return nil
	}
	return r.session.Returned()
}

// afterHang reconnects at once when the call that was left behind has returned: the pauses between attempts
// were those of a host engine that did not answer.
func (r *connection) afterHang(ctx context.Context) {
	r.retry = backoff{}
	r.connect(ctx)
}

// collection collects once. Without a connection it still says so: dcgm.up is 0.
func (r *gpuReceiver) collection(ctx context.Context, begin time.Time) collection {
	err := r.collect(ctx, begin)
	r.record(begin, err == nil)
	metrics := r.emit(r.simulated, r.batches...)
	if err == nil {
		r.count(r.collector.unreadable())
		r.googleMetrics(time.Now()).ResourceMetrics().MoveAndAppendTo(metrics.ResourceMetrics())
	}
	return collection{
		begin:     begin,
		metrics:   metrics,
		simulated: r.simulated,
		err:       err,
		missing:   r.missing(),
		over:      r.collector.tally.Over,
	}
}

func (r *connection) collect(ctx context.Context, now time.Time) error {
	if r.linkErr != nil {
		return r.linkErr
	}
	err := r.collector.collect(ctx, now)
	if err == nil {
		err = r.collector.checkHealth(ctx, now)
	}
	r.hung = errors.Is(err, dcgm.ErrHung)
	if err != nil && ctx.Err() == nil {
		r.count(err)
		r.afterFailure(err)
	}
	if err == nil {
		r.collector.judgeXIDs(now)
		r.collector.notice(now)
	}
	r.collector.xids.save(ctx, r.loop.Self)
	return err
}

// desk is where the goroutine that ticks asks for collections.
type desk struct {
	asks    chan time.Time
	answers chan collection
	asked   bool       // a collection is out
	last    collection // the newest that has come
}

func newDesk() *desk { return &desk{asks: make(chan time.Time, 1), answers: make(chan collection, 1)} }

// come returns the collection that is out, if it has come.
func (d *desk) come() (collection, bool) {
	select {
	case c := <-d.answers:
		d.asked, d.last = false, c
		return c, true
	default:
		return collection{}, false
	}
}

// await asks for a collection, if none is out, and waits for it. It reports false where that takes longer than
// patience, or ctx ends.
func (d *desk) await(ctx context.Context, begin time.Time, patience time.Duration) (collection, bool) {
	if !d.asked {
		d.asks <- begin
		d.asked = true
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case c := <-d.answers:
		d.asked, d.last = false, c
		return c, true
	case <-timer.C:
		return d.come()
	case <-ctx.Done():
		return collection{}, false
	}
}

// patience is how long a tick waits for its collection. The rest of the interval is for pushing.
func (r *gpuReceiver) patience() time.Duration { return r.cfg.CollectionInterval / 2 }

// unanswered is what a tick pushes whose collection is still out. The host engine is up as it was before, unless
// the call that is out has taken about as long as the tick has waited.
func (r *gpuReceiver) unanswered(now time.Time) pmetric.Metrics {
	const slack = 8 // A collection begins a little after its tick.
	up := r.desk.last.up() && r.session.Pending() < r.patience()-r.patience()/slack
	if !up {
		r.states.set(nil, false)
	}
	at := timestamp(now)
	pass := record.Pass{Batch: r.tickBatch, Start: timestamp(r.started), Enabled: r.collector.enabled}
	pass.AddSelf(at, metricConnected, count(boolToInt(up)))
	return r.emit(r.desk.last.simulated, r.tickBatch)
}
