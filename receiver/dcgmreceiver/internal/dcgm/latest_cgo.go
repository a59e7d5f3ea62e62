// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

/*
#include <stdlib.h>
#include "latest.h"

static const char *status_text(void *symbol, int status) { return ((const char *(*)(int))symbol)(status); }
*/
import "C"

import "unsafe"

// maxTexts bounds the interned texts. A node has some twenty for each GPU.
const maxTexts = 4096

// direct reads newest values beneath go-dcgm, which allocates and copies 4 KB for each. It keeps its buffers from read to
// read. The worker alone uses it.
type direct struct {
	library  library
	entities []C.door_entity
	values   *C.door_value // room of them, in C's memory
	rows     *C.door_row   // as many
	room     int
	texts    map[string]*string
	proven   bool // a read has succeeded
	refused  bool // go-dcgm's read succeeds where this one fails
}

// read appends the newest values. It allocates nothing where samples has room and no text is new.
func (d *direct) read(samples []Sample, entities []Entity, fields []FieldID) ([]Sample, error) {
	if len(entities) == 0 || len(fields) == 0 {
		return samples, nil
	}
	count := len(entities) * len(fields)
	d.grow(count)
	d.entities = d.entities[:0]
	for _, e := range entities {
		d.entities = append(d.entities, C.door_entity{kind: C.uint32_t(e.Kind), id: C.uint32_t(e.ID)})
	}
	status := C.door_latest(d.library.latest, C.uintptr_t(handle), &d.entities[0], C.uint(len(entities)), (*C.uint16_t)(unsafe.Pointer(&fields[0])), C.uint(len(fields)), d.values, d.rows)
	if status != statusOK {
		return samples, &statusError{int(status), C.GoString(C.status_text(d.library.errorString, status))}
	}
	d.proven = true
	rows := unsafe.Slice(d.rows, count)
	for i := range rows {
		samples = append(samples, d.sample(&rows[i]))
	}
	return samples, nil
}

// grow makes room. The buffers are no larger than the largest query.
func (d *direct) grow(count int) {
	if count <= d.room {
		return
	}
	d.free()
	d.values = (*C.door_value)(C.calloc(C.size_t(count), C.sizeof_door_value))
	d.rows = (*C.door_row)(C.calloc(C.size_t(count), C.sizeof_door_row))
	d.room = count
}

func (d *direct) free() {
	C.free(unsafe.Pointer(d.values))
	C.free(unsafe.Pointer(d.rows))
	d.values, d.rows, d.room = nil, nil, 0
}

func (d *direct) sample(row *C.door_row) Sample {
	r := raw{entity: Entity{EntityKind(row.kind), uint32(row.entity)}, field: FieldID(row.field), kind: Type(row._type), status: int(row.status), ts: int64(row.ts), bits: uint64(row.bits)} //nolint:gosec // Types and kinds are 8 bits wide.
	if row.text != nil {
		r.text = d.intern(unsafe.Slice((*byte)(unsafe.Pointer(row.text)), int(row.text_length)))
	}
	return r.decode()
}

// intern returns the text as a string that outlives the buffer.
func (d *direct) intern(text []byte) *string {
	if known, ok := d.texts[string(text)]; ok {
		return known
	}
	if d.texts == nil || len(d.texts) >= maxTexts {
		d.texts = map[string]*string{}
	}
	s := string(text)
	d.texts[s] = &s
	return &s
}
