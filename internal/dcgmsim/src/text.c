// SPDX-License-Identifier: Apache-2.0
// Lines, tokens and numbers of the scenario language.
#include "sim.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool fail(struct problem *p, const struct line *l, const char *format, ...)
{
    int used = snprintf(p->text, sizeof p->text, l->number ? "%s:%d: " : "%s: ", l->file, l->number);
    if (used < 0 || (size_t)used >= sizeof p->text)
        return false;
    va_list args;
    va_start(args, format);
    vsnprintf(p->text + used, sizeof p->text - (size_t)used, format, args);
    va_end(args);
    return false;
}

// next_token cuts one token out of *at, and drops quotes: name="NVIDIA L4" is one token.
// It returns NULL if a quote stays open.
static char *next_token(char **at)
{
    char *out = *at, *in = *at, *token = *at;
    bool quoted = false;
    for (; *in && (quoted || !isspace((unsigned char)*in)); in++) {
        if (*in == '"')
            quoted = !quoted;
        else
            *out++ = *in;
    }
    *at = *in ? in + 1 : in;
    *out = 0;
    return quoted ? NULL : token;
}

static void cut_comment(char *text)
{
    bool quoted = false;
    for (; *text; text++) {
        if (*text == '"')
            quoted = !quoted;
        if (*text == '#' && !quoted) {
            *text = 0;
            return;
        }
    }
}

bool tokenize(struct line *l, struct problem *p)
{
    cut_comment(l->text);
    l->count = 0;
    for (char *at = l->text; *at;) {
        if (isspace((unsigned char)*at)) {
            at++;
            continue;
        }
        if (l->count == MAX_TOKENS)
            return fail(p, l, "more than %d words; split the line", MAX_TOKENS);
        char *token = next_token(&at);
        if (!token)
            return fail(p, l, "a quote is never closed; add the second \"");
        l->tokens[l->count++] = token;
    }
    return true;
}

const char *value_of(const char *token, const char *key)
{
    size_t n = strlen(key);
    return strncmp(token, key, n) == 0 && token[n] == '=' ? token + n + 1 : NULL;
}

bool parse_int(const char *text, int64_t *out)
{
    char *end;
    *out = strtoll(text, &end, 0);
    return *text && !*end;
}

bool parse_double(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return *text && !*end && isfinite(*out);
}

bool parse_duration(const char *text, usec *out)
{
    static const struct {
        const char *unit;
        double us;
    } units[] = {{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 60e6}, {"h", 3600e6}};
    char *end;
    double n = strtod(text, &end);
    if (end == text || !isfinite(n) || n < 0)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(end, units[i].unit) == 0 && n * units[i].us < 1e17) {
            *out = (usec)llround(n * units[i].us);
            return true;
        }
    }
    return false;
}

int lookup(const char *const *names, int count, const char *text)
{
    for (int i = 0; i < count; i++) {
        if (names[i] && strcmp(names[i], text) == 0)
            return i;
    }
    return -1;
}

void join_names(const char *const *names, int count, char *out, size_t size)
{
    size_t used = 0;
    *out = 0;
    for (int i = 0; i < count; i++) {
        if (!names[i])
            continue;
        int n = snprintf(out + used, size - used, used ? ", %s" : "%s", names[i]);
        if (n < 0 || (size_t)n >= size - used)
            return;
        used += (size_t)n;
    }
}

void copy_text(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}
