// SPDX-License-Identifier: Apache-2.0
// The lines of a scenario file, but for the events.
#include "sim.h"

#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {
    [DCGM_FE_GPU] = "gpu", [DCGM_FE_SWITCH] = "switch", [DCGM_FE_GPU_I] = "gi", [DCGM_FE_GPU_CI] = "ci",
    [DCGM_FE_LINK] = "link", [DCGM_FE_CPU] = "cpu", [DCGM_FE_CPU_CORE] = "core",
};
static const char *const profilings[] = {[PROFILING_NONE] = "none", [PROFILING_DCP] = "dcp", [PROFILING_GPM] = "gpm"};
#define COUNT(names) ((int)(sizeof names / sizeof *names))

// parse_target reads *, 3, gpu:3, gi:*, link:*, cpu:0 and the like. A bare word is a GPU.
bool parse_target(const char *text, struct target *out)
{
    char kind[16];
    const char *colon = strchr(text, ':');
    out->kind = DCGM_FE_GPU;
    if (colon) {
        if ((size_t)(colon - text) >= sizeof kind)
            return false;
        memcpy(kind, text, (size_t)(colon - text));
        kind[colon - text] = 0;
        int i = lookup(kinds, COUNT(kinds), kind);
        if (i < 0)
            return false;
        out->kind = (unsigned)i;
        text = colon + 1;
    }
    out->id = -1;
    return strcmp(text, "*") == 0 || (parse_int(text, &out->id) && out->id >= 0 && out->id <= UINT32_MAX);
}

static bool do_version(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    (void)model;
    int64_t major;
    char *out = *l->tokens[0] == 'e' ? s->node.engine : s->node.library, first[2] = {*l->tokens[1], 0};
    if (!parse_int(first, &major) || strlen(l->tokens[1]) >= sizeof s->node.engine || strpbrk(l->tokens[1], ";:"))
        return fail(p, l, "%s needs a version such as 4.6.0, got \"%s\"", l->tokens[0], l->tokens[1]);
    copy_text(out, sizeof s->node.engine, l->tokens[1]);
    return true;
}

static bool do_clock(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    (void)model;
    int64_t seconds = 0;
    const char *start = strchr(l->tokens[1], ':');
    if (strncmp(l->tokens[1], "manual", 6) != 0 || (l->tokens[1][6] && l->tokens[1][6] != ':') || (start && (!parse_int(start + 1, &seconds) || seconds < 0 || seconds > 1e11)))
        return fail(p, l, "clock must be manual or manual:SECONDS, got \"%s\"", l->tokens[1]);
    s->node.manual = true;
    s->node.manual_start = seconds * SECOND;
    return true;
}

static bool do_model(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    struct node *n = &s->node;
    *model = find_model(n, l->tokens[1]);
    if (*model >= 0)
        return true;
    if (n->model_count == MAX_MODELS)
        return fail(p, l, "more than %d models", MAX_MODELS);
    *model = n->model_count++;
    n->models[*model].base = -1;
    copy_text(n->models[*model].key, sizeof n->models->key, l->tokens[1]);
    copy_text(n->models[*model].name, sizeof n->models->name, l->tokens[1]);
    return true;
}

// do_base lets a model begin as another one: its own lines come later and win.
static bool do_base(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    struct model *m = &s->node.models[*model];
    int base = find_model(&s->node, l->tokens[1]);
    if (base < 0 || base >= *model)
        return fail(p, l, "there is no model \"%s\" above; include its file first", l->tokens[1]);
    struct model copy = s->node.models[base];
    copy_text(copy.key, sizeof copy.key, m->key);
    copy.base = base;
    copy.own_groups = false;
    *m = copy;
    return true;
}

static bool do_name(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    (void)p;
    copy_text(s->node.models[*model].name, sizeof s->node.models->name, l->tokens[1]);
    return true;
}

static bool do_profiling(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    int i = lookup(profilings, COUNT(profilings), l->tokens[1]);
    if (i < 0)
        return fail(p, l, "profiling must be none, dcp or gpm, got \"%s\"", l->tokens[1]);
    s->node.models[*model].profiling = (enum profiling)i;
    return true;
}

static bool do_links(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    return parse_small(l, l->tokens[1], DCGM_NVLINK_MAX_LINKS_PER_GPU + 1, &s->node.models[*model].links, p);
}

