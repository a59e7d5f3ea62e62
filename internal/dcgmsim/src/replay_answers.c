// SPDX-License-Identifier: Apache-2.0
// What a recording answers at an instant to calls that do not read fields, and how calls end.
#include "replay.h"

#include <string.h>

// ---- answers of several rows ----

const struct recorded_block *block_of(const struct column *blocks)
{
    const struct recorded_block *found = NULL;
    for (int i = 0; i < blocks->count; i++) {
        const struct recorded_block *b = ITEM(*blocks, struct recorded_block, i);
        if (!found || b->at <= elapsed(now_us()))
            found = b;
    }
    return found;
}

void replay_hierarchy(dcgmMigHierarchy_v2 *out)
{
    const struct recorded_block *b = block_of(&REPLAY->hierarchies);
    const unsigned room = sizeof out->entityList / sizeof *out->entityList;
    out->count = 0;
    for (int i = 0; b && i < b->count && out->count < room; i++)
        out->entityList[out->count++] = *ITEM(REPLAY->instances, dcgmMigHierarchyInfo_v2, b->first + i);
}

// row_of finds the row of a parent in an answer, or adds it.
static dcgmNvLinkLinkState_t *states_of(dcgmGroupEntityPair_t parent, dcgmNvLinkStatus_v5 *out)
{
    if (parent.entityGroupId == DCGM_FE_SWITCH) {
        if (!out->numNvSwitches || out->nvSwitches[out->numNvSwitches - 1].entityId != parent.entityId)
            out->nvSwitches[out->numNvSwitches++].entityId = parent.entityId;
        return out->nvSwitches[out->numNvSwitches - 1].linkState;
    }
    if (!out->numGpus || out->gpus[out->numGpus - 1].entityId != parent.entityId)
        out->gpus[out->numGpus++].entityId = parent.entityId;
    return out->gpus[out->numGpus - 1].linkState;
}

void replay_links(dcgmNvLinkStatus_v5 *out)
{
    const struct recorded_block *b = block_of(&REPLAY->link_reads);
    for (int i = 0; b && i < b->count; i++) {
        const struct recorded_link *l = ITEM(REPLAY->links, struct recorded_link, b->first + i);
        bool is_switch = l->parent.entityGroupId == DCGM_FE_SWITCH;
        unsigned parents = is_switch ? DCGM_MAX_NUM_SWITCHES : DCGM_MAX_NUM_DEVICES, links = is_switch ? DCGM_NVLINK_MAX_LINKS_PER_NVSWITCH : DCGM_NVLINK_MAX_LINKS_PER_GPU;
        if ((is_switch ? out->numNvSwitches : out->numGpus) < parents && l->index < links)
            states_of(l->parent, out)[l->index] = (dcgmNvLinkLinkState_t)l->state;
    }
}

// replay_health answers a check; false: the recording has none.
bool replay_health(dcgmHealthResponse_t *out)
{
    const struct recorded_block *b = block_of(&REPLAY->healths);
    if (!b)
        return false;
    out->overallHealth = (dcgmHealthWatchResults_t)b->overall;
    out->incidentCount = 0;
    for (int i = 0; i < b->count && out->incidentCount < DCGM_HEALTH_WATCH_MAX_INCIDENTS_V2; i++) {
        const struct recorded_incident *from = ITEM(REPLAY->incidents, struct recorded_incident, b->first + i);
        dcgmIncidentInfo_t *to = &out->incidents[out->incidentCount++];
        to->system = (dcgmHealthSystems_t)from->system;
        to->health = (dcgmHealthWatchResults_t)from->health;
        to->entityInfo = from->entity;
        to->error.code = (unsigned)from->code;
        copy_text(to->error.msg, sizeof to->error.msg, from->text);
    }
    return true;
}

bool replay_usage_of(int64_t *memory, double *cpu)
{
    const struct recorded_usage *found = NULL;
    for (int i = 0; i < REPLAY->usages.count; i++) {
        const struct recorded_usage *u = ITEM(REPLAY->usages, struct recorded_usage, i);
        if (!found || u->at <= elapsed(now_us()))
            found = u;
    }
    if (found) {
        *memory = found->memory;
        *cpu = found->cpu;
    }
    return found;
}

// ---- how calls end ----

