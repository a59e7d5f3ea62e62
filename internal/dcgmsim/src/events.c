// SPDX-License-Identifier: Apache-2.0
// The grammar of events, in the timeline and in the control file.
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(names) ((int)(sizeof names / sizeof *names))

static const char *const ecc_types[] = {"sbe", "dbe"};
static const char *const remap_types[] = {"corrected", "uncorrected"};
static const char *const link_states[] = {"up", "down"};
static const char *const actions[] = {"none", "gpu_reset", "node_reboot", "drain_p2p", "drain_and_reset"};
static const char *const sxid_types[] = {"fatal", "non_fatal"};
static const char *const locations[] = {"total", "l1", "l2", "device", "register", "texture", "shared", "cbu", "sram"};
// The bits of field 112, by position.
static const char *const reasons[] = {"idle", "clocks_setting", "power_cap", "hw_slowdown", "sync_boost", "sw_thermal", "hw_thermal", "hw_power_brake", "display"};

enum word { WORD_NONE, WORD_DURATION, WORD_COUNT, WORD_IDS };

#define B(key) (1u << (key))
enum key { KEY_GPU, KEY_GI, KEY_CI, KEY_SWITCH, KEY_CODE, KEY_COUNT, KEY_TYPE, KEY_LOCATION, KEY_REASON, KEY_ACTION, KEY_ID, KEY_VALUE, KEY_LINK, KEY_LAYOUT, KEY_SETTLE, KEY_SPREAD, KEY_CALL, KEY_STATE, KEY_STATUS, KEY_PENDING, KEY_FAILED, KEY_FOR };
static const char *const keys[] = {"gpu", "gi", "ci", "switch", "code", "count", "type", "location", "reason", "action", "id", "value", "link", "layout", "settle", "spread", "call", "state", "status", "pending", "failed", "for"};

struct form {
    const char *name;
    enum word word;
    unsigned needs, knows;
    const char *const *types; // what type=, state= or action= may be
    int type_count;
};

