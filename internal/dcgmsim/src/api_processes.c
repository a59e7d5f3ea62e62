// SPDX-License-Identifier: Apache-2.0
// Statistics of processes. The simulated node runs none.
#include "sim.h"

static dcgmReturn_t check_group(dcgmGpuGrp_t group)
{
    static dcgmGroupEntityPair_t entities[DCGM_GROUP_MAX_ENTITIES_V2];
    bool found;
    group_entities(group, entities, &found);
    return found ? DCGM_ST_OK : DCGM_ST_NOT_CONFIGURED;
}

DCGM_PUBLIC_API dcgmReturn_t dcgmWatchPidFields(dcgmHandle_t handle, dcgmGpuGrp_t group, long long period, double keep_age, int keep_samples)
{
    if (period < 0 || keep_age < 0 || keep_samples < 0)
        return DCGM_ST_BADPARAM;
    dcgmReturn_t status = enter(__func__, handle);
    return status == DCGM_ST_OK ? leave(check_group(group)) : status;
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGetPidInfo(dcgmHandle_t handle, dcgmGpuGrp_t group, dcgmPidInfo_t *out)
{
    REQUIRE_VERSION(out, dcgmPidInfo_version2);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    status = check_group(group);
    return leave(status == DCGM_ST_OK ? DCGM_ST_NO_DATA : status);
}
