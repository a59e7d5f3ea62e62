// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"errors"
	"fmt"

	"github.com/NVIDIA/go-dcgm/pkg/dcgm"
)

// addition is a watch that is being added to a group, in as many parts as the host engine makes necessary.
type addition struct {
	source  *source
	group   *Group
	watch   Watch
	parts   []*watching
	refused []Refusal
}

// addWatch watches what the host engine takes. An error is one of the whole connection.
func addWatch(s *source, group *Group, w Watch) ([]Refusal, error) {
	a := &addition{source: s, group: group, watch: w}
	device, global := a.byScope()
	if err := a.halve(device, a.ofEntities); err != nil {
		return nil, err
	}
	a.settle()
	if err := a.halve(global, a.ofEngine); err != nil {
		return nil, err
	}
	return a.refused, nil
}

// byScope sorts the fields into those of entities and those of the engine as a whole, and refuses those that the library
// does not know.
func (a *addition) byScope() (device, global []FieldID) {
	const globalScope = 0 // DCGM_FS_GLOBAL
	for _, id := range a.watch.Fields {
		meta, err := dcgm.FieldGetByID(dcgm.Short(id))
		switch {
		case err != nil:
			a.refuse([]FieldID{id}, ErrUnknownField)
		case meta.Scope == globalScope:
			if period, watched := a.source.link.global[id]; !watched || period > a.watch.Period {
				global = append(global, id)
			}
		default:
			device = append(device, id)
		}
	}
	return device, global
}

// halve watches fields, and halves what the host engine refuses down to single fields: one that it does not know, or
// may not read, fails all that it is asked for with.
func (a *addition) halve(fields []FieldID, watch func([]FieldID) error) error {
	if len(fields) == 0 {
		return nil
	}
	err := watch(fields)
	switch {
	case err == nil:
		return nil
	case linkIsDead():
		return err
	case len(fields) == 1, errors.Is(err, ErrNoGroup):
		a.refuse(fields, err)
		return nil
	}
	half := len(fields) / 2
	if err := a.halve(fields[:half], watch); err != nil {
		return err
	}
	return a.halve(fields[half:], watch)
}

func (a *addition) refuse(fields []FieldID, why error) {
	for _, id := range fields {
		a.refused = append(a.refused, Refusal{Field: id, Name: fieldName(id), Why: why})
	}
}

// fieldName is DCGM's short name of a field, "" for one that the library does not know.
func fieldName(id FieldID) string {
	meta, err := dcgm.FieldGetByID(dcgm.Short(id))
	if err != nil {
		return ""
	}
	return meta.Tag
}

func (a *addition) ofEntities(fields []FieldID) error {
	w, err := a.ask(fields)
	if err == nil {
		a.parts = append(a.parts, w)
	}
	return err
}

// ofEngine watches fields of global scope. They end with the connection: the host engine does not find their watch when
// it is asked to end it for a GPU, and a group cannot hold the engine itself.
func (a *addition) ofEngine(fields []FieldID) error {
	w, err := a.ask(fields)
	if err != nil {
		return err
	}
	for _, id := range fields {
		a.source.link.global[id] = a.watch.Period
	}
	return a.source.link.fields.drop(w.fields)
}

// ask makes a group of fields and has the host engine watch it.
func (a *addition) ask(fields []FieldID) (*watching, error) {
	handle, err := a.source.link.fields.take(fields)
	if err != nil {
		return nil, err
	}
	w := &watching{Watch: a.watch, entities: a.group.entities, group: a.group.handle, fields: handle.GetHandle()}
	w.Fields = fields
	if err := ask(a.source.link.watches, w); err != nil {
		return nil, errors.Join(err, a.source.link.fields.drop(w.fields))
	}
	return w, nil
}

// whyNoFieldGroup tells an engine that takes no field group at all from one that does not know some of these fields:
// every DCGM has had the field of the driver's version.
func whyNoFieldGroup(err error) error {
	const driverVersion = 1
	handle, anyErr := dcgm.FieldGroupCreate(uniqueName(), []dcgm.Short{driverVersion})
	if anyErr != nil {
		return fmt.Errorf("%w: %w", ErrNoGroup, err)
	}
	return errors.Join(fmt.Errorf("%w: %w", ErrUnknownField, err), dcgm.FieldGroupDestroy(handle))
}

// settle makes one watch of the parts, since field groups are few, and notes what is watched.
func (a *addition) settle() {
	if len(a.parts) > 1 {
		a.merge()
	}
	link := a.source.link
	for _, w := range a.parts {
		a.group.watches = append(a.group.watches, w)
		link.watches = append(link.watches, w)
		watchAgain(link.watches, link.watches.displaced(w))
	}
}

// merge leaves the parts as they are where the host engine takes them one by one only.
func (a *addition) merge() {
	var fields []FieldID
	for _, w := range a.parts {
		fields = append(fields, w.Fields...)
	}
	whole, err := a.ask(fields)
	if err != nil {
		return
	}
	for _, w := range a.parts {
		_ = a.source.link.fields.drop(w.fields) // The whole goes on with what it watched.
	}
	a.parts = []*watching{whole}
}

// ask has the host engine watch, and waits for a first sample.
func ask(all watches, w *watching) error {
	return dcgm.WatchFieldsWithGroupEx(fieldHandle(w.fields), groupHandle(&Group{handle: w.group}), all.period(w).Microseconds(), w.KeepAge.Seconds(), w.KeepSamples)
}

// watchAgain has watches set up again. It leaves an error to whoever the watch belongs to, who notices that values grow stale.
func watchAgain(all watches, some []*watching) {
	for _, w := range some {
		_ = ask(all, w)
	}
}
