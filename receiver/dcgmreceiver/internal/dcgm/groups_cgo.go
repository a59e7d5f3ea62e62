// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"errors"
	"slices"
	"strings"

	"github.com/NVIDIA/go-dcgm/pkg/dcgm"
)

func createGroup(name string, gpus []GPUID) (*Group, []GPUID, error) {
	handle, err := dcgm.CreateGroup(name)
	if err != nil {
		return nil, nil, err
	}
	var taken, refused []GPUID
	for _, gpu := range gpus {
		if err := dcgm.AddEntityToGroup(handle, dcgm.FE_GPU, uint(gpu)); err != nil {
			refused = append(refused, gpu)
			continue
		}
		taken = append(taken, gpu)
	}
	return &Group{handle: handle.GetHandle(), gpus: taken}, refused, nil
}

func groupHandle(g *Group) dcgm.GroupHandle {
	var handle dcgm.GroupHandle
	handle.SetHandle(g.handle)
	return handle
}

func fieldHandle(watch uintptr) dcgm.FieldHandle {
	var handle dcgm.FieldHandle
	handle.SetHandle(watch)
	return handle
}

// addWatch leaves out what the library does not know, and then, since one id that is unknown
// to the engine fails the whole group, what bisection finds.
func addWatch(s *source, group *Group, name string, w Watch) (leftOut []FieldID, err error) {
	known := make([]FieldID, 0, len(w.Fields))
	for _, id := range w.Fields {
		if _, err := dcgm.FieldGetByID(dcgm.Short(id)); err != nil {
			leftOut = append(leftOut, id)
			continue
		}
		known = append(known, id)
	}
	fields, unknown, err := createFieldGroup(name, known)
	leftOut = append(leftOut, unknown...)
	if err != nil || fields == nil {
		return leftOut, err
	}
	w.Fields = slices.DeleteFunc(known, func(id FieldID) bool { return slices.Contains(unknown, id) })
	added := &watching{Watch: w, owner: s.session, gpus: group.gpus, group: group.handle, fields: fields.GetHandle()}
	if err := ask(s.link.watches, added); err != nil {
		return leftOut, errors.Join(err, dcgm.FieldGroupDestroy(*fields))
	}
	group.watches = append(group.watches, added)
	s.link.watches = append(s.link.watches, added)
	askAgain(s.link.watches, s.link.watches.displaced(added))
	return leftOut, nil
}

// ask has the host engine watch, and waits for a first sample.
func ask(all watches, w *watching) error {
	return dcgm.WatchFieldsWithGroupEx(fieldHandle(w.fields), groupHandle(&Group{handle: w.group}), all.period(w).Microseconds(), w.KeepAge.Seconds(), w.KeepSamples)
}

// askAgain leaves an error to whoever the watch belongs to, who notices that values grow stale.
func askAgain(all watches, some []*watching) {
	for _, w := range some {
		_ = ask(all, w)
	}
}

// createFieldGroup makes a group of those ids that the engine knows. It returns nil if it
// knows none.
func createFieldGroup(name string, ids []FieldID) (group *dcgm.FieldHandle, unknown []FieldID, err error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	handle, err := dcgm.FieldGroupCreate(name, shorts(ids))
	if err == nil {
		return &handle, nil, nil
	}
	if !engineTakesAny(name) {
		return nil, nil, err // Not the fields' fault.
	}
	known, unknown := bisect(ids, func(part []FieldID) bool { return engineTakes(name, part) })
	if len(unknown) == 0 {
		return nil, nil, err
	}
	group, _, err = createFieldGroup(name, known)
	return group, unknown, err
}

// bisect sorts ids into those that take accepts and those that it does not.
func bisect(ids []FieldID, take func([]FieldID) bool) (taken, refused []FieldID) {
	if take(ids) {
		return ids, nil
	}
	if len(ids) == 1 {
		return nil, ids
	}
	half := len(ids) / 2
	taken, refused = bisect(ids[:half], take)
	moreTaken, moreRefused := bisect(ids[half:], take)
	return slices.Concat(taken, moreTaken), slices.Concat(refused, moreRefused)
}

func engineTakes(name string, ids []FieldID) bool {
	handle, err := dcgm.FieldGroupCreate(name, shorts(ids))
	if err != nil {
		return false
	}
	return dcgm.FieldGroupDestroy(handle) == nil
}

// engineTakesAny tells an engine that takes no group at all from one that refuses these ids:
// every DCGM has had the field of the driver's version.
func engineTakesAny(name string) bool {
	const driverVersion = 1
	return engineTakes(name, []FieldID{driverVersion})
}

func shorts(ids []FieldID) []dcgm.Short {
	out := make([]dcgm.Short, len(ids))
	for i, id := range ids {
		out[i] = dcgm.Short(id)
	}
	return out
}

func releaseGroup(l *link, group *Group) error {
	handle := groupHandle(group)
	var errs []error
	for _, w := range group.watches {
		l.watches = l.watches.without(w)
		errs = append(errs, endWatch(l.watches, w), dcgm.FieldGroupDestroy(fieldHandle(w.fields)))
	}
	return errors.Join(append(errs, dcgm.DestroyGroup(handle))...)
}

// unlessNotWatched takes "not watched" for success: a host engine ends the watches that it has, and
// answers so for a field of global scope, whose watch no GPU has. go-dcgm keeps only the text of the
// status.
func unlessNotWatched(err error) error {
	const text = "not being watched"
	if err != nil && strings.HasSuffix(err.Error(), text) {
		return nil
	}
	return err
}

// endWatch lets the others, which are all that is left, have what they asked for.
func endWatch(others watches, w *watching) (err error) {
	if !others.cover(w) {
		err = unlessNotWatched(dcgm.UnwatchFields(fieldHandle(w.fields), groupHandle(&Group{handle: w.group})))
	}
	askAgain(others, others.bereft(w))
	return err
}
