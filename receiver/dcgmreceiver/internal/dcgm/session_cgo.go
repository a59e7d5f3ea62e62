// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Available says whether this build has DCGM support.
const Available = true

// closeGrace is how long Close waits for the connection to end.
const closeGrace = 2 * time.Second

// process is what there is one of per process, as go-dcgm keeps its connection in globals.
var process struct {
	mu  sync.Mutex
	hub *hub // nil while nobody has a session
}

// hub is the process's connection and the worker that owns it.
type hub struct {
	endpoint Endpoint
	worker   *worker
	users    int           // guarded by process.mu
	opened   int           // how often a session was opened; guarded by process.mu
	ending   chan struct{} // closed when the hub has ended or is used again; nil while it does not end; guarded by process.mu

	link *link // touched by the worker alone; nil while disconnected
}

// link is one connection from connect to disconnect.
type link struct {
	engine  Engine
	watches watches                   // touched by the worker alone
	fields  fieldGroups               // touched by the worker alone
	global  map[FieldID]time.Duration // periods of the fields of global scope that are watched, touched by the worker alone
	direct  direct                    // used by the worker alone
	past    past                      // as well
	unserved
}

// session is one user's share of a hub.
type session struct {
	hub     *hub
	timeout time.Duration
	close   sync.Once
}

// Open returns a session to the host engine at endpoint. It connects to nothing yet. No
// single call is waited for longer than timeout. A second endpoint in the process is refused
// with an [EndpointInUseError], or with [ErrEnding] once the first has no user.
func Open(endpoint Endpoint, timeout time.Duration) (Session, error) {
	process.mu.Lock()
	defer process.mu.Unlock()
	if process.hub == nil {
		process.hub = &hub{endpoint: endpoint, worker: newWorker()}
	}
	h := process.hub
	switch {
	case h.endpoint == endpoint:
	case h.users == 0:
		return nil, fmt.Errorf("cannot connect to %s yet: %w: a call to %s is out", endpoint, ErrEnding, h.endpoint)
	default:
		return nil, &EndpointInUseError{Want: endpoint, Have: h.endpoint}
	}
	h.users++
	h.opened++
	return &session{hub: h, timeout: timeout}, nil
}

// Connect implements [Session].
func (s *session) Connect(ctx context.Context) (Source, error) {
	l, err := do(ctx, s.hub.worker, "connecting to "+s.hub.endpoint.String(), s.timeout, s.hub.connect, func() {})
	if err != nil {
		return nil, err
	}
	return &source{session: s, link: l}, nil
}

// Close implements [Session]. If a call hangs, the connection ends when it returns, and not
// before.
func (s *session) Close(ctx context.Context) (err error) {
	s.close.Do(func() { err = s.release(ctx) })
	return err
}

// Pending implements [Session].
func (s *session) Pending() time.Duration { return s.hub.worker.pending() }

// Returned implements [Session].
func (s *session) Returned() <-chan struct{} { return s.hub.worker.returned() }

// release ends the hub with its last user, and waits a little for that.
func (s *session) release(ctx context.Context) error {
	ended := s.hub.leave()
	if ended == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, closeGrace)
	defer cancel()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: the connection has not ended within %s", ErrHung, closeGrace)
	}
}

// leave takes one user away. Once there is none, it returns a channel that closes when the hub has ended or is used
// again.
func (h *hub) leave() <-chan struct{} {
	process.mu.Lock()
	defer process.mu.Unlock()
	h.users--
	if h.users > 0 {
		return nil
	}
	if h.ending == nil {
		h.ending = make(chan struct{})
		go h.end(h.ending)
	}
	return h.ending
}

// end ends the hub once its worker is free, unless somebody uses it again by then. Until then the hub stays the
// process's own, so that no second worker calls into go-dcgm beside one that is stuck. It runs once at a time.
func (h *hub) end(ended chan<- struct{}) {
	defer close(ended)
	for {
		process.mu.Lock()
		opened := h.opened
		process.mu.Unlock()
		h.disconnectWhenFree()
		if h.tryEnd(opened) {
			return
		}
	}
}

// disconnectWhenFree ends the connection after what the worker does now. It holds no lock, so
// that nobody else waits with it.
func (h *hub) disconnectWhenFree() {
	done := make(chan struct{})
	h.worker.jobs <- func() {
		defer close(done)
		h.disconnect()
	}
	<-done
}

// tryEnd reports false if somebody has used the hub since it was opened so often, and has left it: there may be a
// connection again.
func (h *hub) tryEnd(opened int) bool {
	process.mu.Lock()
	defer process.mu.Unlock()
	if h.users == 0 && h.opened != opened {
		return false
	}
	h.ending = nil // Who uses the hub again ends it later.
	if h.users == 0 {
		process.hub = nil
		h.worker.stop()
	}
	return true
}

// connect makes a connection where there is none.
func (h *hub) connect() (*link, error) {
	if h.link != nil {
		return h.link, nil
	}
	library, err := checkLibrary(h.endpoint)
	if err != nil {
		return nil, err
	}
	l := &link{global: map[FieldID]time.Duration{}, direct: direct{library: library}}
	if l.engine, err = dial(h.endpoint, library.Engine, &l.unserved); err != nil {
		return nil, err
	}
	h.link = l
	return l, nil
}

func (h *hub) disconnect() {
	if h.link != nil {
		h.link.direct.free()
		h.link.past.free()
		h.link = nil
		hangUp()
	}
}