// is_due reports whether an outcome counts now. What a call was like in the first seconds, it was like before; a read that failed
// had not failed before.
static bool is_due(const struct recorded_outcome *o, const struct recorded_outcome *before)
{
    const usec begin = 10 * SECOND;
    return o->at <= elapsed(now_us()) || (!before && !o->other_before && o->at < begin && strcmp(o->call, "dcgmEntitiesGetLatestValues") != 0);
}

static dcgmReturn_t outcome_of(const char *call, dcgmGroupEntityPair_t e)
{
    const struct recorded_outcome *found = NULL;
    for (int i = 0; i < REPLAY->outcomes.count; i++) {
        const struct recorded_outcome *o = ITEM(REPLAY->outcomes, struct recorded_outcome, i);
        if (!o->has_fields && same_entity(o->entity, e) && strcmp(o->call, call) == 0 && is_due(o, found))
            found = o;
    }
    return found ? (dcgmReturn_t)found->status : DCGM_ST_OK;
}

dcgmReturn_t replay_outcome(const char *call)
{
    return outcome_of(call, NO_ENTITY);
}

dcgmReturn_t replay_outcome_of(const char *call, unsigned kind, unsigned id)
{
    return outcome_of(call, (dcgmGroupEntityPair_t){(dcgm_field_entity_group_t)kind, id});
}

// replay_outcome_of_field returns how a call ended for a field of an entity.
dcgmReturn_t replay_outcome_of_field(const char *call, unsigned field, dcgmGroupEntityPair_t e)
{
    const struct recorded_outcome *found = NULL;
    for (int i = 0; i < REPLAY->outcomes.count; i++) {
        const struct recorded_outcome *o = ITEM(REPLAY->outcomes, struct recorded_outcome, i);
        bool meant = !o->has_ids || (o->entity.entityGroupId == e.entityGroupId && has_id(&o->ids, e.entityId));
        if (o->has_fields && set_has(&o->fields, field) && meant && strcmp(o->call, call) == 0 && is_due(o, found))
            found = o;
    }
    return found ? (dcgmReturn_t)found->status : DCGM_ST_OK;
}

// ---- profiling ----

static const struct id_set *profiling_of(unsigned gpu)
{
    const struct recorded_profiling *found = NULL;
    for (int i = 0; i < REPLAY->profiling.count; i++) {
        const struct recorded_profiling *g = ITEM(REPLAY->profiling, struct recorded_profiling, i);
        if (g->gpu == gpu && (!found || g->at <= elapsed(now_us())))
            found = g;
    }
    return found ? &found->fields : NULL;
}

// sampled_profiling are the profiling fields that the recording has of a GPU.
static struct id_set sampled_profiling(unsigned gpu)
{
    struct id_set fields = {0};
    for (int i = 0; i < REPLAY->samples.count; i++) {
        const struct recorded_sample *s = ITEM(REPLAY->samples, struct recorded_sample, i);
        if (s->entity.entityGroupId == DCGM_FE_GPU && s->entity.entityId == gpu && is_profiling(s->field))
            fields.bits[s->field / 64] |= (uint64_t)1 << (s->field % 64);
    }
    return fields;
}

dcgmReturn_t replay_metric_groups(unsigned gpu, dcgmProfGetMetricGroups_t *out)
{
    dcgmReturn_t status = outcome_of("dcgmProfGetSupportedMetricGroups", (dcgmGroupEntityPair_t){DCGM_FE_GPU, gpu});
    const struct id_set *recorded = profiling_of(gpu), sampled = sampled_profiling(gpu);
    out->numMetricGroups = 0;
    for (unsigned id = 0; status == DCGM_ST_OK && id < FIELD_COUNT; id++) {
        if (!set_has(recorded ? recorded : &sampled, id))
            continue;
        dcgmProfMetricGroupInfo_v2 *g = out->numMetricGroups ? &out->metricGroups[out->numMetricGroups - 1] : NULL;
        if (!g || g->numFieldIds == DCGM_PROF_MAX_FIELD_IDS_PER_GROUP_V2) {
            if (out->numMetricGroups == DCGM_PROF_MAX_NUM_GROUPS_V2)
                break;
            g = &out->metricGroups[out->numMetricGroups];
            *g = (dcgmProfMetricGroupInfo_v2){.majorId = (unsigned short)out->numMetricGroups++};
        }
        g->fieldIds[g->numFieldIds++] = (unsigned short)id;
    }
    return status == DCGM_ST_OK && !recorded && !out->numMetricGroups ? DCGM_ST_PROFILING_NOT_SUPPORTED : status;
}