static bool do_metrics(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    struct model *m = &s->node.models[*model];
    unsigned major = 0, minor = 0;
    if (!m->own_groups)
        m->group_count = 0; // Those of the base do not hold.
    m->own_groups = true;
    if (m->group_count == MAX_METRIC_GROUPS)
        return fail(p, l, "more than %d groups of metrics", MAX_METRIC_GROUPS);
    struct metric_group *g = &m->groups[m->group_count];
    if (!parse_small(l, l->tokens[1], 65536, &major, p) || !parse_small(l, l->tokens[2], 65536, &minor, p))
        return false;
    if (!parse_ids(l->tokens[3], &g->fields))
        return fail(p, l, "\"%s\" is no list of field ids such as 1001-1012,1033", l->tokens[3]);
    g->major = (unsigned short)major;
    g->minor = (unsigned short)minor;
    m->group_count++;
    return true;
}

static bool do_gpu(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    (void)model;
    struct gpu g;
    if (!parse_gpu(&s->node, l, 1, &g, p))
        return false;
    if (s->node.gpus[g.id].used)
        return fail(p, l, "there is a GPU %u already", g.id);
    s->node.gpus[g.id] = g;
    return true;
}

static bool do_mig(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    (void)model;
    unsigned id = 0;
    if (!parse_small(l, l->tokens[1], DCGM_MAX_NUM_DEVICES, &id, p))
        return false;
    if (!s->node.gpus[id].used)
        return fail(p, l, "there is no GPU %u; write its gpu line first", id);
    return parse_layout(l, l->tokens[2], &s->node.gpus[id], p);
}

// do_instances_per_gpu says how far apart the ids are that DCGM gives to the instances of two GPUs.
static bool do_instances_per_gpu(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    (void)model;
    unsigned n = 0;
    if (!parse_small(l, l->tokens[1], MAX_INSTANCE_IDS + 1, &n, p))
        return false;
    if (n < MAX_INSTANCES || s->event_count)
        return fail(p, l, "instances_per_gpu must be from %d to %d, and before the first event", MAX_INSTANCES, MAX_INSTANCE_IDS);
    s->node.instances_per_gpu = n;
    return true;
}

static bool do_switches(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    (void)model;
    s->node.switch_ports = 64;
    const char *ports = l->count > 2 ? value_of(l->tokens[2], "ports") : NULL;
    if (l->count > 2 && (!ports || !parse_small(l, ports, DCGM_NVLINK_MAX_LINKS_PER_NVSWITCH + 1, &s->node.switch_ports, p)))
        return fail(p, l, "switches knows ports= with a number up to %d, got \"%s\"", DCGM_NVLINK_MAX_LINKS_PER_NVSWITCH, l->tokens[2]);
    return parse_small(l, l->tokens[1], DCGM_MAX_NUM_SWITCHES + 1, &s->node.switch_count, p);
}

static bool do_cpu(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    (void)model;
    unsigned id = 0;
    if (!parse_small(l, l->tokens[1], DCGM_MAX_NUM_CPUS, &id, p))
        return false;
    struct cpu *c = &s->node.cpus[id];
    char *dash = strchr(l->tokens[2], '-');
    if (!dash)
        return fail(p, l, "cpu needs a range of cores such as 0-71, got \"%s\"", l->tokens[2]);
    *dash = 0;
    if (!parse_small(l, l->tokens[2], DCGM_MAX_NUM_CPU_CORES, &c->first_core, p) || !parse_small(l, dash + 1, DCGM_MAX_NUM_CPU_CORES, &c->last_core, p))
        return false;
    copy_text(c->serial, sizeof c->serial, l->tokens[3]);
    c->used = true;
    return true;
}

// add_rule puts a rule before the older ones of every field that a line names.
static bool add_rule(struct rule **rules, const struct rule *rule, const struct id_set *ids)
{
    for (unsigned id = 0; id < FIELD_COUNT; id++) {
        if (!set_has(ids, id))
            continue;
        struct rule *r = malloc(sizeof *r);
        if (!r)
            return false;
        *r = *rule;
        r->older = rules[id];
        rules[id] = r;
    }
    return true;
}

