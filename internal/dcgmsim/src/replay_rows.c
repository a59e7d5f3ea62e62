// SPDX-License-Identifier: Apache-2.0
// The kinds of lines that recordings have.
#include "json.h"
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(items) ((int)(sizeof items / sizeof *items))

static const char *const kinds[] = {
    [DCGM_FE_NONE] = "unknown", [DCGM_FE_GPU] = "GPU", [DCGM_FE_VGPU] = "vGPU", [DCGM_FE_SWITCH] = "NvSwitch", [DCGM_FE_GPU_I] = "GPU Instance",
    [DCGM_FE_GPU_CI] = "GPU Compute Instance", [DCGM_FE_LINK] = "NvLink", [DCGM_FE_CPU] = "CPU", [DCGM_FE_CPU_CORE] = "CPU Core", [DCGM_FE_CONNECTX] = "ConnectX",
};

bool lacks(struct reader *r, const char *what, struct problem *p)
{
    return fail(p, &r->line, "a line of this kind needs %s", what);
}

bool kind_named(const char *name, unsigned *out)
{
    int kind = lookup(kinds, COUNT(kinds), name);
    *out = (unsigned)kind;
    return kind >= 0;
}

static bool read_kind(struct reader *r, struct json row, const char *key, unsigned *out, struct problem *p)
{
    char name[32];
    json_text(json_field(row, key), name, sizeof name);
    if (!kind_named(name, out))
        return fail(p, &r->line, "\"%s\" is \"%s\", which is no kind of entity such as GPU, GPU Instance or NvSwitch", key, name);
    return true;
}

bool read_number(struct reader *r, struct json row, const char *key, int64_t limit, unsigned *out, struct problem *p)
{
    int64_t n;
    if (!json_int(json_field(row, key), &n) || n < 0 || n > limit)
        return fail(p, &r->line, "\"%s\" is not a number from 0 to %lld", key, (long long)limit);
    *out = (unsigned)n;
    return true;
}

bool read_entity_kind(struct reader *r, struct json row, dcgmGroupEntityPair_t *out, struct problem *p)
{
    unsigned kind;
    if (!read_kind(r, row, "entity_group", &kind, p))
        return false;
    *out = (dcgmGroupEntityPair_t){(dcgm_field_entity_group_t)kind, UINT32_MAX};
    return true;
}

bool read_entity(struct reader *r, struct json row, const char *group, const char *id, dcgmGroupEntityPair_t *out, struct problem *p)
{
    unsigned kind, number;
    if (!read_kind(r, row, group, &kind, p) || !read_number(r, row, id, UINT32_MAX, &number, p))
        return false;
    *out = (dcgmGroupEntityPair_t){(dcgm_field_entity_group_t)kind, number};
    return true;
}

// ---- samples ----

static unsigned short read_type(struct json row)
{
    static const char *const names[] = {"int64", "double", "string", "timestamp", "binary"};
    static const unsigned short types[] = {DCGM_FT_INT64, DCGM_FT_DOUBLE, DCGM_FT_STRING, DCGM_FT_TIMESTAMP, DCGM_FT_BINARY};
    char name[16];
    json_text(json_field(row, "type"), name, sizeof name);
    int i = lookup(names, COUNT(names), name);
    return i < 0 ? 0 : types[i];
}

// date reads when a sample was taken: by the engine's clock, or by its age.
static void date(struct reader *r, struct json row, struct recorded_sample *s)
{
    int64_t ts = 0;
    double age = -1;
    json_int(json_field(row, "ts_us"), &ts);
    json_double(json_field(row, "age_ms"), &age);
    s->timed = ts > 0 || age >= 0;
    if (ts > 0 && !r->replay->origin)
        r->replay->origin = ts + (age > 0 ? (usec)(age * 1000) : 0) - r->at;
    s->taken = ts > 0 ? ts - r->replay->origin : r->at - (usec)(age * 1000);
}

usec unchanged_until(struct json row)
{
    double t;
    return json_double(json_field(row, "unchanged_until"), &t) ? (usec)(t * SECOND + 0.5) : -1;
}

static bool keep_text(struct json value, struct recorded_sample *s)
{
    char text[DCGM_MAX_STR_LENGTH];
    json_text(value, text, sizeof text);
    s->text = strdup(text);
    return s->text;
}