#define TYPES(names) names, COUNT(names)
#define NO_TYPES NULL, 0
static const struct form forms[EVENT_TYPES] = {
    [EVENT_XID] = {"xid", WORD_NONE, B(KEY_CODE) | B(KEY_GPU), B(KEY_GI) | B(KEY_CI) | B(KEY_COUNT) | B(KEY_SPREAD), NO_TYPES},
    [EVENT_SXID] = {"sxid", WORD_NONE, B(KEY_SWITCH) | B(KEY_CODE), B(KEY_TYPE), TYPES(sxid_types)},
    [EVENT_ECC] = {"ecc", WORD_NONE, B(KEY_GPU) | B(KEY_TYPE), B(KEY_COUNT) | B(KEY_LOCATION), TYPES(ecc_types)},
    [EVENT_THROTTLE] = {"throttle", WORD_NONE, B(KEY_GPU) | B(KEY_REASON), B(KEY_FOR), NO_TYPES},
    [EVENT_ROW_REMAP] = {"row_remap", WORD_NONE, B(KEY_GPU), B(KEY_TYPE) | B(KEY_COUNT) | B(KEY_PENDING) | B(KEY_FAILED), TYPES(remap_types)},
    [EVENT_RECOVERY] = {"recovery", WORD_NONE, B(KEY_GPU) | B(KEY_ACTION), B(KEY_FOR), TYPES(actions)},
    [EVENT_LINK] = {"link", WORD_NONE, B(KEY_GPU) | B(KEY_LINK) | B(KEY_STATE), B(KEY_FOR), TYPES(link_states)},
    [EVENT_FIELD] = {"field", WORD_NONE, B(KEY_ID) | B(KEY_VALUE), B(KEY_GPU) | B(KEY_GI) | B(KEY_CI) | B(KEY_SWITCH) | B(KEY_FOR), NO_TYPES},
    [EVENT_UNFIELD] = {"unfield", WORD_NONE, B(KEY_ID), B(KEY_GPU) | B(KEY_GI) | B(KEY_CI) | B(KEY_SWITCH), NO_TYPES},
    [EVENT_GPU_LOST] = {"gpu_lost", WORD_NONE, B(KEY_GPU), B(KEY_FOR), NO_TYPES},
    [EVENT_GPU_RESTORED] = {"gpu_restored", WORD_NONE, B(KEY_GPU), 0, NO_TYPES},
    [EVENT_RESET] = {"reset", WORD_NONE, B(KEY_GPU), 0, NO_TYPES},
    [EVENT_GPU_DETACHED] = {"gpu_detached", WORD_NONE, B(KEY_GPU), 0, NO_TYPES},
    [EVENT_GPU_ATTACHED] = {"gpu_attached", WORD_NONE, B(KEY_GPU), 0, NO_TYPES},
    [EVENT_GPU_ADDED] = {"gpu_added", WORD_NONE, 0, 0, NO_TYPES},
    [EVENT_GPU_REMOVED] = {"gpu_removed", WORD_NONE, B(KEY_GPU), 0, NO_TYPES},
    [EVENT_MIG] = {"mig_reconfigure", WORD_NONE, B(KEY_GPU) | B(KEY_LAYOUT), B(KEY_SETTLE), NO_TYPES},
    [EVENT_PROFILING_PAUSED] = {"profiling_paused", WORD_NONE, 0, B(KEY_FOR) | B(KEY_GPU), NO_TYPES},
    [EVENT_PROFILING_RESUMED] = {"profiling_resumed", WORD_NONE, 0, B(KEY_GPU), NO_TYPES},
    [EVENT_ENGINE_DIES] = {"engine_dies", WORD_NONE, 0, B(KEY_FOR), NO_TYPES},
    [EVENT_ENGINE_RETURNS] = {"engine_returns", WORD_NONE, 0, 0, NO_TYPES},
    [EVENT_HANG] = {"hang", WORD_DURATION, 0, B(KEY_CALL), NO_TYPES},
    [EVENT_UNHANG] = {"unhang", WORD_NONE, 0, 0, NO_TYPES},
    [EVENT_SLOW] = {"slow", WORD_DURATION, 0, B(KEY_CALL) | B(KEY_FOR), NO_TYPES},
    [EVENT_UNKNOWN_FIELD] = {"unknown_field", WORD_IDS, 0, 0, NO_TYPES},
    [EVENT_GROUP_LIMIT] = {"group_limit", WORD_COUNT, 0, 0, NO_TYPES},
    [EVENT_ADVANCE] = {"advance", WORD_DURATION, 0, 0, NO_TYPES},
    [EVENT_CALL] = {"call", WORD_NONE, B(KEY_CALL) | B(KEY_STATUS), B(KEY_FOR), NO_TYPES},
};

static bool parse_reasons(const struct line *l, const char *text, struct event *out, struct problem *p)
{
    char copy[256], *rest = copy, *part, names[256];
    copy_text(copy, sizeof copy, text);
    join_names(reasons, COUNT(reasons), names, sizeof names);
    while ((part = strsep(&rest, ","))) {
        int bit = lookup(reasons, COUNT(reasons), part);
        if (bit < 0)
            return fail(p, l, "no reason \"%s\"; there are %s", part, names);
        out->mask |= 1u << bit;
    }
    return true;
}

static bool choose(const struct line *l, const char *key, const char *const *names, int count, const char *text, unsigned *out, struct problem *p)
{
    char all[256];
    int i = lookup(names, count, text);
    if (i < 0) {
        join_names(names, count, all, sizeof all);
        return fail(p, l, "%s must be one of %s, got \"%s\"", key, all, text);
    }
    *out = (unsigned)i;
    return true;
}

