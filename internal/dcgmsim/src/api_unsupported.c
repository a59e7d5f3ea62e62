// SPDX-License-Identifier: Apache-2.0
// Calls that the simulation lacks. They exist, because a client that binds lazily would end
// its process at a symbol that is missing.
#include "sim.h"
#include "dcgm_test_apis.h"

static dcgmReturn_t unsupported(const char *call, dcgmHandle_t handle)
{
    dcgmReturn_t status = enter(call, handle);
    return status == DCGM_ST_OK ? leave(DCGM_ST_NOT_SUPPORTED) : status;
}

#define UNSUPPORTED(name, ...)                                          \
    DCGM_PUBLIC_API dcgmReturn_t name(dcgmHandle_t handle, __VA_ARGS__) \
    {                                                                   \
        return unsupported(__func__, handle);                           \
    }

#pragma GCC diagnostic ignored "-Wunused-parameter"
UNSUPPORTED(dcgmCreateFakeEntities, dcgmCreateFakeEntities_t *entities)
UNSUPPORTED(dcgmPolicyGet, dcgmGpuGrp_t group, int count, dcgmPolicy_t *out, dcgmStatus_t statuses)
UNSUPPORTED(dcgmPolicySet, dcgmGpuGrp_t group, dcgmPolicy_t *policy, dcgmStatus_t statuses)
UNSUPPORTED(dcgmPolicyRegister_v2, dcgmGpuGrp_t group, dcgmPolicyCondition_t condition, fpRecvUpdates callback, uint64_t data)
UNSUPPORTED(dcgmPolicyUnregister, dcgmGpuGrp_t group, dcgmPolicyCondition_t condition)
UNSUPPORTED(dcgmRunDiagnostic, dcgmGpuGrp_t group, dcgmDiagnosticLevel_t level, dcgmDiagResponse_v12 *out)
UNSUPPORTED(dcgmGetPidInfo, dcgmGpuGrp_t group, dcgmPidInfo_t *out)
UNSUPPORTED(dcgmWatchPidFields, dcgmGpuGrp_t group, long long period, double keep_age, int keep_samples)
