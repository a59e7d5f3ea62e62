// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/NVIDIA/go-dcgm/pkg/dcgm"
)

// maxValues is how many values one query asks for: the library takes 4 KB for each, and go-dcgm allocates 8 KB, above this
// number afresh every time.
const maxValues = 256

// reading is what one or more queries gave.
type reading struct {
	link    *link
	samples []Sample
	unread  map[Entity]error // entities for which the call failed
}

// readLatest reads in as few calls as fit the limits.
func readLatest(l *link, entities []Entity, fields []FieldID, buf []Sample) (reading, error) {
	r := reading{link: l, samples: buf[:0]}
	for part := range slices.Chunk(fields, MaxFields) {
		for some := range slices.Chunk(entities, max(1, maxValues/len(part))) {
			if err := r.batch(some, part); err != nil {
				return reading{}, err
			}
		}
	}
	return r, nil
}

// batch reads entity by entity where the batch fails. An error is one of the whole connection.
func (r *reading) batch(entities []Entity, fields []FieldID) error {
	err := r.values(entities, fields)
	switch {
	case err == nil:
		return nil
	case statusOf(err) == statusConnectionNotValid, linkIsDead():
		return err
	case len(entities) == 1:
		r.fail(entities[0], err)
		return nil
	}
	for i := range entities {
		if err := r.batch(entities[i:i+1], fields); err != nil {
			return err
		}
	}
	return nil
}

// values reads directly. Until that has succeeded once on a connection, go-dcgm is asked what it makes of a failure: where
// its call succeeds, the connection is read through go-dcgm from then on.
func (r *reading) values(entities []Entity, fields []FieldID) (err error) {
	d := &r.link.direct
	if !d.refused {
		if r.samples, err = d.read(r.samples, entities, fields); err == nil || d.proven {
			return err
		}
	}
	values, throughErr := readThrough(entities, fields)
	if throughErr != nil {
		return throughErr
	}
	if !d.refused {
		d.refused = true
		r.link.keep("read values in place", errors.Join(ErrReadThrough, err))
	}
	r.samples = appendSamples(r.samples, values)
	return nil
}

// readThrough reads through go-dcgm.
func readThrough(entities []Entity, fields []FieldID) ([]dcgm.FieldValue_v2, error) {
	pairs := make([]dcgm.GroupEntityPair, len(entities))
	for i, e := range entities {
		pairs[i] = dcgm.GroupEntityPair{EntityGroupId: groupOf(e.Kind), EntityId: uint(e.ID)}
	}
	return dcgm.EntitiesGetLatestValues(pairs, shorts(fields), 0)
}

func (r *reading) fail(entity Entity, err error) {
	if r.unread == nil {
		r.unread = map[Entity]error{}
	}
	r.unread[entity] = err
}

func appendSamples(samples []Sample, values []dcgm.FieldValue_v2) []Sample {
	var r raw
	for i := range values {
		v := &values[i]
		r = raw{entity: Entity{EntityKind(v.EntityGroupId), uint32(v.EntityID)}, field: FieldID(v.FieldID), kind: Type(v.FieldType), status: v.Status, ts: v.TS, bits: binary.NativeEndian.Uint64(v.Value[:])} //nolint:gosec // Ids are 32, kinds and types 8 bits wide.
		if v.StringValue != nil {
			r.text = v.StringValue
		}
		samples = append(samples, r.decode())
	}
	return samples
}
