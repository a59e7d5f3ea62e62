// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"slices"

	"github.com/NVIDIA/go-dcgm/pkg/dcgm"
)

// fieldGroup is a group of fields at the host engine, which has 64 for all its clients: watches of equal fields
// share one.
type fieldGroup struct {
	fields []FieldID
	handle dcgm.FieldHandle
	users  int
}

// fieldGroups are those of a connection.
type fieldGroups []*fieldGroup

// take returns the group of some fields for one more user.
func (all *fieldGroups) take(fields []FieldID) (dcgm.FieldHandle, error) {
	i := slices.IndexFunc(*all, func(g *fieldGroup) bool { return slices.Equal(g.fields, fields) })
	if i < 0 {
		handle, err := dcgm.FieldGroupCreate(uniqueName(), shorts(fields))
		if err != nil {
			return dcgm.FieldHandle{}, whyNoFieldGroup(err)
		}
		i = len(*all)
		*all = append(*all, &fieldGroup{fields: fields, handle: handle})
	}
	(*all)[i].users++
	return (*all)[i].handle, nil
}

// drop takes a user away, and ends a group that has none.
func (all *fieldGroups) drop(handle uintptr) error {
	i := slices.IndexFunc(*all, func(g *fieldGroup) bool { return g.handle.GetHandle() == handle })
	if i < 0 {
		return nil
	}
	g := (*all)[i]
	if g.users--; g.users > 0 {
		return nil
	}
	*all = slices.Delete(*all, i, i+1)
	return dcgm.FieldGroupDestroy(g.handle)
}
