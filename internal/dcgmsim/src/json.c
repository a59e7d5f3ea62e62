// SPDX-License-Identifier: Apache-2.0
#include "json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEEPEST 32
#define NUMBER_LENGTH 64

static const char *skip_space(const char *at)
{
    while (isspace((unsigned char)*at))
        at++;
    return at;
}

// skip_text returns what follows a text, NULL if it does not end.
static const char *skip_text(const char *at)
{
    for (at++; *at && *at != '"'; at++) {
        if (*at == '\\' && !*++at)
            return NULL;
    }
    return *at ? at + 1 : NULL;
}

static const char *skip_value(const char *at, int depth);

static const char *skip_members(const char *at, int depth)
{
    char end = *at == '{' ? '}' : ']';
    at = skip_space(at + 1);
    for (bool first = true; at && *at && *at != end; first = false) {
        if (!first && *at++ != ',')
            return NULL;
        at = skip_space(at);
        if (end == '}') {
            if (*at != '"' || !(at = skip_text(at)) || *(at = skip_space(at)) != ':')
                return NULL;
            at = skip_space(at + 1);
        }
        at = skip_value(at, depth + 1);
        at = at ? skip_space(at) : NULL;
    }
    return at && *at ? at + 1 : NULL;
}

static const char *skip_word(const char *at, const char *word)
{
    size_t n = strlen(word);
    return strncmp(at, word, n) == 0 ? at + n : NULL;
}

// skip_value returns what follows a value, NULL if it is none.
static const char *skip_value(const char *at, int depth)
{
    char *end;
    switch (*at) {
    case '"':
        return skip_text(at);
    case '{': case '[':
        return depth < DEEPEST ? skip_members(at, depth) : NULL;
    case 't':
        return skip_word(at, "true");
    case 'f':
        return skip_word(at, "false");
    case 'n':
        return skip_word(at, "null");
    default:
        strtod(at, &end);
        return end > at && (*at == '-' || isdigit((unsigned char)*at)) ? end : NULL;
    }
}

static struct json value_at_text(const char *at)
{
    return (struct json){at, strchr("\"{[tfn", *at) && *at ? *at : 0};
}

static const struct json none = {NULL, -1};

bool json_valid(const char *line)
{
    line = skip_space(line);
    const char *end = *line == '{' ? skip_value(line, 0) : NULL;
    return end && !*skip_space(end);
}

struct json json_line(const char *line)
{
    return value_at_text(skip_space(line));
}

// json_field expects what json_valid has seen.
struct json json_field(struct json object, const char *key)
{
    if (object.kind != '{')
        return none;
    size_t length = strlen(key);
    for (const char *at = skip_space(object.at + 1); *at == '"'; at = skip_space(at)) {
        const char *name = at + 1, *after = skip_text(at);
        const char *value = skip_space(skip_space(after) + 1);
        if ((size_t)(after - name) == length + 1 && strncmp(name, key, length) == 0)
            return value_at_text(value);
        at = skip_space(skip_value(value, 0));
        at += *at == ',';
    }
    return none;
}

bool json_first(struct json array, struct json *item)
{
    if (array.kind != '[')
        return false;
    const char *at = skip_space(array.at + 1);
    *item = value_at_text(at);
    return *at != ']';
}

bool json_next(struct json *item)
{
    const char *at = skip_space(skip_value(item->at, 0));
    if (*at != ',')
        return false;
    *item = value_at_text(skip_space(at + 1));
    return true;
}

bool json_int(struct json value, int64_t *out)
{
    char text[NUMBER_LENGTH], *end;
    if (value.kind == '"') {
        json_text(value, text, sizeof text);
        *out = strtoll(text, &end, 10);
        return end > text && !*end;
    }
    if (value.kind != 0)
        return false;
    *out = strtoll(value.at, &end, 10);
    return end > value.at && !strchr(".eE", *end);
}

bool json_double(struct json value, double *out)
{
    char text[NUMBER_LENGTH], *end;
    if (value.kind != '"' && value.kind != 0)
        return false;
    if (value.kind == '"')
        json_text(value, text, sizeof text);
    const char *from = value.kind == '"' ? text : value.at;
    *out = strtod(from, &end);
    return end > from;
}

// put_utf8 writes a character of the basic plane.
static size_t put_utf8(unsigned code, char out[3])
{
    if (code < 0x80)
        return (size_t)snprintf(out, 2, "%c", (char)code);
    bool wide = code >= 0x800;
    if (wide)
        *out++ = (char)(0xe0 | code >> 12);
    *out++ = (char)(wide ? 0x80 | (code >> 6 & 0x3f) : 0xc0 | code >> 6);
    *out = (char)(0x80 | (code & 0x3f));
    return wide ? 3 : 2;
}

// unescape reads one character after a backslash, and moves *at past it.
static size_t unescape(const char **at, char out[3])
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    char c = *(*at)++;
    unsigned code;
    if (c == 'u' && sscanf(*at, "%4x", &code) == 1) {
        *at += strnlen(*at, 4);
        return put_utf8(code, out);
    }
    const char *known = strchr(from, c);
    *out = known ? to[known - from] : c;
    return 1;
}

bool json_text(struct json value, char *out, size_t size)
{
    *out = 0;
    if (value.kind != '"')
        return false;
    size_t used = 0;
    for (const char *at = value.at + 1; *at && *at != '"';) {
        char piece[3] = {*at};
        size_t n = 1;
        if (*at++ == '\\')
            n = unescape(&at, piece);
        if (used + n >= size)
            break;
        memcpy(out + used, piece, n);
        used += n;
    }
    out[used] = 0;
    return true;
}
