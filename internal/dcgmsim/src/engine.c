// SPDX-License-Identifier: Apache-2.0
// The host engine: its boot, its clock, and the events that fall due.
#include "sim.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEFAULT_START ((usec)1767225600 * SECOND) // 2026-01-01T00:00:00Z

struct engine engine;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void lock_engine(void)
{
    pthread_mutex_lock(&mutex);
}

void unlock_engine(void)
{
    pthread_mutex_unlock(&mutex);
}

usec read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (usec)t.tv_sec * SECOND + t.tv_nsec / 1000;
}

// now_us never goes back, so that events stay in order.
usec now_us(void)
{
    static usec last;
    if (NODE->manual)
        return engine.manual_now;
    usec now = read_clock(CLOCK_REALTIME);
    return last = now > last ? now : last;
}

// ---- boot ----

static dcgmReturn_t refuse(const char *text)
{
    engine.booted = false;
    if (strcmp(text, engine.failure) != 0)
        fprintf(stderr, "dcgmsim: %s\n", text);
    copy_text(engine.failure, sizeof engine.failure, text);
    return STATUS_SCENARIO;
}

// set_clock reads the variable, and when the node has booted if it says so.
static bool set_clock(const char *clock, usec *booted)
{
    int64_t seconds;
    if (!*clock)
        return true;
    bool manual = strncmp(clock, "manual", 6) == 0;
    const char *start = clock + (manual ? 6 : 4);
    if (!manual && strncmp(clock, "boot", 4) != 0)
        return false;
    NODE->manual = manual;
    if (manual && !*start)
        return true;
    if (*start != ':' || !parse_int(start + 1, &seconds) || seconds < 1 || seconds > 100000000000)
        return false;
    *(manual ? &NODE->manual_start : booted) = seconds * SECOND;
    return true;
}

// forget_clients leaves all handles unknown, which is how a dead connection looks.
static void forget_clients(void)
{
    memset(engine.handles, 0, sizeof engine.handles);
    watch_clear();
    groups_clear();
    policies_clear();
}

static dcgmReturn_t boot(const char *path, const char *control, const char *clock)
{
    struct problem p;
    forget_clients();
    free_scenario(&engine.scenario);
    if (!*path)
        return refuse("DCGMSIM_SCENARIO is not set; set it to a scenario file such as internal/dcgmsim/scenarios/h100x8.scenario");
    if (!load_scenario(path, &engine.scenario, &p))
        return refuse(p.text);
    usec booted = 0;
    if (!set_clock(clock, &booted))
        return refuse("DCGMSIM_CLOCK must be empty, boot:SECONDS, manual or manual:SECONDS; correct it");
    copy_text(engine.path, sizeof engine.path, path);
    copy_text(engine.control, sizeof engine.control, control);
    copy_text(engine.clock, sizeof engine.clock, clock);
    engine.manual_now = NODE->manual_start ? NODE->manual_start : replay_origin() ? replay_origin() : DEFAULT_START;
    engine.boot = engine.started = booted ? booted : now_us();
    for (int i = 0; i < engine.scenario.event_count; i++) {
        struct event *e = &engine.scenario.events[i];
        e->at += engine.boot;
        e->arrival += engine.boot;
        e->until += e->until == FOREVER ? 0 : engine.boot;
    }
    watch_own(engine.boot);
    engine.booted = true;
    engine.dead = false;
    engine.due = engine.control_line = 0;
    engine.control_at = 0;
    engine.group_limit = MAX_GROUPS;
    memset(&engine.hang, 0, sizeof engine.hang);
    *engine.failure = 0;
    return DCGM_ST_OK;
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

// boot_if_changed lets one process run many scenarios, one after the other.
dcgmReturn_t boot_if_changed(void)
{
    const char *path = variable("DCGMSIM_SCENARIO"), *control = variable("DCGMSIM_CONTROL"), *clock = variable("DCGMSIM_CLOCK");
    bool same = strcmp(path, engine.path) == 0 && strcmp(control, engine.control) == 0 && strcmp(clock, engine.clock) == 0;
    return engine.booted && same ? DCGM_ST_OK : boot(path, control, clock);
}

// ---- events that fall due ----

static void reconfigure(const struct event *e)
{
    for (int i = 0; i < DCGM_MAX_NUM_DEVICES; i++) {
        struct gpu *g = &NODE->gpus[i];
        if (!g->used || (e->gpu >= 0 && e->gpu != i))
            continue;
        g->mig = e->board.mig;
        g->instance_count = e->board.instance_count;
        g->compute_count = e->board.compute_count;
        memcpy(g->instances, e->board.instances, sizeof g->instances);
        memcpy(g->computes, e->board.computes, sizeof g->computes);
        g->layouts++;
    }
}

bool has_clients(void)
{
    for (int i = 0; i < MAX_HANDLES; i++) {
        if (engine.handles[i])
            return true;
    }
    return false;
}

void restart(usec now)
{
    engine.started = now;
    forget_clients();
    forget_fakes();
    watch_own(now);
}

static void die(void)
{
    engine.dead = true;
    forget_clients();
    forget_fakes();
}

static void apply(const struct event *e)
{
    switch (e->type) {
    case EVENT_ENGINE_DIES:
        die();
        break;
    case EVENT_ENGINE_RETURNS:
        if (engine.dead)
            restart(e->at);
        engine.dead = false;
        break;
    case EVENT_HANG:
        engine.hang = *e;
        break;
    case EVENT_UNHANG:
        engine.unhangs++;
        engine.hang.duration = 0;
        break;
    case EVENT_GROUP_LIMIT:
        engine.group_limit = (unsigned)e->count;
        break;
    case EVENT_GPU_ADDED:
        NODE->gpus[e->gpu] = e->board;
        break;
    case EVENT_GPU_REMOVED:
        if (e->gpu >= 0)
            NODE->gpus[e->gpu].used = false;
        break;
    case EVENT_MIG:
        reconfigure(e);
        break;
    default:
        break; // Its effect follows from its time.
    }
}

void apply_due(void)
{
    usec now = now_us();
    while (engine.due < engine.scenario.event_count && engine.scenario.events[engine.due].at <= now) {
        struct event e = engine.scenario.events[engine.due++];
        apply(&e);
    }
}
