// SPDX-License-Identifier: Apache-2.0
// Reading values.
#include "sim.h"
#include "dcgm_test_apis.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SINCE 131072

static unsigned short type_of(unsigned field)
{
    const dcgm_field_meta_t *meta = field_meta(field);
    return (unsigned short)(meta ? meta->fieldType : DCGM_FT_INT64);
}

// put_value writes the 8 bytes of a number, or a text; the rest of the 4 KB is zero.
static void put_value(unsigned field, const struct reading *r, void *out)
{
    memset(out, 0, DCGM_MAX_BLOB_LENGTH);
    switch (type_of(field)) {
    case DCGM_FT_DOUBLE:
        memcpy(out, &r->dbl, sizeof r->dbl);
        break;
    case DCGM_FT_STRING:
        copy_text(out, DCGM_MAX_STR_LENGTH, r->str);
        break;
    default:
        memcpy(out, &r->i64, sizeof r->i64);
    }
}

static void to_v1(unsigned field, const struct reading *r, dcgmFieldValue_v1 *out)
{
    out->version = dcgmFieldValue_version1;
    out->fieldId = (unsigned short)field;
    out->fieldType = type_of(field);
    out->status = r->status;
    out->ts = r->ts;
    put_value(field, r, &out->value);
}

static void to_v2(dcgmGroupEntityPair_t e, unsigned field, const struct reading *r, dcgmFieldValue_v2 *out)
{
    out->version = dcgmFieldValue_version2;
    out->entityGroupId = e.entityGroupId;
    out->entityId = e.entityId;
    out->fieldId = (unsigned short)field;
    out->fieldType = type_of(field);
    out->status = r->status;
    out->unused = 0;
    out->ts = r->ts;
    put_value(field, r, &out->value);
}

// any_gpu stands in where a client asks the host for a field that belongs to no entity.
static dcgmGroupEntityPair_t any_gpu(dcgmGroupEntityPair_t e)
{
    dcgmGroupEntityPair_t gpu;
    if (e.entityGroupId == DCGM_FE_NONE && entities_of_kind(DCGM_FE_GPU, &gpu, 1) == 1)
        return gpu;
    return e;
}

DCGM_PUBLIC_API dcgmReturn_t dcgmEntitiesGetLatestValues(dcgmHandle_t handle, dcgmGroupEntityPair_t entities[], unsigned int entity_count, unsigned short fields[], unsigned int field_count, unsigned int flags, dcgmFieldValue_v2 values[])
{
    struct reading r;
    if (!entities || !fields || !values || !entity_count || !field_count)
        return DCGM_ST_BADPARAM;
    if (entity_count > DCGM_GROUP_MAX_ENTITIES_V2 || field_count > DCGM_MAX_FIELD_IDS_PER_FIELD_GROUP)
        return DCGM_ST_MAX_LIMIT;
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    for (unsigned i = 0; i < entity_count; i++) {
        if (entity_exists(entities[i]) != DCGM_ST_OK)
            return leave(DCGM_ST_GENERIC_ERROR); // As when the number of values does not add up.
    }
    usec now = now_us();
    for (unsigned i = 0; i < entity_count; i++) {
        for (unsigned f = 0; f < field_count; f++) {
            (flags & DCGM_FV_FLAG_LIVE_DATA ? live : latest)(any_gpu(entities[i]), fields[f], now, &r);
            to_v2(entities[i], fields[f], &r, values++);
        }
    }
    return leave(DCGM_ST_OK);
}

