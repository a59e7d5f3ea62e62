// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

/*
#include "history.h"

static const char *text_of(void *symbol, int status) { return ((const char *(*)(int))symbol)(status); }
*/
import "C"

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/NVIDIA/go-dcgm/pkg/dcgm"
)

// past reads histories beneath go-dcgm, which allocates and copies 4 KB for each value. It keeps its buffer from read to
// read. The worker alone uses it.
type past struct {
	history *C.door_history // in C's memory; nil before the first read
}

func (p *past) buffer() *C.door_history {
	if p.history == nil {
		p.history = (*C.door_history)(C.calloc(1, C.sizeof_door_history))
	}
	return p.history
}

func (p *past) free() {
	if p.history != nil {
		C.free(unsafe.Pointer(p.history.rows))
		C.free(unsafe.Pointer(p.history))
		p.history = nil
	}
}

// readSince returns all values of a watch since an instant, and the instant to continue from. Texts, which no watch with a
// history has, come through go-dcgm.
func readSince(l *link, group *Group, i int, since time.Time) ([]Sample, time.Time, error) {
	h := l.past.buffer()
	fields := group.watches[i].fields
	var next C.longlong
	status := C.door_since(l.direct.library.since, C.uintptr_t(handle), C.uintptr_t(group.handle), C.uintptr_t(fields), C.longlong(since.UnixMicro()), &next, h)
	switch {
	case status != statusOK:
		return nil, since, &statusError{int(status), C.GoString(C.text_of(l.direct.library.errorString, status))}
	case h.over > 0:
		return nil, since, fmt.Errorf("host engine has %d values since %s, more than the %d that fit", h.count+h.over, since, C.DOOR_MOST)
	case h.texts > 0:
		return readSinceThrough(group, fields, since)
	}
	samples := make([]Sample, 0, h.count)
	rows := unsafe.Slice(h.rows, h.count)
	for i := range rows {
		row := &rows[i]
		r := raw{entity: Entity{EntityKind(row.kind), uint32(row.entity)}, field: FieldID(row.field), kind: Type(row._type), status: int(row.status), ts: int64(row.ts), bits: uint64(row.bits)} //nolint:gosec // Types and kinds are 8 bits wide.
		samples = append(samples, r.decode())
	}
	return samples, time.UnixMicro(int64(next)), nil
}

func readSinceThrough(group *Group, fields uintptr, since time.Time) ([]Sample, time.Time, error) {
	values, next, err := dcgm.GetValuesSince(groupHandle(group), fieldHandle(fields), since)
	if err != nil {
		return nil, since, err
	}
	return appendSamples(make([]Sample, 0, len(values)), values), next, nil
}
