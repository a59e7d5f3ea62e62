// SPDX-License-Identifier: Apache-2.0
// A recording that is replayed: what an engine answered, in order of time. Times count from the begin of the recording. An
// answer holds from its time until the next one of its kind; the first one holds from the begin on.
#ifndef DCGMSIM_REPLAY_H
#define DCGMSIM_REPLAY_H

#include "sim.h"

#define MOST_ENTITIES 4096
#define NO_ENTITY ((dcgmGroupEntityPair_t){DCGM_FE_NONE, UINT32_MAX})

// A sample is one value as it was read, or one of those that were read with a cursor.
struct recorded_sample {
    dcgmGroupEntityPair_t entity;
    unsigned short field, type;
    bool streamed; // with a cursor
    int status;
    usec after;      // it was not seen up to then; -1: not known
    usec from, read; // when a client sees it, and when the recorded one did
    bool timed;      // it has a timestamp
    usec taken;      // before 0: before the begin of the recording
    int64_t i64;
    double dbl;
    char *text;
};

struct id_list {
    unsigned count, *ids;
};

// A list is an answer of several rows: entities, and which of them are supported.
struct recorded_list {
    usec at;
    unsigned kind;
    bool has_supported;
    struct id_list ids, supported;
};

// Rows of a block were answered together: rows[first] and those after it.
struct recorded_block {
    usec at;
    int first, count;
    int64_t overall; // of a health check
};

struct recorded_link {
    dcgmGroupEntityPair_t parent;
    unsigned index, state;
};

struct recorded_cpu {
    unsigned id;
    struct id_list cores;
    char serial[64];
};

struct recorded_peers {
    unsigned gpu;
    struct id_list states; // by peer
};

struct recorded_status {
    usec at;
    unsigned gpu;
    int64_t status;
};

struct recorded_profiling {
    usec at;
    unsigned gpu;
    struct id_set fields;
};

struct recorded_incident {
    dcgmGroupEntityPair_t entity;
    int64_t system, health, code;
    char *text;
};

// An outcome is a call's status: of the call as a whole, for an entity, or for fields, of entities or of all.
struct recorded_outcome {
    usec at;
    char call[48];
    dcgmGroupEntityPair_t entity; // NO_ENTITY: all
    bool has_fields, has_ids;
    bool other_before; // it is known to have ended in another way
    struct id_set fields;
    struct id_list ids; // entities of the kind of the one above
    int status;
};

struct recorded_usage {
    usec at;
    int64_t memory;
    double cpu;
};

// A column holds items of one size.
struct column {
    void *items;
    int count, room;
};

struct replay {
    usec origin; // the begin of the recording on the recorded engine's clock; 0: not known
    struct column samples, lists, hierarchies, instances, link_reads, links, statuses, profiling, healths, incidents, outcomes, usages, cpu_reads, cpus, peer_reads, peers;
};

#define REPLAY (engine.scenario.replay)
bool has_id(const struct id_list *l, unsigned id); // replay.c
#define ITEM(column, type, i) (&((type *)(column).items)[i])

usec elapsed(usec now);
bool same_entity(dcgmGroupEntityPair_t a, dcgmGroupEntityPair_t b); // replay_calls.c

// ---- replay_rows.c, replay_calls.c, replay_violations.c: what single lines say ----

// A reader is where a recording is being read.
struct reader {
    struct scenario *scenario;
    struct replay *replay;
    struct line line; // for messages
    usec at;          // of the line
    usec from;        // when what it says begins to hold
    usec call_at, call_from; // of the newest line of a call
    bool other_before;       // of that line: something else is known to have come before
    usec since;       // of the newest read with a cursor
    usec since_after; // of the read before it
    bool dead;        // the connection is
    bool failing;     // some read has failed
};

struct json;
bool replay_row(struct reader *r, struct json row, struct problem *p);
bool replay_call(struct reader *r, struct json row, struct problem *p);
bool replay_engine(struct reader *r, struct json row, struct problem *p);
bool replay_violation(struct reader *r, struct json row, struct problem *p);
bool read_number(struct reader *r, struct json row, const char *key, int64_t limit, unsigned *out, struct problem *p);
bool replay_usage(struct reader *r, struct json row, struct problem *p);
bool replay_alive(struct reader *r, struct problem *p);
bool add_outcome(struct reader *r, const char *call, dcgmGroupEntityPair_t e, int status, struct problem *p);
bool end_failures(struct reader *r, dcgmGroupEntityPair_t e, struct problem *p);
usec unchanged_until(struct json row); // -1: it does not say
bool lacks(struct reader *r, const char *what, struct problem *p);
bool read_ids(struct json array, struct id_list *out);
bool kind_named(const char *name, unsigned *out);
bool read_entity_kind(struct reader *r, struct json row, dcgmGroupEntityPair_t *out, struct problem *p);
bool read_entity(struct reader *r, struct json row, const char *group, const char *id, dcgmGroupEntityPair_t *out, struct problem *p);
void *add_row(struct reader *r, struct column *blocks, struct column *rows, size_t size);
const struct recorded_block *block_of(const struct column *blocks); // replay_answers.c
bool replay_cpu(struct reader *r, struct json row, struct problem *p); // replay_devices.c
bool replay_peers_row(struct reader *r, struct json row, struct problem *p);
struct recorded_block *begin_block(struct reader *r, struct column *blocks, const struct column *rows);
void *add_item(struct column *c, size_t size); // NULL: out of memory

#endif
