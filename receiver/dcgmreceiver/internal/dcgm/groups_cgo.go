// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"errors"
	"slices"
	"strings"

	"github.com/NVIDIA/go-dcgm/pkg/dcgm"
)

func createGroup(name string, entities []Entity) (*Group, []Entity, error) {
	handle, err := dcgm.CreateGroup(name)
	if err != nil {
		return nil, nil, err
	}
	var taken, refused []Entity
	for _, e := range entities {
		if err := dcgm.AddEntityToGroup(handle, groupOf(e.Kind), uint(e.ID)); err != nil {
			refused = append(refused, e)
			continue
		}
		taken = append(taken, e)
	}
	return &Group{handle: handle.GetHandle(), entities: taken}, refused, nil
}

// allGPUs is DCGM's own group of all GPUs (DCGM_GROUP_ALL_GPUS).
const allGPUs = 0x7fffffff

// everything returns DCGM's own group of all GPUs, which takes none of the host engine's groups.
func everything(u *unserved) (*Group, error) {
	gpus, err := listGPUs(u)
	if err != nil {
		return nil, err
	}
	return &Group{handle: allGPUs, entities: gpus.All}, nil
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
	}
	ended := map[FieldID]bool{}
	for _, w := range group.watches {
		errs = append(errs, l.endWatch(w, ended), l.fields.drop(w.fields))
	}
	if group.handle == allGPUs {
		return errors.Join(errs...)
	}
	return errors.Join(append(errs, dcgm.DestroyGroup(handle))...)
}

// unlessNotWatched takes "not watched" for success: the host engine ends the watches that it has. Others are
// gone already, as those of a GPU that was detached. go-dcgm keeps only the text of the status.
func unlessNotWatched(err error) error {
	const text = "not being watched"
	if err != nil && strings.HasSuffix(err.Error(), text) {
		return nil
	}
	return err
}

// endWatch lets the others, which are all that is left, have what they asked for. Fields that have been ended are not
// ended again, which would fill the log of the host engine.
func (l *link) endWatch(w *watching, ended map[FieldID]bool) (err error) {
	rest := slices.DeleteFunc(slices.Clone(w.Fields), func(f FieldID) bool { return ended[f] })
	if len(rest) > 0 && !l.watches.cover(w) {
		err = l.unwatch(w, rest)
	}
	for _, f := range rest {
		ended[f] = true
	}
	watchAgain(l.watches, l.watches.affected(w))
	return err
}

// unwatch ends some fields of a watch. Where the host engine has no group of fields for a part of them, all are ended.
func (l *link) unwatch(w *watching, some []FieldID) error {
	fields := w.fields
	if len(some) < len(w.Fields) {
		if part, err := l.fields.take(some); err == nil {
			fields = part.GetHandle()
			defer func() { _ = l.fields.drop(fields) }() // It was made for this alone.
		}
	}
	return unlessNotWatched(dcgm.UnwatchFields(fieldHandle(fields), groupHandle(&Group{handle: w.group})))
}
