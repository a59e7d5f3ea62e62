// SPDX-License-Identifier: Apache-2.0
// What the health watches make of a GPU's values and events.
#include "verdicts.h"

#include <math.h>
#include <stdio.h>

#define COUNT(table) (sizeof table / sizeof *table)
#define WINDOW (60 * SECOND) // in which errors are counted

// What DCGM makes of an XID. Those of no single system are reported for all of them.
static const struct xid {
    int code;
    unsigned system;
    dcgmHealthWatchResults_t result;
    const char *meaning;
} xids[] = {
    {31, DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_WARN, "MMU Error"}, {32, DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_WARN, "PBDMA Error"},
    {38, DCGM_HEALTH_WATCH_PCIE, DCGM_HEALTH_RESULT_WARN, ""}, {39, DCGM_HEALTH_WATCH_PCIE, DCGM_HEALTH_RESULT_WARN, ""},
    {42, DCGM_HEALTH_WATCH_PCIE, DCGM_HEALTH_RESULT_WARN, ""}, {43, DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_WARN, "Reset Channel Verification Error"},
    {48, DCGM_HEALTH_WATCH_ALL, DCGM_HEALTH_RESULT_FAIL, "Double Bit ECC Error"}, {54, DCGM_HEALTH_WATCH_POWER, DCGM_HEALTH_RESULT_WARN, ""},
    {56, DCGM_HEALTH_WATCH_POWER, DCGM_HEALTH_RESULT_WARN, ""}, {57, DCGM_HEALTH_WATCH_POWER, DCGM_HEALTH_RESULT_WARN, ""},
    {58, DCGM_HEALTH_WATCH_POWER, DCGM_HEALTH_RESULT_WARN, ""}, {60, DCGM_HEALTH_WATCH_THERMAL, DCGM_HEALTH_RESULT_WARN, ""},
    {61, DCGM_HEALTH_WATCH_THERMAL, DCGM_HEALTH_RESULT_WARN, ""}, {62, DCGM_HEALTH_WATCH_THERMAL, DCGM_HEALTH_RESULT_WARN, ""},
    {63, DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_WARN, ""}, {64, DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_FAIL, ""},
    {67, DCGM_HEALTH_WATCH_NVLINK, DCGM_HEALTH_RESULT_WARN, ""}, {73, DCGM_HEALTH_WATCH_NVLINK, DCGM_HEALTH_RESULT_WARN, ""},
    {74, DCGM_HEALTH_WATCH_ALL, DCGM_HEALTH_RESULT_FAIL, "NVLink Error"}, {78, DCGM_HEALTH_WATCH_POWER, DCGM_HEALTH_RESULT_WARN, ""},
    {79, DCGM_HEALTH_WATCH_ALL, DCGM_HEALTH_RESULT_FAIL, DCGM_FR_FALLEN_OFF_BUS_MSG}, {94, DCGM_HEALTH_WATCH_ALL, DCGM_HEALTH_RESULT_WARN, DCGM_FR_CONTAINED_ERROR_MSG},
    {95, DCGM_HEALTH_WATCH_ALL, DCGM_HEALTH_RESULT_FAIL, DCGM_FR_UNCONTAINED_ERROR_MSG}, {119, DCGM_HEALTH_WATCH_ALL, DCGM_HEALTH_RESULT_FAIL, ""},
    {120, DCGM_HEALTH_WATCH_ALL, DCGM_HEALTH_RESULT_FAIL, ""}, {121, DCGM_HEALTH_WATCH_NVLINK, DCGM_HEALTH_RESULT_WARN, ""},
    {137, DCGM_HEALTH_WATCH_NVLINK, DCGM_HEALTH_RESULT_WARN, ""}, {140, DCGM_HEALTH_WATCH_ALL, DCGM_HEALTH_RESULT_FAIL, ""},
};

typedef void (*report_f)(const struct verdict *, void *);

// advise ends a verdict's text with what to do.
static void advise(struct verdict *v, const char *next)
{
    size_t length = strlen(v->text);
    snprintf(v->text + length, sizeof v->text - length, " %s", next);
}

