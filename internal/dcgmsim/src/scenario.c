// SPDX-License-Identifier: Apache-2.0
// Reads a scenario file and what it includes.
#include "sim.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool load_file(struct scenario *s, const char *path, const struct line *from, struct problem *p);

static bool can_read(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

// find_include looks beside the including file, then in DCGMSIM_INCLUDE.
bool find_include(const struct line *l, const char *name, char *out, size_t size)
{
    char file[512];
    copy_text(file, sizeof file, l->file);
    if (*name == '/')
        copy_text(out, size, name);
    else
        snprintf(out, size, "%s/%s", dirname(file), name);
    const char *extra = getenv("DCGMSIM_INCLUDE");
    if (!can_read(out) && extra && *name != '/')
        snprintf(out, size, "%s/%s", extra, name);
    return can_read(out);
}

static bool include(struct scenario *s, const struct line *l, struct problem *p)
{
    char path[1024];
    if (l->count != 2)
        return fail(p, l, "include needs one file name");
    if (!find_include(l, l->tokens[1], path, sizeof path))
        return fail(p, l, "cannot find \"%s\" beside this file or in DCGMSIM_INCLUDE; correct the name", l->tokens[1]);
    return load_file(s, path, l, p);
}

static bool load_line(struct scenario *s, struct line *l, int *model, struct problem *p)
{
    size_t length = strcspn(l->text, "\n");
    if (length == sizeof l->text - 1)
        return fail(p, l, "longer than %zu characters; split the line", sizeof l->text - 2);
    l->text[length] = 0;
    if (!tokenize(l, p))
        return false;
    if (l->count == 0)
        return true;
    if (strcmp(l->tokens[0], "include") == 0)
        return include(s, l, p);
    return directive(s, l, model, p);
}

// seen reports whether a file was read already, and notes that it is now.
static bool seen(struct scenario *s, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return false;
    for (int i = 0; i < s->file_count; i++) {
        if (s->files[i].device == st.st_dev && s->files[i].inode == st.st_ino)
            return true;
    }
    if (s->file_count < MAX_FILES) {
        s->files[s->file_count].device = st.st_dev;
        s->files[s->file_count++].inode = st.st_ino;
    }
    return false;
}

static bool load_file(struct scenario *s, const char *path, const struct line *from, struct problem *p)
{
    if (seen(s, path))
        return true;
    if (s->file_count == MAX_FILES)
        return fail(p, from, "more than %d files; include fewer", MAX_FILES);
    struct line *l = calloc(1, sizeof *l);
    FILE *in = can_read(path) ? fopen(path, "re") : NULL;
    if (!l || !in) {
        struct line here = {.file = path, .number = 0};
        int error = errno ? errno : ENOENT;
        free(l);
        return fail(p, from ? from : &here, "cannot read %s: %s; name a readable file", path, strerror(error));
    }
    bool ok = true;
    int model = -1;
    l->file = path;
    while (ok && fgets(l->text, sizeof l->text, in)) {
        l->number++;
        ok = load_line(s, l, &model, p);
    }
    fclose(in);
    free(l);
    return ok;
}

// is_recording reports by its name that a file is no scenario.
static bool is_recording(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && strcmp(dot, ".jsonl") == 0;
}

bool load_scenario(const char *path, struct scenario *out, struct problem *p)
{
    memset(out, 0, sizeof *out);
    copy_text(out->node.engine, sizeof out->node.engine, "4.6.0");
    out->node.instances_per_gpu = MAX_INSTANCES;
    errno = 0;
    if (is_recording(path) ? load_replay(out, path, p) : load_file(out, path, NULL, p))
        return true;
    free_scenario(out);
    return false;
}

static void free_rules(struct rule *newest)
{
    for (struct rule *r = newest, *older; r; r = older) {
        older = r->older;
        free(r);
    }
}

void free_scenario(struct scenario *s)
{
    for (int id = 0; id < FIELD_COUNT; id++) {
        free_rules(s->node.rules[id]);
        free_rules(s->node.own[id]);
    }
    free(s->events);
    free_replay(s->replay);
    memset(s, 0, sizeof *s);
}
