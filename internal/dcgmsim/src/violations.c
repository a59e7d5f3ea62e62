// SPDX-License-Identifier: Apache-2.0
// What violates a policy.
#include "policies.h"

#include <string.h>

#define REPEAT (10 * SECOND) // A condition that lasts is reported again.

// Counters of which every increase violates a policy.
static const struct counter {
    unsigned field, condition, location; // location: of double-bit errors
} counters[POLICY_COUNTERS] = {
    {315, DCGM_POLICY_COND_DBE, 0}, {317, DCGM_POLICY_COND_DBE, 1}, {319, DCGM_POLICY_COND_DBE, 2}, {321, DCGM_POLICY_COND_DBE, 3}, {323, DCGM_POLICY_COND_DBE, 4},
    {202, DCGM_POLICY_COND_PCI, 0},
    {409, DCGM_POLICY_COND_NVLINK, 0}, {419, DCGM_POLICY_COND_NVLINK, 0}, {429, DCGM_POLICY_COND_NVLINK, 0}, {439, DCGM_POLICY_COND_NVLINK, 0},
};

// Levels that violate a policy above its threshold.
static const struct {
    unsigned condition, index;
} levels[LEVELS] = {
    [LEVEL_THERMAL] = {DCGM_POLICY_COND_THERMAL, DCGM_POLICY_COND_IDX_THERMAL},
    [LEVEL_POWER] = {DCGM_POLICY_COND_POWER, DCGM_POLICY_COND_IDX_POWER},
    [LEVEL_PAGES] = {DCGM_POLICY_COND_MAX_PAGES_RETIRED, DCGM_POLICY_COND_IDX_MAX_PAGES_RETIRED},
};

static dcgmPolicyCallbackResponse_t *found(struct findings *f, const struct registration *r, unsigned gpu, unsigned condition)
{
    static struct violation spare;
    struct violation *v = f->count < MAX_VIOLATIONS ? &f->all[f->count++] : &spare;
    *v = (struct violation){r->callback, r->data, {.version = dcgmPolicyCallbackResponse_version, .condition = (dcgmPolicyCondition_t)condition, .gpuId = gpu}};
    return &v->response;
}

// value_now is what a policy looks at: a sample that a client injected holds until the next one
// is due.
static bool value_now(unsigned gpu, unsigned field, int64_t *out)
{
    struct reading r;
    dcgmGroupEntityPair_t e = {DCGM_FE_GPU, gpu};
    if (!newest_injected(e, field, &r) || (r.ts < now_us() && !NODE->gpus[gpu].fake))
        live(e, field, now_us(), &r);
    bool is_double = field_meta(field)->fieldType == DCGM_FT_DOUBLE;
    *out = is_double ? (int64_t)r.dbl : r.i64;
    return r.status == DCGM_ST_OK && (is_double ? r.dbl < DCGM_FP64_BLANK : r.i64 < DCGM_INT64_BLANK);
}

static void put_count(const struct counter *c, int64_t grown, dcgmPolicyCallbackResponse_t *out)
{
    switch (c->condition) {
    case DCGM_POLICY_COND_DBE:
        out->val.dbe.timestamp = now_us();
        memcpy(&out->val.dbe.location, &c->location, sizeof c->location);
        out->val.dbe.numerrors = (unsigned)grown;
        break;
    case DCGM_POLICY_COND_PCI:
        out->val.pci = (dcgmPolicyConditionPci_t){now_us(), (unsigned)grown};
        break;
    default:
        out->val.nvlink = (dcgmPolicyConditionNvlink_t){now_us(), (unsigned short)c->field, (unsigned)grown};
    }
}

static void check_counters(struct registration *r, unsigned gpu, unsigned conditions, struct findings *f)
{
    for (int i = 0; i < POLICY_COUNTERS; i++) {
        int64_t count, *before = &r->gpus[gpu].counts[i];
        if (!(counters[i].condition & r->conditions) || !value_now(gpu, counters[i].field, &count))
            continue;
        if (*before >= 0 && count > *before && counters[i].condition & conditions)
            put_count(&counters[i], count - *before, found(f, r, gpu, counters[i].condition));
        *before = count;
    }
}

