// SPDX-License-Identifier: Apache-2.0
// DCGM's texts for its statuses.
#include "sim.h"

#include <string.h>

static const struct {
    int status;
    const char *text;
} texts[] = {
    {DCGM_ST_OK, "Success"},
    {DCGM_ST_BADPARAM, "Bad parameter passed to function"},
    {DCGM_ST_GENERIC_ERROR, "Generic unspecified error"},
    {DCGM_ST_MEMORY, "Out of memory error"},
    {DCGM_ST_NOT_CONFIGURED, "Setting not configured"},
    {DCGM_ST_NOT_SUPPORTED, "Feature not supported"},
    {DCGM_ST_INIT_ERROR, "DCGM initialization error"},
    {DCGM_ST_NVML_ERROR, "NVML error"},
    {DCGM_ST_PENDING, "Object is in a pending state"},
    {DCGM_ST_UNINITIALIZED, "Object is in an undefined state"},
    {DCGM_ST_TIMEOUT, "Timeout"},
    {DCGM_ST_VER_MISMATCH, "API version mismatch"},
    {DCGM_ST_UNKNOWN_FIELD, "Unknown field identifier"},
    {DCGM_ST_NO_DATA, "No data is available"},
    {DCGM_ST_STALE_DATA, "Only stale data is available"},
    {DCGM_ST_NOT_WATCHED, "Field is not being watched"},
    {DCGM_ST_NO_PERMISSION, "No permission"},
    {DCGM_ST_GPU_IS_LOST, "GPU is lost"},
    {DCGM_ST_RESET_REQUIRED, "GPU requires a reset"},
    {DCGM_ST_FUNCTION_NOT_FOUND, "Function not found"},
    {DCGM_ST_CONNECTION_NOT_VALID, "Host engine connection invalid/disconnected"},
    {DCGM_ST_GPU_NOT_SUPPORTED, "This GPU is not supported by DCGM"},
    {DCGM_ST_GROUP_INCOMPATIBLE, "The GPUs of this group are incompatible with each other for the requested operation"},
    {DCGM_ST_MAX_LIMIT, "Max limit reached for the object"},
    {DCGM_ST_LIBRARY_NOT_FOUND, "DCGM library could not be found"},
    {DCGM_ST_DUPLICATE_KEY, "Duplicate Key passed to function"},
    {DCGM_ST_REQUIRES_ROOT, "Operation cannot be performed because the host engine is running as non-root"},
    {DCGM_ST_INSUFFICIENT_SIZE, "A provided buffer or variable is too small"},
    {DCGM_ST_FIELD_UNSUPPORTED_BY_API, "The given field ID is not supported by the API being called"},
    {DCGM_ST_MODULE_NOT_LOADED, "This request is serviced by a module of DCGM that is not currently loaded"},
    {DCGM_ST_IN_USE, "The requested operation could not be completed because the affected resource is in use"},
    {DCGM_ST_GROUP_IS_EMPTY, "The specified group is empty, and this operation is incompatible with an empty group"},
    {DCGM_ST_PROFILING_NOT_SUPPORTED, "Profiling is not supported for this group of GPUs or GPU"},
    {DCGM_ST_PROFILING_LIBRARY_ERROR, "The third-party Profiling module returned an unrecoverable error"},
    {DCGM_ST_PROFILING_MULTI_PASS, "The requested profiling metrics cannot be collected in a single pass"},
    {DCGM_ST_INSUFFICIENT_DRIVER_VERSION, "The installed driver version is insufficient for this API"},
    {DCGM_ST_INSTANCE_NOT_FOUND, "The specified GPU instance does not exist"},
    {DCGM_ST_COMPUTE_INSTANCE_NOT_FOUND, "The specified GPU compute instance does not exist"},
    {DCGM_ST_INSUFFICIENT_RESOURCES, "Not enough resources available"},
    {DCGM_ST_PAUSED, "The hostengine and all modules are paused"},
    {DCGM_ST_ALREADY_INITIALIZED, "The object is already initialized"},
    {DCGM_ST_NVML_NOT_LOADED, "Cannot perform the requested operation because NVML isn't loaded on this system"},
    {DCGM_ST_NVML_DRIVER_TIMEOUT, "Cannot perform the requested operation because an NVML driver timeout was detected"},
    {DCGM_ST_GPUS_DETACHED, "GPUs are detached"},
};

// status_of_text finds the status whose text an error has in it, the longest one if several do.
int status_of_text(const char *error)
{
    int found = DCGM_ST_GENERIC_ERROR;
    size_t longest = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t length = strlen(texts[i].text);
        if (length > longest && texts[i].status != DCGM_ST_OK && strstr(error, texts[i].text)) {
            found = texts[i].status;
            longest = length;
        }
    }
    return found;
}

DCGM_PUBLIC_API const char *errorString(dcgmReturn_t status)
{
    if (status == STATUS_SCENARIO)
        return engine.failure;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i].status == (int)status)
            return texts[i].text;
    }
    return "Unknown error";
}
