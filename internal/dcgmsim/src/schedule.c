// SPDX-License-Identifier: Apache-2.0
// Puts events in order of time.
#include "sim.h"

#include <stdlib.h>

// insert keeps the timeline in order; of two at the same instant the older one is first.
static bool insert(struct scenario *s, const struct event *e)
{
    if (s->event_count == s->event_room) {
        int room = s->event_room ? 2 * s->event_room : 32;
        struct event *grown = realloc(s->events, (size_t)room * sizeof *grown);
        if (!grown)
            return false;
        s->events = grown;
        s->event_room = room;
    }
    int at = s->event_count++;
    for (; at > 0 && s->events[at - 1].at > e->at; at--)
        s->events[at] = s->events[at - 1];
    s->events[at] = *e;
    return true;
}

// add_event also adds what follows: the other errors of a burst, the end of a death, and the
// host engine's own report that GPUs came or went.
bool add_event(struct scenario *s, const struct event *e)
{
    bool burst = e->type == EVENT_XID;
    bool bind = e->type == EVENT_GPU_DETACHED || e->type == EVENT_GPU_ATTACHED || e->type == EVENT_GPU_ADDED || e->type == EVENT_GPU_REMOVED;
    struct event copy = *e;
    if (e->type == EVENT_MIG)
        copy.at += e->duration;
    if (e->type == EVENT_ENGINE_DIES && e->until != FOREVER) {
        struct event back = {.at = e->until, .until = FOREVER, .type = EVENT_ENGINE_RETURNS, .gpu = -1};
        if (!insert(s, &back))
            return false;
    }
    for (int64_t i = 0; i < (burst ? e->count : 1); i++) {
        if (!insert(s, &copy))
            return false;
        copy.at++;
    }
    for (int phase = 1; bind && phase <= 2; phase++) {
        struct event report = {.at = e->at + phase - 1, .until = FOREVER, .type = EVENT_BIND, .gpu = -1, .code = phase};
        if (!insert(s, &report))
            return false;
    }
    return true;
}
