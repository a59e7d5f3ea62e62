// SPDX-License-Identifier: Apache-2.0
// What is watched. A series holds no samples: where they lie follows from the watches, and
// what they are from their time.
#include "series.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 8192
static struct series *buckets[BUCKETS];

static struct series **bucket(dcgmGroupEntityPair_t e, unsigned field)
{
    uint64_t h = ((uint64_t)e.entityId * 31 + (uint64_t)e.entityGroupId) * 2654435761u + field * 40503u;
    return &buckets[(h ^ h >> 17) % BUCKETS];
}

struct series *series_find(dcgmGroupEntityPair_t e, unsigned field)
{
    for (struct series *s = *bucket(e, field); s; s = s->next) {
        if (s->field == field && s->entity.entityId == e.entityId && s->entity.entityGroupId == e.entityGroupId)
            return s;
    }
    return NULL;
}

static struct series *find_or_add(dcgmGroupEntityPair_t e, unsigned field)
{
    struct series *s = series_find(e, field);
    if (s || !(s = calloc(1, sizeof *s)))
        return s;
    struct series **head = bucket(e, field);
    s->entity = e;
    s->field = field;
    s->next = *head;
    *head = s;
    return s;
}

static usec merged_period(const struct series *s)
{
    usec period = FOREVER;
    for (const struct subscription *sub = s->subscriptions; sub; sub = sub->next) {
        if (sub->watch.period < period)
            period = sub->watch.period;
    }
    const struct spec *spec = spec_of(s->entity, s->field);
    return spec && period != FOREVER && spec->every > period ? spec->every : period;
}

// respan follows the subscriptions: the fastest of them sets the period.
static void respan(struct series *s, usec now)
{
    struct span *last = s->span_count ? &s->spans[s->span_count - 1] : NULL;
    bool running = last && last->end == FOREVER;
    usec period = merged_period(s);
    if (running && last->period == period)
        return;
    if (running)
        last->end = now;
    if (period == FOREVER)
        return;
    if (s->span_count == MAX_SPANS)
        memmove(s->spans, s->spans + 1, (size_t)--s->span_count * sizeof *s->spans);
    s->spans[s->span_count++] = (struct span){now, FOREVER, period};
}

// newest_in returns the time of the newest sample at or before t, -1 if there is none.
static usec newest(const struct series *s, usec t)
{
    for (int i = s->span_count - 1; i >= 0; i--) {
        const struct span *p = &s->spans[i];
        if (p->start > t)
            continue;
        usec end = p->end < t ? p->end : t;
        return p->start + (end - p->start) / p->period * p->period;
    }
    return -1;
}

// newest_taken leaves out the samples that a fault kept from being taken.
usec newest_taken(const struct series *s, usec t)
{
    usec ts;
    while ((ts = newest(s, t)) >= 0) {
        usec frozen = frozen_since(s->entity, s->field, ts);
        if (frozen == FOREVER)
            return ts;
        t = frozen - 1;
    }
    return -1;
}

bool is_first(const struct series *s, usec ts)
{
    usec before = newest_taken(s, ts - 1);
    return before < 0 || interrupted(s->entity, s->field, before, ts);
}

// watch_add replaces what the same connection has: it is one watcher, however many watches it asks for.
dcgmReturn_t watch_add(dcgmGroupEntityPair_t e, unsigned field, const struct watch *w, usec now)
{
    struct series *s = find_or_add(e, field);
    if (!s)
        return DCGM_ST_MEMORY;
    struct subscription *sub = s->subscriptions;
    while (sub && sub->watch.owner != w->owner)
        sub = sub->next;
    if (!sub) {
        if (!(sub = calloc(1, sizeof *sub)))
            return DCGM_ST_MEMORY;
        sub->next = s->subscriptions;
        s->subscriptions = sub;
    }
    sub->watch = *w;
    respan(s, now);
    return DCGM_ST_OK;
}

static bool unsubscribe(struct series *s, dcgmHandle_t owner, usec now)
{
    for (struct subscription **at = &s->subscriptions; *at; at = &(*at)->next) {
        struct subscription *sub = *at;
        if (sub->watch.owner != owner)
            continue;
        *at = sub->next;
        free(sub);
        respan(s, now);
        return true;
    }
    return false;
}

// watch_remove ends the watch of a connection, whichever group it came with.
bool watch_remove(dcgmGroupEntityPair_t e, unsigned field, dcgmHandle_t owner, usec now)
{
    struct series *s = series_find(e, field);
    return s && unsubscribe(s, owner, now);
}

void watch_remove_owner(dcgmHandle_t owner, usec now)
{
    for (int i = 0; i < BUCKETS; i++) {
        for (struct series *s = buckets[i]; s; s = s->next)
            unsubscribe(s, owner, now);
    }
}

void watch_clear(void)
{
    for (int i = 0; i < BUCKETS; i++) {
        for (struct series *s = buckets[i], *next; s; s = next) {
            next = s->next;
            for (struct subscription *sub = s->subscriptions, *after; sub; sub = after) {
                after = sub->next;
                free(sub);
            }
            free(s->injected);
            free(s);
        }
        buckets[i] = NULL;
    }
}

bool is_watched(dcgmGroupEntityPair_t e, unsigned field)
{
    const struct series *s = series_find(e, field);
    return s && s->subscriptions;
}

void inject(dcgmGroupEntityPair_t e, unsigned field, const struct reading *r)
{
    struct series *s = find_or_add(e, field);
    if (s && (s->injected || (s->injected = malloc(sizeof *s->injected))))
        *s->injected = *r;
}
