// SPDX-License-Identifier: Apache-2.0
// The part of a `field` line that says how the value comes about.
#include "sim.h"

#include <string.h>

static const char *const kinds[] = {
    [SPEC_CONST] = "const", [SPEC_RAMP] = "ramp", [SPEC_WAVE] = "wave", [SPEC_COUNTER] = "counter",
    [SPEC_ATTR] = "attr", [SPEC_LIKE] = "like", [SPEC_SENTINEL] = "not_supported", [SPEC_STATUS] = "status", [SPEC_EVENT] = "event",
};
static const char *const sentinels[] = {"blank", "not_found", "not_supported", "not_permissioned"};
static const char *const attributes[] = {
    [ATTR_NAME] = "name", [ATTR_UUID] = "uuid", [ATTR_PCI] = "pci", [ATTR_SERIAL] = "serial", [ATTR_MINOR] = "minor", [ATTR_INDEX] = "index",
    [ATTR_GPU_COUNT] = "gpu_count", [ATTR_PEERS] = "peers", [ATTR_MIG_MODE] = "mig_mode", [ATTR_MIG_SLICES] = "mig_slices", [ATTR_MIG_NAME] = "mig_name",
    [ATTR_LINK_STATE] = "link_state",
};
static const char *const warmups[] = {[WARM] = "none", [WARMUP_ZERO] = "zero", [WARMUP_BLANK] = "blank"};
#define COUNT(names) ((int)(sizeof names / sizeof *names))

// A number of the spec, and the kinds that know it.
struct number {
    const char *key;
    size_t offset;
    unsigned kinds;
    bool duration;
};

#define K(kind) (1u << (kind))
static const struct number numbers[] = {
    {"from", offsetof(struct spec, base), K(SPEC_RAMP), false},
    {"mean", offsetof(struct spec, base), K(SPEC_WAVE), false},
    {"base", offsetof(struct spec, base), K(SPEC_COUNTER), false},
    {"to", offsetof(struct spec, change), K(SPEC_RAMP), false},
    {"amplitude", offsetof(struct spec, change), K(SPEC_WAVE), false},
    {"rate", offsetof(struct spec, change), K(SPEC_COUNTER), false},
    {"factor", offsetof(struct spec, change), K(SPEC_LIKE), false},
    {"plus", offsetof(struct spec, sum), K(SPEC_LIKE), false},
    {"each", offsetof(struct spec, each), K(SPEC_CONST) | K(SPEC_RAMP) | K(SPEC_WAVE) | K(SPEC_COUNTER), false},
    {"over", offsetof(struct spec, period), K(SPEC_RAMP), true},
    {"period", offsetof(struct spec, period), K(SPEC_WAVE), true},
    {"every", offsetof(struct spec, every), ~0u, true},
};

static bool parse_number(const struct line *l, const char *token, struct spec *out, struct problem *p)
{
    for (int i = 0; i < COUNT(numbers); i++) {
        const char *text = value_of(token, numbers[i].key);
        if (!text || !(numbers[i].kinds & K(out->kind)))
            continue;
        char *at = (char *)out + numbers[i].offset;
        if (numbers[i].duration && !parse_duration(text, (usec *)(void *)at))
            return fail(p, l, "%s needs a duration such as 500ms, 10s or 5m, got \"%s\"", numbers[i].key, text);
        if (!numbers[i].duration && !parse_double(text, (double *)(void *)at))
            return fail(p, l, "%s needs a number, got \"%s\"", numbers[i].key, text);
        return true;
    }
    return fail(p, l, "\"%s\" does not belong to \"%s\"; the README's table lists what does", token, kinds[out->kind] ? kinds[out->kind] : "this value");
}

