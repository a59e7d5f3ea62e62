// SPDX-License-Identifier: Apache-2.0
// The table of fields. fields.inc is made of fields.tsv at build time.
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define FIELD(number, type, tag, level, bytes, scope) {number, type, bytes, tag, scope, 0, level, NULL},
static const dcgm_field_meta_t fields[] = {
#include "fields.inc"
};
#undef FIELD

static int compare(const void *key, const void *item)
{
    return (int)*(const unsigned *)key - (int)((const dcgm_field_meta_t *)item)->fieldId;
}

const dcgm_field_meta_t *field_meta(unsigned id)
{
    return bsearch(&id, fields, sizeof fields / sizeof *fields, sizeof *fields, compare);
}

bool is_profiling(unsigned id)
{
    return (id >= 1001 && id <= 1099) || id == 1532 || id == 1533;
}

bool set_has(const struct id_set *s, unsigned id)
{
    return id < FIELD_COUNT && s->bits[id / 64] >> (id % 64) & 1;
}

// parse_ids reads field ids and ranges of them, such as 150,310-345.
bool parse_ids(const char *text, struct id_set *out)
{
    memset(out, 0, sizeof *out);
    while (*text) {
        char *end;
        unsigned long first = strtoul(text, &end, 10), last = first;
        if (end == text || *text == '-' || *text == '+')
            return false;
        if (*end == '-') {
            text = end + 1;
            last = strtoul(text, &end, 10);
            if (end == text)
                return false;
        }
        if (last >= FIELD_COUNT || first > last || (*end && *end != ','))
            return false;
        for (unsigned long id = first; id <= last; id++)
            out->bits[id / 64] |= (uint64_t)1 << (id % 64);
        if (first == last && !field_meta((unsigned)first))
            return false;
        text = *end ? end + 1 : end;
    }
    return true;
}

DCGM_PUBLIC_API dcgm_field_meta_p DcgmFieldGetById(unsigned short id)
{
    return field_meta(id);
}

DCGM_PUBLIC_API int DcgmFieldsInit(void)
{
    return DCGM_ST_OK;
}

DCGM_PUBLIC_API int DcgmFieldsTerm(void)
{
    return DCGM_ST_OK;
}
