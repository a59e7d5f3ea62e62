// SPDX-License-Identifier: Apache-2.0
// Reading series: the newest sample, a live one, and all since an instant.
#include "series.h"

#include <string.h>

static bool by_events(dcgmGroupEntityPair_t e, unsigned field)
{
    const struct spec *s = spec_of(e, field);
    return s && s->kind == SPEC_EVENT;
}

static void from_event(const struct event *ev, struct reading *out)
{
    memset(out, 0, offsetof(struct reading, str) + 1);
    out->ts = ev->at;
    out->i64 = ev->code;
}

static bool latest_event(dcgmGroupEntityPair_t e, unsigned field, usec now, struct reading *out)
{
    int position = 0;
    const struct event *last = NULL, *ev;
    while ((ev = history(e, field, 0, now, &position)))
        last = ev;
    if (last)
        from_event(last, out);
    return last;
}

void no_value(unsigned field, int status, struct reading *out)
{
    memset(out, 0, offsetof(struct reading, str) + 1);
    if (status != DCGM_ST_UNKNOWN_FIELD)
        blank(field, 0, out);
    out->status = status;
}

static bool is_known(unsigned field, usec now)
{
    return field_meta(field) && engine_knows(field, now);
}

// replayed reads what a recording has, where one is replayed and no event says otherwise.
static bool replayed(dcgmGroupEntityPair_t e, unsigned field, usec now, struct reading *out)
{
    struct reading event;
    if (!replaying() || !is_known(field, now) || override_of(e, field, now))
        return false;
    if (entity_exists(e) != DCGM_ST_OK)
        no_value(field, DCGM_ST_NOT_WATCHED, out);
    else if (!replay_latest(e, field, now, out))
        no_value(field, is_watched(e, field) ? DCGM_ST_NO_DATA : DCGM_ST_NOT_WATCHED, out);
    if (entity_exists(e) == DCGM_ST_OK && latest_event(e, field, now, &event) && (out->status != DCGM_ST_OK || event.ts >= out->ts))
        *out = event;
    return true;
}

// latest reads the cache. What is no longer watched keeps its last sample.
void latest(dcgmGroupEntityPair_t e, unsigned field, usec now, struct reading *out)
{
    if (replayed(e, field, now, out))
        return;
    e = seat_of(e, field);
    const struct series *s = series_find(e, field);
    struct reading injected;
    usec ts = -1;
    bool found = false;
    if (!is_known(field, now) || (e.entityGroupId != DCGM_FE_NONE && entity_exists(e) != DCGM_ST_OK)) {
        no_value(field, is_known(field, now) ? DCGM_ST_NOT_WATCHED : DCGM_ST_UNKNOWN_FIELD, out);
        return;
    }
    const struct spec *forced = override_of(e, field, now);
    if (by_events(e, field) && (!forced || forced->kind == SPEC_STALE)) {
        found = latest_event(e, field, now, out);
        ts = found ? out->ts : -1;
    } else if (s && (ts = newest_taken(s, now)) >= 0) {
        value_at(e, field, ts, is_first(s, ts), out);
        found = true;
    }
    if (newest_injected(e, field, &injected) && injected.ts > ts)
        *out = injected;
    else if (!found)
        no_value(field, s && s->span_count ? DCGM_ST_NO_DATA : DCGM_ST_NOT_WATCHED, out);
}

// live reads past the cache. A field without a value at the moment has DCGM_ST_NO_DATA.
void live(dcgmGroupEntityPair_t e, unsigned field, usec now, struct reading *out)
{
    if (replayed(e, field, now, out))
        return;
    e = seat_of(e, field);
    bool named = field == DCGM_FI_DEV_NAME && e.entityGroupId != DCGM_FE_GPU; // of an instance, even if a client made it
    if (!is_known(field, now))
        no_value(field, DCGM_ST_UNKNOWN_FIELD, out);
    else if ((e.entityGroupId != DCGM_FE_NONE && entity_exists(e) != DCGM_ST_OK) || by_events(e, field) || (lacks_samples(e, field) && !named))
        no_value(field, DCGM_ST_NO_DATA, out);
    else
        value_at(e, field, now, false, out);
}

// oldest_kept follows the most generous subscription.
static usec oldest_kept(const struct series *s, usec newest_ts)
{
    usec keep = 0;
    for (const struct subscription *sub = s->subscriptions; sub; sub = sub->next) {
        usec by_age = sub->watch.keep_age > 0 ? sub->watch.keep_age : FOREVER;
        usec by_count = sub->watch.keep_samples > 0 ? sub->watch.keep_samples * sub->watch.period : FOREVER;
        usec own = by_age < by_count ? by_age : by_count;
        if (own > keep)
            keep = own;
    }
    return keep >= newest_ts ? 0 : newest_ts - keep + 1;
}

// A walk hands samples over in order of time, those that clients injected in between.
struct walk {
    const struct series *s;
    int injected; // handed over so far
    usec since;
    bool (*visit)(const struct reading *, void *);
    void *data;
    bool over;
};

static void hand(struct walk *w, const struct reading *r)
{
    w->over = w->over || !w->visit(r, w->data);
}

static void hand_injected(struct walk *w, usec until)
{
    for (; w->injected < w->s->injected_count && w->s->injected[w->injected].ts <= until; w->injected++) {
        if (w->s->injected[w->injected].ts >= w->since)
            hand(w, &w->s->injected[w->injected]);
    }
}

static void walk_events(struct walk *w, usec now)
{
    int position = 0;
    struct reading r;
    const struct event *ev;
    while (!w->over && (ev = history(w->s->entity, w->s->field, w->since, now, &position))) {
        from_event(ev, &r);
        hand_injected(w, r.ts);
        hand(w, &r);
    }
}

static void walk_span(struct walk *w, const struct span *p, usec now)
{
    struct reading r;
    usec end = p->end < now ? p->end : now;
    usec skipped = w->since > p->start ? (w->since - p->start + p->period - 1) / p->period : 0;
    for (usec ts = p->start + skipped * p->period; ts <= end && !w->over; ts += p->period) {
        if (frozen_since(w->s->entity, w->s->field, ts) != FOREVER)
            continue;
        value_at(w->s->entity, w->s->field, ts, is_first(w->s, ts), &r);
        hand_injected(w, ts);
        hand(w, &r);
    }
}

void samples_since(dcgmGroupEntityPair_t e, unsigned field, usec since, usec now, bool (*visit)(const struct reading *, void *), void *data)
{
    if (replaying())
        replay_since(e, field, since, now, visit, data);
    e = seat_of(e, field);
    const struct series *s = series_find(e, field);
    if (!s || !s->subscriptions)
        return;
    if (replaying()) {
        struct walk w = {s, 0, since, visit, data, false};
        walk_events(&w, now);
        return;
    }
    bool events = by_events(e, field);
    usec last = newest_taken(s, now), kept = oldest_kept(s, events || last < 0 ? now : last);
    struct walk w = {s, 0, since > kept ? since : kept, visit, data, false};
    if (events)
        walk_events(&w, now);
    for (int i = 0; !events && last >= 0 && i < s->span_count; i++)
        walk_span(&w, &s->spans[i], now);
    hand_injected(&w, FOREVER);
}
