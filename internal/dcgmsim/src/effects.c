// SPDX-License-Identifier: Apache-2.0
// What faults add to the values of fields.
#include "sim.h"

#define COUNT(table) (sizeof table / sizeof *table)

// Fields of single-bit errors by location, in the order of `location=`. Double-bit errors
// are one id further.
static const struct {
    unsigned since_reset, lifetime;
} ecc_fields[] = {{310, 312}, {314, 324}, {316, 326}, {318, 328}, {320, 330}, {322, 332}, {334, 338}, {336, 340}, {342, 344}};

static int64_t ecc(const struct event *e, unsigned field, usec reset)
{
    unsigned place = e->mask, dbe = e->choice;
    bool fresh = e->at >= reset;
    bool total = field == ecc_fields[0].lifetime + dbe || (fresh && field == ecc_fields[0].since_reset + dbe);
    bool here = place && (field == ecc_fields[place].lifetime + dbe || (fresh && field == ecc_fields[place].since_reset + dbe));
    return total || here ? e->count : 0;
}

static int64_t row_remap(const struct event *e, unsigned field, usec reset)
{
    enum { CORRECTED, UNCORRECTED };
    switch (field) {
    case DCGM_FI_DEV_ROW_REMAP_CORRECTABLE_TOTAL:
        return e->choice == CORRECTED ? e->count : 0;
    case DCGM_FI_DEV_ROW_REMAP_UNCORRECTABLE_TOTAL:
        return e->choice == UNCORRECTED ? e->count : 0;
    case DCGM_FI_DEV_ROW_REMAP_FAILED:
        return e->failed;
    case DCGM_FI_DEV_ROW_REMAP_PENDING:
        return e->pending && e->at >= reset; // A reset is what a pending remap waits for.
    default:
        return 0;
    }
}

// Which reasons, as bits of field 112, a counter of throttled nanoseconds counts.
static const struct {
    unsigned field, mask;
} throttle_fields[] = {
    {240, 0x04}, {241, 0x60}, {242, 0x10}, {243, 0x80}, {245, 0x08}, {246, 0xfe}, {247, 0xfe},
    {1420, 0x04}, {1421, 0x10}, {1422, 0x20}, {1423, 0x40}, {1424, 0x80},
};

static int64_t throttle(const struct event *e, unsigned field, usec t, usec reset)
{
    for (size_t i = 0; i < COUNT(throttle_fields); i++) {
        if (throttle_fields[i].field != field || !(throttle_fields[i].mask & e->mask))
            continue;
        usec from = e->at > reset ? e->at : reset, to = t < e->until ? t : e->until;
        return to > from ? (to - from) * 1000 : 0;
    }
    return 0;
}

static int64_t reasons_at(int gpu, usec t, int64_t own)
{
    const int64_t idle = 1;
    int64_t mask = 0;
    for (int i = 0; i < engine.scenario.event_count; i++) {
        const struct event *e = &engine.scenario.events[i];
        if (e->type == EVENT_THROTTLE && e->at <= t && t < e->until && (e->gpu < 0 || e->gpu == gpu))
            mask |= e->mask;
    }
    return mask ? (own & ~idle) | mask : own;
}

static int64_t recovery_at(int gpu, usec t, int64_t own)
{
    for (int i = 0; i < engine.scenario.event_count; i++) {
        const struct event *e = &engine.scenario.events[i];
        if (e->type == EVENT_RECOVERY && e->at <= t && t < e->until && (e->gpu < 0 || e->gpu == gpu))
            own = e->choice;
        if (e->type == EVENT_RESET && e->at <= t && (e->gpu < 0 || e->gpu == gpu))
            own = 0;
    }
    return own;
}

// with_effects returns what a field of a GPU reads, given what it would read without faults.
int64_t with_effects(int gpu, unsigned field, usec t, int64_t own)
{
    usec reset = counters_since(gpu, t);
    if (field == DCGM_FI_DEV_CLOCKS_EVENT_REASONS)
        return reasons_at(gpu, t, own);
    if (field == DCGM_FI_DEV_GPU_RECOVERY_ACTION)
        return recovery_at(gpu, t, own);
    for (int i = 0; i < engine.scenario.event_count; i++) {
        const struct event *e = &engine.scenario.events[i];
        if (e->at > t)
            break;
        if (e->gpu >= 0 && e->gpu != gpu)
            continue;
        if (e->type == EVENT_ECC)
            own += ecc(e, field, reset);
        if (e->type == EVENT_ROW_REMAP)
            own += row_remap(e, field, reset);
        if (e->type == EVENT_THROTTLE)
            own += throttle(e, field, t, reset);
    }
    return own;
}