static dcgmReturn_t latest_v1(const char *call, dcgmHandle_t handle, dcgmGroupEntityPair_t e, const unsigned short *fields, unsigned count, dcgmFieldValue_v1 *out)
{
    struct reading r;
    if (!fields || !out || !count)
        return DCGM_ST_BADPARAM;
    if (count > DCGM_MAX_FIELD_IDS_PER_FIELD_GROUP)
        return DCGM_ST_MAX_LIMIT;
    dcgmReturn_t status = enter(call, handle);
    if (status != DCGM_ST_OK)
        return status;
    if (entity_exists(e) != DCGM_ST_OK)
        return leave(DCGM_ST_BADPARAM);
    for (unsigned f = 0; f < count; f++) {
        latest(any_gpu(e), fields[f], now_us(), &r);
        to_v1(fields[f], &r, &out[f]);
    }
    return leave(DCGM_ST_OK);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmEntityGetLatestValues(dcgmHandle_t handle, dcgm_field_entity_group_t kind, int entity, unsigned short fields[], unsigned int count, dcgmFieldValue_v1 values[])
{
    return latest_v1(__func__, handle, (dcgmGroupEntityPair_t){kind, (unsigned)entity}, fields, count, values);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGetLatestValuesForFields(dcgmHandle_t handle, int gpu, unsigned short fields[], unsigned int count, dcgmFieldValue_v1 values[])
{
    return latest_v1(__func__, handle, (dcgmGroupEntityPair_t){DCGM_FE_GPU, (unsigned)gpu}, fields, count, values);
}

// ---- dcgmGetValuesSince_v2 ----

struct batch {
    dcgmFieldValue_v1 *values;
    int count;
    unsigned field;
    usec newest;
};

static void collect(const struct reading *r, void *data)
{
    struct batch *b = data;
    to_v1(b->field, r, &b->values[b->count++]);
    if (r->ts > b->newest)
        b->newest = r->ts;
}

// gather puts an entity's samples into b, field by field.
static dcgmReturn_t gather(dcgmGroupEntityPair_t e, const struct field_group *f, usec since, usec now, int room, struct batch *b)
{
    int count = 0;
    for (unsigned i = 0; i < f->count; i++)
        count += samples_since(e, f->ids[i], since, now, room - count, NULL, NULL);
    b->count = 0;
    if (count == 0)
        return DCGM_ST_OK;
    b->values = malloc((size_t)count * sizeof *b->values);
    if (!b->values)
        return DCGM_ST_MEMORY;
    for (unsigned i = 0; i < f->count; i++) {
        b->field = f->ids[i];
        samples_since(e, f->ids[i], since, now, count - b->count, collect, b);
    }
    return DCGM_ST_OK;
}

// any_watched is false for a GPU that is unbound: the driver's samplers went with it.
static bool any_watched(const struct field_group *f, dcgmGroupEntityPair_t e)
{
    bool bound = e.entityGroupId != DCGM_FE_GPU || gpu_status(e.entityId, now_us()) != DcgmEntityStatusDetached;
    for (unsigned i = 0; bound && i < f->count; i++) {
        if (is_watched(e, f->ids[i]))
            return true;
    }
    return false;
}

// all_watched is false if one entity has no watch: the engine gives the first bad status of
// any entity for the whole group.
static bool all_watched(const struct field_group *f, const dcgmGroupEntityPair_t *entities, unsigned count)
{
    for (unsigned e = 0; e < count; e++) {
        if (!any_watched(f, entities[e]))
            return false;
    }
    return count > 0;
}

// hand_over calls back without the mutex, so that the client may call the library.
static int hand_over(dcgmGroupEntityPair_t e, struct batch *b, dcgmFieldValueEntityEnumeration_f callback, void *data)
{
    unlock_engine();
    int stop = callback(e.entityGroupId, e.entityId, b->values, b->count, data);
    lock_engine();
    free(b->values);
    b->values = NULL;
    return stop;
}

static dcgmReturn_t values_since(const dcgmGroupEntityPair_t *entities, unsigned count, const struct field_group *f, usec since, long long *next, dcgmFieldValueEntityEnumeration_f callback, void *data)
{
    struct batch b = {.newest = since - 1};
    usec now = now_us();
    int room = MAX_SINCE;
    for (unsigned e = 0; e < count; e++) {
        dcgmReturn_t status = gather(entities[e], f, since, now, room, &b);
        if (status != DCGM_ST_OK)
            return status;
        room -= b.count;
        if (b.count && hand_over(entities[e], &b, callback, data) < 0)
            break;
    }
    if (next)
        *next = b.newest + 1;
    return DCGM_ST_OK;
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGetValuesSince_v2(dcgmHandle_t handle, dcgmGpuGrp_t group, dcgmFieldGrp_t fields, long long since, long long *next, dcgmFieldValueEntityEnumeration_f callback, void *data)
{
    bool found;
    if (!callback)
        return DCGM_ST_BADPARAM;
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    const struct field_group *f = field_group_find(fields);
    struct field_group copy;
    dcgmGroupEntityPair_t entities[DCGM_GROUP_MAX_ENTITIES_V2];
    unsigned count = group_entities(group, entities, &found);
    if (!found || !f)
        return leave(found ? DCGM_ST_NO_DATA : DCGM_ST_NOT_CONFIGURED);
    copy = *f; // The callback may end the group.
    if (!all_watched(&copy, entities, count))
        return leave(DCGM_ST_NOT_WATCHED);
    return leave(values_since(entities, count, &copy, since < 0 ? 0 : since, next, callback, data));
}

DCGM_PUBLIC_API dcgmReturn_t dcgmInjectFieldValue(dcgmHandle_t handle, unsigned int gpu, dcgmInjectFieldValue_t *in)
{
    struct reading r = {0};
    dcgmGroupEntityPair_t e = {DCGM_FE_GPU, gpu};
    if (!in || !field_meta(in->fieldId))
        return DCGM_ST_BADPARAM;
    if (in->version != dcgmInjectFieldValue_version1)
        return DCGM_ST_VER_MISMATCH;
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    if (entity_exists(e) != DCGM_ST_OK)
        return leave(DCGM_ST_BADPARAM);
    r.status = in->status;
    r.ts = in->ts > 0 ? in->ts : now_us();
    memcpy(&r.i64, &in->value, sizeof r.i64);
    memcpy(&r.dbl, &in->value, sizeof r.dbl);
    memcpy(r.str, &in->value, sizeof r.str - 1);
    inject(e, in->fieldId, &r);
    return leave(DCGM_ST_OK);
}
