// SPDX-License-Identifier: Apache-2.0
// What the events amount to at an instant. Nothing here changes anything, so that a sample
// has the same value whenever it is asked for.
#include "sim.h"

#include <stdio.h>

#define EVENTS(e) for (const struct event *e = engine.scenario.events, *end_ = e + engine.scenario.event_count; e < end_; e++)

static bool active(const struct event *e, usec t)
{
    return e->at <= t && t < e->until;
}

static bool on_gpu(const struct event *e, int gpu)
{
    return e->gpu < 0 || e->gpu == gpu;
}

static bool hits(const struct event *ev, dcgmGroupEntityPair_t e)
{
    if (e.entityGroupId == DCGM_FE_NONE) // What belongs to no entity is read, and changed, on any GPU.
        return ev->target.kind == DCGM_FE_GPU;
    return ev->target.kind == e.entityGroupId && (ev->target.id < 0 || ev->target.id == e.entityId);
}

bool gpu_exists(unsigned gpu)
{
    return gpu < DCGM_MAX_NUM_DEVICES && NODE->gpus[gpu].used && (!replaying() || replay_has((dcgmGroupEntityPair_t){DCGM_FE_GPU, gpu}));
}

int gpu_of(dcgmGroupEntityPair_t e)
{
    switch (e.entityGroupId) {
    case DCGM_FE_GPU:
        return (int)e.entityId;
    case DCGM_FE_GPU_I: case DCGM_FE_GPU_CI:
        return replaying() ? replay_gpu_of(e) : (int)(e.entityId / NODE->instances_per_gpu);
    case DCGM_FE_LINK:
        return (e.entityId & 0xff) == DCGM_FE_GPU ? (int)(e.entityId >> 24) : -1;
    default:
        return -1;
    }
}

dcgmReturn_t entity_exists(dcgmGroupEntityPair_t e)
{
    if (replaying())
        return replay_has(e) ? DCGM_ST_OK : DCGM_ST_BADPARAM;
    int gpu = gpu_of(e);
    bool ok = gpu >= 0 && gpu_exists((unsigned)gpu);
    switch (e.entityGroupId) {
    case DCGM_FE_GPU_I: case DCGM_FE_GPU_CI:
        ok = ok && e.entityId % NODE->instances_per_gpu < (e.entityGroupId == DCGM_FE_GPU_I ? NODE->gpus[gpu].instance_count : NODE->gpus[gpu].compute_count);
        break;
    case DCGM_FE_SWITCH:
        ok = e.entityId < NODE->switch_count;
        break;
    case DCGM_FE_CPU:
        ok = e.entityId < DCGM_MAX_NUM_CPUS && NODE->cpus[e.entityId].used;
        break;
    case DCGM_FE_CPU_CORE:
        ok = false;
        for (int i = 0; i < DCGM_MAX_NUM_CPUS; i++)
            ok = ok || (NODE->cpus[i].used && e.entityId >= NODE->cpus[i].first_core && e.entityId <= NODE->cpus[i].last_core);
        break;
    case DCGM_FE_LINK:
        ok = ok ? (e.entityId >> 8 & 0xffff) < NODE->models[NODE->gpus[gpu].model].links : (e.entityId & 0xff) == DCGM_FE_SWITCH && e.entityId >> 24 < NODE->switch_count && (e.entityId >> 8 & 0xffff) < NODE->switch_ports;
        break;
    default:
        break;
    }
    return ok ? DCGM_ST_OK : DCGM_ST_BADPARAM;
}

DcgmEntityStatus_t gpu_status(unsigned gpu, usec t)
{
    DcgmEntityStatus_t status = DcgmEntityStatusOk;
    if (NODE->gpus[gpu].fake)
        return DcgmEntityStatusFake;
    if (replaying() && replay_status(gpu, t, &status))
        return status;
    EVENTS(e) {
        if (e->at > t)
            break;
        if (!on_gpu(e, (int)gpu))
            continue;
        if (e->type == EVENT_GPU_LOST && active(e, t))
            status = DcgmEntityStatusLost;
        if (e->type == EVENT_GPU_DETACHED)
            status = DcgmEntityStatusDetached;
        if (e->type == EVENT_GPU_RESTORED || e->type == EVENT_GPU_ATTACHED)
            status = DcgmEntityStatusOk;
    }
    return status;
}

bool link_is_up(unsigned gpu, unsigned link, usec t)
{
    enum { UP, DOWN };
    bool up = true;
    EVENTS(e) {
        if (e->type == EVENT_LINK && active(e, t) && on_gpu(e, (int)gpu) && (unsigned)e->code == link)
            up = e->choice == UP;
    }
    return up;
}

const struct spec *override_of(dcgmGroupEntityPair_t entity, unsigned field, usec t)
{
    const struct spec *found = NULL;
    EVENTS(e) {
        if (e->at > t)
            break;
        if ((e->type != EVENT_FIELD && e->type != EVENT_UNFIELD) || !set_has(&e->ids, field) || !hits(e, entity))
            continue;
        if (e->type == EVENT_UNFIELD)
            found = NULL;
        else if (active(e, t))
            found = &e->spec;
    }
    return found;
}

