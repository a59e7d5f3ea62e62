// SPDX-License-Identifier: Apache-2.0
// What GPUs and instances are called, and what else they are of themselves.
#include "sim.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// first_compute is the compute instance whose UUID its parent has as well.
static dcgmGroupEntityPair_t first_compute(dcgmGroupEntityPair_t e)
{
    const struct gpu *g = &NODE->gpus[gpu_of(e)];
    for (unsigned i = 0; e.entityGroupId == DCGM_FE_GPU_I && i < g->compute_count; i++) {
        if (g->computes[i].parent == e.entityId % NODE->instances_per_gpu)
            return (dcgmGroupEntityPair_t){DCGM_FE_GPU_CI, g->id * NODE->instances_per_gpu + i};
    }
    return e;
}

// entity_uuid names an instance after its GPU. A new layout makes new names.
static void entity_uuid(dcgmGroupEntityPair_t e, char *out, size_t size)
{
    int gpu = gpu_of(e);
    const struct gpu *g = &NODE->gpus[gpu];
    const char *bare = strncmp(g->uuid, "GPU-", 4) == 0 ? g->uuid + 4 : g->uuid;
    if (e.entityGroupId == DCGM_FE_GPU)
        copy_text(out, size, g->uuid);
    else
        snprintf(out, size, "MIG-%.23s-%05x%03x%04x", bare, g->layouts, DCGM_FE_GPU_CI, first_compute(e).entityId);
}

// parent_of returns which GPU instance an instance is, or belongs to, counted within the GPU.
static unsigned parent_of(dcgmGroupEntityPair_t e)
{
    unsigned number = e.entityId % NODE->instances_per_gpu;
    return e.entityGroupId == DCGM_FE_GPU_CI ? NODE->gpus[gpu_of(e)].computes[number].parent : number;
}

// mig_name is the name that NVML gave to instances before they had UUIDs.
static void mig_name(dcgmGroupEntityPair_t e, const struct gpu *g, char *out, size_t size)
{
    unsigned number = e.entityId % NODE->instances_per_gpu;
    if (e.entityGroupId == DCGM_FE_GPU_I)
        snprintf(out, size, "MIG-%s/%u", g->uuid, g->instances[number].number);
    else if (e.entityGroupId == DCGM_FE_GPU_CI)
        snprintf(out, size, "MIG-%s/%u/%u", g->uuid, g->instances[parent_of(e)].number, g->computes[number].number);
    else
        snprintf(out, size, "%s%s", g->mig ? "MIG-" : "", g->uuid);
}

static void name_of(dcgmGroupEntityPair_t e, const struct gpu *g, char *out, size_t size)
{
    const char *model = NODE->models[g->model].name;
    if (e.entityGroupId == DCGM_FE_GPU)
        copy_text(out, size, model);
    else
        copy_text(out, size, g->fake && e.entityGroupId == DCGM_FE_GPU_CI ? "1fc.1g.4gb" : g->instances[parent_of(e)].profile);
}

static unsigned gpu_count(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < DCGM_MAX_NUM_DEVICES; i++)
        n += gpu_exists(i);
    return n;
}

static double peers_of(unsigned gpu)
{
    double mask = 0;
    for (unsigned i = 0; i < DCGM_MAX_NUM_DEVICES; i++)
        mask += gpu_exists(i) && i != gpu ? ldexp(1, (int)i) : 0;
    return mask;
}

// attribute returns a number, or puts a text into out.
double attribute(enum attribute a, dcgmGroupEntityPair_t e, usec t, char *out, size_t size)
{
    int gpu = gpu_of(e);
    if (a == ATTR_GPU_COUNT)
        return gpu_count();
    if (gpu < 0)
        return 0;
    const struct gpu *g = &NODE->gpus[gpu];
    switch (a) {
    case ATTR_NAME:
        name_of(e, g, out, size);
        return 0;
    case ATTR_UUID:
        entity_uuid(e, out, size);
        return 0;
    case ATTR_MIG_NAME:
        mig_name(e, g, out, size);
        return 0;
    case ATTR_PCI:
        copy_text(out, size, g->pci);
        return 0;
    case ATTR_SERIAL:
        copy_text(out, size, g->serial);
        return 0;
    case ATTR_MINOR:
        return g->minor;
    case ATTR_INDEX:
        return g->index;
    case ATTR_PEERS:
        return peers_of((unsigned)gpu);
    case ATTR_MIG_MODE:
        return g->mig;
    case ATTR_MIG_SLICES:
        return g->mig ? 7 : 0;
    default:
        return link_is_up((unsigned)gpu, e.entityId >> 8 & 0xffff, t);
    }
}
