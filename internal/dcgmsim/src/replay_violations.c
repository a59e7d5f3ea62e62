// SPDX-License-Identifier: Apache-2.0
// The lines of a recording that say which policies were violated.
#include "json.h"
#include "replay.h"

#include <string.h>

#define COUNT(table) (sizeof table / sizeof *table)

// What violates a policy is a value of a field, or of the one that the violation names.
static const struct {
    const char *condition, *value;
    unsigned short field, type;
} violations[] = {
    {"Double-bit ECC error", "NumErrors", DCGM_FI_DEV_ECC_DBE_VOL_TOTAL, DCGM_FT_INT64}, {"Max Retired Pages Limit", "DbePages", DCGM_FI_DEV_RETIRED_DBE, DCGM_FT_INT64},
    {"Nvlink Error", "Counter", 0, DCGM_FT_INT64}, {"PCI error", "ReplayCounter", DCGM_FI_DEV_PCIE_REPLAY_COUNTER, DCGM_FT_INT64},
    {"Power Limit", "PowerViolation", DCGM_FI_DEV_POWER_USAGE, DCGM_FT_DOUBLE}, {"Thermal Limit", "ThermalViolation", DCGM_FI_DEV_GPU_TEMP, DCGM_FT_INT64},
    {"XID Error", "ErrNum", DCGM_FI_DEV_XID_ERROR, DCGM_FT_INT64},
};

// replay_violation keeps the value that violated a policy, as the engine must have sampled it.
bool replay_violation(struct reader *r, struct json row, struct problem *p)
{
    char condition[32];
    struct json violation = json_field(row, "violation"), data = json_field(violation, "Data");
    json_text(json_field(violation, "Condition"), condition, sizeof condition);
    size_t i = 0;
    while (i < COUNT(violations) && strcmp(violations[i].condition, condition) != 0)
        i++;
    if (i == COUNT(violations))
        return true;
    unsigned gpu, field = violations[i].field;
    struct recorded_sample *s = add_item(&r->replay->samples, sizeof *s);
    if (!s)
        return fail(p, &r->line, "out of memory");
    *s = (struct recorded_sample){.read = r->at, .after = -1, .type = violations[i].type, .timed = true, .taken = r->at};
    if (!read_number(r, violation, "GPU", DCGM_MAX_NUM_DEVICES - 1, &gpu, p) || (!field && !read_number(r, data, "FieldId", FIELD_COUNT - 1, &field, p)))
        return false;
    s->entity = (dcgmGroupEntityPair_t){DCGM_FE_GPU, gpu};
    s->field = (unsigned short)field;
    struct json value = json_field(data, violations[i].value);
    return (s->type == DCGM_FT_DOUBLE ? json_double(value, &s->dbl) : json_int(value, &s->i64)) || lacks(r, "\"Data\" that its condition has", p);
}
