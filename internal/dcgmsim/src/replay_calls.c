// SPDX-License-Identifier: Apache-2.0
// The lines of a recording that say how calls ended, and what the engine said of itself.
#include "json.h"
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(items) ((int)(sizeof items / sizeof *items))
#define LONGEST_CALL 4096

static bool is_read(const char *call)
{
    return strcmp(call, "dcgmEntitiesGetLatestValues") == 0;
}

bool same_entity(dcgmGroupEntityPair_t a, dcgmGroupEntityPair_t b)
{
    return a.entityGroupId == b.entityGroupId && a.entityId == b.entityId;
}

static struct recorded_outcome *new_outcome(struct reader *r, const char *call, dcgmGroupEntityPair_t e, int status)
{
    struct recorded_outcome *o = add_item(&r->replay->outcomes, sizeof *o);
    if (!o)
        return NULL;
    o->at = r->from;
    o->other_before = r->at == r->call_at && r->other_before;
    o->entity = e;
    o->status = status;
    copy_text(o->call, sizeof o->call, call);
    return o;
}

bool add_outcome(struct reader *r, const char *call, dcgmGroupEntityPair_t e, int status, struct problem *p)
{
    if (is_read(call))
        r->failing = r->failing || status;
    return new_outcome(r, call, e, status) || fail(p, &r->line, "out of memory");
}

// end_failures notes that an entity is read again.
bool end_failures(struct reader *r, dcgmGroupEntityPair_t e, struct problem *p)
{
    static const char call[] = "dcgmEntitiesGetLatestValues";
    const dcgmGroupEntityPair_t both[] = {e, NO_ENTITY};
    for (int i = 0; r->failing && i < COUNT(both); i++) {
        const struct recorded_outcome *last = NULL;
        for (int n = r->replay->outcomes.count - 1; !last && n >= 0; n--) {
            const struct recorded_outcome *o = ITEM(r->replay->outcomes, struct recorded_outcome, n);
            if (is_read(o->call) && same_entity(o->entity, both[i]))
                last = o;
        }
        if (last && last->status && last->at < r->at && !add_outcome(r, call, both[i], DCGM_ST_OK, p))
            return false;
    }
    return true;
}

// status_in finds the status that an error speaks of: go-dcgm keeps the text of many alone.
static int status_in(struct json row, const char *error)
{
    int64_t code;
    if (!*error)
        return DCGM_ST_OK;
    if (json_int(json_field(row, "code"), &code) && code < 0)
        return (int)code;
    const char *number = strstr(error, "error code -");
    if (number)
        return atoi(number + strlen("error code "));
    return status_of_text(error);
}

static bool add_engine_event(struct reader *r, enum event_type type, struct problem *p)
{
    struct event e = {.at = r->from, .until = FOREVER, .type = type, .gpu = -1};
    return add_event(r->scenario, &e) || fail(p, &r->line, "out of memory");
}

// replay_alive notes that an engine answers, be it one that has come back.
bool replay_alive(struct reader *r, struct problem *p)
{
    bool was_dead = r->dead;
    r->dead = false;
    return !was_dead || add_engine_event(r, EVENT_ENGINE_RETURNS, p);
}

static bool disconnected(struct reader *r, struct problem *p)
{
    bool was_dead = r->dead;
    r->dead = true;
    return was_dead || add_engine_event(r, EVENT_ENGINE_DIES, p);
}

// read_fields reads numbers between brackets, as in [150 155].
static bool read_fields(const char *text, struct id_set *out)
{
    memset(out, 0, sizeof *out);
    if (*text++ != '[')
        return false;
    while (*text && *text != ']') {
        char *end;
        unsigned long id = strtoul(text, &end, 10);
        if (end == text || id >= FIELD_COUNT)
            return false;
        out->bits[id / 64] |= (uint64_t)1 << (id % 64);
        text = end + strspn(end, " ");
    }
    return *text;
}

// What a call of go-dcgm is at the library.
static const struct call {
    const char *name, *call;
    bool has_kind; // of entities, after its name
} calls[] = {
    {"AddEntityToGroup", "dcgmGroupAddEntity", false}, {"CreateGroup", "dcgmGroupCreate", false}, {"EntitiesGetLatestValues", "dcgmEntitiesGetLatestValues", false}, {"FieldGroupCreate", "dcgmFieldGroupCreate", false},
    {"GetEntityGroupEntities", "dcgmGetEntityGroupEntities", true}, {"GetHostengineVersionInfo", "dcgmHostengineVersionInfo", false},
    {"GetGPUInstanceHierarchy", "dcgmGetGpuInstanceHierarchy", false}, {"GetNvLinkLinkStatus", "dcgmGetNvLinkLinkStatus", false},
    {"GetCPUHierarchy_v2", "dcgmGetCpuHierarchy_v2", false}, {"GetNvLinkP2PStatus", "dcgmGetNvLinkP2PStatus", false},
    {"GetSupportedDevices", "dcgmGetAllSupportedDevices", false}, {"GetSupportedMetricGroups", "dcgmProfGetSupportedMetricGroups", false}, 
    {"GetValuesSince", "dcgmGetValuesSince_v2", false}, {"HealthCheck", "dcgmHealthCheck", false},
    {"Introspect", "dcgmIntrospectGetHostengineMemoryUsage", false}, {"WatchFields", "dcgmWatchFields", false},
};

