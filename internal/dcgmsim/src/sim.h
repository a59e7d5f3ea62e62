// SPDX-License-Identifier: Apache-2.0
// What the parts of the simulated host engine share. There is one engine per process; its
// mutex guards everything here, and every exported call takes it in enter().
#ifndef DCGMSIM_SIM_H
#define DCGMSIM_SIM_H

#include "node.h"

#include <time.h>

// ---- timeline.c: what the events amount to at an instant ----

bool gpu_exists(unsigned gpu);
dcgmReturn_t entity_exists(dcgmGroupEntityPair_t e);
int gpu_of(dcgmGroupEntityPair_t e); // -1 for switches and CPUs
DcgmEntityStatus_t gpu_status(unsigned gpu, usec t);
bool link_is_up(unsigned gpu, unsigned link, usec t);
const struct spec *override_of(dcgmGroupEntityPair_t e, unsigned field, usec t);
usec frozen_since(dcgmGroupEntityPair_t e, unsigned field, usec t); // FOREVER: sampled at t
bool interrupted(dcgmGroupEntityPair_t e, unsigned field, usec after, usec until);
usec counters_since(int gpu, usec t);
int64_t with_effects(int gpu, unsigned field, usec t, int64_t own); // effects.c
const struct event *history(dcgmGroupEntityPair_t e, unsigned field, usec from, usec to, int *position);
bool engine_knows(unsigned field, usec t);

// ---- values.c ----

struct reading {
    int status;
    usec ts; // 0: none
    int64_t i64;
    double dbl;
    bool as_text; // a text, whatever type the field has
    unsigned short type; // 0: the field's
    char str[DCGM_MAX_STR_LENGTH];
};

void value_at(dcgmGroupEntityPair_t e, unsigned field, usec t, bool first, struct reading *out);
const struct rule *rule_for(const struct rule *newest, dcgmGroupEntityPair_t e);
bool lacks_samples(dcgmGroupEntityPair_t e, unsigned field);
const struct spec *spec_of(dcgmGroupEntityPair_t e, unsigned field);
void blank(unsigned field, int offset, struct reading *out);
double attribute(enum attribute a, dcgmGroupEntityPair_t e, usec t, char *out, size_t size); // names.c
unsigned link_entity(unsigned gpu, unsigned link);

// ---- series.c, reading.c: what is watched, and when it is sampled ----

struct watch {
    dcgmHandle_t owner;
    usec period, keep_age;
    int keep_samples;
};

dcgmReturn_t watch_add(dcgmGroupEntityPair_t e, unsigned field, const struct watch *w, usec now);
bool watch_remove(dcgmGroupEntityPair_t e, unsigned field, dcgmHandle_t owner, usec now); // false: it was not watched
void watch_remove_owner(dcgmHandle_t owner, usec now);
void watch_clear(void);
bool inject(dcgmGroupEntityPair_t e, unsigned field, const struct reading *r);
void injected_since(dcgmGroupEntityPair_t e, unsigned field, usec since, bool (*visit)(const struct reading *, void *), void *data);
bool newest_injected(dcgmGroupEntityPair_t e, unsigned field, struct reading *out);
void watch_own(usec now); // what the host engine samples by itself
void latest(dcgmGroupEntityPair_t e, unsigned field, usec now, struct reading *out);
void live(dcgmGroupEntityPair_t e, unsigned field, usec now, struct reading *out);
bool is_watched(dcgmGroupEntityPair_t e, unsigned field);
dcgmGroupEntityPair_t seat_of(dcgmGroupEntityPair_t e, unsigned field); // where the samples of a field lie
void no_value(unsigned field, int status, struct reading *out);
// Calls visit for the samples from since on, oldest first, until it returns false.
void samples_since(dcgmGroupEntityPair_t e, unsigned field, usec since, usec now, bool (*visit)(const struct reading *, void *), void *data);

// ---- replay.c, replay_answers.c: what a recording says, where one is replayed ----

