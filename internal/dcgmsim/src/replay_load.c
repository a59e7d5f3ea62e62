// SPDX-License-Identifier: Apache-2.0
// Reads a recording: its lines, in order, and then what follows from all of them.
#include "json.h"
#include "replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *add_item(struct column *c, size_t size)
{
    if (c->count == c->room) {
        int room = c->room ? 2 * c->room : 64;
        void *grown = realloc(c->items, (size_t)room * size);
        if (!grown)
            return NULL;
        c->items = grown;
        c->room = room;
    }
    void *item = (char *)c->items + (size_t)c->count++ * size;
    memset(item, 0, size);
    return item;
}

// read_time reads when a line was written, in seconds since the begin.
static bool read_time(struct reader *r, struct json row, struct problem *p)
{
    double t;
    if (!json_double(json_field(row, "t"), &t) || t < 0 || t > 1e9)
        return fail(p, &r->line, "a line of a recording needs \"t\", the seconds since its begin");
    usec at = (usec)(t * SECOND + 0.5);
    r->at = at > r->at ? at : r->at; // Two threads may have written it.
    r->from = r->at == r->call_at ? r->call_from : r->at;
    return true;
}

// read_line passes over a last line that is cut off, as a full disk or a killed process leaves it.
static bool read_line(struct reader *r, const char *text, struct problem *p)
{
    if (!*text || strspn(text, " \t\r\n") == strlen(text))
        return true;
    if (!json_valid(text))
        return text[strlen(text) - 1] != '\n' || fail(p, &r->line, "is no line of a recording, which is a JSON object");
    struct json row = json_line(text);
    return read_time(r, row, p) && replay_row(r, row, p);
}

static int compare_samples(const void *left, const void *right)
{
    const struct recorded_sample *a = left, *b = right;
    if (a->entity.entityGroupId != b->entity.entityGroupId)
        return a->entity.entityGroupId < b->entity.entityGroupId ? -1 : 1;
    if (a->entity.entityId != b->entity.entityId)
        return a->entity.entityId < b->entity.entityId ? -1 : 1;
    if (a->field != b->field)
        return a->field < b->field ? -1 : 1;
    if (a->read != b->read)
        return a->read < b->read ? -1 : 1;
    return a->from < b->from ? -1 : 1; // Until the samples are in order, the number of their line.
}

static bool same_series(const struct recorded_sample *a, const struct recorded_sample *b)
{
    return a->entity.entityGroupId == b->entity.entityGroupId && a->entity.entityId == b->entity.entityId && a->field == b->field;
}

// date_samples says from when on a sample is seen: the engine had it before the recorded client read it, but not before that
// client read another one.
static void date_samples(struct replay *r)
{
    usec before = -1; // the read before
    for (int i = 0; i < r->samples.count; i++)
        ITEM(r->samples, struct recorded_sample, i)->from = i;
    if (r->samples.count)
        qsort(r->samples.items, (size_t)r->samples.count, sizeof(struct recorded_sample), compare_samples);
    for (int i = 0; i < r->samples.count; i++) {
        struct recorded_sample *s = ITEM(r->samples, struct recorded_sample, i);
        bool first = i == 0 || !same_series(s - 1, s);
        if (first || s[-1].read != s->read)
            before = first ? -1 : s[-1].read;
        if (s->after > before)
            before = s->after;
        usec taken = s->timed ? s->taken : before < 0 ? s->read : before + (s->read - before + 1) / 2;
        s->from = taken > before ? taken : before + 1;
        if (s->from > s->read)
            s->from = s->read;
    }
}

static bool has_list(const struct replay *r, unsigned kind)
{
    for (int i = 0; i < r->lists.count; i++) {
        if (ITEM(r->lists, struct recorded_list, i)->kind == kind)
            return true;
    }
    return false;
}

// list_sampled lists the GPUs of a recording that has no list: those that were read.
static bool list_sampled(struct replay *r)
{
    struct recorded_list *l = add_item(&r->lists, sizeof *l);
    if (!l || !(l->ids.ids = calloc(DCGM_MAX_NUM_DEVICES, sizeof *l->ids.ids)))
        return false;
    l->kind = DCGM_FE_GPU;
    for (int i = 0; i < r->samples.count; i++) {
        const struct recorded_sample *s = ITEM(r->samples, struct recorded_sample, i);
        bool another = !l->ids.count || l->ids.ids[l->ids.count - 1] != s->entity.entityId;
        if (s->entity.entityGroupId == DCGM_FE_GPU && another && l->ids.count < DCGM_MAX_NUM_DEVICES)
            l->ids.ids[l->ids.count++] = s->entity.entityId;
    }
    return true;
}