// keep_outcome keeps what can be repeated: calls as they are, for one entity, or for fields. What else a name says is for
// people.
static bool keep_outcome(struct reader *r, struct json row, const struct call *c, const char *rest, int status, struct problem *p)
{
    dcgmGroupEntityPair_t entity = NO_ENTITY;
    struct id_set fields;
    bool has_fields = read_fields(rest, &fields), has_entity = json_field(row, "entity_id").kind >= 0;
    unsigned kind = 0;
    if (c->has_kind && !kind_named(rest, &kind))
        return true;
    if (has_entity && !read_entity(r, row, "entity_group", "entity_id", &entity, p))
        return false;
    if (c->has_kind)
        entity = (dcgmGroupEntityPair_t){(dcgm_field_entity_group_t)kind, UINT32_MAX};
    else if (*rest && !has_fields)
        return true;
    if (!has_fields)
        return add_outcome(r, c->call, entity, status, p);
    struct recorded_outcome *o = new_outcome(r, c->call, NO_ENTITY, status);
    if (!o)
        return fail(p, &r->line, "out of memory");
    o->has_fields = true;
    o->fields = fields;
    o->has_ids = json_field(row, "entity_ids").kind == '[';
    if (!o->has_ids)
        return true;
    if (!read_ids(json_field(row, "entity_ids"), &o->ids))
        return lacks(r, "\"entity_ids\" that are numbers", p);
    return read_entity_kind(r, row, &o->entity, p);
}

// limit_groups takes an engine without groups left for one that has as many as the client held.
static bool limit_groups(struct reader *r, int64_t held, struct problem *p)
{
    const usec begin = 10 * SECOND;
    struct event e = {.at = r->at < begin ? 0 : r->at, .until = FOREVER, .type = EVENT_GROUP_LIMIT, .gpu = -1, .count = held};
    return add_event(r->scenario, &e) || fail(p, &r->line, "out of memory");
}

// begin_rows begins the rows of a call that answers with several.
static bool begin_rows(struct reader *r, const char *name)
{
    struct replay *all = r->replay;
    if (strcmp(name, "GetGPUInstanceHierarchy") == 0)
        return begin_block(r, &all->hierarchies, &all->instances);
    if (strcmp(name, "GetCPUHierarchy_v2") == 0)
        return begin_block(r, &all->cpu_reads, &all->cpus);
    if (strcmp(name, "GetNvLinkP2PStatus") == 0)
        return begin_block(r, &all->peer_reads, &all->peers);
    return strcmp(name, "GetNvLinkLinkStatus") != 0 || begin_block(r, &all->link_reads, &all->links);
}

// date_call lets an answer that is new hold from the middle between the last time that it was the old one and now: clients
// do not ask at the same instants.
static void date_call(struct reader *r, struct json row)
{
    usec until = unchanged_until(row);
    r->call_at = r->at;
    r->other_before = until >= 0;
    r->from = r->call_from = until < 0 ? r->at : until + (r->at - until + 1) / 2;
}

bool replay_call(struct reader *r, struct json row, struct problem *p)
{
    char name[LONGEST_CALL], error[LONGEST_CALL];
    date_call(r, row);
    json_text(json_field(row, "call"), name, sizeof name);
    json_text(json_field(row, "error"), error, sizeof error);
    int status = status_in(row, error);
    if (status == DCGM_ST_CONNECTION_NOT_VALID)
        return disconnected(r, p);
    if (status == DCGM_ST_OK && (!replay_alive(r, p) || !begin_rows(r, name)))
        return fail(p, &r->line, "out of memory");
    int64_t held;
    if (json_int(json_field(row, "held"), &held))
        return limit_groups(r, status == DCGM_ST_OK ? MAX_GROUPS : held, p);
    char *rest = name + strcspn(name, " ");
    if (*rest)
        *rest++ = 0;
    for (int i = 0; i < COUNT(calls); i++) {
        if (strcmp(name, calls[i].name) == 0)
            return keep_outcome(r, row, &calls[i], rest, status, p);
    }
    return true;
}

static void copy_version(const char *text, char *out, size_t size)
{
    const char *at = strstr(text, "version:");
    size_t n = at ? strcspn(at + 8, ";}") : 0;
    if (n && n < size) {
        memcpy(out, at + 8, n);
        out[n] = 0;
    }
}

bool replay_engine(struct reader *r, struct json row, struct problem *p)
{
    (void)p;
    char text[512];
    struct json version = json_field(row, "version");
    json_text(version.kind == '"' ? version : json_field(row, "value"), text, sizeof text);
    copy_version(text, r->scenario->node.engine, sizeof r->scenario->node.engine);
    int64_t start;
    if (json_int(json_field(row, "start_us"), &start) && !r->replay->origin)
        r->replay->origin = start;
    return true;
}

bool replay_usage(struct reader *r, struct json row, struct problem *p)
{
    struct recorded_usage *u = add_item(&r->replay->usages, sizeof *u);
    if (!u)
        return fail(p, &r->line, "out of memory");
    u->at = r->from;
    return (json_int(json_field(row, "memory_bytes"), &u->memory) && json_double(json_field(row, "cpu"), &u->cpu)) || lacks(r, "\"memory_bytes\" and \"cpu\"", p);
}

