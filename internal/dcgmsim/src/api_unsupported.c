// SPDX-License-Identifier: Apache-2.0
// Calls that the simulation lacks. They exist, because a client that binds lazily would end
// its process at a symbol that is missing.
#include "sim.h"

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
UNSUPPORTED(dcgmRunDiagnostic, dcgmGpuGrp_t group, dcgmDiagnosticLevel_t level, dcgmDiagResponse_v12 *out)
