// SPDX-License-Identifier: Apache-2.0
// The value of a field of an entity at an instant.
#include "sim.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LIKE_DEPTH 4

// blank fills in one of DCGM's sentinels: 0 blank, 1 not found, 2 not supported, 3 not permitted.
void blank(unsigned field, int offset, struct reading *out)
{
    static const char *const texts[] = {"<<<NULL>>>", "<<<NOT_FOUND>>>", "<<<NOT_SUPPORTED>>>", "<<<NOT_PERM>>>"};
    copy_text(out->str, sizeof out->str, texts[offset]);
    const dcgm_field_meta_t *meta = field_meta(field);
    switch (meta ? meta->fieldType : DCGM_FT_INT64) {
    case DCGM_FT_DOUBLE:
        out->dbl = DCGM_FP64_BLANK + offset;
        break;
    case DCGM_FT_STRING:
        break;
    default:
        out->i64 = DCGM_INT64_BLANK + offset;
    }
}

static void without_value(unsigned field, int status, struct reading *out)
{
    blank(field, 0, out);
    out->status = status;
    out->ts = 0;
}

// number_of is what each= multiplies: the entity's number, of a link the link's.
static unsigned number_of(dcgmGroupEntityPair_t e)
{
    return e.entityGroupId == DCGM_FE_LINK ? e.entityId >> 8 & 0xffff : e.entityId;
}

static bool is_model(int model, int wanted)
{
    while (model >= 0 && model != wanted)
        model = NODE->models[model].base;
    return wanted < 0 || model >= 0;
}

const struct rule *rule_for(const struct rule *newest, dcgmGroupEntityPair_t e)
{
    int gpu = gpu_of(e), model = gpu >= 0 && gpu_exists((unsigned)gpu) ? NODE->gpus[gpu].model : -1;
    for (const struct rule *r = newest; r; r = r->older) {
        bool target_fits = r->target.kind == e.entityGroupId && (r->target.id < 0 || r->target.id == e.entityId);
        if (target_fits && is_model(model, r->model))
            return r;
    }
    return NULL;
}

// source_of says whose rule a field of an entity has. What belongs to no entity is read on the
// first GPU, and an instance reads as its GPU where it has no rule of its own. Profiling is what
// a GPU does not share.
static dcgmGroupEntityPair_t source_of(dcgmGroupEntityPair_t e, unsigned field)
{
    dcgmGroupEntityPair_t gpu;
    bool instance = e.entityGroupId == DCGM_FE_GPU_I || e.entityGroupId == DCGM_FE_GPU_CI;
    if (e.entityGroupId == DCGM_FE_NONE)
        return entities_of_kind(DCGM_FE_GPU, &gpu, 1) ? gpu : e;
    if (!instance || is_profiling(field) || rule_for(NODE->rules[field], e))
        return e;
    return (dcgmGroupEntityPair_t){DCGM_FE_GPU, (unsigned)gpu_of(e)};
}

const struct spec *spec_of(dcgmGroupEntityPair_t e, unsigned field)
{
    const struct rule *r = field < FIELD_COUNT ? rule_for(NODE->rules[field], source_of(e, field)) : NULL;
    return r ? &r->spec : NULL;
}

static bool of_gpus(unsigned kind)
{
    return kind == DCGM_FE_NONE || kind == DCGM_FE_GPU || kind == DCGM_FE_GPU_I || kind == DCGM_FE_GPU_CI;
}

// lacks_samples reports whether nothing is ever sampled: what an entity does not have, unless it
// is a GPU that does not support a field of GPUs, and of a GPU that a client made everything.
bool lacks_samples(dcgmGroupEntityPair_t e, unsigned field)
{
    int gpu = gpu_of(e);
    if (gpu >= 0 && gpu_exists((unsigned)gpu) && NODE->gpus[gpu].fake)
        return true;
    return !(of_gpus(e.entityGroupId) && of_gpus(field_meta(field)->entityLevel)) && !spec_of(e, field) && !override_of(e, field, now_us());
}

unsigned link_entity(unsigned gpu, unsigned link)
{
    return DCGM_FE_GPU | link << 8 | gpu << 24;
}

// counter grows from its base, and from zero after a reset.
static double counter(const struct spec *s, double each, int gpu, usec t)
{
    usec since = s->lifetime || gpu < 0 ? engine.boot : counters_since(gpu, t);
    double grown = s->change * ((double)(t - since) / SECOND);
    return since == engine.boot ? s->base + each + grown : grown;
}

