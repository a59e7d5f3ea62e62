// SPDX-License-Identifier: Apache-2.0
// Reads single lines of JSON, each an object.
#ifndef DCGMSIM_JSON_H
#define DCGMSIM_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A json is one value within a line. kind is its first character: " { [ t f n, or 0 for a number; -1: there is none.
struct json {
    const char *at;
    int kind;
};

bool json_valid(const char *line); // an object, and nothing after it but spaces
struct json json_field(struct json object, const char *key);
struct json json_line(const char *line);
bool json_first(struct json array, struct json *item);
bool json_next(struct json *item);
bool json_int(struct json value, int64_t *out); // of a number, or of a text that holds one
bool json_double(struct json value, double *out);
bool json_text(struct json value, char *out, size_t size); // cut where it does not fit

#endif
