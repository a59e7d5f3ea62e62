// SPDX-License-Identifier: Apache-2.0
// Registrations for violations, shared by violations.c and api_policy.c.
#ifndef DCGMSIM_POLICIES_H
#define DCGMSIM_POLICIES_H

#include "sim.h"

#define MAX_REGISTRATIONS 32
#define MAX_VIOLATIONS 64 // in one call
#define POLICY_COUNTERS 10
enum level { LEVEL_THERMAL, LEVEL_POWER, LEVEL_PAGES, LEVELS };

// What a registration remembers of a GPU.
struct memory {
    int64_t counts[POLICY_COUNTERS]; // -1: unknown
    usec reported[LEVELS];           // 0: never
    usec injected_xid;
};

struct registration {
    fpRecvUpdates callback; // NULL: free
    uint64_t data;
    dcgmHandle_t owner;
    dcgmGpuGrp_t group;
    unsigned conditions;
    int seen; // events of the timeline
    struct memory gpus[DCGM_MAX_NUM_DEVICES];
};

struct violation {
    fpRecvUpdates callback;
    uint64_t data;
    dcgmPolicyCallbackResponse_t response;
};

struct findings {
    int count;
    struct violation all[MAX_VIOLATIONS];
};

// find_violations adds what has been violated since it was asked last. policies are by GPU.
void find_violations(struct registration *r, const dcgmPolicy_t *policies, struct findings *out);

#endif