// parse_entity reads gpu=, gi=, ci= and switch=. Instances win over the GPU that holds them,
// and are counted within it.
static bool parse_entity(const struct node *n, const struct line *l, enum key key, const char *text, struct event *out, struct problem *p)
{
    static const unsigned kinds[] = {[KEY_GPU] = DCGM_FE_GPU, [KEY_GI] = DCGM_FE_GPU_I, [KEY_CI] = DCGM_FE_GPU_CI, [KEY_SWITCH] = DCGM_FE_SWITCH};
    int64_t id = -1;
    bool all = strcmp(text, "*") == 0;
    if (!all && (!parse_int(text, &id) || id < 0 || id > 4096))
        return fail(p, l, "%s must be a number or *, got \"%s\"", keys[key], text);
    if (key == KEY_GPU) {
        if (!all && (id >= DCGM_MAX_NUM_DEVICES || !(n->gpus[id].used || n->announced >> id & 1)))
            return fail(p, l, "there is no GPU %s in the scenario", text);
        out->gpu = (int)id;
    }
    if (key != KEY_GPU || out->target.kind == DCGM_FE_GPU)
        out->target = (struct target){kinds[key], id};
    return true;
}

static bool parse_value(const struct node *n, const struct form *f, const struct line *l, enum key key, const char *text, struct event *out, struct problem *p)
{
    unsigned location;
    switch (key) {
    case KEY_GPU: case KEY_GI: case KEY_CI: case KEY_SWITCH:
        return parse_entity(n, l, key, text, out, p);
    case KEY_CODE: case KEY_LINK:
        return (parse_int(text, &out->code) && out->code >= 0) || fail(p, l, "%s needs a number, got \"%s\"", keys[key], text);
    case KEY_STATUS:
        return (parse_int(text, &out->code) && out->code <= 0) || fail(p, l, "status needs a DCGM status such as -11, got \"%s\"", text);
    case KEY_COUNT:
        return (parse_int(text, &out->count) && out->count > 0 && out->count <= 100000) || fail(p, l, "count must be from 1 to 100000, got \"%s\"", text);
    case KEY_TYPE: case KEY_STATE: case KEY_ACTION:
        return choose(l, keys[key], f->types, f->type_count, text, &out->choice, p);
    case KEY_LOCATION:
        if (!choose(l, "location", locations, COUNT(locations), text, &location, p))
            return false;
        out->mask = location;
        return true;
    case KEY_REASON:
        return parse_reasons(l, text, out, p);
    case KEY_ID:
        return parse_ids(text, &out->ids) || fail(p, l, "id needs field ids such as 155 or 310-345, got \"%s\"", text);
    case KEY_VALUE:
        return parse_override(l, text, &out->spec, p);
    case KEY_LAYOUT:
        return parse_layout(l, text, &out->board, p);
    case KEY_SPREAD:
        return (parse_duration(text, &out->spread) && out->spread > 0) || fail(p, l, "spread needs a duration such as 1s, got \"%s\"", text);
    case KEY_SETTLE:
        return parse_duration(text, &out->duration) || fail(p, l, "settle needs a duration such as 10s, got \"%s\"", text);
    default:
        copy_text(out->call, sizeof out->call, text);
        return true;
    }
}

static bool unknown_word(const struct form *f, const struct line *l, const char *token, struct problem *p)
{
    char all[512];
    const char *known[COUNT(keys)] = {0};
    for (int k = 0; k < COUNT(keys); k++) {
        if ((f->needs | f->knows) & B(k))
            known[k] = keys[k];
    }
    join_names(known, COUNT(keys), all, sizeof all);
    return fail(p, l, "%s does not know \"%s\"; it knows %s", f->name, token, *all ? all : "no words");
}

