// SPDX-License-Identifier: Apache-2.0
// What a recording answers at an instant.
#include "replay.h"

#include <string.h>

bool replaying(void)
{
    return REPLAY;
}

// elapsed is the time of the recording at an instant.
usec elapsed(usec now)
{
    return now - engine.boot;
}

usec replay_origin(void)
{
    return REPLAY ? REPLAY->origin : 0;
}

// ---- samples ----

static int before(const struct recorded_sample *s, dcgmGroupEntityPair_t e, unsigned field)
{
    if (s->entity.entityGroupId != e.entityGroupId)
        return s->entity.entityGroupId < e.entityGroupId;
    if (s->entity.entityId != e.entityId)
        return s->entity.entityId < e.entityId;
    return s->field < field;
}

// series returns the samples of a field of an entity, in order, and how many they are.
static const struct recorded_sample *series(dcgmGroupEntityPair_t e, unsigned field, int *count)
{
    const struct recorded_sample *all = REPLAY->samples.items;
    int low = 0, high = REPLAY->samples.count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (before(&all[middle], e, field))
            low = middle + 1;
        else
            high = middle;
    }
    *count = 0;
    while (low + *count < REPLAY->samples.count && same_entity(all[low + *count].entity, e) && all[low + *count].field == field)
        ++*count;
    return all + low;
}

static void answer(const struct recorded_sample *s, usec now, struct reading *out)
{
    memset(out, 0, offsetof(struct reading, str) + 1);
    out->status = s->status;
    out->type = s->type;
    out->i64 = s->i64;
    out->dbl = s->dbl;
    usec ts = engine.boot + s->taken;
    out->ts = s->timed ? ts < now ? ts : now : 0;
    if (s->text)
        copy_text(out->str, sizeof out->str, s->text);
}

// replay_latest reads a field; false: the recording does not have it. What was read with a cursor counts where nothing else was.
bool replay_latest(dcgmGroupEntityPair_t e, unsigned field, usec now, struct reading *out)
{
    int count;
    const struct recorded_sample *of = series(e, field, &count), *found = NULL;
    for (int i = 0; i < count; i++) {
        bool better = !found || (found->streamed && !of[i].streamed);
        if (better || (of[i].streamed == found->streamed && of[i].from <= elapsed(now)))
            found = &of[i];
    }
    if (found)
        answer(found, now, out);
    return found;
}

// replay_since calls visit for the samples that were read with a cursor, or for all where none were, each once.
void replay_since(dcgmGroupEntityPair_t e, unsigned field, usec since, usec now, bool (*visit)(const struct reading *, void *), void *data)
{
    int count;
    struct reading r;
    bool streamed = false;
    const struct recorded_sample *of = series(e, field, &count), *last = NULL;
    for (int i = 0; i < count; i++)
        streamed = streamed || of[i].streamed;
    for (int i = 0; i < count && of[i].from <= elapsed(now); i++) {
        bool again = last && (of[i].taken < last->taken || (of[i].taken == last->taken && !(streamed && of[i].read == last->read)));
        if (of[i].streamed != streamed || !of[i].timed || again)
            continue;
        last = &of[i];
        answer(last, now, &r);
        if (r.ts >= since && !visit(&r, data))
            return;
    }
}

// ---- what there is ----

// list_of returns the list that holds now, the first one before there is any.
static const struct recorded_list *list_of(unsigned kind)
{
    const struct recorded_list *found = NULL;
    for (int i = 0; i < REPLAY->lists.count; i++) {
        const struct recorded_list *l = ITEM(REPLAY->lists, struct recorded_list, i);
        if (l->kind == kind && (!found || l->at <= elapsed(now_us())))
            found = l;
    }
    return found;
}

bool has_id(const struct id_list *l, unsigned id)
{
    for (unsigned i = 0; i < l->count; i++) {
        if (l->ids[i] == id)
            return true;
    }
    return false;
}

unsigned replay_entities(unsigned kind, dcgmGroupEntityPair_t *out, unsigned room)
{
    const struct recorded_list *l = list_of(kind);
    unsigned count = 0;
    for (; l && count < l->ids.count && count < room; count++)
        out[count] = (dcgmGroupEntityPair_t){(dcgm_field_entity_group_t)kind, l->ids.ids[count]};
    return count;
}

// replay_has also knows what a client may read without listing it: links, of GPUs a host engine lists none, and CPUs and cores.
bool replay_has(dcgmGroupEntityPair_t e)
{
    const struct recorded_list *l = list_of(e.entityGroupId);
    bool found = l && has_id(&l->ids, e.entityId);
    bool unlisted = e.entityGroupId == DCGM_FE_LINK || e.entityGroupId == DCGM_FE_CPU || e.entityGroupId == DCGM_FE_CPU_CORE;
    for (int i = 0; !found && unlisted && i < REPLAY->samples.count; i++)
        found = same_entity(ITEM(REPLAY->samples, struct recorded_sample, i)->entity, e);
    return found;
}

// replay_supports reports whether a GPU is among the supported ones; *known: whether the recording says so.
bool replay_supports(unsigned gpu, bool *known)
{
    const struct recorded_list *l = list_of(DCGM_FE_GPU);
    *known = l && l->has_supported;
    return *known && has_id(&l->supported, gpu);
}

// replay_gpu_of finds the GPU of an instance, whenever it was there.
int replay_gpu_of(dcgmGroupEntityPair_t e)
{
    for (int i = REPLAY->instances.count - 1; i >= 0; i--) {
        const dcgmMigHierarchyInfo_v2 *h = ITEM(REPLAY->instances, dcgmMigHierarchyInfo_v2, i);
        if (!same_entity(h->entity, e))
            continue;
        if (h->parent.entityGroupId == DCGM_FE_GPU)
            return (int)h->parent.entityId;
        e = h->parent; // It comes before its compute instances.
    }
    return -1;
}

bool replay_status(unsigned gpu, usec t, DcgmEntityStatus_t *out)
{
    const struct recorded_status *found = NULL;
    for (int i = 0; i < REPLAY->statuses.count; i++) {
        const struct recorded_status *s = ITEM(REPLAY->statuses, struct recorded_status, i);
        if (s->gpu == gpu && (!found || s->at <= elapsed(t)))
            found = s;
    }
    if (found)
        *out = (DcgmEntityStatus_t)found->status;
    return found;
}