static bool add_sample(struct reader *r, struct json row, bool streamed, struct problem *p)
{
    struct recorded_sample s = {.streamed = streamed, .read = streamed ? r->since : r->at, .after = streamed ? r->since_after : unchanged_until(row), .type = read_type(row)};
    unsigned field = 0;
    int64_t status;
    if (!read_entity(r, row, "entity_group", "entity_id", &s.entity, p) || !read_number(r, row, "field", FIELD_COUNT - 1, &field, p))
        return false;
    if (!s.type || !json_int(json_field(row, "status"), &status))
        return lacks(r, "\"type\" and \"status\"", p);
    if (streamed && status == DCGM_ST_NO_DATA)
        return true; // There was none, which is no sample.
    s.field = (unsigned short)field;
    s.status = (int)status;
    date(r, row, &s);
    struct json value = json_field(row, "value");
    bool is_text = s.type == DCGM_FT_STRING, is_double = s.type == DCGM_FT_DOUBLE;
    if (is_text ? !keep_text(value, &s) : is_double ? !json_double(value, &s.dbl) : !json_int(value, &s.i64) && s.type != DCGM_FT_BINARY)
        return lacks(r, "a \"value\" of its type", p);
    struct recorded_sample *kept = add_item(&r->replay->samples, sizeof *kept);
    if (!kept)
        return fail(p, &r->line, "out of memory");
    *kept = s;
    return streamed || end_failures(r, s.entity, p);
}

static bool do_value(struct reader *r, struct json row, struct problem *p)
{
    return add_sample(r, row, false, p);
}

// do_since begins the rows of a read with a cursor.
static bool do_since(struct reader *r, struct json row, struct problem *p)
{
    (void)p;
    r->since = r->at;
    r->since_after = unchanged_until(row);
    return true;
}

static bool do_value_since(struct reader *r, struct json row, struct problem *p)
{
    return add_sample(r, row, true, p);
}

// ---- what there is ----

bool read_ids(struct json array, struct id_list *out)
{
    static unsigned ids[MOST_ENTITIES];
    struct json item;
    int64_t id;
    out->count = 0;
    for (bool more = json_first(array, &item); more && out->count < MOST_ENTITIES; more = json_next(&item)) {
        if (!json_int(item, &id) || id < 0 || id > UINT32_MAX)
            return false;
        ids[out->count++] = (unsigned)id;
    }
    out->ids = malloc(out->count * sizeof *ids + 1);
    return out->ids && memcpy(out->ids, ids, out->count * sizeof *ids);
}

static bool do_entities(struct reader *r, struct json row, struct problem *p)
{
    unsigned kind;
    if (!read_kind(r, row, "entity_group", &kind, p))
        return false;
    struct recorded_list *l = add_item(&r->replay->lists, sizeof *l);
    if (!l)
        return fail(p, &r->line, "out of memory");
    l->at = r->from;
    l->kind = kind;
    struct json supported = json_field(row, "supported");
    l->has_supported = supported.kind == '[';
    if (!read_ids(json_field(row, "ids"), &l->ids) || !read_ids(supported, &l->supported))
        return lacks(r, "\"ids\", and where it has \"supported\", numbers in it", p);
    return add_outcome(r, "dcgmGetEntityGroupEntities", (dcgmGroupEntityPair_t){(dcgm_field_entity_group_t)kind, UINT32_MAX}, DCGM_ST_OK, p);
}

static struct recorded_block *last_block(const struct column *blocks)
{
    return blocks->count ? ITEM(*blocks, struct recorded_block, blocks->count - 1) : NULL;
}

struct recorded_block *begin_block(struct reader *r, struct column *blocks, const struct column *rows)
{
    struct recorded_block *b = add_item(blocks, sizeof *b);
    if (b)
        *b = (struct recorded_block){.at = r->from, .first = rows->count};
    return b;
}

// add_row adds a row to the newest block. Recordings say with a line of their own when one begins.
void *add_row(struct reader *r, struct column *blocks, struct column *rows, size_t size)
{
    struct recorded_block *b = last_block(blocks);
    b = b ? b : begin_block(r, blocks, rows);
    void *row = b ? add_item(rows, size) : NULL;
    b = row ? last_block(blocks) : NULL;
    if (b)
        b->count++;
    return row;
}

static bool do_hierarchy(struct reader *r, struct json row, struct problem *p)
{
    struct json info = json_field(row, "info");
    dcgmMigHierarchyInfo_v2 *h = add_row(r, &r->replay->hierarchies, &r->replay->instances, sizeof *h);
    if (!h)
        return fail(p, &r->line, "out of memory");
    json_text(json_field(info, "GpuUuid"), h->info.gpuUuid, sizeof h->info.gpuUuid);
    return read_entity(r, row, "entity_group", "entity_id", &h->entity, p) && read_entity(r, row, "parent_group", "parent_id", &h->parent, p) &&
           read_number(r, info, "NvmlGpuIndex", UINT32_MAX, &h->info.nvmlGpuIndex, p) && read_number(r, info, "NvmlInstanceId", UINT32_MAX, &h->info.nvmlInstanceId, p) &&
           read_number(r, info, "NvmlComputeInstanceId", UINT32_MAX, &h->info.nvmlComputeInstanceId, p) &&
           read_number(r, info, "NvmlMigProfileId", UINT32_MAX, &h->info.nvmlMigProfileId, p) && read_number(r, info, "NvmlProfileSlices", UINT32_MAX, &h->info.nvmlProfileSlices, p);
}