static bool parse_fields_of(struct line *l, struct id_set *ids, struct target *target, struct problem *p)
{
    if (!parse_ids(l->tokens[1], ids))
        return fail(p, l, "\"%s\" is no list of field ids such as 150,310-345", l->tokens[1]);
    if (!parse_target(l->tokens[2], target))
        return fail(p, l, "\"%s\" is no target; write *, 3, gi:*, ci:0, link:*, switch:*, cpu:* or core:*", l->tokens[2]);
    return true;
}

static bool do_field(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    struct id_set ids;
    struct rule rule = {.model = *model};
    if (!parse_fields_of(l, &ids, &rule.target, p) || !parse_spec(l, 3, &rule.spec, p))
        return false;
    return add_rule(s->node.rules, &rule, &ids) || fail(p, l, "out of memory");
}

// do_watched says what the host engine samples for itself, whatever its clients watch.
static bool do_watched(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    struct id_set ids;
    struct rule rule = {.model = *model};
    if (!parse_fields_of(l, &ids, &rule.target, p))
        return false;
    return add_rule(s->node.own, &rule, &ids) || fail(p, l, "out of memory");
}

static bool do_at(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    (void)model;
    struct event e;
    usec at;
    if (!parse_duration(l->tokens[1], &at))
        return fail(p, l, "at needs a duration such as 10s, got \"%s\"", l->tokens[1]);
    if (!parse_event(&s->node, l, 2, &e, p))
        return false;
    if (e.type == EVENT_ADVANCE || e.type == EVENT_UNHANG)
        return fail(p, l, "\"%s\" makes sense in the control file only", l->tokens[2]);
    if (e.type == EVENT_GPU_ADDED)
        s->node.announced |= 1u << e.gpu;
    e.at = at;
    if (e.until != FOREVER)
        e.until += at;
    return add_event(s, &e) || fail(p, l, "out of memory");
}

bool directive(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    static const struct {
        const char *name;
        bool (*parse)(struct scenario *, struct line *, int *, struct problem *);
        int least, most; // words
        bool in_model;
        const char *form;
    } all[] = {
        {"engine", do_version, 2, 2, false, "engine VERSION"},
        {"library", do_version, 2, 2, false, "library VERSION"},
        {"clock", do_clock, 2, 2, false, "clock manual[:SECONDS]"},
        {"model", do_model, 2, 2, false, "model KEY"},
        {"base", do_base, 2, 2, true, "base KEY"},
        {"name", do_name, 2, 2, true, "name \"NVIDIA ...\""},
        {"profiling", do_profiling, 2, 2, true, "profiling none|dcp|gpm"},
        {"links", do_links, 2, 2, true, "links COUNT"},
        {"metrics", do_metrics, 4, 4, true, "metrics MAJOR MINOR IDS"},
        {"gpu", do_gpu, 2, MAX_TOKENS, false, "gpu ID model=KEY uuid=UUID pci=BUSID [serial=] [minor=] [index=]"},
        {"mig", do_mig, 3, 3, false, "mig GPU PROFILE[@NUMBER][/SLICES+SLICES][,PROFILE...]"},
        {"instances_per_gpu", do_instances_per_gpu, 2, 2, false, "instances_per_gpu COUNT"},
        {"switches", do_switches, 2, 3, false, "switches COUNT [ports=COUNT]"},
        {"cpu", do_cpu, 4, 4, false, "cpu ID FIRST-LAST SERIAL"},
        {"replay", replay_directive, 2, 2, false, "replay FILE"},
        {"field", do_field, 4, MAX_TOKENS, false, "field IDS TARGET KIND ..."},
        {"watched", do_watched, 3, 3, false, "watched IDS TARGET"},
        {"at", do_at, 3, MAX_TOKENS, false, "at DURATION EVENT ..."},
    };
    for (int i = 0; i < COUNT(all); i++) {
        if (strcmp(l->tokens[0], all[i].name) != 0)
            continue;
        if (l->count < all[i].least || l->count > all[i].most)
            return fail(p, l, "wrong number of words; write: %s", all[i].form);
        if (all[i].in_model && *model < 0)
            return fail(p, l, "\"%s\" belongs below a line `model KEY`", all[i].name);
        return all[i].parse(s, l, model, p);
    }
    return fail(p, l, "\"%s\" is unknown; a line begins with include, engine, library, clock, model, base, name, profiling, links, metrics, gpu, mig, instances_per_gpu, switches, cpu, replay, field, watched or at", l->tokens[0]);
}