static void name_xid(const struct xid *x, unsigned gpu, struct verdict *v)
{
    switch (x->code) {
    case 79:
        v->code = DCGM_FR_FALLEN_OFF_BUS;
        snprintf(v->text, sizeof v->text, DCGM_FR_FALLEN_OFF_BUS_MSG, (int)gpu);
        advise(v, DCGM_FR_FALLEN_OFF_BUS_NEXT);
        break;
    case 94:
        v->code = DCGM_FR_CONTAINED_ERROR;
        copy_text(v->text, sizeof v->text, DCGM_FR_CONTAINED_ERROR_MSG);
        advise(v, DCGM_FR_CONTAINED_ERROR_NEXT);
        break;
    case 95:
        v->code = DCGM_FR_UNCONTAINED_ERROR;
        copy_text(v->text, sizeof v->text, DCGM_FR_UNCONTAINED_ERROR_MSG);
        advise(v, DCGM_FR_UNCONTAINED_ERROR_NEXT);
        break;
    default:
        v->code = DCGM_FR_XID_ERROR;
        snprintf(v->text, sizeof v->text, DCGM_FR_XID_ERROR_MSG, (unsigned)x->code, gpu);
        advise(v, DCGM_FR_XID_ERROR_NEXT);
    }
}

// judge_xids reports each XID once, and until the host engine restarts.
static void judge_xids(unsigned gpu, report_f report, void *data)
{
    for (size_t i = 0; i < COUNT(xids); i++) {
        int position = 0;
        const struct event *e;
        struct verdict v = {.system = xids[i].system, .result = xids[i].result};
        while ((e = history((dcgmGroupEntityPair_t){DCGM_FE_GPU, gpu}, DCGM_FI_DEV_XID_ERROR, 0, now_us(), &position))) {
            if (e->code == xids[i].code)
                break;
        }
        if (!e)
            continue;
        name_xid(&xids[i], gpu, &v);
        size_t length = strlen(v.text);
        snprintf(v.text + length, sizeof v.text - length, "  (triggered by XID %d: %s)", xids[i].code, xids[i].meaning);
        report(&v, data);
    }
}

struct extremes {
    bool any;
    int64_t first, last;
};

static bool note(const struct reading *r, void *data)
{
    struct extremes *x = data;
    if (r->status != DCGM_ST_OK || r->i64 >= DCGM_INT64_BLANK)
        return true;
    if (!x->any)
        x->first = r->i64;
    x->last = r->i64;
    x->any = true;
    return true;
}

static int64_t value_of_field(dcgmGroupEntityPair_t e, unsigned field, usec t)
{
    struct reading r;
    if (lacks_samples(e, field))
        return 0;
    value_at(e, field, t, false, &r);
    return r.status == DCGM_ST_OK && r.i64 < DCGM_INT64_BLANK ? r.i64 : 0;
}

// grown returns by how much a counter has grown in the last minute. What clients injected counts
// where there is any.
static int64_t grown(unsigned gpu, unsigned field)
{
    const dcgmGroupEntityPair_t e = {DCGM_FE_GPU, gpu};
    usec now = now_us(), from = now - WINDOW > engine.boot ? now - WINDOW : engine.boot;
    struct extremes x = {0};
    injected_since(e, field, now - WINDOW, note, &x);
    return x.any ? x.last - x.first : value_of_field(e, field, now) - value_of_field(e, field, from);
}

static int64_t newest_value(unsigned gpu, unsigned field)
{
    struct reading r;
    const dcgmGroupEntityPair_t e = {DCGM_FE_GPU, gpu};
    return newest_injected(e, field, &r) ? r.i64 : value_of_field(e, field, now_us());
}

// judge_pcie allows 60 replays a minute for every 1000 Gbit/s of the link.
static void judge_pcie(unsigned gpu, report_f report, void *data)
{
    static const double gigabits[] = {0, 2.5, 5, 8, 16, 32, 64};
    int64_t generation = newest_value(gpu, DCGM_FI_DEV_PCIE_LINK_GEN), replays = grown(gpu, DCGM_FI_DEV_PCIE_REPLAY_TOTAL);
    if (generation < 1 || generation >= (int64_t)COUNT(gigabits))
        return;
    unsigned limit = (unsigned)ceil(gigabits[generation] / 1000 * 60 * (double)newest_value(gpu, DCGM_FI_DEV_PCIE_LINK_WIDTH));
    if (replays <= limit)
        return;
    struct verdict v = {DCGM_HEALTH_WATCH_PCIE, DCGM_HEALTH_RESULT_WARN, DCGM_FR_PCI_REPLAY_RATE, ""};
    snprintf(v.text, sizeof v.text, DCGM_FR_PCI_REPLAY_RATE_MSG, limit, gpu, (int)replays);
    advise(&v, DCGM_FR_PCI_REPLAY_RATE_NEXT);
    report(&v, data);
}

