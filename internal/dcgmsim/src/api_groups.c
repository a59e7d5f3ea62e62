// SPDX-License-Identifier: Apache-2.0
// Groups, field groups and watches.
#include "sim.h"

#include <stdlib.h>
#include <string.h>

// Of the limits that the headers name, the host engine uses some itself.
#define OWN_GROUPS 2
#define OWN_FIELD_GROUPS 3

static unsigned groups_used(void)
{
    unsigned n = 0;
    for (int i = 0; i < MAX_GROUPS; i++)
        n += engine.groups[i].id != 0;
    return n;
}

// fill puts the entities into a group that its type asks for.
static void fill(struct group *g, dcgmGroupType_t type)
{
    static const dcgmGpuGrp_t special[] = {
        [DCGM_GROUP_DEFAULT] = DCGM_GROUP_ALL_GPUS, [DCGM_GROUP_DEFAULT_NVSWITCHES] = DCGM_GROUP_ALL_NVSWITCHES,
        [DCGM_GROUP_DEFAULT_INSTANCES] = DCGM_GROUP_ALL_INSTANCES, [DCGM_GROUP_DEFAULT_COMPUTE_INSTANCES] = DCGM_GROUP_ALL_COMPUTE_INSTANCES,
        [DCGM_GROUP_DEFAULT_EVERYTHING] = DCGM_GROUP_ALL_ENTITIES,
    };
    bool found;
    if (type != DCGM_GROUP_EMPTY)
        g->count = group_entities(special[type], g->entities, &found);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGroupCreate(dcgmHandle_t handle, dcgmGroupType_t type, const char *name, dcgmGpuGrp_t *out)
{
    if (!name || !out || type > DCGM_GROUP_DEFAULT_EVERYTHING)
        return DCGM_ST_BADPARAM;
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    unsigned used = groups_used();
    if (used >= engine.group_limit || used >= MAX_GROUPS - OWN_GROUPS)
        return leave(DCGM_ST_MAX_LIMIT);
    struct group *g = engine.groups;
    while (g->id)
        g++;
    if (!(g->entities = calloc(DCGM_GROUP_MAX_ENTITIES_V2, sizeof *g->entities)))
        return leave(DCGM_ST_MEMORY);
    *out = g->id = ++engine.next_group;
    g->owner = handle;
    copy_text(g->name, sizeof g->name, name);
    fill(g, type);
    return leave(DCGM_ST_OK);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGroupDestroy(dcgmHandle_t handle, dcgmGpuGrp_t id)
{
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    struct group *g = group_find(id);
    if (!g)
        return leave(DCGM_ST_NOT_CONFIGURED);
    free(g->entities);
    memset(g, 0, sizeof *g);
    return leave(DCGM_ST_OK);
}

static dcgmReturn_t add_entity(struct group *g, dcgmGroupEntityPair_t e)
{
    if (!g)
        return DCGM_ST_NOT_CONFIGURED;
    if (entity_exists(e) != DCGM_ST_OK || (replaying() && replay_outcome_of("dcgmGroupAddEntity", e.entityGroupId, e.entityId) != DCGM_ST_OK))
        return DCGM_ST_BADPARAM;
    for (unsigned i = 0; i < g->count; i++) {
        if (g->entities[i].entityGroupId == e.entityGroupId && g->entities[i].entityId == e.entityId)
            return DCGM_ST_BADPARAM;
    }
    if (g->count == DCGM_GROUP_MAX_ENTITIES_V2)
        return DCGM_ST_MAX_LIMIT;
    g->entities[g->count++] = e;
    return DCGM_ST_OK;
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGroupAddEntity(dcgmHandle_t handle, dcgmGpuGrp_t id, dcgm_field_entity_group_t kind, dcgm_field_eid_t entity)
{
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    return leave(add_entity(group_find(id), (dcgmGroupEntityPair_t){kind, entity}));
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGroupAddDevice(dcgmHandle_t handle, dcgmGpuGrp_t id, unsigned int gpu)
{
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    return leave(add_entity(group_find(id), (dcgmGroupEntityPair_t){DCGM_FE_GPU, gpu}));
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGroupGetInfo(dcgmHandle_t handle, dcgmGpuGrp_t id, dcgmGroupInfo_t *out)
{
    REQUIRE_VERSION(out, dcgmGroupInfo_version3);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    bool found;
    out->count = group_entities(id, out->entityList, &found);
    const struct group *g = group_find(id);
    copy_text(out->groupName, sizeof out->groupName, g ? g->name : "");
    return leave(found ? DCGM_ST_OK : DCGM_ST_NOT_CONFIGURED);
}

static dcgmReturn_t check_fields(const unsigned short *ids, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++) {
        if (!field_meta(ids[i]) || !engine_knows(ids[i], now_us()))
            return DCGM_ST_BADPARAM;
    }
    for (int i = 0; i < DCGM_MAX_NUM_FIELD_GROUPS; i++) {
        if (engine.field_groups[i].id && strcmp(engine.field_groups[i].name, name) == 0)
            return DCGM_ST_DUPLICATE_KEY;
    }
    return DCGM_ST_OK;
}

DCGM_PUBLIC_API dcgmReturn_t dcgmFieldGroupCreate(dcgmHandle_t handle, int count, const unsigned short *ids, const char *name, dcgmFieldGrp_t *out)
{
    if (!ids || !name || !out || count < 1 || count > MAX_GROUP_FIELDS)
        return DCGM_ST_BADPARAM;
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    if ((status = check_fields(ids, (unsigned)count, name)) != DCGM_ST_OK)
        return leave(status);
    for (int i = OWN_FIELD_GROUPS; i < DCGM_MAX_NUM_FIELD_GROUPS; i++) {
        struct field_group *g = &engine.field_groups[i];
        if (g->id)
            continue;
        *out = g->id = ++engine.next_group;
        g->owner = handle;
        g->count = (unsigned)count;
        copy_text(g->name, sizeof g->name, name);
        memcpy(g->ids, ids, (size_t)count * sizeof *ids);
        return leave(DCGM_ST_OK);
    }
    return leave(DCGM_ST_MAX_LIMIT);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmFieldGroupDestroy(dcgmHandle_t handle, dcgmFieldGrp_t id)
{
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    struct field_group *g = field_group_find(id);
    if (!g)
        return leave(DCGM_ST_NO_DATA);
    memset(g, 0, sizeof *g);
    return leave(DCGM_ST_OK);
}

// profiling_status reports whether the module of profiling serves a watch: it knows GPUs and
// their instances, and refuses a GPU without profiling.
static dcgmReturn_t profiling_status(const struct field_group *f, const dcgmGroupEntityPair_t *entities, unsigned count)
{
    bool asked = false;
    for (unsigned i = 0; i < f->count; i++)
        asked = asked || is_profiling(f->ids[i]);
    for (unsigned i = 0; asked && i < count; i++) {
        int gpu = gpu_of(entities[i]);
        if (gpu < 0 || entities[i].entityGroupId == DCGM_FE_LINK)
            return DCGM_ST_MODULE_NOT_LOADED;
        if (gpu_exists((unsigned)gpu) && NODE->models[NODE->gpus[gpu].model].profiling == PROFILING_NONE)
            return DCGM_ST_PROFILING_NOT_SUPPORTED;
    }
    return DCGM_ST_OK;
}

static dcgmReturn_t watch_all(dcgmGpuGrp_t group, dcgmFieldGrp_t fields, const struct watch *w)
{
    static dcgmGroupEntityPair_t entities[DCGM_GROUP_MAX_ENTITIES_V2];
    bool found;
    unsigned count = group_entities(group, entities, &found);
    const struct field_group *f = field_group_find(fields);
    if (!found || !f)
        return found ? DCGM_ST_NO_DATA : DCGM_ST_NOT_CONFIGURED;
    if (count == 0)
        return DCGM_ST_GROUP_IS_EMPTY;
    usec now = now_us();
    dcgmReturn_t status = profiling_status(f, entities, count);
    for (unsigned e = 0; e < count && replaying(); e++) {
        for (unsigned i = 0; i < f->count && status == DCGM_ST_OK; i++)
            status = replay_outcome_of_field("dcgmWatchFields", f->ids[i], entities[e]);
    }
    for (unsigned e = 0; e < count; e++) {
        for (unsigned i = 0; i < f->count && status == DCGM_ST_OK; i++)
            status = watch_add(entities[e], f->ids[i], w, now);
    }
    return status;
}

DCGM_PUBLIC_API dcgmReturn_t dcgmWatchFields(dcgmHandle_t handle, dcgmGpuGrp_t group, dcgmFieldGrp_t fields, long long period, double keep_age, int keep_samples)
{
    if (period < 0 || keep_age < 0 || keep_samples < 0)
        return DCGM_ST_BADPARAM;
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    const double longest = 1e6; // seconds; more is for ever
    struct watch w = {handle, period, keep_age > longest ? 0 : (usec)(keep_age * SECOND), keep_samples};
    return leave(watch_all(group, fields, &w));
}

// unwatch reports whether the host engine found the watch. It never does for a field of global
// scope, whose watch ends all the same.
static bool unwatch(dcgmGroupEntityPair_t e, unsigned field, dcgmHandle_t owner)
{
    return watch_remove(e, field, owner, now_us()) && field_meta(field)->scope != DCGM_FS_GLOBAL;
}

// The watches that are there end, also where others are not.
DCGM_PUBLIC_API dcgmReturn_t dcgmUnwatchFields(dcgmHandle_t handle, dcgmGpuGrp_t group, dcgmFieldGrp_t fields)
{
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    static dcgmGroupEntityPair_t entities[DCGM_GROUP_MAX_ENTITIES_V2];
    bool found;
    unsigned count = group_entities(group, entities, &found);
    const struct field_group *f = field_group_find(fields);
    if (!found || !f)
        return leave(found ? DCGM_ST_NO_DATA : DCGM_ST_NOT_CONFIGURED);
    for (unsigned e = 0; e < count; e++) {
        for (unsigned i = 0; i < f->count; i++) {
            if (unwatch(entities[e], f->ids[i], handle))
                continue;
            log_error("unwatch field %u of entity %u: %s", f->ids[i], entities[e].entityId, errorString(DCGM_ST_NOT_WATCHED));
            status = DCGM_ST_NOT_WATCHED;
        }
    }
    return leave(status);
}

// dcgmUpdateAllFields samples what is due. Here that has happened: a sample exists from the
// instant at which it is due.
DCGM_PUBLIC_API dcgmReturn_t dcgmUpdateAllFields(dcgmHandle_t handle, int wait)
{
    (void)wait;
    dcgmReturn_t status = enter(__func__, handle);
    return status == DCGM_ST_OK ? leave(DCGM_ST_OK) : status;
}
