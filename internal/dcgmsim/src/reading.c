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

static void no_value(unsigned field, int status, struct reading *out)
{
    memset(out, 0, offsetof(struct reading, str) + 1);
    blank(field, 0, out);
    out->status = status;
}

// latest reads the cache. What is no longer watched keeps its last sample.
void latest(dcgmGroupEntityPair_t e, unsigned field, usec now, struct reading *out)
{
    const struct series *s = series_find(e, field);
    usec ts = -1;
    bool found = false;
    if (!engine_knows(field, now) || !field_meta(field)) {
        no_value(field, DCGM_ST_UNKNOWN_FIELD, out);
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
    if (s && s->injected && s->injected->ts > ts) {
        *out = *s->injected;
        return;
    }
    if (!found)
        no_value(field, s && s->span_count ? DCGM_ST_NO_DATA : DCGM_ST_NOT_WATCHED, out);
}

// live reads past the cache.
void live(dcgmGroupEntityPair_t e, unsigned field, usec now, struct reading *out)
{
    if (!engine_knows(field, now) || !field_meta(field))
        no_value(field, DCGM_ST_UNKNOWN_FIELD, out);
    else if (by_events(e, field))
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

static int events_since(dcgmGroupEntityPair_t e, unsigned field, usec since, usec now, int limit, void (*visit)(const struct reading *, void *), void *data)
{
    int position = 0, count = 0;
    struct reading r;
    const struct event *ev;
    while (count < limit && (ev = history(e, field, since, now, &position))) {
        from_event(ev, &r);
        if (visit)
            visit(&r, data);
        count++;
    }
    return count;
}

static int span_since(const struct series *s, const struct span *p, usec since, usec now, int limit, void (*visit)(const struct reading *, void *), void *data)
{
    struct reading r;
    int count = 0;
    usec end = p->end < now ? p->end : now;
    usec skipped = since > p->start ? (since - p->start + p->period - 1) / p->period : 0;
    for (usec ts = p->start + skipped * p->period; ts <= end && count < limit; ts += p->period) {
        if (frozen_since(s->entity, s->field, ts) != FOREVER)
            continue;
        count++;
        if (!visit)
            continue;
        value_at(s->entity, s->field, ts, is_first(s, ts), &r);
        visit(&r, data);
    }
    return count;
}

int samples_since(dcgmGroupEntityPair_t e, unsigned field, usec since, usec now, int limit, void (*visit)(const struct reading *, void *), void *data)
{
    const struct series *s = series_find(e, field);
    int count = 0;
    if (!s || !s->subscriptions)
        return 0;
    if (by_events(e, field)) {
        usec kept = oldest_kept(s, now);
        return events_since(e, field, since > kept ? since : kept, now, limit, visit, data);
    }
    usec last = newest_taken(s, now);
    if (last < 0)
        return 0;
    usec kept = oldest_kept(s, last);
    for (int i = 0; i < s->span_count; i++)
        count += span_since(s, &s->spans[i], since > kept ? since : kept, now, limit - count, visit, data);
    return count;
}
