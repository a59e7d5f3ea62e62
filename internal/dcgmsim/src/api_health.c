// SPDX-License-Identifier: Apache-2.0
// Health watches: incidents that follow from the faults of the scenario.
#include "sim.h"
#include "dcgm_errors.h"

#include <stdio.h>
#include <string.h>

static const dcgm_error_meta_t errors[] = {
#define ERROR(code, severity, category) {code, code##_MSG, code##_NEXT, severity, category},
#include "errors.inc"
#undef ERROR
};

DCGM_PUBLIC_API const dcgm_error_meta_t *dcgmGetErrorMeta(dcgmError_t code)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (errors[i].errorId == code)
            return &errors[i];
    }
    return NULL;
}

DCGM_PUBLIC_API dcgmReturn_t dcgmHealthSet(dcgmHandle_t handle, dcgmGpuGrp_t group, dcgmHealthSystems_t systems)
{
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    struct group *g = group_find(group);
    if (!g)
        return leave(DCGM_ST_NOT_CONFIGURED);
    g->health = systems;
    g->health_seen = false;
    return leave(DCGM_ST_OK);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmHealthGet(dcgmHandle_t handle, dcgmGpuGrp_t group, dcgmHealthSystems_t *out)
{
    if (!out)
        return DCGM_ST_BADPARAM;
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    const struct group *g = group_find(group);
    if (!g)
        return leave(DCGM_ST_NOT_CONFIGURED);
    *out = (dcgmHealthSystems_t)g->health;
    return leave(DCGM_ST_OK);
}

// What DCGM makes of an XID.
static const struct xid {
    int code;
    unsigned system;
    dcgmHealthWatchResults_t result;
} xids[] = {
    {31, DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_WARN}, {32, DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_WARN},
    {38, DCGM_HEALTH_WATCH_PCIE, DCGM_HEALTH_RESULT_WARN}, {39, DCGM_HEALTH_WATCH_PCIE, DCGM_HEALTH_RESULT_WARN},
    {42, DCGM_HEALTH_WATCH_PCIE, DCGM_HEALTH_RESULT_WARN}, {43, DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_WARN},
    {48, DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_FAIL}, {54, DCGM_HEALTH_WATCH_POWER, DCGM_HEALTH_RESULT_WARN},
    {56, DCGM_HEALTH_WATCH_POWER, DCGM_HEALTH_RESULT_WARN}, {57, DCGM_HEALTH_WATCH_POWER, DCGM_HEALTH_RESULT_WARN},
    {58, DCGM_HEALTH_WATCH_POWER, DCGM_HEALTH_RESULT_WARN}, {60, DCGM_HEALTH_WATCH_THERMAL, DCGM_HEALTH_RESULT_WARN},
    {61, DCGM_HEALTH_WATCH_THERMAL, DCGM_HEALTH_RESULT_WARN}, {62, DCGM_HEALTH_WATCH_THERMAL, DCGM_HEALTH_RESULT_WARN},
    {63, DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_WARN}, {64, DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_FAIL},
    {67, DCGM_HEALTH_WATCH_NVLINK, DCGM_HEALTH_RESULT_WARN}, {73, DCGM_HEALTH_WATCH_NVLINK, DCGM_HEALTH_RESULT_WARN},
    {74, DCGM_HEALTH_WATCH_NVLINK, DCGM_HEALTH_RESULT_FAIL}, {78, DCGM_HEALTH_WATCH_POWER, DCGM_HEALTH_RESULT_WARN},
    {79, DCGM_HEALTH_WATCH_PCIE, DCGM_HEALTH_RESULT_FAIL}, {94, DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_WARN},
    {95, DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_FAIL}, {119, DCGM_HEALTH_WATCH_DRIVER, DCGM_HEALTH_RESULT_FAIL},
    {120, DCGM_HEALTH_WATCH_DRIVER, DCGM_HEALTH_RESULT_FAIL}, {121, DCGM_HEALTH_WATCH_NVLINK, DCGM_HEALTH_RESULT_WARN},
    {137, DCGM_HEALTH_WATCH_NVLINK, DCGM_HEALTH_RESULT_WARN}, {140, DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_FAIL},
};

// An incident without its entity. Its message is the error's format with the numbers of the
// event put in.
struct verdict {
    unsigned system;
    dcgmHealthWatchResults_t result;
    dcgmError_t code;
    char text[256];
};

static bool judge_xid(const struct event *e, unsigned gpu, struct verdict *v)
{
    for (size_t i = 0; i < sizeof xids / sizeof *xids; i++) {
        if (xids[i].code != e->code)
            continue;
        *v = (struct verdict){xids[i].system, xids[i].result, e->code == 79 ? DCGM_FR_FALLEN_OFF_BUS : DCGM_FR_XID_ERROR, ""};
        if (e->code == 79)
            snprintf(v->text, sizeof v->text, DCGM_FR_FALLEN_OFF_BUS_MSG, (int)gpu);
        else
            snprintf(v->text, sizeof v->text, DCGM_FR_XID_ERROR_MSG, (unsigned)e->code, gpu);
        return true;
    }
    return false;
}

static bool judge_remap(const struct event *e, unsigned gpu, struct verdict *v)
{
    if (!e->failed && !e->pending)
        return false;
    *v = (struct verdict){DCGM_HEALTH_WATCH_MEM, e->failed ? DCGM_HEALTH_RESULT_FAIL : DCGM_HEALTH_RESULT_WARN, e->failed ? DCGM_FR_ROW_REMAP_FAILURE : DCGM_FR_PENDING_ROW_REMAP, ""};
    if (e->failed)
        snprintf(v->text, sizeof v->text, DCGM_FR_ROW_REMAP_FAILURE_MSG, gpu);
    else
        snprintf(v->text, sizeof v->text, DCGM_FR_PENDING_ROW_REMAP_MSG, gpu);
    return true;
}

static bool judge_throttle(const struct event *e, unsigned gpu, struct verdict *v)
{
    const unsigned thermal = 0x60, power = 0x84;
    if (e->mask & thermal) {
        *v = (struct verdict){DCGM_HEALTH_WATCH_THERMAL, DCGM_HEALTH_RESULT_WARN, DCGM_FR_CLOCKS_EVENT_THERMAL, ""};
        snprintf(v->text, sizeof v->text, DCGM_FR_CLOCKS_EVENT_THERMAL_MSG, gpu);
        return true;
    }
    if (e->mask & power) {
        *v = (struct verdict){DCGM_HEALTH_WATCH_POWER, DCGM_HEALTH_RESULT_WARN, DCGM_FR_CLOCKS_EVENT_POWER, ""};
        snprintf(v->text, sizeof v->text, DCGM_FR_CLOCKS_EVENT_POWER_MSG, gpu);
        return true;
    }
    return false;
}

// judge tells what an event means for the health of a GPU, if anything.
static bool judge(const struct event *e, unsigned gpu, struct verdict *v)
{
    enum { SBE, DBE, UP = 0, DOWN };
    switch (e->type) {
    case EVENT_XID:
        return e->target.kind == DCGM_FE_GPU && judge_xid(e, gpu, v);
    case EVENT_ROW_REMAP:
        return judge_remap(e, gpu, v);
    case EVENT_THROTTLE:
        return judge_throttle(e, gpu, v);
    case EVENT_ECC:
        *v = (struct verdict){DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_FAIL, DCGM_FR_VOLATILE_DBE_DETECTED, ""};
        snprintf(v->text, sizeof v->text, DCGM_FR_VOLATILE_DBE_DETECTED_MSG, (int)e->count, gpu);
        return e->choice == DBE;
    case EVENT_LINK:
        *v = (struct verdict){DCGM_HEALTH_WATCH_NVLINK, DCGM_HEALTH_RESULT_FAIL, DCGM_FR_NVLINK_DOWN, ""};
        snprintf(v->text, sizeof v->text, DCGM_FR_NVLINK_DOWN_MSG, gpu, (int)e->code);
        return e->choice == DOWN && !link_is_up(gpu, (unsigned)e->code, now_us());
    default:
        return false;
    }
}

static void report(const struct group *g, dcgmGroupEntityPair_t entity, dcgmHealthResponse_t *out)
{
    usec now = now_us(), reset = counters_since((int)entity.entityId, now);
    struct verdict v;
    for (int i = 0; i < engine.due && out->incidentCount < DCGM_HEALTH_WATCH_MAX_INCIDENTS_V2; i++) {
        const struct event *e = &engine.scenario.events[i];
        if (e->at < reset || now >= e->until || (e->gpu >= 0 && (unsigned)e->gpu != entity.entityId))
            continue;
        if (!judge(e, entity.entityId, &v) || !(g->health & v.system))
            continue;
        dcgmIncidentInfo_t *incident = &out->incidents[out->incidentCount++];
        incident->system = (dcgmHealthSystems_t)v.system;
        incident->health = v.result;
        incident->entityInfo = entity;
        incident->error.code = v.code;
        copy_text(incident->error.msg, sizeof incident->error.msg, v.text);
        if (v.result > out->overallHealth)
            out->overallHealth = v.result;
    }
}

DCGM_PUBLIC_API dcgmReturn_t dcgmHealthCheck(dcgmHandle_t handle, dcgmGpuGrp_t group, dcgmHealthResponse_t *out)
{
    REQUIRE_VERSION(out, dcgmHealthResponse_version5);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    struct group *g = group_find(group);
    if (!g)
        return leave(DCGM_ST_NOT_CONFIGURED);
    out->overallHealth = DCGM_HEALTH_RESULT_PASS;
    out->incidentCount = 0;
    for (unsigned i = 0; g->health_seen && i < g->count; i++) {
        if (g->entities[i].entityGroupId == DCGM_FE_GPU)
            report(g, g->entities[i], out);
    }
    g->health_seen = true;
    return leave(DCGM_ST_OK);
}