static bool parse_option(const struct line *l, const char *token, struct spec *out, struct problem *p)
{
    const char *warmup = value_of(token, "first");
    if (warmup) {
        int i = lookup(warmups, COUNT(warmups), warmup);
        if (i < 0)
            return fail(p, l, "first must be zero, blank or none, got \"%s\"", warmup);
        out->warmup = (enum warmup)i;
        return true;
    }
    if (strcmp(token, "lifetime") == 0 && out->kind == SPEC_COUNTER) {
        out->lifetime = true;
        return true;
    }
    if (strcmp(token, "as_text") == 0 && out->kind == SPEC_SENTINEL) {
        out->as_text = true;
        return true;
    }
    return parse_number(l, token, out, p);
}

static void parse_const(const char *text, struct spec *out)
{
    copy_text(out->text, sizeof out->text, text);
    if (!parse_double(text, &out->base))
        out->kind = SPEC_TEXT;
}

// parse_operand reads the word after the kind, for the kinds that have one.
static bool parse_operand(const struct line *l, const char *text, struct spec *out, struct problem *p)
{
    int64_t n;
    int i;
    switch (out->kind) {
    case SPEC_CONST:
        parse_const(text, out);
        return true;
    case SPEC_ATTR:
        i = lookup(attributes, COUNT(attributes), text);
        if (i < 0)
            return fail(p, l, "no attribute \"%s\"; the README's table lists them", text);
        out->attribute = (enum attribute)i;
        return true;
    case SPEC_LIKE:
        if (!parse_int(text, &n) || n < 0 || !field_meta((unsigned)n))
            return fail(p, l, "like needs the id of a field, got \"%s\"", text);
        out->like = (unsigned)n;
        return true;
    default:
        if (!parse_int(text, &n) || n >= 0 || n < -999)
            return fail(p, l, "status needs a DCGM status such as -14, got \"%s\"", text);
        out->status = (int)n;
        return true;
    }
}

bool parse_spec(const struct line *l, int first, struct spec *out, struct problem *p)
{
    memset(out, 0, sizeof *out);
    out->period = SECOND;
    if (first >= l->count)
        return fail(p, l, "no value; add const, ramp, wave, counter, attr, like, event, status, blank, not_found, not_supported or not_permissioned");
    const char *word = l->tokens[first++];
    out->offset = lookup(sentinels, COUNT(sentinels), word);
    int kind = out->offset >= 0 ? SPEC_SENTINEL : lookup(kinds, COUNT(kinds), word);
    if (kind < 0)
        return fail(p, l, "\"%s\" is no kind of value; use const, ramp, wave, counter, attr, like, event, status, blank, not_found, not_supported or not_permissioned", word);
    out->kind = (enum spec_kind)kind;
    if (out->kind == SPEC_LIKE)
        out->change = 1;
    if (K(kind) & (K(SPEC_CONST) | K(SPEC_ATTR) | K(SPEC_LIKE) | K(SPEC_STATUS))) {
        if (first >= l->count)
            return fail(p, l, "%s needs an operand", word);
        if (!parse_operand(l, l->tokens[first++], out, p))
            return false;
    }
    if (out->kind == SPEC_TEXT)
        kind = SPEC_CONST;
    for (; first < l->count; first++) {
        if (!parse_option(l, l->tokens[first], out, p))
            return false;
    }
    if (out->period <= 0)
        return fail(p, l, "a duration must be above zero");
    return true;
}

// parse_override reads the value that an event forces upon a field.
bool parse_override(const struct line *l, const char *text, struct spec *out, struct problem *p)
{
    memset(out, 0, sizeof *out);
    out->offset = lookup(sentinels, COUNT(sentinels), text);
    if (out->offset >= 0) {
        out->kind = SPEC_SENTINEL;
        return true;
    }
    if (strcmp(text, "stale") == 0) {
        out->kind = SPEC_STALE;
        return true;
    }
    if (strncmp(text, "status:", 7) == 0) {
        out->kind = SPEC_STATUS;
        return parse_operand(l, text + 7, out, p);
    }
    out->kind = SPEC_CONST;
    parse_const(text, out);
    return true;
}