static double compute(const struct spec *s, dcgmGroupEntityPair_t e, usec t)
{
    double each = s->each * number_of(e), turn = (double)(t - engine.boot) / (double)s->period;
    switch (s->kind) {
    case SPEC_RAMP:
        return s->base + each + (s->change - s->base) * fmin(turn, 1);
    case SPEC_WAVE:
        return s->base + each + s->change * sin(2 * M_PI * turn + number_of(e));
    case SPEC_COUNTER:
        return counter(s, each, gpu_of(e), t);
    default:
        return s->base + each;
    }
}

static void number(dcgmGroupEntityPair_t e, unsigned field, usec t, double v, struct reading *out)
{
    const dcgm_field_meta_t *meta = field_meta(field);
    if (meta->fieldType == DCGM_FT_DOUBLE) {
        out->dbl = v;
        return;
    }
    out->i64 = (int64_t)floor(v + 1e-6); // A counter shows what is complete.
    if (e.entityGroupId == DCGM_FE_GPU)
        out->i64 = with_effects((int)e.entityId, field, t, out->i64);
}

static void follow(dcgmGroupEntityPair_t e, unsigned field, usec t, const struct spec *s, int depth, struct reading *out);

static void by_spec(dcgmGroupEntityPair_t e, unsigned field, usec t, const struct spec *s, int depth, struct reading *out)
{
    double v = 0;
    switch (s->kind) {
    case SPEC_SENTINEL:
        blank(field, s->offset, out);
        out->as_text = s->as_text;
        return;
    case SPEC_STATUS:
        without_value(field, s->status, out);
        return;
    case SPEC_LIKE:
        follow(e, field, t, s, depth, out);
        return;
    case SPEC_ATTR:
        v = attribute(s->attribute, e, t, out->str, sizeof out->str);
        break;
    case SPEC_CONST: case SPEC_TEXT:
        copy_text(out->str, sizeof out->str, s->text);
        v = compute(s, e, t);
        break;
    default:
        v = compute(s, e, t);
    }
    if (field_meta(field)->fieldType != DCGM_FT_STRING)
        number(e, field, t, v, out);
}

// follow makes a field of another one, as clocks in Hz are made of those in MHz.
static void follow(dcgmGroupEntityPair_t e, unsigned field, usec t, const struct spec *s, int depth, struct reading *out)
{
    struct reading other = {0};
    const struct spec *source = override_of(e, s->like, t);
    if (!source || source->kind == SPEC_STALE)
        source = spec_of(e, s->like);
    if (!source || depth == LIKE_DEPTH) {
        blank(field, 2, out);
        return;
    }
    by_spec(e, s->like, t, source, depth + 1, &other);
    bool is_double = field_meta(s->like)->fieldType == DCGM_FT_DOUBLE;
    if (other.status || (is_double ? other.dbl >= DCGM_FP64_BLANK : other.i64 >= DCGM_INT64_BLANK)) {
        out->status = other.status;
        blank(field, is_double ? (int)(other.dbl - DCGM_FP64_BLANK) & 3 : (int)(other.i64 - DCGM_INT64_BLANK) & 3, out);
        return;
    }
    number(e, field, t, (is_double ? other.dbl : (double)other.i64) * s->change + s->sum, out);
}

static bool is_lost(dcgmGroupEntityPair_t e, unsigned field, usec t)
{
    int gpu = gpu_of(e);
    return gpu >= 0 && field_meta(field)->entityLevel != DCGM_FE_NONE && gpu_status((unsigned)gpu, t) == DcgmEntityStatusLost;
}

// value_at computes a sample taken at t. first says that it is the first of its series.
void value_at(dcgmGroupEntityPair_t e, unsigned field, usec t, bool first, struct reading *out)
{
    memset(out, 0, offsetof(struct reading, str) + 1);
    out->ts = t;
    const struct spec *s = override_of(e, field, t);
    if (!s || s->kind == SPEC_STALE)
        s = spec_of(e, field);
    bool forced = s && s != spec_of(e, field);
    if (!field_meta(field))
        without_value(field, DCGM_ST_UNKNOWN_FIELD, out);
    else if (is_lost(e, field, t) && !forced)
        blank(field, 0, out);
    else if (field_meta(field)->fieldType == DCGM_FT_BINARY)
        without_value(field, DCGM_ST_NO_DATA, out);
    else if (!s && is_profiling(field) && e.entityGroupId != DCGM_FE_GPU)
        blank(field, 0, out);
    else if (!s)
        blank(field, 2, out);
    else if (first && s->warmup == WARMUP_BLANK)
        blank(field, 0, out);
    else if (first && s->warmup == WARMUP_ZERO)
        number(e, field, t, 0, out);
    else
        by_spec(forced ? e : source_of(e, field), field, t, s, 0, out);
}