// seat_gpu gives the node a GPU of the recording. Whether it is there at an instant is the recording's to say.
static bool seat_gpu(struct scenario *s, unsigned id)
{
    struct gpu *g = id < DCGM_MAX_NUM_DEVICES ? &s->node.gpus[id] : NULL;
    if (!g || g->used)
        return g;
    int model = find_model(&s->node, "recorded");
    if (model < 0 && s->node.model_count == MAX_MODELS)
        return false;
    if (model < 0) {
        model = s->node.model_count++;
        s->node.models[model] = (struct model){.key = "recorded", .name = "recorded", .base = -1, .profiling = PROFILING_DCP};
    }
    *g = (struct gpu){.used = true, .id = id, .minor = id, .index = id, .model = model};
    return true;
}

static bool seat_gpus(struct scenario *s, const struct replay *r)
{
    for (int i = 0; i < r->lists.count; i++) {
        const struct recorded_list *l = ITEM(r->lists, struct recorded_list, i);
        for (unsigned n = 0; l->kind == DCGM_FE_GPU && n < l->ids.count; n++) {
            if (!seat_gpu(s, l->ids.ids[n]))
                return false;
        }
    }
    return true;
}

static bool read_lines(struct reader *r, FILE *in, struct problem *p)
{
    char *text = NULL;
    size_t room = 0;
    bool ok = true;
    while (ok && getline(&text, &room, in) >= 0) {
        r->line.number++;
        ok = read_line(r, text, p);
    }
    free(text);
    return ok;
}

bool load_replay(struct scenario *s, const char *path, struct problem *p)
{
    struct reader r = {.scenario = s, .line = {.file = path}, .call_at = -1};
    FILE *in = fopen(path, "re");
    if (!in)
        return fail(p, &r.line, "cannot read the recording: %s", strerror(errno));
    r.replay = s->replay = s->replay ? s->replay : calloc(1, sizeof *s->replay);
    bool ok = r.replay && read_lines(&r, in, p);
    fclose(in);
    if (!ok)
        return r.replay ? false : fail(p, &r.line, "out of memory");
    date_samples(r.replay);
    if (!has_list(r.replay, DCGM_FE_GPU) && !list_sampled(r.replay))
        return fail(p, &r.line, "out of memory");
    return seat_gpus(s, r.replay) || fail(p, &r.line, "the recording has a GPU above %d", DCGM_MAX_NUM_DEVICES - 1);
}

bool replay_directive(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    (void)model;
    char path[1024];
    if (s->replay)
        return fail(p, l, "a scenario replays one recording, and has one already");
    if (!find_include(l, l->tokens[1], path, sizeof path))
        return fail(p, l, "cannot find \"%s\" beside this file or in DCGMSIM_INCLUDE; correct the name", l->tokens[1]);
    return load_replay(s, path, p);
}

void free_replay(struct replay *r)
{
    if (!r)
        return;
    for (int i = 0; i < r->samples.count; i++)
        free(ITEM(r->samples, struct recorded_sample, i)->text);
    for (int i = 0; i < r->incidents.count; i++)
        free(ITEM(r->incidents, struct recorded_incident, i)->text);
    for (int i = 0; i < r->lists.count; i++) {
        free(ITEM(r->lists, struct recorded_list, i)->ids.ids);
        free(ITEM(r->lists, struct recorded_list, i)->supported.ids);
    }
    for (int i = 0; i < r->outcomes.count; i++)
        free(ITEM(r->outcomes, struct recorded_outcome, i)->ids.ids);
    for (int i = 0; i < r->cpus.count; i++)
        free(ITEM(r->cpus, struct recorded_cpu, i)->cores.ids);
    for (int i = 0; i < r->peers.count; i++)
        free(ITEM(r->peers, struct recorded_peers, i)->states.ids);
    struct column *all[] = {&r->samples, &r->lists, &r->hierarchies, &r->instances, &r->link_reads, &r->links, &r->statuses, &r->profiling, &r->healths, &r->incidents, &r->outcomes, &r->usages, &r->cpu_reads, &r->cpus, &r->peer_reads, &r->peers};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]->items);
    free(r);
}
