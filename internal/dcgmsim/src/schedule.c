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

// taken_at is when the host engine's thread takes an XID of the driver: it takes one, and sleeps
// for a second.
static usec taken_at(const struct scenario *s, usec arrival)
{
    usec at = arrival;
    for (int i = 0; i < s->event_count; i++) {
        const struct event *e = &s->events[i];
        if (e->type == EVENT_XID && !e->spread && e->arrival <= arrival && e->at + SECOND > at)
            at = e->at + SECOND;
    }
    return at;
}

static bool insert_burst(struct scenario *s, const struct event *e)
{
    struct event one = *e;
    one.arrival = e->at;
    for (int64_t i = 0; i < e->count; i++) {
        one.at = e->spread ? e->at + i * e->spread : taken_at(s, e->at);
        if (!insert(s, &one))
            return false;
    }
    return true;
}

// add_event also adds what follows: the other errors of a burst, the end of a death, and the
// host engine's own report that GPUs came or went.
bool add_event(struct scenario *s, const struct event *e)
{
    bool bind = e->type == EVENT_GPU_DETACHED || e->type == EVENT_GPU_ATTACHED || e->type == EVENT_GPU_ADDED || e->type == EVENT_GPU_REMOVED;
    struct event copy = *e;
    if (e->type == EVENT_MIG)
        copy.at += e->duration;
    if (e->type == EVENT_ENGINE_DIES && e->until != FOREVER) {
        struct event back = {.at = e->until, .until = FOREVER, .type = EVENT_ENGINE_RETURNS, .gpu = -1};
        if (!insert(s, &back))
            return false;
    }
    if (!(e->type == EVENT_XID ? insert_burst(s, e) : insert(s, &copy)))
        return false;
    for (int phase = 1; bind && phase <= 2; phase++) {
        struct event report = {.at = e->at + phase - 1, .until = FOREVER, .type = EVENT_BIND, .gpu = -1, .code = phase};
        if (!insert(s, &report))
            return false;
    }
    return true;
}
