// SPDX-License-Identifier: Apache-2.0
// GPUs and the layouts of their instances, as scenarios and events write them.
#include "sim.h"

#include <string.h>

int find_model(const struct node *n, const char *key)
{
    for (int i = 0; i < n->model_count; i++) {
        if (strcmp(n->models[i].key, key) == 0)
            return i;
    }
    return -1;
}

bool parse_small(const struct line *l, const char *text, int64_t limit, unsigned *out, struct problem *p)
{
    int64_t n;
    if (!parse_int(text, &n) || n < 0 || n >= limit)
        return fail(p, l, "\"%s\" is not a number from 0 to %lld", text, (long long)limit - 1);
    *out = (unsigned)n;
    return true;
}

// parse_gpu reads `0 model=h100 uuid=... pci=... serial=... minor=... index=...`.
bool parse_gpu(const struct node *n, const struct line *l, int first, struct gpu *out, struct problem *p)
{
    const char *v;
    memset(out, 0, sizeof *out);
    out->model = -1;
    if (first >= l->count)
        return fail(p, l, "gpu needs a number");
    if (!parse_small(l, l->tokens[first++], DCGM_MAX_NUM_DEVICES, &out->id, p))
        return false;
    out->used = true;
    out->minor = out->index = out->id;
    for (; first < l->count; first++) {
        const char *token = l->tokens[first];
        if ((v = value_of(token, "model")))
            out->model = find_model(n, v);
        else if ((v = value_of(token, "uuid")))
            copy_text(out->uuid, sizeof out->uuid, v);
        else if ((v = value_of(token, "pci")))
            copy_text(out->pci, sizeof out->pci, v);
        else if ((v = value_of(token, "serial")))
            copy_text(out->serial, sizeof out->serial, v);
        else if ((v = value_of(token, "minor")) && !parse_small(l, v, 4096, &out->minor, p))
            return false;
        else if (!v && (v = value_of(token, "index")) && !parse_small(l, v, 4096, &out->index, p))
            return false;
        else if (!v)
            return fail(p, l, "gpu does not know \"%s\"; it knows model, uuid, pci, serial, minor and index", token);
    }
    if (out->model < 0)
        return fail(p, l, "gpu needs model= and a model that a line `model NAME` before it describes; include its file first");
    if (!*out->uuid || !*out->pci)
        return fail(p, l, "gpu needs uuid= and pci=");
    return true;
}

// add_computes reads the slices of compute instances, such as 1+2. Without them there is one,
// as large as its parent.
static bool add_computes(const struct line *l, char *text, unsigned parent, struct gpu *out, struct problem *p)
{
    char whole[2] = {(char)('0' + out->instances[parent].slices), 0}, *rest = text ? text : whole, *part;
    unsigned total = 0;
    for (unsigned number = 0; (part = strsep(&rest, "+")); number++) {
        unsigned slices = 0;
        if (!parse_small(l, part, 8, &slices, p))
            return false;
        total += slices;
        if (!slices || total > out->instances[parent].slices || out->compute_count == MAX_INSTANCES)
            return fail(p, l, "\"%s\" does not fit into %s; write the slices of its compute instances, such as 3g.40gb/1+2", part, out->instances[parent].profile);
        out->computes[out->compute_count++] = (struct compute_instance){parent, number, slices};
    }
    return true;
}

static bool add_instance(const struct line *l, char *text, struct gpu *out, struct problem *p)
{
    static const char slices[] = "123467";
    if (out->instance_count == MAX_INSTANCES)
        return fail(p, l, "more than %d instances on one GPU", MAX_INSTANCES);
    struct instance *i = &out->instances[out->instance_count];
    char *computes = text, *number;
    number = strsep(&computes, "/");
    text = strsep(&number, "@");
    if (!*text || !strchr(slices, *text) || strncmp(text + 1, "g.", 2) != 0 || strlen(text) >= sizeof i->profile)
        return fail(p, l, "\"%s\" is no MIG profile; write one such as 1g.10gb, with 1, 2, 3, 4, 6 or 7 slices", text);
    i->slices = (unsigned)(*text - '0');
    copy_text(i->profile, sizeof i->profile, text);
    i->number = out->instance_count + 1;
    if (number && !parse_small(l, number, UINT8_MAX, &i->number, p))
        return false;
    return add_computes(l, computes, out->instance_count++, out, p);
}

// parse_layout reads profiles between commas, or none, which turns MIG off.
bool parse_layout(const struct line *l, const char *text, struct gpu *out, struct problem *p)
{
    char copy[256], *rest = copy, *part;
    copy_text(copy, sizeof copy, text);
    out->instance_count = out->compute_count = 0;
    out->mig = strcmp(text, "none") != 0;
    while (out->mig && (part = strsep(&rest, ","))) {
        if (!add_instance(l, part, out, p))
            return false;
    }
    unsigned total = 0;
    for (unsigned i = 0; i < out->instance_count; i++)
        total += out->instances[i].slices;
    return total <= 7 ? true : fail(p, l, "the layout needs %u slices and a GPU has 7", total);
}