static void judge_links(unsigned gpu, report_f report, void *data)
{
    static const unsigned fields[] = {409, 419, 429, 439};
    for (size_t i = 0; i < COUNT(fields); i++) {
        int64_t errors = grown(gpu, fields[i]);
        struct verdict v = {DCGM_HEALTH_WATCH_NVLINK, DCGM_HEALTH_RESULT_WARN, DCGM_FR_NVLINK_ERROR_THRESHOLD, ""};
        if (errors < 1)
            continue;
        snprintf(v.text, sizeof v.text, DCGM_FR_NVLINK_ERROR_THRESHOLD_MSG, (long)errors, field_meta(fields[i])->tag, gpu, 1u);
        advise(&v, DCGM_FR_NVLINK_ERROR_THRESHOLD_NEXT);
        report(&v, data);
    }
    for (unsigned link = 0; link < NODE->models[NODE->gpus[gpu].model].links; link++) {
        struct verdict v = {DCGM_HEALTH_WATCH_NVLINK, DCGM_HEALTH_RESULT_FAIL, DCGM_FR_NVLINK_DOWN, ""};
        if (link_is_up(gpu, link, now_us()))
            continue;
        snprintf(v.text, sizeof v.text, DCGM_FR_NVLINK_DOWN_MSG, gpu, (int)link);
        advise(&v, DCGM_FR_NVLINK_DOWN_NEXT);
        report(&v, data);
    }
}

static void judge_memory(unsigned gpu, report_f report, void *data)
{
    int64_t errors = newest_value(gpu, DCGM_FI_DEV_ECC_DBE_VOL_TOTAL);
    if (errors > 0) {
        struct verdict v = {DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_FAIL, DCGM_FR_VOLATILE_DBE_DETECTED, ""};
        snprintf(v.text, sizeof v.text, DCGM_FR_VOLATILE_DBE_DETECTED_MSG, (int)errors, gpu);
        advise(&v, DCGM_FR_VOLATILE_DBE_DETECTED_NEXT);
        report(&v, data);
    }
    if (newest_value(gpu, DCGM_FI_DEV_ROW_REMAP_FAILED) > 0) {
        struct verdict v = {DCGM_HEALTH_WATCH_MEM, DCGM_HEALTH_RESULT_FAIL, DCGM_FR_ROW_REMAP_FAILURE, ""};
        snprintf(v.text, sizeof v.text, DCGM_FR_ROW_REMAP_FAILURE_MSG, 0u); // DCGM 4.6.0 names GPU 0 here, whichever it is.
        advise(&v, DCGM_FR_ROW_REMAP_FAILURE_NEXT);
        report(&v, data);
    }
}

static void judge_clocks(unsigned gpu, report_f report, void *data)
{
    if (grown(gpu, DCGM_FI_DEV_THERMAL_VIOLATION) > 0) {
        struct verdict v = {DCGM_HEALTH_WATCH_THERMAL, DCGM_HEALTH_RESULT_WARN, DCGM_FR_CLOCKS_EVENT_THERMAL, ""};
        snprintf(v.text, sizeof v.text, DCGM_FR_CLOCKS_EVENT_THERMAL_MSG, gpu);
        advise(&v, DCGM_FR_CLOCKS_EVENT_THERMAL_NEXT);
        report(&v, data);
    }
    if (grown(gpu, DCGM_FI_DEV_POWER_VIOLATION) > 0) {
        struct verdict v = {DCGM_HEALTH_WATCH_POWER, DCGM_HEALTH_RESULT_WARN, DCGM_FR_CLOCKS_EVENT_POWER, ""};
        snprintf(v.text, sizeof v.text, DCGM_FR_CLOCKS_EVENT_POWER_MSG, gpu);
        advise(&v, DCGM_FR_CLOCKS_EVENT_POWER_NEXT);
        report(&v, data);
    }
}

// judge reports what is wrong with a GPU, by system. While a GPU is lost, nothing is.
void judge(unsigned gpu, report_f report, void *data)
{
    DcgmEntityStatus_t status = gpu_status(gpu, now_us());
    if (status != DcgmEntityStatusOk && status != DcgmEntityStatusFake)
        return;
    judge_pcie(gpu, report, data);
    judge_links(gpu, report, data);
    judge_memory(gpu, report, data);
    judge_clocks(gpu, report, data);
    judge_xids(gpu, report, data);
}
