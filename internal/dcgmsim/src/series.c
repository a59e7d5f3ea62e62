// SPDX-License-Identifier: Apache-2.0
// What is watched. A series holds no samples: where they lie follows from the watches, and
// what they are from their time.
#include "series.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 8192
#define SHORTEST ((usec)1000) // period of samples, whatever a watch asks for
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
    if (period < SHORTEST)
        period = SHORTEST;
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
    if (lacks_samples(s->entity, s->field))
        return -1;
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

// seat_of puts the samples of what belongs to no entity where every entity finds them.
dcgmGroupEntityPair_t seat_of(dcgmGroupEntityPair_t e, unsigned field)
{
    const dcgm_field_meta_t *meta = field_meta(field);
    return meta && meta->scope == DCGM_FS_GLOBAL ? (dcgmGroupEntityPair_t){DCGM_FE_NONE, 0} : e;
}

// watch_add replaces what the same connection has: it is one watcher, however many watches it asks for.
dcgmReturn_t watch_add(dcgmGroupEntityPair_t e, unsigned field, const struct watch *w, usec now)
{
    struct series *s = find_or_add(seat_of(e, field), field);
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
    struct series *s = series_find(seat_of(e, field), field);
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
    const struct series *s = series_find(seat_of(e, field), field);
    return s && s->subscriptions;
}

// inject keeps samples in order of time, and of those with the same time the last one.
bool inject(dcgmGroupEntityPair_t e, unsigned field, const struct reading *r)
{
    struct series *s = find_or_add(seat_of(e, field), field);
    if (!s)
        return false;
    if (s->injected_count == s->injected_room) {
        int room = s->injected_room ? 2 * s->injected_room : 4;
        struct reading *grown = realloc(s->injected, (size_t)room * sizeof *grown);
        if (!grown)
            return false;
        s->injected = grown;
        s->injected_room = room;
    }
    int at = s->injected_count++;
    for (; at > 0 && s->injected[at - 1].ts > r->ts; at--)
        s->injected[at] = s->injected[at - 1];
    s->injected[at] = *r;
    return true;
}

bool newest_injected(dcgmGroupEntityPair_t e, unsigned field, struct reading *out)
{
    const struct series *s = series_find(seat_of(e, field), field);
    if (!s || !s->injected_count)
        return false;
    *out = s->injected[s->injected_count - 1];
    return true;
}

// injected_since calls visit for what clients injected, oldest first.
void injected_since(dcgmGroupEntityPair_t e, unsigned field, usec since, bool (*visit)(const struct reading *, void *), void *data)
{
    const struct series *s = series_find(seat_of(e, field), field);
    for (int i = 0; s && i < s->injected_count; i++) {
        if (s->injected[i].ts >= since && !visit(&s->injected[i], data))
            return;
    }
}

// watch_own begins what the host engine samples by itself.
void watch_own(usec now)
{
    static dcgmGroupEntityPair_t all[DCGM_GROUP_MAX_ENTITIES_V2];
    const struct watch own = {.owner = 0, .period = 60 * SECOND, .keep_age = 600 * SECOND};
    for (unsigned kind = 0; kind < DCGM_FE_COUNT; kind++) {
        unsigned count = entities_of_kind(kind, all, DCGM_GROUP_MAX_ENTITIES_V2);
        for (unsigned e = 0; e < count; e++) {
            for (unsigned field = 0; field < FIELD_COUNT; field++) {
                if (NODE->own[field] && rule_for(NODE->own[field], all[e]))
                    watch_add(all[e], field, &own, now);
            }
        }
    }
}
