// SPDX-License-Identifier: Apache-2.0
// What the node has: GPUs, instances, CPUs, links.
#include "sim.h"

#include <string.h>

// present reports whether a GPU has links and instances: one that was unbound has none.
bool present(unsigned gpu)
{
    return gpu_exists(gpu) && gpu_status(gpu, now_us()) != DcgmEntityStatusDetached;
}

// is_active reports whether a host engine counts a GPU among those that it supports.
static bool is_active(unsigned gpu)
{
    if (!gpu_exists(gpu))
        return false;
    bool known = false, supported = replaying() && replay_supports(gpu, &known);
    if (known)
        return supported;
    DcgmEntityStatus_t status = gpu_status(gpu, now_us());
    return status == DcgmEntityStatusOk || status == DcgmEntityStatusFake;
}

static dcgmReturn_t list_gpus(const char *call, dcgmHandle_t handle, bool (*listed)(unsigned), unsigned *ids, int *count)
{
    if (!ids || !count)
        return DCGM_ST_BADPARAM;
    dcgmReturn_t status = enter(call, handle);
    if (status != DCGM_ST_OK)
        return status;
    *count = 0;
    for (unsigned i = 0; i < DCGM_MAX_NUM_DEVICES; i++) {
        if (listed(i))
            ids[(*count)++] = i;
    }
    return leave(DCGM_ST_OK);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGetAllDevices(dcgmHandle_t handle, unsigned int ids[DCGM_MAX_NUM_DEVICES], int *count)
{
    return list_gpus(__func__, handle, gpu_exists, ids, count);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGetAllSupportedDevices(dcgmHandle_t handle, unsigned int ids[DCGM_MAX_NUM_DEVICES], int *count)
{
    return list_gpus(__func__, handle, is_active, ids, count);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGetEntityGroupEntities(dcgmHandle_t handle, dcgm_field_entity_group_t kind, dcgm_field_eid_t *out, int *count, unsigned int flags)
{
    dcgmGroupEntityPair_t all[DCGM_MAX_NUM_CPU_CORES + DCGM_MAX_NUM_DEVICES * DCGM_NVLINK_MAX_LINKS_PER_GPU];
    if (!out || !count || *count < 0)
        return DCGM_ST_BADPARAM;
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    if (replaying() && (status = replay_outcome_of(__func__, kind, UINT32_MAX)) != DCGM_ST_OK)
        return leave(status);
    unsigned n = entities_of_kind(kind, all, sizeof all / sizeof *all), kept = 0;
    for (unsigned i = 0; i < n; i++) {
        int gpu = gpu_of(all[i]);
        bool (*listed)(unsigned) = flags & DCGM_GEGE_FLAG_ONLY_SUPPORTED ? is_active : kind == DCGM_FE_GPU ? gpu_exists : present;
        if (gpu < 0 || listed((unsigned)gpu))
            all[kept++] = all[i];
    }
    bool fits = kept <= (unsigned)*count;
    *count = (int)kept;
    for (unsigned i = 0; fits && i < kept; i++)
        out[i] = all[i].entityId;
    return leave(fits ? DCGM_ST_OK : DCGM_ST_INSUFFICIENT_SIZE);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGetGpuStatus(dcgmHandle_t handle, unsigned int gpu, DcgmEntityStatus_t *out)
{
    if (!out)
        return DCGM_ST_BADPARAM;
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    if (!gpu_exists(gpu))
        return leave(DCGM_ST_BADPARAM);
    *out = gpu_status(gpu, now_us());
    return leave(DCGM_ST_OK);
}

// ---- attributes ----

int64_t integer(unsigned gpu, unsigned field)
{
    struct reading r;
    live((dcgmGroupEntityPair_t){DCGM_FE_GPU, gpu}, field, now_us(), &r);
    if (field_meta(field)->fieldType == DCGM_FT_DOUBLE)
        return r.dbl >= DCGM_FP64_BLANK ? DCGM_INT32_BLANK : (int64_t)r.dbl;
    return r.i64 >= DCGM_INT64_BLANK ? DCGM_INT32_BLANK : r.i64;
}

static void string(unsigned gpu, unsigned field, char out[DCGM_MAX_STR_LENGTH])
{
    struct reading r;
    live((dcgmGroupEntityPair_t){DCGM_FE_GPU, gpu}, field, now_us(), &r);
    copy_text(out, DCGM_MAX_STR_LENGTH, r.str);
}

static const struct {
    unsigned field;
    size_t offset;
} numbers[] = {
    {158, offsetof(dcgmDeviceAttributes_t, thermalSettings.slowdownTemp)}, {159, offsetof(dcgmDeviceAttributes_t, thermalSettings.shutdownTemp)},
    {160, offsetof(dcgmDeviceAttributes_t, powerLimits.curPowerLimit)}, {163, offsetof(dcgmDeviceAttributes_t, powerLimits.defaultPowerLimit)},
    {164, offsetof(dcgmDeviceAttributes_t, powerLimits.enforcedPowerLimit)}, {161, offsetof(dcgmDeviceAttributes_t, powerLimits.minPowerLimit)},
    {162, offsetof(dcgmDeviceAttributes_t, powerLimits.maxPowerLimit)}, {58, offsetof(dcgmDeviceAttributes_t, identifiers.pciDeviceId)},
    {59, offsetof(dcgmDeviceAttributes_t, identifiers.pciSubSystemId)}, {500, offsetof(dcgmDeviceAttributes_t, identifiers.virtualizationMode)},
    {90, offsetof(dcgmDeviceAttributes_t, memoryUsage.bar1Total)}, {250, offsetof(dcgmDeviceAttributes_t, memoryUsage.fbTotal)},
    {252, offsetof(dcgmDeviceAttributes_t, memoryUsage.fbUsed)}, {251, offsetof(dcgmDeviceAttributes_t, memoryUsage.fbFree)},
    {66, offsetof(dcgmDeviceAttributes_t, settings.persistenceModeEnabled)}, {67, offsetof(dcgmDeviceAttributes_t, settings.migModeEnabled)},
    {74, offsetof(dcgmDeviceAttributes_t, settings.confidentialComputeMode)},
}, strings[] = {
    {51, offsetof(dcgmDeviceAttributes_t, identifiers.brandName)}, {50, offsetof(dcgmDeviceAttributes_t, identifiers.deviceName)},
    {57, offsetof(dcgmDeviceAttributes_t, identifiers.pciBusId)}, {53, offsetof(dcgmDeviceAttributes_t, identifiers.serial)},
    {54, offsetof(dcgmDeviceAttributes_t, identifiers.uuid)}, {85, offsetof(dcgmDeviceAttributes_t, identifiers.vbios)},
    {82, offsetof(dcgmDeviceAttributes_t, identifiers.inforomImageVersion)}, {1, offsetof(dcgmDeviceAttributes_t, identifiers.driverVersion)},
};

DCGM_PUBLIC_API dcgmReturn_t dcgmGetDeviceAttributes(dcgmHandle_t handle, unsigned int gpu, dcgmDeviceAttributes_t *out)
{
    REQUIRE_VERSION(out, dcgmDeviceAttributes_version3);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    if (!gpu_exists(gpu))
        return leave(DCGM_ST_BADPARAM);
    memset((char *)out + sizeof out->version, 0, sizeof *out - sizeof out->version);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        unsigned n = (unsigned)integer(gpu, numbers[i].field);
        memcpy((char *)out + numbers[i].offset, &n, sizeof n);
    }
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        string(gpu, strings[i].field, (char *)out + strings[i].offset);
    return leave(DCGM_ST_OK);
}

// ---- instances ----

static void put_info(const struct gpu *g, unsigned gi, unsigned ci, unsigned profile, unsigned slices, dcgmMigHierarchyInfo_v2 *out)
{
    copy_text(out->info.gpuUuid, sizeof out->info.gpuUuid, g->uuid);
    out->info.nvmlGpuIndex = g->index;
    out->info.nvmlInstanceId = g->instances[gi].number;
    out->info.nvmlComputeInstanceId = ci;
    out->info.nvmlMigProfileId = profile;
    out->info.nvmlProfileSlices = slices;
}

// put_instance lists an instance and after it the compute instances in it. Profiles are NVML's
// numbers, by slices.
static void put_instance(const struct gpu *g, unsigned i, dcgmMigHierarchy_v2 *out)
{
    static const unsigned profiles[] = {[1] = 19, [2] = 14, [3] = 9, [4] = 5, [6] = 6, [7] = 0};
    static const unsigned compute_profiles[] = {[1] = 0, [2] = 1, [3] = 2, [4] = 3, [6] = 6, [7] = 4};
    const dcgmGroupEntityPair_t instance = {DCGM_FE_GPU_I, g->id * NODE->instances_per_gpu + i};
    dcgmMigHierarchyInfo_v2 *info = &out->entityList[out->count++];
    info->entity = instance;
    info->parent = (dcgmGroupEntityPair_t){DCGM_FE_GPU, g->id};
    put_info(g, i, UINT32_MAX, profiles[g->instances[i].slices], g->instances[i].slices, info);
    for (unsigned c = 0; c < g->compute_count; c++) {
        if (g->computes[c].parent != i)
            continue;
        info = &out->entityList[out->count++];
        info->entity = (dcgmGroupEntityPair_t){DCGM_FE_GPU_CI, g->id * NODE->instances_per_gpu + c};
        info->parent = instance;
        put_info(g, i, g->computes[c].number, compute_profiles[g->computes[c].slices], g->computes[c].slices, info);
    }
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGetGpuInstanceHierarchy(dcgmHandle_t handle, dcgmMigHierarchy_v2 *out)
{
    REQUIRE_VERSION(out, dcgmMigHierarchy_version2);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    out->count = 0;
    if (replaying())
        replay_hierarchy(out);
    for (unsigned id = 0; !replaying() && id < DCGM_MAX_NUM_DEVICES; id++) {
        const struct gpu *g = &NODE->gpus[id];
        for (unsigned i = 0; present(id) && i < g->instance_count; i++)
            put_instance(g, i, out);
    }
    return leave(DCGM_ST_OK);
}

// ---- CPUs ----

static void own_cores(const struct cpu *c, dcgmCpuHierarchyOwnedCores_v1 *out)
{
    memset(out, 0, sizeof *out);
    out->version = dcgmCpuHierarchyOwnedCores_version1;
    for (unsigned core = c->first_core; core <= c->last_core; core++)
        out->bitmask[core / 64] |= (uint64_t)1 << (core % 64);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGetCpuHierarchy(dcgmHandle_t handle, dcgmCpuHierarchy_v1 *out)
{
    REQUIRE_VERSION(out, dcgmCpuHierarchy_version1);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    out->numCpus = 0;
    for (unsigned i = 0; i < DCGM_MAX_NUM_CPUS; i++) {
        if (!NODE->cpus[i].used)
            continue;
        out->cpus[out->numCpus].cpuId = i;
        own_cores(&NODE->cpus[i], &out->cpus[out->numCpus++].ownedCores);
    }
    return leave(out->numCpus ? DCGM_ST_OK : DCGM_ST_MODULE_NOT_LOADED);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGetCpuHierarchy_v2(dcgmHandle_t handle, dcgmCpuHierarchy_v2 *out)
{
    REQUIRE_VERSION(out, dcgmCpuHierarchy_version2);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    out->numCpus = 0;
    if (replaying())
        replay_cpus(out);
    for (unsigned i = 0; !replaying() && i < DCGM_MAX_NUM_CPUS; i++) {
        if (!NODE->cpus[i].used)
            continue;
        out->cpus[out->numCpus].cpuId = i;
        copy_text(out->cpus[out->numCpus].serial, sizeof out->cpus->serial, NODE->cpus[i].serial);
        own_cores(&NODE->cpus[i], &out->cpus[out->numCpus++].ownedCores);
    }
    return leave(out->numCpus ? DCGM_ST_OK : DCGM_ST_MODULE_NOT_LOADED);
}

static void put_metrics(const struct metric_group *g, dcgmProfMetricGroupInfo_v2 *out)
{
    out->majorId = g->major;
    out->minorId = g->minor;
    out->numFieldIds = 0;
    for (unsigned id = 0; id < FIELD_COUNT; id++) {
        if (set_has(&g->fields, id) && out->numFieldIds < DCGM_PROF_MAX_FIELD_IDS_PER_GROUP_V2)
            out->fieldIds[out->numFieldIds++] = (unsigned short)id;
    }
}

DCGM_PUBLIC_API dcgmReturn_t dcgmProfGetSupportedMetricGroups(dcgmHandle_t handle, dcgmProfGetMetricGroups_t *out)
{
    REQUIRE_VERSION(out, dcgmProfGetMetricGroups_version3);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    if (!gpu_exists(out->gpuId))
        return leave(DCGM_ST_MODULE_NOT_LOADED);
    if (replaying())
        return leave(replay_metric_groups(out->gpuId, out));
    const struct model *m = &NODE->models[NODE->gpus[out->gpuId].model];
    if (m->profiling == PROFILING_NONE)
        return leave(DCGM_ST_PROFILING_NOT_SUPPORTED);
    out->numMetricGroups = (unsigned)m->group_count;
    for (int i = 0; i < m->group_count; i++)
        put_metrics(&m->groups[i], &out->metricGroups[i]);
    return leave(DCGM_ST_OK);
}
