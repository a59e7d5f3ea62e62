// SPDX-License-Identifier: Apache-2.0
// Policies. A client hears of violations during its calls, since nothing here runs between them.
#include "policies.h"

#include <string.h>

static struct registration registrations[MAX_REGISTRATIONS];
static dcgmPolicy_t policies[DCGM_MAX_NUM_DEVICES];

// tell_violations calls back without the mutex, so that the client may call the library.
void tell_violations(void)
{
    struct findings f = {.count = 0};
    for (int i = 0; engine.booted && i < MAX_REGISTRATIONS; i++) {
        if (registrations[i].callback)
            find_violations(&registrations[i], policies, &f);
    }
    if (!f.count)
        return;
    unlock_engine();
    for (int i = 0; i < f.count; i++)
        f.all[i].callback(&f.all[i].response, f.all[i].data);
    lock_engine();
}

static unsigned gpus_of(dcgmGpuGrp_t group, unsigned gpus[DCGM_MAX_NUM_DEVICES], bool *exists)
{
    static dcgmGroupEntityPair_t entities[DCGM_GROUP_MAX_ENTITIES_V2];
    unsigned count = group_entities(group, entities, exists), n = 0;
    for (unsigned i = 0; i < count && n < DCGM_MAX_NUM_DEVICES; i++) {
        if (entities[i].entityGroupId == DCGM_FE_GPU)
            gpus[n++] = entities[i].entityId;
    }
    return n;
}

DCGM_PUBLIC_API dcgmReturn_t dcgmPolicySet(dcgmHandle_t handle, dcgmGpuGrp_t group, dcgmPolicy_t *policy, dcgmStatus_t statuses)
{
    unsigned gpus[DCGM_MAX_NUM_DEVICES];
    bool exists;
    (void)statuses;
    REQUIRE_VERSION(policy, dcgmPolicy_version1);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    unsigned count = gpus_of(group, gpus, &exists);
    for (unsigned i = 0; i < count; i++)
        policies[gpus[i]] = *policy;
    return leave(exists ? DCGM_ST_OK : DCGM_ST_NOT_CONFIGURED);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmPolicyGet(dcgmHandle_t handle, dcgmGpuGrp_t group, int room, dcgmPolicy_t *out, dcgmStatus_t statuses)
{
    unsigned gpus[DCGM_MAX_NUM_DEVICES];
    bool exists;
    (void)statuses;
    REQUIRE_VERSION(out, dcgmPolicy_version1);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    unsigned count = gpus_of(group, gpus, &exists);
    if (room < 0 || count > (unsigned)room)
        return leave(DCGM_ST_INSUFFICIENT_SIZE);
    for (unsigned i = 0; i < count; i++) {
        out[i] = policies[gpus[i]];
        out[i].version = dcgmPolicy_version1;
    }
    return leave(exists ? DCGM_ST_OK : DCGM_ST_NOT_CONFIGURED);
}

static struct registration *free_registration(void)
{
    for (int i = 0; i < MAX_REGISTRATIONS; i++) {
        if (!registrations[i].callback)
            return &registrations[i];
    }
    return NULL;
}

DCGM_PUBLIC_API dcgmReturn_t dcgmPolicyRegister_v2(dcgmHandle_t handle, dcgmGpuGrp_t group, dcgmPolicyCondition_t condition, fpRecvUpdates callback, uint64_t data)
{
    unsigned gpus[DCGM_MAX_NUM_DEVICES];
    bool exists;
    if (!callback)
        return DCGM_ST_BADPARAM;
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    gpus_of(group, gpus, &exists);
    struct registration *r = free_registration();
    if (!exists || !r)
        return leave(exists ? DCGM_ST_MAX_LIMIT : DCGM_ST_NOT_CONFIGURED);
    memset(r, 0, sizeof *r);
    for (unsigned gpu = 0; gpu < DCGM_MAX_NUM_DEVICES; gpu++)
        memset(r->gpus[gpu].counts, -1, sizeof r->gpus[gpu].counts);
    r->callback = callback;
    r->data = data;
    r->owner = handle;
    r->group = group;
    r->conditions = condition;
    r->seen = engine.due;
    return leave(DCGM_ST_OK);
}

DCGM_PUBLIC_API dcgmReturn_t dcgmPolicyUnregister(dcgmHandle_t handle, dcgmGpuGrp_t group, dcgmPolicyCondition_t condition)
{
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    for (struct registration *r = registrations; r < registrations + MAX_REGISTRATIONS; r++) {
        if (r->owner != handle || r->group != group)
            continue;
        r->conditions &= ~(unsigned)condition;
        if (!r->conditions)
            r->callback = NULL;
    }
    return leave(DCGM_ST_OK);
}

void policies_drop_owner(dcgmHandle_t owner)
{
    for (int i = 0; i < MAX_REGISTRATIONS; i++) {
        if (registrations[i].owner == owner)
            registrations[i].callback = NULL;
    }
}

void policies_clear(void)
{
    memset(registrations, 0, sizeof registrations);
    memset(policies, 0, sizeof policies);
}
