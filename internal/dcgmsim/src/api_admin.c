// SPDX-License-Identifier: Apache-2.0
// Connections, versions, and what the host engine says of itself.
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

DCGM_PUBLIC_API dcgmReturn_t dcgmInit(void)
{
    lock_engine();
    engine.initialized++;
    return leave(DCGM_ST_OK);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmShutdown(void)
{
    lock_engine();
    if (engine.initialized)
        engine.initialized--;
    return leave(DCGM_ST_OK);
}

// connect_to boots the node if the environment names another one than it runs.
static dcgmReturn_t connect_to(const char *call, dcgmHandle_t *out)
{
    if (!out)
        return DCGM_ST_BADPARAM;
    lock_engine();
    dcgmReturn_t status = engine.initialized ? boot_if_changed() : DCGM_ST_UNINITIALIZED;
    unlock_engine();
    if (status != DCGM_ST_OK || (status = enter_unconnected(call)) != DCGM_ST_OK)
        return status;
    return leave(open_handle(out));
}

// dcgmStartEmbedded leaves the process in the directory that DCGM_HOME_DIR names, as DCGM does.
DCGM_PUBLIC_API dcgmReturn_t dcgmStartEmbedded(dcgmOperationMode_t mode, dcgmHandle_t *handle)
{
    (void)mode;
    const char *home = getenv("DCGM_HOME_DIR");
    if (home && *home && chdir(home) != 0)
        return DCGM_ST_GENERIC_ERROR;
    return connect_to(__func__, handle);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmConnect_v2(const char *address, dcgmConnectV2Params_t *params, dcgmHandle_t *handle)
{
    if (!address || !*address)
        return DCGM_ST_BADPARAM;
    REQUIRE_VERSION(params, dcgmConnectV2Params_version2);
    return connect_to(__func__, handle);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmConnect_v3(const char *address, dcgmConnectV3Params_t *params, dcgmHandle_t *handle)
{
    if (!address || !*address)
        return DCGM_ST_BADPARAM;
    REQUIRE_VERSION(params, dcgmConnectV3Params_version1);
    return connect_to(__func__, handle);
}

static dcgmReturn_t disconnect(const char *call, dcgmHandle_t handle)
{
    dcgmReturn_t status = enter(call, handle);
    if (status == DCGM_ST_OK) {
        close_handle(handle);
        return leave(DCGM_ST_OK);
    }
    lock_engine();
    close_handle(handle);
    return leave(status);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmDisconnect(dcgmHandle_t handle)
{
    return disconnect(__func__, handle);
}

// dcgmStopEmbedded ends the host engine that the process holds, and what its memory held.
DCGM_PUBLIC_API dcgmReturn_t dcgmStopEmbedded(dcgmHandle_t handle)
{
    dcgmReturn_t status = disconnect(__func__, handle);
    lock_engine();
    if (engine.booted && !has_clients())
        restart(now_us());
    unlock_engine();
    return status;
}

static void version_text(const char *version, dcgmVersionInfo_t *out)
{
    snprintf(out->rawBuildInfoString, sizeof out->rawBuildInfoString,
             "version:%s;arch:x86_64;buildtype:Release;buildid:0;builddate:local;commit:local;branch:local;buildplatform:tracecore-simulated;crc:0", version);
}

// dcgmVersionInfo speaks of the library, and needs neither an engine nor a scenario.
DCGM_PUBLIC_API dcgmReturn_t dcgmVersionInfo(dcgmVersionInfo_t *out)
{
    REQUIRE_VERSION(out, dcgmVersionInfo_version2);
    lock_engine();
    bool ok = boot_if_changed() == DCGM_ST_OK;
    version_text(ok && *NODE->library ? NODE->library : ok ? NODE->engine : "4.6.0", out);
    return leave(DCGM_ST_OK);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmHostengineVersionInfo(dcgmHandle_t handle, dcgmVersionInfo_t *out)
{
    REQUIRE_VERSION(out, dcgmVersionInfo_version2);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    version_text(NODE->engine, out);
    return leave(DCGM_ST_OK);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmIntrospectGetHostengineMemoryUsage(dcgmHandle_t handle, dcgmIntrospectMemory_t *out, int wait)
{
    (void)wait;
    REQUIRE_VERSION(out, dcgmIntrospectMemory_version1);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    double cpu;
    int64_t memory = 48ll << 20;
    if (replaying())
        replay_usage_of(&memory, &cpu);
    out->bytesUsed = memory;
    return leave(DCGM_ST_OK);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmIntrospectGetHostengineCpuUtilization(dcgmHandle_t handle, dcgmIntrospectCpuUtil_t *out, int wait)
{
    (void)wait;
    REQUIRE_VERSION(out, dcgmIntrospectCpuUtil_version1);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    int64_t memory;
    out->total = 0.012;
    if (replaying())
        replay_usage_of(&memory, &out->total);
    out->kernel = 0.004;
    out->user = 0.008;
    return leave(DCGM_ST_OK);
}

// all_gpus adds an event that befalls every GPU now.
static dcgmReturn_t all_gpus(const char *call, dcgmHandle_t handle, enum event_type type)
{
    dcgmReturn_t status = enter(call, handle);
    if (status != DCGM_ST_OK)
        return status;
    struct event e = {.at = now_us(), .until = FOREVER, .type = type, .gpu = -1, .target = {DCGM_FE_GPU, -1}};
    return leave(add_event(&engine.scenario, &e) ? DCGM_ST_OK : DCGM_ST_MEMORY);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmAttachDriver(dcgmHandle_t handle)
{
    return all_gpus(__func__, handle, EVENT_GPU_ATTACHED);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmDetachDriver(dcgmHandle_t handle)
{
    return all_gpus(__func__, handle, EVENT_GPU_DETACHED);
}
