// SPDX-License-Identifier: Apache-2.0
// Groups of entities and of fields. The limits hold for all clients of a host engine together.
#include "sim.h"

#include <stdlib.h>
#include <string.h>

static void put(dcgmGroupEntityPair_t *out, unsigned room, unsigned *count, unsigned kind, unsigned id)
{
    if (*count < room)
        out[(*count)++] = (dcgmGroupEntityPair_t){(dcgm_field_entity_group_t)kind, id};
}

static void put_gpu(const struct gpu *g, unsigned kind, dcgmGroupEntityPair_t *out, unsigned room, unsigned *count)
{
    if (kind == DCGM_FE_GPU)
        put(out, room, count, kind, g->id);
    unsigned instances = kind == DCGM_FE_GPU_I ? g->instance_count : kind == DCGM_FE_GPU_CI ? g->compute_count : 0;
    for (unsigned i = 0; i < instances; i++)
        put(out, room, count, kind, g->id * NODE->instances_per_gpu + i);
}

// entities_of_kind lists what the node has, GPUs by number. Links are those of switches: a host
// engine answers for the links of GPUs, and lists none.
unsigned entities_of_kind(unsigned kind, dcgmGroupEntityPair_t *out, unsigned room)
{
    unsigned count = 0;
    if (replaying())
        return replay_entities(kind, out, room);
    for (unsigned i = 0; i < DCGM_MAX_NUM_DEVICES; i++) {
        if (gpu_exists(i))
            put_gpu(&NODE->gpus[i], kind, out, room, &count);
    }
    for (unsigned i = 0; kind == DCGM_FE_SWITCH && i < NODE->switch_count; i++)
        put(out, room, &count, kind, i);
    for (unsigned i = 0; kind == DCGM_FE_LINK && i < NODE->switch_count * NODE->switch_ports; i++)
        put(out, room, &count, kind, DCGM_FE_SWITCH | (i % NODE->switch_ports) << 8 | (i / NODE->switch_ports) << 24);
    for (unsigned i = 0; i < DCGM_MAX_NUM_CPUS; i++) {
        const struct cpu *c = &NODE->cpus[i];
        if (c->used && kind == DCGM_FE_CPU)
            put(out, room, &count, kind, i);
        for (unsigned core = c->first_core; c->used && kind == DCGM_FE_CPU_CORE && core <= c->last_core; core++)
            put(out, room, &count, kind, core);
    }
    return count;
}

struct group *group_find(dcgmGpuGrp_t id)
{
    for (int i = 0; id && i < MAX_GROUPS; i++) {
        if (engine.groups[i].id == id)
            return &engine.groups[i];
    }
    return NULL;
}

struct field_group *field_group_find(dcgmFieldGrp_t id)
{
    for (int i = 0; id && i < DCGM_MAX_NUM_FIELD_GROUPS; i++) {
        if (engine.field_groups[i].id == id)
            return &engine.field_groups[i];
    }
    return NULL;
}

// special_kinds returns the kinds of entities that one of DCGM's own groups stands for.
static unsigned special_kinds(dcgmGpuGrp_t id)
{
    switch (id) {
    case DCGM_GROUP_ALL_GPUS:
        return 1u << DCGM_FE_GPU;
    case DCGM_GROUP_ALL_NVSWITCHES:
        return 1u << DCGM_FE_SWITCH;
    case DCGM_GROUP_ALL_INSTANCES:
        return 1u << DCGM_FE_GPU_I;
    case DCGM_GROUP_ALL_COMPUTE_INSTANCES:
        return 1u << DCGM_FE_GPU_CI;
    case DCGM_GROUP_ALL_ENTITIES:
        return 1u << DCGM_FE_GPU | 1u << DCGM_FE_SWITCH | 1u << DCGM_FE_GPU_I | 1u << DCGM_FE_GPU_CI;
    default:
        return 0;
    }
}

unsigned group_entities(dcgmGpuGrp_t id, dcgmGroupEntityPair_t out[DCGM_GROUP_MAX_ENTITIES_V2], bool *found)
{
    const struct group *g = group_find(id);
    unsigned kinds = special_kinds(id), count = 0;
    *found = g || kinds;
    if (g) {
        memcpy(out, g->entities, g->count * sizeof *out);
        return g->count;
    }
    for (unsigned kind = 0; kind < DCGM_FE_COUNT; kind++) {
        if (kinds >> kind & 1)
            count += entities_of_kind(kind, out + count, DCGM_GROUP_MAX_ENTITIES_V2 - count);
    }
    return count;
}

static void drop(struct group *g)
{
    free(g->entities);
    memset(g, 0, sizeof *g);
}

void groups_drop_owner(dcgmHandle_t owner)
{
    for (int i = 0; i < MAX_GROUPS; i++) {
        if (engine.groups[i].id && engine.groups[i].owner == owner)
            drop(&engine.groups[i]);
    }
    for (int i = 0; i < DCGM_MAX_NUM_FIELD_GROUPS; i++) {
        if (engine.field_groups[i].owner == owner)
            memset(&engine.field_groups[i], 0, sizeof engine.field_groups[i]);
    }
}

void groups_clear(void)
{
    for (int i = 0; i < MAX_GROUPS; i++)
        drop(&engine.groups[i]);
    memset(engine.field_groups, 0, sizeof engine.field_groups);
}
