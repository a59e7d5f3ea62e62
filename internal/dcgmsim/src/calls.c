// SPDX-License-Identifier: Apache-2.0
// What every call does first and last, and the handles that calls need.
#include "sim.h"

#include <string.h>

#define POLL_NS 20000000

static void rest(long ns)
{
    struct timespec t = {ns / 1000000000, ns % 1000000000};
    nanosleep(&t, NULL);
}

// hang and slow_down wait with the mutex released.
static void hang(const char *call)
{
    if (engine.hang.duration <= 0 || (*engine.hang.call && strcmp(engine.hang.call, call) != 0))
        return;
    usec until = read_clock(CLOCK_MONOTONIC) + engine.hang.duration;
    unsigned unhangs = engine.unhangs;
    engine.hang.duration = 0;
    while (unhangs == engine.unhangs && read_clock(CLOCK_MONOTONIC) < until) {
        unlock_engine();
        rest(POLL_NS);
        lock_engine();
        read_control();
    }
}

// forced finds the newest event of a type that is active and meant for a call.
static const struct event *forced(enum event_type type, const char *call)
{
    usec now = now_us();
    for (int i = engine.due - 1; i >= 0; i--) {
        const struct event *e = &engine.scenario.events[i];
        if (e->type == type && now < e->until && (!*e->call || strcmp(e->call, call) == 0))
            return e;
    }
    return NULL;
}

static void slow_down(const char *call)
{
    const struct event *e = forced(EVENT_SLOW, call);
    if (!e || e->duration <= 0)
        return;
    long ns = (long)e->duration * 1000;
    unlock_engine();
    rest(ns);
    lock_engine();
}

// ---- calls ----

dcgmReturn_t leave(dcgmReturn_t status)
{
    tell_violations();
    unlock_engine();
    return status;
}

static void catch_up(const char *call)
{
    read_control();
    apply_due();
    hang(call);
    slow_down(call);
    apply_due();
}

dcgmReturn_t enter_unconnected(const char *call)
{
    lock_engine();
    if (!engine.initialized)
        return leave(DCGM_ST_UNINITIALIZED);
    if (engine.booted)
        catch_up(call);
    return DCGM_ST_OK;
}

static bool is_alive(dcgmHandle_t handle)
{
    for (int i = 0; handle && i < MAX_HANDLES; i++) {
        if (engine.handles[i] == handle)
            return true;
    }
    return false;
}

dcgmReturn_t enter(const char *call, dcgmHandle_t handle)
{
    dcgmReturn_t status = enter_unconnected(call);
    if (status != DCGM_ST_OK)
        return status;
    if (!is_alive(handle))
        return leave(DCGM_ST_CONNECTION_NOT_VALID);
    const struct event *e = forced(EVENT_CALL, call);
    status = e ? (dcgmReturn_t)e->code : replaying() ? replay_outcome(call) : DCGM_ST_OK;
    return status == DCGM_ST_OK ? status : leave(status);
}

dcgmReturn_t open_handle(dcgmHandle_t *out)
{
    if (engine.dead)
        return DCGM_ST_CONNECTION_NOT_VALID;
    for (int i = 0; i < MAX_HANDLES; i++) {
        if (engine.handles[i])
            continue;
        *out = engine.handles[i] = ++engine.next_handle; // Never used twice.
        return DCGM_ST_OK;
    }
    return DCGM_ST_MAX_LIMIT;
}

// close_handle forgets what a client left, as persistAfterDisconnect=0 asks for.
void close_handle(dcgmHandle_t handle)
{
    for (int i = 0; i < MAX_HANDLES; i++) {
        if (engine.handles[i] == handle)
            engine.handles[i] = 0;
    }
    watch_remove_owner(handle, now_us());
    groups_drop_owner(handle);
    policies_drop_owner(handle);
}
