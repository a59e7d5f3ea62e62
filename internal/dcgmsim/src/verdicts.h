// SPDX-License-Identifier: Apache-2.0
// What is wrong with a GPU, shared by verdicts.c and api_health.c.
#ifndef DCGMSIM_VERDICTS_H
#define DCGMSIM_VERDICTS_H

#include "sim.h"
#include "dcgm_errors.h"

#include <string.h>

// An incident without its entity. Its text is the error's format with the numbers put in, what
// to do about it, and the XID that it follows from.
struct verdict {
    unsigned system;
    dcgmHealthWatchResults_t result;
    dcgmError_t code;
    char text[1024];
};

void judge(unsigned gpu, void (*report)(const struct verdict *, void *), void *data);

#endif
