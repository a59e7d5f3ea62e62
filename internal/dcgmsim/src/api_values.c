// SPDX-License-Identifier: Apache-2.0
// Reading values.
#include "sim.h"
#include "dcgm_test_apis.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SINCE 131072

static unsigned short type_of(unsigned field, const struct reading *r)
{
    const dcgm_field_meta_t *meta = field_meta(field);
    if (r->type || r->as_text)
        return r->type ? r->type : DCGM_FT_STRING;
    return (unsigned short)(meta && r->status != DCGM_ST_UNKNOWN_FIELD ? meta->fieldType : DCGM_FT_INT64);
}

// put_value writes the 8 bytes of a number, or a text; the rest of the 4 KB is zero.
static void put_value(unsigned field, const struct reading *r, void *out)
{
    memset(out, 0, DCGM_MAX_BLOB_LENGTH);
    switch (type_of(field, r)) {
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
    out->fieldType = type_of(field, r);
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
    out->fieldType = type_of(field, r);
    out->status = r->status;
    out->unused = 0;
    out->ts = r->ts;
    put_value(field, r, &out->value);
}

// put_rows reads all fields of all entities. The number of rows has to add up: one field that
// gives none fails the whole call.
static dcgmReturn_t put_rows(const dcgmGroupEntityPair_t *entities, unsigned entity_count, const unsigned short *fields, unsigned field_count, bool is_live, dcgmFieldValue_v2 *out)
{
    struct reading r;
    usec now = now_us();
    for (unsigned i = 0; i < entity_count; i++) {
        dcgmReturn_t status = replaying() ? replay_outcome_of("dcgmEntitiesGetLatestValues", entities[i].entityGroupId, entities[i].entityId) : DCGM_ST_OK;
        if (status != DCGM_ST_OK)
            return status;
        for (unsigned f = 0; f < field_count; f++) {
            (is_live ? live : latest)(entities[i], fields[f], now, &r);
            if (r.status == (is_live ? DCGM_ST_NO_DATA : DCGM_ST_UNKNOWN_FIELD))
                return DCGM_ST_GENERIC_ERROR;
            to_v2(entities[i], fields[f], &r, out++);
        }
    }
    return DCGM_ST_OK;
}

// is_deadly reports whether a host engine was seen to die of a read: of profiling by GPM, past the
// cache.
static bool is_deadly(const dcgmGroupEntityPair_t *entities, unsigned entity_count, const unsigned short *fields, unsigned field_count)
{
    for (unsigned i = 0; i < entity_count; i++) {
        int gpu = gpu_of(entities[i]);
        if (gpu < 0 || !gpu_exists((unsigned)gpu) || NODE->gpus[gpu].fake || NODE->models[NODE->gpus[gpu].model].profiling != PROFILING_GPM)
            continue;
        for (unsigned f = 0; f < field_count; f++) {
            if (is_profiling(fields[f]))
                return true;
        }
    }
    return false;
}

static dcgmReturn_t end_engine(void)
{
    struct event death = {.at = now_us(), .until = FOREVER, .type = EVENT_ENGINE_DIES, .gpu = -1};
    if (!add_event(&engine.scenario, &death))
        return DCGM_ST_MEMORY;
    apply_due();
    return DCGM_ST_CONNECTION_NOT_VALID;
}

DCGM_PUBLIC_API dcgmReturn_t dcgmEntitiesGetLatestValues(dcgmHandle_t handle, dcgmGroupEntityPair_t entities[], unsigned int entity_count, unsigned short fields[], unsigned int field_count, unsigned int flags, dcgmFieldValue_v2 values[])
{
    if (!entities || !fields || !values || !entity_count || !field_count || field_count > DCGM_MAX_FIELD_IDS_PER_FIELD_GROUP)
        return DCGM_ST_BADPARAM;
    if (entity_count > DCGM_GROUP_MAX_ENTITIES_V2)
        return DCGM_ST_MAX_LIMIT;
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    bool is_live = flags & DCGM_FV_FLAG_LIVE_DATA;
    if (is_live && is_deadly(entities, entity_count, fields, field_count))
        return leave(end_engine());
    return leave(put_rows(entities, entity_count, fields, field_count, is_live, values));
}

static dcgmReturn_t latest_v1(const char *call, dcgmHandle_t handle, dcgmGroupEntityPair_t e, const unsigned short *fields, unsigned count, dcgmFieldValue_v1 *out)
{
    struct reading r;
    if (!fields || !out || !count || count > DCGM_MAX_FIELD_IDS_PER_FIELD_GROUP)
        return DCGM_ST_BADPARAM;
    dcgmReturn_t status = enter(call, handle);
    if (status != DCGM_ST_OK)
        return status;
    for (unsigned f = 0; f < count && status == DCGM_ST_OK; f++) {
        latest(e, fields[f], now_us(), &r);
        status = r.status == DCGM_ST_UNKNOWN_FIELD ? DCGM_ST_GENERIC_ERROR : DCGM_ST_OK;
        to_v1(fields[f], &r, &out[f]);
    }
    return leave(status);
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

// A batch is what one entity gives: its samples, field by field.
struct batch {
    dcgmFieldValue_v1 *values;
    int count, room, most;
    unsigned field;
    usec now, next; // next: where the client goes on
    bool failed;
};

static bool collect(const struct reading *r, void *data)
{
    struct batch *b = data;
    if (b->count == b->most)
        return false;
    if (b->count == b->room) {
        int room = b->room ? 2 * b->room : 16;
        dcgmFieldValue_v1 *grown = realloc(b->values, (size_t)room * sizeof *grown);
        b->failed = !grown;
        if (!grown)
            return false;
        b->values = grown;
        b->room = room;
    }
    to_v1(b->field, r, &b->values[b->count++]);
    if (r->ts >= b->next && r->ts <= b->now)
        b->next = r->ts + 1;
    return true;
}

// gather puts an entity's samples into b, field by field. A field without any since then has a
// row that says so, and for a cursor in the future its latest value.
static dcgmReturn_t gather(dcgmGroupEntityPair_t e, const struct field_group *f, usec since, struct batch *b)
{
    struct reading r;
    b->values = NULL;
    b->count = b->room = 0;
    for (unsigned i = 0; i < f->count; i++) {
        int before = b->count;
        b->field = f->ids[i];
        if (since > b->now) {
            latest(e, b->field, b->now, &r);
            collect(&r, b);
            continue;
        }
        samples_since(e, b->field, since, b->now, collect, b);
        if (b->count > before)
            continue;
        no_value(b->field, DCGM_ST_NO_DATA, &r);
        collect(&r, b);
    }
    return b->failed ? DCGM_ST_MEMORY : DCGM_ST_OK;
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
    struct batch b = {.most = MAX_SINCE, .now = now_us()};
    b.next = b.now;
    for (unsigned e = 0; e < count && b.most > 0; e++) {
        dcgmReturn_t status = gather(entities[e], f, since, &b);
        if (status != DCGM_ST_OK) {
            free(b.values);
            return status;
        }
        b.most -= b.count;
        if (b.count && hand_over(entities[e], &b, callback, data) < 0)
            break;
    }
    if (next)
        *next = b.next;
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
    return leave(inject(e, in->fieldId, &r) ? DCGM_ST_OK : DCGM_ST_MEMORY);
}