static void earlier(usec *since, usec at)
{
    if (at < *since)
        *since = at;
}

// frozen_since returns since when a field has not been sampled, as of t.
usec frozen_since(dcgmGroupEntityPair_t entity, unsigned field, usec t)
{
    int gpu = gpu_of(entity);
    usec paused = FOREVER, detached = FOREVER, stale = FOREVER;
    EVENTS(e) {
        if (e->at > t)
            break;
        if (e->type == EVENT_FIELD && set_has(&e->ids, field) && hits(e, entity) && active(e, t)) {
            if (e->spec.kind != SPEC_STALE)
                stale = FOREVER;
            else
                earlier(&stale, e->at);
        }
        if (e->type == EVENT_UNFIELD && set_has(&e->ids, field) && hits(e, entity))
            stale = FOREVER;
        if (!on_gpu(e, gpu))
            continue;
        if (e->type == EVENT_PROFILING_PAUSED && is_profiling(field) && active(e, t))
            earlier(&paused, e->at);
        if (e->type == EVENT_PROFILING_RESUMED)
            paused = FOREVER;
        if (e->type == EVENT_GPU_DETACHED && gpu >= 0)
            earlier(&detached, e->at);
        if (e->type == EVENT_GPU_ATTACHED)
            detached = FOREVER;
    }
    earlier(&paused, detached);
    earlier(&paused, stale);
    return paused;
}

static bool within(usec at, usec after, usec until)
{
    return at > after && at <= until;
}

// interrupted reports whether sampling restarted in (after, until], so that fields which need
// two samples have one only.
bool interrupted(dcgmGroupEntityPair_t entity, unsigned field, usec after, usec until)
{
    int gpu = gpu_of(entity);
    EVENTS(e) {
        if (e->at > until)
            break;
        if (!on_gpu(e, gpu))
            continue;
        bool begins = e->type == EVENT_GPU_RESTORED || e->type == EVENT_GPU_ATTACHED || e->type == EVENT_RESET || (e->type == EVENT_PROFILING_RESUMED && is_profiling(field));
        bool ends = e->type == EVENT_GPU_LOST || (e->type == EVENT_PROFILING_PAUSED && is_profiling(field));
        if ((begins && within(e->at, after, until)) || (ends && within(e->until, after, until)))
            return true;
    }
    return false;
}

usec counters_since(int gpu, usec t)
{
    usec since = engine.boot;
    EVENTS(e) {
        if (e->at > t)
            break;
        if (e->type == EVENT_RESET && on_gpu(e, gpu))
            since = e->at;
    }
    return since;
}

static int version_number(const char *text)
{
    int major = 0, minor = 0, patch = 0;
    sscanf(text, "%d.%d.%d", &major, &minor, &patch);
    return (major * 100 + minor) * 100 + patch;
}

bool engine_knows(unsigned field, usec t)
{
    enum { NEWEST = 1600 }; // came with 4.6.1
    if (field >= NEWEST && version_number(NODE->engine) < 40601)
        return false;
    if (replaying() && replay_outcome_of_field("dcgmFieldGroupCreate", field, (dcgmGroupEntityPair_t){DCGM_FE_NONE, 0}) != DCGM_ST_OK)
        return false;
    EVENTS(e) {
        if (e->type == EVENT_UNKNOWN_FIELD && active(e, t) && set_has(&e->ids, field))
            return false;
    }
    return true;
}

// event_of reports whether an event is one that a field reports about an entity.
static bool event_of(const struct event *e, dcgmGroupEntityPair_t entity, unsigned field)
{
    enum { FATAL, NON_FATAL };
    switch (field) {
    case DCGM_FI_DEV_XID_ERROR:
        return e->type == EVENT_XID && hits(e, entity);
    case DCGM_FI_DEV_SXID_FATAL_ERROR:
        return e->type == EVENT_SXID && e->choice == FATAL && hits(e, entity);
    case DCGM_FI_DEV_SXID_NON_FATAL_ERROR:
        return e->type == EVENT_SXID && e->choice == NON_FATAL && hits(e, entity);
    case DCGM_FI_SYSTEM_GPU_BIND_EVENT:
        return e->type == EVENT_BIND;
    default:
        return false;
    }
}

// history returns the next event in [from, to] that a field reports; *position begins at 0.
// A host engine knows nothing of the time before it started; of an XID, that is when the driver had it.
const struct event *history(dcgmGroupEntityPair_t entity, unsigned field, usec from, usec to, int *position)
{
    while (*position < engine.scenario.event_count) {
        const struct event *e = &engine.scenario.events[(*position)++];
        if (e->at > to)
            return NULL;
        usec happened = e->type == EVENT_XID ? e->arrival : e->at;
        if (e->at >= from && happened >= engine.started && event_of(e, entity, field))
            return e;
    }
    return NULL;
}