bool replaying(void);
bool replay_latest(dcgmGroupEntityPair_t e, unsigned field, usec now, struct reading *out);
void replay_since(dcgmGroupEntityPair_t e, unsigned field, usec since, usec now, bool (*visit)(const struct reading *, void *), void *data);
unsigned replay_entities(unsigned kind, dcgmGroupEntityPair_t *out, unsigned room);
bool replay_has(dcgmGroupEntityPair_t e);
bool replay_supports(unsigned gpu, bool *known);
int replay_gpu_of(dcgmGroupEntityPair_t e);
bool replay_status(unsigned gpu, usec t, DcgmEntityStatus_t *out);
void replay_hierarchy(dcgmMigHierarchy_v2 *out);
void replay_links(dcgmNvLinkStatus_v5 *out);
void replay_cpus(dcgmCpuHierarchy_v2 *out);
bool replay_peers(dcgmNvLinkP2PStatus_v1 *out); // false: the recording has none
bool replay_health(dcgmHealthResponse_t *out);
bool replay_usage_of(int64_t *memory, double *cpu);
dcgmReturn_t replay_metric_groups(unsigned gpu, dcgmProfGetMetricGroups_t *out);
dcgmReturn_t replay_outcome(const char *call);
dcgmReturn_t replay_outcome_of(const char *call, unsigned kind, unsigned id);
dcgmReturn_t replay_outcome_of_field(const char *call, unsigned field, dcgmGroupEntityPair_t e);
usec replay_origin(void); // 0: not known
int status_of_text(const char *error); // status.c

// ---- groups.c ----

struct group {
    dcgmGpuGrp_t id; // 0: free
    dcgmHandle_t owner;
    char name[DCGM_MAX_STR_LENGTH];
    unsigned count;
    dcgmGroupEntityPair_t *entities;
    unsigned health;  // systems that are watched
    bool health_seen; // the first check only takes stock
};

struct field_group {
    dcgmFieldGrp_t id; // 0: free
    dcgmHandle_t owner;
    char name[DCGM_MAX_STR_LENGTH];
    unsigned count;
    unsigned short ids[DCGM_MAX_FIELD_IDS_PER_FIELD_GROUP];
};

struct group *group_find(dcgmGpuGrp_t id);
struct field_group *field_group_find(dcgmFieldGrp_t id);
unsigned group_entities(dcgmGpuGrp_t id, dcgmGroupEntityPair_t out[DCGM_GROUP_MAX_ENTITIES_V2], bool *found);
unsigned entities_of_kind(unsigned kind, dcgmGroupEntityPair_t *out, unsigned room);
void groups_drop_owner(dcgmHandle_t owner);
void groups_clear(void);

// ---- api_policy.c, api_fakes.c ----

void tell_violations(void); // gives the mutex back and takes it again
void policies_drop_owner(dcgmHandle_t owner);
void policies_clear(void);
void forget_fakes(void);

// ---- engine.c, control.c, calls.c: boot, clock, events as they fall due, calls in and out ----

#define MAX_GROUPS DCGM_MAX_NUM_GROUPS
#define MAX_HANDLES 64
#define MAX_GROUP_FIELDS 127 // one less than DCGM_MAX_FIELD_IDS_PER_FIELD_GROUP

// A scenario that cannot be loaded has no status in DCGM. errorString answers this one with
// the file, the line and the rule, since the text is all that a client shows.
#define STATUS_SCENARIO ((dcgmReturn_t)(-1000))

struct engine {
    bool booted, dead;
    struct scenario scenario; // its events are the timeline, in order, with absolute times
    char path[512], control[512], clock[64];
    usec boot;          // when the node came up
    usec started;       // when this host engine came up
    usec manual_now;
    int due;            // events before this one have been applied
    int64_t control_at; // read so far
    int control_line;
    unsigned initialized;
    dcgmHandle_t handles[MAX_HANDLES]; // 0: free
    dcgmHandle_t next_handle;
    struct group groups[MAX_GROUPS];
    struct field_group field_groups[DCGM_MAX_NUM_FIELD_GROUPS];
    uintptr_t next_group;
    unsigned group_limit;
    struct event hang; // armed if hang.duration > 0
    unsigned unhangs;
    char failure[1024];
};

extern struct engine engine;
#define NODE (&engine.scenario.node)

// A struct that a client passes must have the version that it was written for.
#define REQUIRE_VERSION(pointer, wanted)    \
    do {                                    \
        if (!(pointer))                     \
            return DCGM_ST_BADPARAM;        \
        if ((pointer)->version != (wanted)) \
            return DCGM_ST_VER_MISMATCH;    \
    } while (0)

usec now_us(void);
usec read_clock(clockid_t id);
void apply_due(void);
bool has_clients(void);
void restart(usec now); // of the host engine, which forgets what its memory held
bool present(unsigned gpu);                      // api_topology.c
int64_t integer(unsigned gpu, unsigned field);
dcgmReturn_t enter(const char *call, dcgmHandle_t handle); // holds the mutex if it returns OK
dcgmReturn_t enter_unconnected(const char *call);
dcgmReturn_t leave(dcgmReturn_t status);
dcgmReturn_t boot_if_changed(void);
dcgmReturn_t open_handle(dcgmHandle_t *out);
void close_handle(dcgmHandle_t handle);
void unlock_engine(void);
void lock_engine(void);
void read_control(void);
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2))); // what a host engine logs of an error; log.c

#endif
