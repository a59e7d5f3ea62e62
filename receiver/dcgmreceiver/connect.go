// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

const (
	firstBackoff = time.Second
	lastBackoff  = time.Minute
)

// backoff is the time to the next attempt: it doubles from firstBackoff to lastBackoff, and
// each is drawn from its upper half, so that a fleet does not reconnect at once.
type backoff struct {
	failures int
}

func (b *backoff) next() time.Duration {
	limit := lastBackoff
	if b.failures < 6 { // firstBackoff << 6 is beyond lastBackoff.
		limit = min(firstBackoff<<b.failures, lastBackoff)
	}
	b.failures++
	return max(firstBackoff, limit/2+rand.N(limit/2+1))
}

func (r *connection) wantsConnection() bool { return r.linkErr != nil && !permanent(r.linkErr) }

// permanent tells what no retry can mend: a build without DCGM, and a process whose one
// connection another receiver uses.
func permanent(err error) bool {
	inUse := (*dcgm.EndpointInUseError)(nil)
	return errors.Is(err, dcgm.ErrUnavailable) || errors.As(err, &inUse)
}

// open gets a way to the host engine, on which nothing is connected yet.
func (r *connection) open() error {
	session, err := dcgm.Open(r.endpoint, r.cfg.Timeout)
	if err != nil {
		return fail(selftelemetry.KindConnect, err)
	}
	r.session = r.dump.of(session)
	return nil
}

// connect makes a connection where there is none, and a plan on it.
func (r *connection) connect(ctx context.Context) {
	err := r.establish(ctx)
	r.hung = errors.Is(err, dcgm.ErrHung)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		r.noConnection(err)
		return
	}
	r.linkErr, r.retry = nil, backoff{}
}

// noConnection reports a failed attempt and leaves it for the next one, if there is any hope.
func (r *connection) noConnection(err error) {
	if permanent(err) {
		r.reportPermanent(err)
		return
	}
	r.count(err)
	r.linkErr = err
	r.retryAt = time.Now().Add(r.retry.next())
	r.loop.Report(err)
}

func (r *connection) establish(ctx context.Context) error {
	if r.session == nil {
		if err := r.open(); err != nil {
			return err
		}
	}
	before := r.collector.src
	err := r.plan(ctx)
	if before != nil && errors.Is(err, dcgm.ErrDisconnected) { // It has ended in the meantime, as after a call that hung.
		err = r.plan(ctx)
	}
	return err
}

// plan makes a plan on the connection, and the connection first where there is none.
func (r *connection) plan(ctx context.Context) error {
	if r.collector.src == nil {
		src, err := r.session.Connect(ctx)
		if err != nil {
			return fail(selftelemetry.KindConnect, err)
		}
		r.connects++
		r.collector.attach(src, time.Now())
		r.greet(src.Engine())
		if r.connects > 1 {
			r.collector.noticeReconnect(time.Now(), r.endpoint, src.Engine())
		}
	}
	err := r.collector.prepare(ctx, time.Now())
	if errors.Is(err, dcgm.ErrDisconnected) {
		r.collector.detach()
	}
	return err
}

// greet says once whom it talks to.
func (r *connection) greet(engine dcgm.Engine) {
	r.simulated = engine.Simulated
	fields := []zap.Field{zap.Stringer("endpoint", r.endpoint), zap.String("version", engine.Version)}
	if engine.Simulated {
		r.logger.Warn("connected to a SIMULATED host engine: no value comes from hardware", fields...)
		return
	}
	r.logger.Info("connected to the host engine", fields...)
}

// afterFailure leaves a connection that is gone, and a plan that could not be made, for the
// next attempt. A call that hangs is waited for: its connection ends when it returns.
func (r *connection) afterFailure(err error) {
	switch {
	case errors.Is(err, dcgm.ErrDisconnected):
		r.collector.detach()
	case r.collector.planned || errors.Is(err, dcgm.ErrHung):
		return
	}
	r.linkErr = err
	r.retryAt = time.Now().Add(r.retry.next())
}

// hangUp gives back what the host engine holds for the receiver, which is nothing without a
// connection: one that is still being made ends as soon as it is there.
func (r *connection) hangUp() {
	defer r.dump.close()
	if r.session == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), releaseGrace)
	defer cancel()
	var err error
	connected := r.collector.src != nil
	if connected {
		err = errors.Join(r.collector.releaseHealth(ctx), r.collector.release(ctx))
		r.collector.detach()
	}
	if err = errors.Join(err, r.session.Close(ctx)); connected && err != nil && !errors.Is(err, dcgm.ErrDisconnected) {
		r.logger.Warn("host engine did not take back everything", zap.Error(err))
	}
}
