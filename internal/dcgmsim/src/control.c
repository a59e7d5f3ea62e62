// SPDX-License-Identifier: Apache-2.0
// The control file: events that happen when their line is read.
#include "sim.h"

#include <stdio.h>
#include <string.h>

static bool control_event(struct line *l, struct problem *p)
{
    struct event e;
    if (!tokenize(l, p))
        return false;
    if (l->count == 0)
        return true;
    if (!parse_event(NODE, l, 0, &e, p))
        return false;
    if (e.type == EVENT_ADVANCE && !NODE->manual)
        return fail(p, l, "advance needs the manual clock; set DCGMSIM_CLOCK=manual");
    if (e.type == EVENT_ADVANCE) {
        engine.manual_now += e.duration;
        apply_due();
        return true;
    }
    e.at = now_us();
    if (e.until != FOREVER)
        e.until += e.at;
    if (!add_event(&engine.scenario, &e))
        return fail(p, l, "out of memory");
    apply_due();
    return true;
}

static void control_lines(FILE *in)
{
    static struct line l;
    struct problem p;
    l.file = engine.control;
    while (fgets(l.text, sizeof l.text, in)) {
        size_t length = strlen(l.text);
        if (l.text[length - 1] != '\n')
            return; // Half a line: the rest is still to come.
        l.text[length - 1] = 0;
        engine.control_at += (int64_t)length;
        l.number = ++engine.control_line;
        if (!control_event(&l, &p))
            fprintf(stderr, "dcgmsim: %s (ignored)\n", p.text);
    }
}

// read_control applies what was appended to the control file since the last call.
void read_control(void)
{
    FILE *in = *engine.control && engine.booted ? fopen(engine.control, "re") : NULL;
    if (!in)
        return;
    fseek(in, 0, SEEK_END);
    long size = ftell(in);
    if (size < engine.control_at) // Somebody has replaced it.
        engine.control_at = engine.control_line = 0;
    if (size > engine.control_at && fseek(in, (long)engine.control_at, SEEK_SET) == 0)
        control_lines(in);
    fclose(in);
}
