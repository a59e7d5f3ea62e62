// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
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
	watches watches // touched by the worker alone
	direct  direct  // used by the worker alone
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
	l := &link{direct: direct{library: library}}
	if l.engine, err = dial(h.endpoint, library.Engine, &l.unserved); err != nil {
		return nil, err
	}
	h.link = l
	return l, nil
}

func (h *hub) disconnect() {
	if h.link != nil {
		h.link.direct.free()
		h.link = nil
		hangUp()
	}
}

// source is one user's view of a link.
type source struct {
	session *session
	link    *link
}

// onLink runs fn on the worker if the source's link still is the hub's. If fn fails because
// the link is dead, the link ends here: the old handle never recovers. The same if fn comes
// back too late, since nobody knows then what it has made at the host engine.
func onLink[T any](ctx context.Context, s *source, name string, fn func() (T, error)) (T, error) {
	h := s.session.hub
	return do(ctx, h.worker, name, s.session.timeout, func() (T, error) {
		if h.link != s.link {
			var none T
			return none, ErrDisconnected
		}
		value, err := fn()
		if err != nil {
			s.link.note(name, err)
			err = fmt.Errorf("%s: %w", name, err)
			if linkIsDead() {
				h.disconnect()
				err = fmt.Errorf("%w: %w", ErrDisconnected, err)
			}
		}
		return value, err
	}, h.disconnect)
}

// Engine implements [Source].
func (s *source) Engine() Engine { return s.link.engine }

// Unserved implements [Source].
func (s *source) Unserved() map[string]error { return s.link.all() }

// Entities implements [Lister].
func (s *source) Entities(ctx context.Context, kind EntityKind) (Entities, error) {
	return onLink(ctx, s, "list "+kind.String()+"s", func() (Entities, error) { return list(kind, &s.link.unserved) })
}

// Status implements [Lister].
func (s *source) Status(ctx context.Context, gpu Entity) (EntityStatus, error) {
	return onLink(ctx, s, "get the status of a GPU", func() (EntityStatus, error) { return gpuStatus(gpu) })
}

// ProfilingFields implements [Lister].
func (s *source) ProfilingFields(ctx context.Context, gpu Entity) ([]FieldID, error) {
	return onLink(ctx, s, "list profiling fields", func() ([]FieldID, error) { return profilingFields(gpu, &s.link.unserved) })
}

// Group implements [Watcher].
func (s *source) Group(ctx context.Context, entities []Entity) (*Group, []Entity, error) {
	type made struct {
		group   *Group
		refused []Entity
	}
	m, err := onLink(ctx, s, "make a group", func() (m made, err error) {
		m.group, m.refused, err = createGroup(uniqueName(), entities)
		return m, err
	})
	return m.group, m.refused, err
}

// Everything implements [Watcher].
func (s *source) Everything(ctx context.Context) (*Group, error) {
	return onLink(ctx, s, "list GPUs", func() (*Group, error) { return everything(&s.link.unserved) })
}

// Watch implements [Watcher].
func (s *source) Watch(ctx context.Context, group *Group, watch Watch) ([]Refusal, error) {
	return onLink(ctx, s, "watch fields", func() ([]Refusal, error) { return addWatch(s, group, watch) })
}

// Release implements [Watcher].
func (s *source) Release(ctx context.Context, group *Group) error {
	_, err := onLink(ctx, s, "release a group", func() (struct{}, error) { return struct{}{}, releaseGroup(s.link, group) })
	return err
}

// Read implements [Reader].
func (s *source) Read(ctx context.Context, entities []Entity, fields []FieldID, buf []Sample) ([]Sample, map[Entity]error, error) {
	r, err := onLink(ctx, s, "read values", func() (reading, error) { return readLatest(s.link, entities, fields, buf) })
	return r.samples, r.unread, err
}

// ReadSince implements [Reader].
func (s *source) ReadSince(ctx context.Context, group *Group, i int, since time.Time) ([]Sample, time.Time, error) {
	type read struct {
		samples []Sample
		next    time.Time
	}
	r, err := onLink(ctx, s, "read the values since", func() (r read, err error) {
		r.samples, r.next, err = readSince(group, i, since)
		return r, err
	})
	return r.samples, r.next, err
}

// Links implements [Lister].
func (s *source) Links(ctx context.Context) (map[Entity][]LinkState, error) {
	return onLink(ctx, s, "get the states of NVLinks", linkStates)
}

// Usage implements [Lister].
func (s *source) Usage(ctx context.Context) (Usage, error) {
	return onLink(ctx, s, "ask the host engine for its usage", usage)
}

var names atomic.Uint64

// uniqueName tells groups apart among all clients of an engine.
func uniqueName() string {
	return fmt.Sprintf("tracecore-%d-%d", os.Getpid(), names.Add(1))
}
