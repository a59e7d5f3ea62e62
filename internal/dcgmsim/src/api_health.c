// SPDX-License-Identifier: Apache-2.0
// Health watches and the errors that they report.
#include "verdicts.h"

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

// What the host engine samples for a system once a client asks for it.
static const struct {
    unsigned system;
    unsigned short fields[4]; // 0: none
} watched[] = {
    {DCGM_HEALTH_WATCH_PCIE, {202, 237, 238}}, {DCGM_HEALTH_WATCH_NVLINK, {409, 419, 429, 439}}, {DCGM_HEALTH_WATCH_MEM, {310, 311, 395, 396}},
    {DCGM_HEALTH_WATCH_THERMAL, {241}}, {DCGM_HEALTH_WATCH_POWER, {240}}, {DCGM_HEALTH_WATCH_IMEX, {1502, 1503}},
};

static dcgmReturn_t watch_system(const struct group *g, const unsigned short fields[4])
{
    const struct watch own = {.owner = 0, .period = 10 * SECOND, .keep_age = 600 * SECOND};
    dcgmReturn_t status = DCGM_ST_OK;
    for (unsigned e = 0; e < g->count; e++) {
        for (int f = 0; f < 4 && fields[f] && status == DCGM_ST_OK; f++)
            status = watch_add(g->entities[e], fields[f], &own, now_us());
    }
    return status;
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
    for (size_t i = 0; i < sizeof watched / sizeof *watched && status == DCGM_ST_OK; i++) {
        if (systems & watched[i].system)
            status = watch_system(g, watched[i].fields);
    }
    return leave(status);
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

// A check is one call's answer on its way.
struct check {
    unsigned systems;
    dcgmGroupEntityPair_t entity;
    dcgmHealthResponse_t *out;
};

static void report(const struct verdict *v, void *data)
{
    struct check *c = data;
    if (!(c->systems & v->system) || c->out->incidentCount == DCGM_HEALTH_WATCH_MAX_INCIDENTS_V2)
        return;
    dcgmIncidentInfo_t *incident = &c->out->incidents[c->out->incidentCount++];
    incident->system = (dcgmHealthSystems_t)v->system;
    incident->health = v->result;
    incident->entityInfo = c->entity;
    incident->error.code = v->code;
    copy_text(incident->error.msg, sizeof incident->error.msg, v->text);
    if (v->result > c->out->overallHealth)
        c->out->overallHealth = v->result;
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
    if (replaying() && replay_health(out))
        return leave(DCGM_ST_OK);
    for (unsigned i = 0; g->health_seen && i < g->count; i++) {
        struct check c = {g->health, g->entities[i], out};
        if (c.entity.entityGroupId == DCGM_FE_GPU && gpu_exists(c.entity.entityId))
            judge(c.entity.entityId, report, &c);
    }
    g->health_seen = g->health != 0;
    return leave(DCGM_ST_OK);
}
