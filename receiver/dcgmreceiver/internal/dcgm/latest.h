// SPDX-License-Identifier: Apache-2.0
//
// What dcgmEntitiesGetLatestValues takes and gives. The layouts are those of dcgmGroupEntityPair_t and dcgmFieldValue_v2 in
// dcgm_structs.h; a test compares them with the headers in the go-dcgm module.
#ifndef TRACECORE_DOOR_LATEST_H
#define TRACECORE_DOOR_LATEST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
	uint32_t kind;
	uint32_t id;
} door_entity;

typedef struct {
	uint32_t version;
	uint32_t kind;
	uint32_t entity;
	uint16_t field;
	uint16_t type;
	int32_t status;
	uint32_t unused;
	int64_t ts;
	char value[4096];
} door_value;

_Static_assert(sizeof(door_entity) == 8, "layout of dcgmGroupEntityPair_t");
_Static_assert(sizeof(door_value) == 4128 && offsetof(door_value, ts) == 24 && offsetof(door_value, value) == 32, "layout of dcgmFieldValue_v2");

typedef int (*door_call)(uintptr_t handle, door_entity *entities, unsigned entity_count, uint16_t *fields, unsigned field_count, unsigned flags, door_value *values);

// A row is what a sample is made of. The text lies in the value, and ends with the next read.
typedef struct {
	int64_t ts;
	uint64_t bits;
	const char *text;
	uint32_t entity;
	int32_t status;
	uint16_t field;
	uint16_t type;
	uint16_t kind;
	uint16_t text_length; // 0 unless the type is a string
} door_row;

_Static_assert(sizeof(door_row) == 40, "a row is as small as a sample");

static void door_pack(const door_value *v, door_row *r)
{
	memset(r, 0, sizeof *r);
	r->ts = v->ts;
	memcpy(&r->bits, v->value, sizeof r->bits);
	r->entity = v->entity;
	r->status = v->status;
	r->field = v->field;
	r->type = v->type;
	r->kind = (uint16_t)v->kind;
	if (v->type == 's') {
		r->text = v->value;
		r->text_length = (uint16_t)strnlen(v->value, sizeof v->value);
	}
}

// door_latest reads the newest values and packs them. A value that the library leaves out is a row of zeroes, not what the
// buffer had before.
static int door_latest(void *call, uintptr_t handle, door_entity *entities, unsigned entity_count, uint16_t *fields, unsigned field_count, door_value *values, door_row *rows)
{
	size_t count = (size_t)entity_count * field_count;
	for (size_t i = 0; i < count; i++)
		memset(&values[i], 0, offsetof(door_value, value) + sizeof rows->bits);
	int status = ((door_call)call)(handle, entities, entity_count, fields, field_count, 0, values);
	for (size_t i = 0; status == 0 && i < count; i++)
		door_pack(&values[i], &rows[i]);
	return status;
}

#endif
