// SPDX-License-Identifier: Apache-2.0
// GPUs and instances that a client makes, to inject values into. Nothing samples them.
#include "sim.h"
#include "dcgm_test_apis.h"

#include <stdio.h>
#include <string.h>

static int fake_model(void)
{
    int found = find_model(NODE, "fake");
    if (found >= 0 || NODE->model_count == MAX_MODELS)
        return found;
    struct model *m = &NODE->models[NODE->model_count];
    *m = (struct model){.base = -1, .profiling = PROFILING_GPM};
    copy_text(m->key, sizeof m->key, "fake");
    copy_text(m->name, sizeof m->name, "Graphics Device");
    return NODE->model_count++;
}

static bool make_gpu(dcgmMigHierarchyInfo_t *out)
{
    unsigned id = 0;
    while (id < DCGM_MAX_NUM_DEVICES && NODE->gpus[id].used)
        id++;
    int model = fake_model();
    if (id == DCGM_MAX_NUM_DEVICES || model < 0)
        return false;
    struct gpu *g = &NODE->gpus[id];
    *g = (struct gpu){.used = true, .fake = true, .id = id, .minor = id, .index = id, .model = model};
    snprintf(g->uuid, sizeof g->uuid, "GPU-fa4e0000-0000-0000-0000-%012u", id);
    snprintf(g->pci, sizeof g->pci, "00000000:%02X:00.0", id);
    out->entity.entityId = id;
    return true;
}

static bool make_instance(dcgmMigHierarchyInfo_t *out)
{
    unsigned id = out->parent.entityId;
    if (out->parent.entityGroupId != DCGM_FE_GPU || !gpu_exists(id) || NODE->gpus[id].instance_count == MAX_INSTANCES)
        return false;
    struct gpu *g = &NODE->gpus[id];
    g->instances[g->instance_count] = (struct instance){.slices = 1, .number = g->instance_count + 1, .profile = "1fg.4gb"};
    out->entity.entityId = id * NODE->instances_per_gpu + g->instance_count++;
    return true;
}

static bool make_compute(dcgmMigHierarchyInfo_t *out)
{
    if (out->parent.entityGroupId != DCGM_FE_GPU_I || entity_exists(out->parent) != DCGM_ST_OK)
        return false;
    struct gpu *g = &NODE->gpus[gpu_of(out->parent)];
    if (g->compute_count == MAX_INSTANCES)
        return false;
    g->computes[g->compute_count] = (struct compute_instance){.parent = out->parent.entityId % NODE->instances_per_gpu, .slices = 1};
    out->entity.entityId = g->id * NODE->instances_per_gpu + g->compute_count++;
    return true;
}

static bool make(dcgmMigHierarchyInfo_t *out)
{
    switch (out->entity.entityGroupId) {
    case DCGM_FE_GPU:
        return make_gpu(out);
    case DCGM_FE_GPU_I:
        return make_instance(out);
    case DCGM_FE_GPU_CI:
        return make_compute(out);
    default:
        return false;
    }
}

DCGM_PUBLIC_API dcgmReturn_t dcgmCreateFakeEntities(dcgmHandle_t handle, dcgmCreateFakeEntities_t *in)
{
    REQUIRE_VERSION(in, dcgmCreateFakeEntities_version2);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    for (unsigned i = 0; i < in->numToCreate && i < DCGM_MAX_HIERARCHY_INFO; i++) {
        if (!make(&in->entityList[i]))
            return leave(DCGM_ST_GENERIC_ERROR);
    }
    return leave(DCGM_ST_OK);
}

// forget_fakes ends what only the host engine's memory held.
void forget_fakes(void)
{
    for (unsigned i = 0; i < DCGM_MAX_NUM_DEVICES; i++) {
        if (NODE->gpus[i].fake)
            NODE->gpus[i] = (struct gpu){0};
    }
}
