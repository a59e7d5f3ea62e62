// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

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
	return onLink(ctx, s, "list "+kind.plural(), func() (Entities, error) { return list(kind, &s.link.unserved) })
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
		r.samples, r.next, err = readSince(s.link, group, i, since)
		return r, err
	})
	return r.samples, r.next, err
}

// Links implements [Lister].
func (s *source) Links(ctx context.Context) (map[Entity][]LinkState, error) {
	return onLink(ctx, s, "get the states of NVLinks", linkStates)
}

// Hierarchy implements [Lister].
func (s *source) Hierarchy(ctx context.Context) ([]Instance, error) {
	return onLink(ctx, s, "list MIG instances", func() ([]Instance, error) { return instances(&s.link.unserved) })
}

// Processors implements [Lister].
func (s *source) Processors(ctx context.Context) ([]Processor, error) {
	return onLink(ctx, s, listCPUs, func() ([]Processor, error) { return processors(s.link) })
}

// Peers implements [Lister].
func (s *source) Peers(ctx context.Context) ([][]PeerState, error) {
	return onLink(ctx, s, getPeers, func() ([][]PeerState, error) { return peers(s.link) })
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
