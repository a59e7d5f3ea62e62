// SPDX-License-Identifier: Apache-2.0
//
// What dcgmGetValuesSince_v2 takes and gives. The layout is that of dcgmFieldValue_v1 in dcgm_structs.h; a test compares it
// with the headers in the go-dcgm module.
#ifndef TRACECORE_DOOR_HISTORY_H
#define TRACECORE_DOOR_HISTORY_H

#include <stdlib.h>

#include "latest.h"

typedef struct {
	uint32_t version;
	uint16_t field;
	uint16_t type;
	int32_t status;
	int64_t ts;
	char value[4096];
} door_past;

_Static_assert(sizeof(door_past) == 4120 && offsetof(door_past, ts) == 16 && offsetof(door_past, value) == 24, "layout of dcgmFieldValue_v1");

typedef int (*door_take)(uint32_t kind, uint32_t entity, door_past *values, int count, void *to);
typedef int (*door_since_call)(uintptr_t handle, uintptr_t group, uintptr_t fields, long long since, long long *next, door_take take, void *to);

// A history is a buffer that grows up to DOOR_MOST rows.
typedef struct {
	door_row *rows;
	uint32_t count;
	uint32_t room;
	uint32_t over;  // values for which there was no room
	uint32_t texts; // values that are no number, which end with the call
} door_history;

enum { DOOR_MOST = 1 << 17 };

static int door_has_room(door_history *h)
{
	if (h->count < h->room)
		return 1;
	uint32_t room = h->room ? 2 * h->room : 256;
	door_row *rows = room > DOOR_MOST ? NULL : realloc(h->rows, room * sizeof *rows);
	if (!rows)
		return 0;
	h->rows = rows;
	h->room = room;
	return 1;
}

static int door_collect(uint32_t kind, uint32_t entity, door_past *values, int count, void *to)
{
	door_history *h = to;
	for (int i = 0; i < count; i++) {
		const door_past *v = &values[i];
		if (!door_has_room(h)) {
			h->over++;
			continue;
		}
		door_row *r = &h->rows[h->count++];
		memset(r, 0, sizeof *r);
		r->ts = v->ts;
		memcpy(&r->bits, v->value, sizeof r->bits);
		r->entity = entity;
		r->status = v->status;
		r->field = v->field;
		r->type = v->type;
		r->kind = (uint16_t)kind;
		h->texts += v->type != 'd' && v->type != 'i';
	}
	return 0;
}

// door_since collects all values since an instant. The library calls back before it returns.
static int door_since(void *call, uintptr_t handle, uintptr_t group, uintptr_t fields, long long since, long long *next, door_history *h)
{
	h->count = h->over = h->texts = 0;
	return ((door_since_call)call)(handle, group, fields, since, next, door_collect, h);
}

#endif
