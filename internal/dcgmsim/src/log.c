// SPDX-License-Identifier: Apache-2.0
// The errors that a host engine writes into its log.
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

// log_error appends a line to the file that DCGMSIM_LOG names, if it does.
void log_error(const char *format, ...)
{
    const char *path = getenv("DCGMSIM_LOG");
    FILE *file = path && *path ? fopen(path, "a") : NULL;
    if (!file)
        return;
    va_list args;
    va_start(args, format);
    vfprintf(file, format, args);
    va_end(args);
    fputc('\n', file);
    fclose(file);
}