static bool do_link_status(struct reader *r, struct json row, struct problem *p)
{
    struct recorded_link *l = add_row(r, &r->replay->link_reads, &r->replay->links, sizeof *l);
    if (!l)
        return fail(p, &r->line, "out of memory");
    return read_entity(r, row, "parent_type", "parent_id", &l->parent, p) && read_number(r, row, "index", DCGM_NVLINK_MAX_LINKS_PER_NVSWITCH - 1, &l->index, p) &&
           read_number(r, row, "state", UINT8_MAX, &l->state, p);
}

// do_gpu_status passes over what a client makes up while it has no connection.
static bool do_gpu_status(struct reader *r, struct json row, struct problem *p)
{
    if (r->dead)
        return true;
    struct recorded_status *s = add_item(&r->replay->statuses, sizeof *s);
    if (!s)
        return fail(p, &r->line, "out of memory");
    s->at = r->from;
    return read_number(r, row, "entity_id", DCGM_MAX_NUM_DEVICES - 1, &s->gpu, p) && (json_int(json_field(row, "value"), &s->status) || lacks(r, "\"value\"", p));
}

static bool do_metric_groups(struct reader *r, struct json row, struct problem *p)
{
    struct recorded_profiling *g = add_item(&r->replay->profiling, sizeof *g);
    struct json group, field;
    int64_t id;
    if (!g)
        return fail(p, &r->line, "out of memory");
    g->at = r->from;
    for (bool more = json_first(json_field(row, "value"), &group); more; more = json_next(&group)) {
        for (bool any = json_first(json_field(group, "FieldIds"), &field); any; any = json_next(&field)) {
            if (!json_int(field, &id) || id < 0 || id >= FIELD_COUNT)
                return lacks(r, "\"FieldIds\" that are numbers of fields", p);
            g->fields.bits[id / 64] |= (uint64_t)1 << (id % 64);
        }
    }
    return read_number(r, row, "entity_id", DCGM_MAX_NUM_DEVICES - 1, &g->gpu, p) &&
           add_outcome(r, "dcgmProfGetSupportedMetricGroups", (dcgmGroupEntityPair_t){DCGM_FE_GPU, g->gpu}, DCGM_ST_OK, p);
}

// ---- health ----

static bool do_health(struct reader *r, struct json row, struct problem *p)
{
    struct recorded_block *b = begin_block(r, &r->replay->healths, &r->replay->incidents);
    if (!b)
        return fail(p, &r->line, "out of memory");
    return json_int(json_field(row, "overall"), &b->overall) || lacks(r, "\"overall\"", p);
}

static bool do_incident(struct reader *r, struct json row, struct problem *p)
{
    struct recorded_incident *i = add_row(r, &r->replay->healths, &r->replay->incidents, sizeof *i);
    if (!i || !(i->text = malloc(sizeof ((dcgmDiagErrorDetail_t *)0)->msg)))
        return fail(p, &r->line, "out of memory");
    json_text(json_field(row, "message"), i->text, sizeof ((dcgmDiagErrorDetail_t *)0)->msg);
    if (!json_int(json_field(row, "system"), &i->system) || !json_int(json_field(row, "health"), &i->health) || !json_int(json_field(row, "code"), &i->code))
        return lacks(r, "\"system\", \"health\" and \"code\"", p);
    return read_entity(r, row, "entity_group", "entity_id", &i->entity, p);
}

static bool do_nothing(struct reader *r, struct json row, struct problem *p)
{
    (void)r, (void)row, (void)p;
    return true;
}

bool replay_row(struct reader *r, struct json row, struct problem *p)
{
    static const struct {
        const char *kind;
        bool (*read)(struct reader *, struct json, struct problem *);
        bool alive; // an engine has answered
    } all[] = {
        {"engine", replay_engine, true}, {"hostengine_version", replay_engine, true}, {"entities", do_entities, true}, {"hierarchy", do_hierarchy, true},
        {"link_status", do_link_status, true}, {"cpu", replay_cpu, true}, {"peers", replay_peers_row, true}, {"gpu_status", do_gpu_status, false}, {"metric_groups", do_metric_groups, true}, {"usage", replay_usage, true},
        {"value", do_value, true}, {"value_since", do_value_since, true}, {"health", do_health, true}, {"incident", do_incident, false}, {"violation", replay_violation, true},
        {"call", replay_call, false}, {"error", replay_call, false},
        {"since", do_since, true},
        // What nobody replays.
        {"health_get", do_nothing, false}, {"policy", do_nothing, false}, {"status31", do_nothing, false},
    };
    char kind[32];
    json_text(json_field(row, "kind"), kind, sizeof kind);
    for (int i = 0; i < COUNT(all); i++) {
        if (strcmp(kind, all[i].kind) != 0)
            continue;
        return (!all[i].alive || replay_alive(r, p)) && all[i].read(r, row, p);
    }
    return fail(p, &r->line, "a recording has no lines of kind \"%s\"", kind);
}
