// SPDX-License-Identifier: Apache-2.0
// The scenario language: its lines, and what they describe.
#ifndef DCGMSIM_NODE_H
#define DCGMSIM_NODE_H

#include "dcgm_agent.h"
#include "dcgm_fields.h"
#include "dcgm_structs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t usec; // microseconds since the epoch, or a duration
#define SECOND ((usec)1000000)
#define FOREVER INT64_MAX

// ---- text.c: lines, tokens, numbers ----

#define MAX_TOKENS 64
#define LINE_MAX_LENGTH 4096

struct line {
    const char *file;
    int number;
    char text[LINE_MAX_LENGTH]; // cut into tokens
    char *tokens[MAX_TOKENS];
    int count;
};

// The message of the first thing that is wrong with a line.
struct problem {
    char text[768];
};

bool fail(struct problem *p, const struct line *l, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool tokenize(struct line *l, struct problem *p);
const char *value_of(const char *token, const char *key); // after key=, or NULL
bool parse_int(const char *text, int64_t *out);
bool parse_double(const char *text, double *out);
bool parse_duration(const char *text, usec *out);
int lookup(const char *const *names, int count, const char *text); // -1 if absent
void join_names(const char *const *names, int count, char *out, size_t size);
void copy_text(char *out, size_t size, const char *text);

// ---- fields.c: what DCGM 4.6.1 says of its fields ----

#define FIELD_COUNT DCGM_FI_MAX_FIELDS

struct id_set {
    uint64_t bits[(FIELD_COUNT + 63) / 64];
};

const dcgm_field_meta_t *field_meta(unsigned id); // NULL if there is no such field
bool is_profiling(unsigned id);
bool set_has(const struct id_set *s, unsigned id);
bool parse_ids(const char *text, struct id_set *out);

// ---- spec.c: how a field's value comes about ----

enum spec_kind { SPEC_NONE, SPEC_CONST, SPEC_TEXT, SPEC_RAMP, SPEC_WAVE, SPEC_COUNTER, SPEC_ATTR, SPEC_LIKE, SPEC_SENTINEL, SPEC_STATUS, SPEC_EVENT, SPEC_STALE };
enum warmup { WARM, WARMUP_ZERO, WARMUP_BLANK };
enum attribute { ATTR_NAME, ATTR_UUID, ATTR_PCI, ATTR_SERIAL, ATTR_MINOR, ATTR_INDEX, ATTR_GPU_COUNT, ATTR_PEERS, ATTR_MIG_MODE, ATTR_MIG_SLICES, ATTR_MIG_NAME, ATTR_LINK_STATE };

struct spec {
    enum spec_kind kind;
    double base;     // const: value; ramp: from; wave: mean; counter: value at the start
    double change;   // ramp: to; wave: amplitude; counter: per second; like: factor
    usec period;     // ramp: over; wave: one turn
    double each;     // added once per entity number
    double sum;      // like: added after the factor
    enum warmup warmup; // what the first sample is, for fields that need two
    usec every;      // sampled at most this often, whatever the watch says
    bool lifetime;   // a counter that a reset does not touch
    bool as_text;    // a sentinel that is a text, whatever type the field has
    int offset;      // sentinel: 0 blank, 1 not found, 2 not supported, 3 not permitted
    int status;
    unsigned like;   // the field to follow
    enum attribute attribute;
    char text[DCGM_MAX_STR_LENGTH];
};

bool parse_spec(const struct line *l, int first, struct spec *out, struct problem *p);
bool parse_override(const struct line *l, const char *text, struct spec *out, struct problem *p);

// ---- scenario.c, directives.c, boards.c: the node as a file describes it ----

enum profiling { PROFILING_NONE, PROFILING_DCP, PROFILING_GPM };

#define MAX_METRIC_GROUPS 10
struct metric_group {
    unsigned short major, minor;
    struct id_set fields;
};

struct model {
    char key[32], name[96];
    int base; // the model whose lines hold where this one has none, or -1
    bool own_groups;
    enum profiling profiling;
    unsigned links;
    int group_count;
    struct metric_group groups[MAX_METRIC_GROUPS];
};

#define MAX_INSTANCES 7 // of one GPU; DCGM's ids count so many for each, unless the scenario says more
#define MAX_INSTANCE_IDS 64
struct instance {
    unsigned slices;
    unsigned number;  // NVML's
    char profile[24]; // such as 1g.10gb
};

struct compute_instance {
    unsigned parent; // counted within the GPU
    unsigned number; // counted within its parent
    unsigned slices;
};

struct gpu {
    bool used, mig;
    bool fake; // made by a client, for values that it injects
    unsigned id, minor, index;
    int model;
    char uuid[64], pci[32], serial[32];
    unsigned layouts; // how often MIG was laid out, so that new instances get new UUIDs
    unsigned instance_count;
    struct instance instances[MAX_INSTANCES];
    unsigned compute_count;
    struct compute_instance computes[MAX_INSTANCES];
};

struct cpu {
    bool used;
    unsigned first_core, last_core;
    char serial[64];
};

// A target is a set of entities: all of a kind, or one.
struct target {
    unsigned kind; // dcgm_field_entity_group_t
    int64_t id;    // -1: all
};

struct rule {
    struct rule *older;
    int model; // -1: any
    struct target target;
    struct spec spec;
};

#define MAX_MODELS 16
struct node {
    char engine[24], library[24];
    bool manual;
    usec manual_start;
    int model_count;
    struct model models[MAX_MODELS];
    struct gpu gpus[DCGM_MAX_NUM_DEVICES];
    uint32_t announced; // GPUs, by bit, that an event of the timeline adds
    unsigned instances_per_gpu; // ids that DCGM keeps for the instances of each GPU
    unsigned switch_count, switch_ports;
    struct cpu cpus[DCGM_MAX_NUM_CPUS];
    struct rule *rules[FIELD_COUNT]; // newest first
    struct rule *own[FIELD_COUNT];   // what the host engine samples by itself
};

#define MAX_FILES 64
struct scenario {
    int file_count;
    struct {
        uint64_t device, inode;
    } files[MAX_FILES]; // read so far; none is read twice
    struct node node;
    struct replay *replay; // NULL: the node is as the lines say
    struct event *events; // with `at` relative to the boot
    int event_count, event_room;
};

bool load_scenario(const char *path, struct scenario *out, struct problem *p);
void free_scenario(struct scenario *s);
bool find_include(const struct line *l, const char *name, char *out, size_t size);
bool load_replay(struct scenario *s, const char *path, struct problem *p); // replay_load.c
bool replay_directive(struct scenario *s, struct line *l, int *model, struct problem *p);
void free_replay(struct replay *r);
bool parse_target(const char *text, struct target *out);
int find_model(const struct node *n, const char *key);
bool parse_small(const struct line *l, const char *text, int64_t limit, unsigned *out, struct problem *p);
bool parse_gpu(const struct node *n, const struct line *l, int first, struct gpu *out, struct problem *p);
bool parse_layout(const struct line *l, const char *text, struct gpu *out, struct problem *p);
bool directive(struct scenario *s, struct line *l, int *model, struct problem *p);

// ---- events.c: what happens to the node ----

enum event_type {
    EVENT_XID, EVENT_SXID, EVENT_ECC, EVENT_THROTTLE, EVENT_ROW_REMAP, EVENT_RECOVERY, EVENT_LINK, EVENT_FIELD, EVENT_UNFIELD,
    EVENT_GPU_LOST, EVENT_GPU_RESTORED, EVENT_RESET, EVENT_GPU_DETACHED, EVENT_GPU_ATTACHED, EVENT_GPU_ADDED, EVENT_GPU_REMOVED,
    EVENT_MIG, EVENT_PROFILING_PAUSED, EVENT_PROFILING_RESUMED, EVENT_ENGINE_DIES, EVENT_ENGINE_RETURNS, EVENT_HANG, EVENT_UNHANG,
    EVENT_SLOW, EVENT_UNKNOWN_FIELD, EVENT_GROUP_LIMIT, EVENT_ADVANCE, EVENT_CALL,
    EVENT_BIND, // has no line: it follows from GPUs that come and go
    EVENT_TYPES
};

struct event {
    usec at, until;
    usec arrival; // of an XID, before the host engine's thread took it
    enum event_type type;
    struct target target;
    int gpu; // -1: none or all
    int64_t code, count;
    usec duration;
    unsigned choice; // index into the names that the event's type or action has
    unsigned mask;   // reasons of a throttle
    bool pending, failed;
    usec spread; // between the errors of a burst; 0: as the host engine's thread takes them
    struct id_set ids;
    struct spec spec;
    char call[64];
    struct gpu board; // gpu_added, mig_reconfigure
};

bool parse_event(const struct node *n, struct line *l, int first, struct event *out, struct problem *p);
bool add_event(struct scenario *s, const struct event *e); // schedule.c

#endif
