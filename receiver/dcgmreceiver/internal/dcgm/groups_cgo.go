// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"errors"
	"slices"

	"github.com/NVIDIA/go-dcgm/pkg/dcgm"
)

func createGroup(name string, gpus []GPUID) (*Group, []GPUID, error) {
	handle, err := dcgm.CreateGroup(name)
	if err != nil {
		return nil, nil, err
	}
	var refused []GPUID
	for _, gpu := range gpus {
		if err := dcgm.AddEntityToGroup(handle, dcgm.FE_GPU, uint(gpu)); err != nil {
			refused = append(refused, gpu)
		}
	}
	return &Group{handle: handle.GetHandle()}, refused, nil
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
func addWatch(group *Group, name string, w Watch) (leftOut []FieldID, err error) {
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
	err = dcgm.WatchFieldsWithGroupEx(*fields, groupHandle(group), w.Period.Microseconds(), w.KeepAge.Seconds(), w.KeepSamples)
	if err != nil {
		return leftOut, errors.Join(err, dcgm.FieldGroupDestroy(*fields))
	}
	group.watches = append(group.watches, fields.GetHandle())
	return leftOut, nil
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

func releaseGroup(group *Group) error {
	handle := groupHandle(group)
	var errs []error
	for _, watch := range group.watches {
		fields := fieldHandle(watch)
		errs = append(errs, dcgm.UnwatchFields(fields, handle), dcgm.FieldGroupDestroy(fields))
	}
	return errors.Join(append(errs, dcgm.DestroyGroup(handle))...)
}
