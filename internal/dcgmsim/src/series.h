// SPDX-License-Identifier: Apache-2.0
// A series of samples, shared by series.c and reading.c.
#ifndef DCGMSIM_SERIES_H
#define DCGMSIM_SERIES_H

#include "sim.h"

#define MAX_SPANS 16

// A span is a stretch of sampling with one period.
struct span {
    usec start, end, period; // end: FOREVER while it goes on
};

struct subscription {
    struct subscription *next;
    struct watch watch;
};

struct series {
    struct series *next;
    dcgmGroupEntityPair_t entity;
    unsigned field;
    int span_count;
    struct span spans[MAX_SPANS];
    struct subscription *subscriptions;
    struct reading *injected; // oldest first
    int injected_count, injected_room;
};

struct series *series_find(dcgmGroupEntityPair_t e, unsigned field);
usec newest_taken(const struct series *s, usec t);
bool is_first(const struct series *s, usec ts);

#endif
