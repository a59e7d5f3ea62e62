// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// cancelGrace is how long a call goes on being waited for after its context has ended. Calls
// take milliseconds, so nearly all come back, and what they made can be freed.
const cancelGrace = time.Second

// worker makes calls one after the other. A call into C cannot be cancelled, so whoever waits
// for it may leave; the worker is then stuck until it returns. It is not bound to a thread:
// DCGM's client is used from any, and a change of threads costs more than many a call.
type worker struct {
	jobs chan func()
	quit chan struct{} // closed when the worker is to end
	done chan struct{} // closed when it has

	mu    sync.Mutex
	now   *call // the call that the worker makes; nil if none
	stuck *call // the call that nobody waits for any more; nil if none
}

// call is one call that a worker makes.
type call struct {
	name     string
	begin    time.Time
	returned chan struct{} // closed when the worker is free again
	finished bool          // guarded by worker.mu
}

func newWorker() *worker {
	w := &worker{jobs: make(chan func()), quit: make(chan struct{}), done: make(chan struct{})}
	go w.work()
	return w
}

func (w *worker) work() {
	defer close(w.done)
	for {
		select {
		case job := <-w.jobs:
			job()
		case <-w.quit:
			return
		}
	}
}

// stop ends the worker, which must be free. It does nothing for anybody after that.
func (w *worker) stop() {
	close(w.quit)
	<-w.done
}

// make runs a job as the call that the worker makes now.
func (w *worker) make(c *call, job func()) {
	w.mu.Lock()
	w.now = c
	w.mu.Unlock()
	job()
	w.mu.Lock()
	w.now = nil
	w.mu.Unlock()
	close(c.returned)
}

// pending returns for how long the call has been out that the worker makes now; 0 if it makes none.
func (w *worker) pending() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.now == nil {
		return 0
	}
	return time.Since(w.now.begin)
}

// returned returns a channel that closes when the worker is free; it is closed if it is.
func (w *worker) returned() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.now == nil {
		free := make(chan struct{})
		close(free)
		return free
	}
	return w.now.returned
}

// hung returns an error while a call is out that nobody waits for.
func (w *worker) hung() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stuck == nil {
		return nil
	}
	return fmt.Errorf("%w: %s has not returned for %s", ErrHung, w.stuck.name, time.Since(w.stuck.begin).Round(time.Millisecond))
}

// finish reports whether somebody still waits for the call.
func (w *worker) finish(c *call) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.finished = true
	if w.stuck == c {
		w.stuck = nil
		return false
	}
	return true
}

// abandon reports false if the call has come back at the last moment.
func (w *worker) abandon(c *call) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !c.finished {
		w.stuck = c
	}
	return !c.finished
}

// outcome is what a call came back with.
type outcome[T any] struct {
	value T
	err   error
}

// do runs fn on the worker and returns what it returns. When it does not come back within
// timeout the result is [ErrHung], all that fn touches belongs to fn, and late is called when
// it does come back.
func do[T any](ctx context.Context, w *worker, name string, timeout time.Duration, fn func() (T, error), late func()) (T, error) {
	var none T
	if err := w.hung(); err != nil {
		return none, err
	}
	over, stop := patience(ctx, timeout)
	defer stop()
	c := &call{name: name, begin: time.Now(), returned: make(chan struct{})}
	result := make(chan outcome[T], 1)
	job := func() {
		value, err := guard(fn)
		result <- outcome[T]{value, err}
		if !w.finish(c) {
			late()
		}
	}
	select {
	case w.jobs <- func() { w.make(c, job) }:
	case <-w.quit:
		return none, fmt.Errorf("%w: %s comes after its end", ErrDisconnected, name)
	case <-over:
		return none, fmt.Errorf("%w: %s has waited %s for the call before it", ErrHung, name, time.Since(c.begin).Round(time.Millisecond))
	}
	select {
	case r := <-result:
		return r.value, r.err
	case <-over:
	}
	if w.abandon(c) {
		return none, fmt.Errorf("%w: %s has not returned within %s", ErrUnreturned, name, time.Since(c.begin).Round(time.Millisecond))
	}
	r := <-result
	return r.value, r.err
}

// guard turns a panic into an error.
func guard[T any](fn func() (T, error)) (value T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrPanic, r)
		}
	}()
	return fn()
}

// patience returns a channel that closes after timeout, or a little after ctx has ended.
func patience(ctx context.Context, timeout time.Duration) (over <-chan struct{}, stop func()) {
	c := make(chan struct{})
	timer := time.AfterFunc(timeout, sync.OnceFunc(func() { close(c) }))
	early := context.AfterFunc(ctx, func() { timer.Reset(min(cancelGrace, timeout)) })
	return c, func() {
		early()
		timer.Stop()
	}
}