// parse_word reads one of key=value, pending, failed and for DURATION. It moves *at past it.
static bool parse_word(const struct node *n, const struct form *f, const struct line *l, int *at, struct event *out, unsigned *seen, struct problem *p)
{
    const char *token = l->tokens[(*at)++], *text;
    for (int k = 0; k < COUNT(keys); k++) {
        if (!((f->needs | f->knows) & B(k)))
            continue;
        bool bare = strcmp(token, keys[k]) == 0;
        text = k >= KEY_PENDING ? NULL : value_of(token, keys[k]);
        if (!text && !(bare && k >= KEY_PENDING))
            continue;
        *seen |= B(k);
        if (text)
            return parse_value(n, f, l, (enum key)k, text, out, p);
        if (k != KEY_FOR) {
            *(k == KEY_PENDING ? &out->pending : &out->failed) = true;
            return true;
        }
        if (*at == l->count || !parse_duration(l->tokens[(*at)++], &out->until))
            return fail(p, l, "for needs a duration such as 10s");
        return true;
    }
    return unknown_word(f, l, token, p);
}

static bool parse_first(const struct form *f, const struct line *l, int at, struct event *out, struct problem *p)
{
    const char *text = at < l->count ? l->tokens[at] : "";
    switch (f->word) {
    case WORD_DURATION:
        return parse_duration(text, &out->duration) || fail(p, l, "%s needs a duration such as 5s, got \"%s\"", f->name, text);
    case WORD_COUNT:
        return (parse_int(text, &out->count) && out->count >= 0 && out->count <= MAX_GROUPS) || fail(p, l, "%s needs a number from 0 to %d, got \"%s\"", f->name, MAX_GROUPS, text);
    case WORD_IDS:
        return (*text && parse_ids(text, &out->ids)) || fail(p, l, "%s needs field ids such as 1611, got \"%s\"", f->name, text);
    default:
        return true;
    }
}

static bool unknown_event(const struct line *l, const char *name, struct problem *p)
{
    char all[512];
    const char *names[EVENT_TYPES];
    for (int i = 0; i < EVENT_TYPES; i++)
        names[i] = forms[i].name;
    join_names(names, EVENT_TYPES, all, sizeof all);
    return fail(p, l, "no event \"%s\"; there are %s", name, all);
}

// place_instance turns the number of an instance within its GPU into DCGM's.
static bool place_instance(const struct node *n, const struct line *l, struct event *out, struct problem *p)
{
    struct target *t = &out->target;
    if ((t->kind != DCGM_FE_GPU_I && t->kind != DCGM_FE_GPU_CI) || t->id < 0)
        return true;
    if (out->gpu < 0 || t->id >= n->instances_per_gpu)
        return fail(p, l, "gi and ci count within a GPU, from 0 to %u; name it with gpu=", n->instances_per_gpu - 1);
    t->id += (int64_t)out->gpu * n->instances_per_gpu;
    return true;
}

bool parse_event(const struct node *n, struct line *l, int first, struct event *out, struct problem *p)
{
    unsigned seen = 0;
    memset(out, 0, sizeof *out);
    out->until = FOREVER;
    out->gpu = -1;
    out->count = 1;
    out->target = (struct target){DCGM_FE_GPU, -1};
    int type = 0;
    while (type < EVENT_TYPES && (!forms[type].name || strcmp(forms[type].name, l->tokens[first]) != 0))
        type++;
    if (type == EVENT_TYPES)
        return unknown_event(l, l->tokens[first], p);
    const struct form *f = &forms[type];
    out->type = (enum event_type)type;
    int at = first + 1;
    if (type == EVENT_GPU_ADDED) {
        if (!parse_gpu(n, l, at, &out->board, p))
            return false;
        out->gpu = (int)out->board.id;
        return true;
    }
    if (!parse_first(f, l, at, out, p))
        return false;
    at += f->word != WORD_NONE;
    while (at < l->count) {
        if (!parse_word(n, f, l, &at, out, &seen, p))
            return false;
    }
    for (int k = 0; k < COUNT(keys); k++) {
        if (f->needs & ~seen & B(k))
            return fail(p, l, "%s needs %s=", f->name, keys[k]);
    }
    return place_instance(n, l, out, p);
}
