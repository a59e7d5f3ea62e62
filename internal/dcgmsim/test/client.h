// SPDX-License-Identifier: Apache-2.0
// A small client of the library, for check.c.
#include "dcgm_agent.h"
#include "dcgm_errors.h"
#include "dcgm_fields.h"
#include "dcgm_structs.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int failures;
static char dir[] = "/tmp/dcgmsim-check-XXXXXX", control[64], scenario[64];
static const char *root;
static dcgmHandle_t handle;
static dcgmGpuGrp_t group;

#define CHECK(what)                                                       \
    do {                                                                  \
        if (!(what)) {                                                    \
            failures++;                                                   \
            fprintf(stderr, "check.c:%d: not so: %s\n", __LINE__, #what); \
        }                                                                 \
    } while (0)

static void put(const char *path, const char *mode, const char *text)
{
    FILE *f = fopen(path, mode);
    if (!f || fputs(text, f) < 0 || fputc('\n', f) < 0 || fclose(f) != 0)
        exit(2);
}

static void send_line(const char *text)
{
    put(control, "a", text);
}

static dcgmReturn_t connect_another(dcgmHandle_t *out)
{
    dcgmConnectV2Params_t params = {.version = dcgmConnectV2Params_version2};
    return dcgmConnect_v2("localhost:5555", &params, out);
}

// boot connects to a fresh node.
static dcgmReturn_t boot(const char *path)
{
    static int boots;
    snprintf(control, sizeof control, "%s/control-%d", dir, boots++);
    put(control, "w", "");
    setenv("DCGMSIM_SCENARIO", path, 1);
    setenv("DCGMSIM_CONTROL", control, 1);
    return connect_another(&handle);
}

static void boot_shipped(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/scenarios/%s.scenario", root, name);
    CHECK(boot(path) == DCGM_ST_OK);
    CHECK(dcgmGroupCreate(handle, DCGM_GROUP_DEFAULT, "all", &group) == DCGM_ST_OK);
}

static dcgmFieldGrp_t watch(unsigned short field)
{
    static int names;
    char name[32];
    dcgmFieldGrp_t fields = 0;
    snprintf(name, sizeof name, "fields-%d", names++);
    CHECK(dcgmFieldGroupCreate(handle, 1, &field, name, &fields) == DCGM_ST_OK);
    CHECK(dcgmWatchFields(handle, group, fields, 1000000, 600, 0) == DCGM_ST_OK);
    return fields;
}

static dcgmFieldValue_v2 read_entity(dcgm_field_entity_group_t kind, unsigned id, unsigned short field)
{
    dcgmFieldValue_v2 v = {.status = 1};
    dcgmGroupEntityPair_t e = {kind, id};
    dcgmReturn_t status = dcgmEntitiesGetLatestValues(handle, &e, 1, &field, 1, 0, &v);
    if (status != DCGM_ST_OK)
        v.status = status;
    return v;
}

static dcgmFieldValue_v2 read_gpu(unsigned gpu, unsigned short field)
{
    return read_entity(DCGM_FE_GPU, gpu, field);
}

static int64_t integer(unsigned gpu, unsigned short field)
{
    return read_gpu(gpu, field).value.i64;
}

static int count_values(dcgm_field_entity_group_t kind, dcgm_field_eid_t id, dcgmFieldValue_v1 *values, int count, void *data)
{
    (void)kind, (void)id;
    for (int i = 0; i < count; i++)
        *(int *)data += values[i].status == DCGM_ST_OK;
    return 0;
}

static DcgmEntityStatus_t status_of(unsigned gpu)
{
    DcgmEntityStatus_t s = DcgmEntityStatusUnknown;
    dcgmGetGpuStatus(handle, gpu, &s);
    return s;
}

static int gpus(void)
{
    unsigned ids[DCGM_MAX_NUM_DEVICES];
    int n = -1;
    dcgmGetAllSupportedDevices(handle, ids, &n);
    return n;
}

static int entities(unsigned flags)
{
    dcgm_field_eid_t ids[DCGM_MAX_NUM_DEVICES];
    int n = DCGM_MAX_NUM_DEVICES;
    CHECK(dcgmGetEntityGroupEntities(handle, DCGM_FE_GPU, ids, &n, flags) == DCGM_ST_OK);
    return n;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