// exceeds puts what is above the limit into out.
static bool exceeds(enum level level, unsigned gpu, int64_t limit, dcgmPolicyCallbackResponse_t *out)
{
    int64_t value = 0, more = 0;
    switch (level) {
    case LEVEL_THERMAL:
        if (!value_now(gpu, DCGM_FI_DEV_GPU_TEMP, &value))
            return false;
        out->val.thermal = (dcgmPolicyConditionThermal_t){now_us(), (unsigned)value};
        return value > limit;
    case LEVEL_POWER:
        if (!value_now(gpu, DCGM_FI_DEV_POWER_USAGE, &value))
            return false;
        out->val.power = (dcgmPolicyConditionPower_t){now_us(), (unsigned)value};
        return value > limit;
    default:
        if (!value_now(gpu, DCGM_FI_DEV_RETIRED_SBE, &value) || !value_now(gpu, DCGM_FI_DEV_RETIRED_DBE, &more))
            return false;
        out->val.mpr = (dcgmPolicyConditionMpr_t){now_us(), (unsigned)value, (unsigned)more};
        return value + more > limit;
    }
}

static void check_levels(struct registration *r, unsigned gpu, const dcgmPolicy_t *policy, unsigned conditions, struct findings *f)
{
    for (int i = 0; i < LEVELS; i++) {
        dcgmPolicyCallbackResponse_t response = {0};
        usec *reported = &r->gpus[gpu].reported[i];
        if (!(levels[i].condition & conditions) || (*reported && now_us() < *reported + REPEAT))
            continue;
        if (!exceeds((enum level)i, gpu, (int64_t)policy->parms[levels[i].index].val.llval, &response))
            continue;
        *reported = now_us();
        found(f, r, gpu, levels[i].condition)->val = response.val;
    }
}

static void check_xids(struct registration *r, unsigned gpu, unsigned conditions, struct findings *f)
{
    struct reading injected;
    usec *reported = &r->gpus[gpu].injected_xid;
    if (!(DCGM_POLICY_COND_XID & conditions))
        return;
    for (int i = r->seen; i < engine.due; i++) {
        const struct event *e = &engine.scenario.events[i];
        if (e->type == EVENT_XID && e->target.kind == DCGM_FE_GPU && (e->target.id < 0 || e->target.id == gpu))
            found(f, r, gpu, DCGM_POLICY_COND_XID)->val.xid = (dcgmPolicyConditionXID_t){e->at, (unsigned)e->code};
    }
    if (!newest_injected((dcgmGroupEntityPair_t){DCGM_FE_GPU, gpu}, DCGM_FI_DEV_XID_ERROR, &injected) || injected.ts <= *reported)
        return;
    *reported = injected.ts;
    found(f, r, gpu, DCGM_POLICY_COND_XID)->val.xid = (dcgmPolicyConditionXID_t){injected.ts, (unsigned)injected.i64};
}

void find_violations(struct registration *r, const dcgmPolicy_t *policies, struct findings *f)
{
    static dcgmGroupEntityPair_t entities[DCGM_GROUP_MAX_ENTITIES_V2];
    bool exists;
    unsigned count = group_entities(r->group, entities, &exists);
    for (unsigned i = 0; i < count; i++) {
        unsigned gpu = entities[i].entityId;
        if (entities[i].entityGroupId != DCGM_FE_GPU || !gpu_exists(gpu))
            continue;
        unsigned conditions = r->conditions & policies[gpu].condition;
        check_counters(r, gpu, conditions, f);
        check_levels(r, gpu, &policies[gpu], conditions, f);
        check_xids(r, gpu, conditions, f);
    }
    r->seen = engine.due;
}
