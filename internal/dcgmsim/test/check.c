// SPDX-License-Identifier: Apache-2.0
// Tests of the simulated libdcgm through its exported calls alone: every event, every shipped
// scenario, and scenarios that are wrong.
#include "client.h"

#include <dirent.h>

static void check_xid(void)
{
    boot_shipped("h100x8");
    dcgmFieldGrp_t fields = watch(230);
    long long next = 0;
    int count = 0;
    CHECK(read_gpu(3, 230).status == DCGM_ST_NO_DATA);
    send_line("xid gpu=3 code=79");
    send_line("advance 10s");
    CHECK(integer(3, 230) == 79 && read_gpu(3, 230).status == DCGM_ST_OK);
    CHECK(read_gpu(2, 230).status == DCGM_ST_NO_DATA);
    send_line("xid gpu=3 code=31 count=4");
    send_line("advance 2s");
    CHECK(dcgmGetValuesSince_v2(handle, group, fields, 0, &next, count_values, &count) == DCGM_ST_OK && count == 4);
    send_line("advance 2s");
    count = 0;
    CHECK(dcgmGetValuesSince_v2(handle, group, fields, 0, &next, count_values, &count) == DCGM_ST_OK && count == 5);
    CHECK(dcgmGetValuesSince_v2(handle, group, fields, next, &next, count_values, &count) == DCGM_ST_OK && count == 5);
    send_line("xid gpu=3 code=45 count=4 spread=40ms");
    send_line("advance 1s");
    CHECK(dcgmGetValuesSince_v2(handle, group, fields, next, &next, count_values, &count) == DCGM_ST_OK && count == 9);
}

static void check_counters(void)
{
    boot_shipped("h100x8");
    watch(156), watch(310), watch(312), watch(318), watch(393), watch(396), watch(395), watch(112), watch(241), watch(1523);
    send_line("ecc gpu=1 type=sbe count=7 location=device");
    send_line("row_remap gpu=1 type=uncorrected count=2 pending failed");
    send_line("throttle gpu=1 reason=hw_thermal,hw_slowdown for 10s");
    send_line("recovery gpu=1 action=node_reboot");
    send_line("advance 5s");
    CHECK(integer(1, 310) == 7 && integer(1, 312) == 7 && integer(1, 318) == 7 && integer(2, 310) == 0);
    CHECK(integer(1, 393) == 2 && integer(1, 396) == 1 && integer(1, 395) == 1);
    CHECK(integer(1, 112) == 0x48 && integer(1, 241) == 5000000000 && integer(2, 112) == 1);
    CHECK(integer(1, 1523) == 2);
    int64_t energy = integer(1, 156);
    send_line("advance 10s");
    CHECK(integer(1, 156) == energy + 4120000 && integer(1, 112) == 1 && integer(1, 241) == 10000000000);
    send_line("reset gpu=1");
    send_line("advance 2s");
    CHECK(integer(1, 156) == 824000 && integer(1, 310) == 0 && integer(1, 312) == 7 && integer(1, 396) == 0 && integer(1, 1523) == 0);
}

static void check_lost_and_frozen(void)
{
    boot_shipped("h100x8");
    watch(155), watch(1001), watch(100);
    send_line("advance 2s");
    CHECK(read_gpu(5, 1001).value.dbl < 1);
    int64_t ts = read_gpu(5, 155).ts;
    send_line("gpu_lost gpu=5");
    send_line("advance 3s");
    CHECK(status_of(5) == DcgmEntityStatusLost && status_of(4) == DcgmEntityStatusOk && gpus() == 7);
    CHECK(read_gpu(5, 155).status == DCGM_ST_OK && read_gpu(5, 155).value.dbl == DCGM_FP64_BLANK && read_gpu(5, 155).ts == ts + 3000000);
    send_line("gpu_restored gpu=5");
    CHECK(status_of(5) == DcgmEntityStatusOk && read_gpu(5, 1001).value.dbl == DCGM_FP64_BLANK);
    send_line("advance 2s");
    CHECK(read_gpu(5, 1001).value.dbl < 1);
    ts = read_gpu(0, 155).ts;
    send_line("field gpu=0 id=155 value=stale");
    send_line("field gpu=1 id=155 value=500.5");
    send_line("field gpu=2 id=155 value=status:-15 for 5s");
    send_line("field gpu=3 id=155 value=not_permissioned");
    send_line("profiling_paused for 10s");
    send_line("advance 4s");
    CHECK(read_gpu(0, 155).ts < ts + 1000000 && read_gpu(1, 155).value.dbl == 500.5 && read_gpu(2, 155).status == DCGM_ST_STALE_DATA);
    CHECK(read_gpu(3, 155).value.dbl == DCGM_FP64_NOT_PERMISSIONED && read_gpu(0, 1001).ts < ts + 1000000 && read_gpu(0, 100).ts > ts);
    send_line("unfield gpu=* id=155");
    send_line("advance 7s");
    CHECK(read_gpu(0, 155).ts > ts + 9000000 && read_gpu(1, 155).value.dbl != 500.5 && read_gpu(0, 1001).ts > ts + 9000000);
}

static void check_engine(void)
{
    boot_shipped("h100x8");
    unsigned short newer = 1611;
    dcgmFieldGrp_t f;
    dcgmGpuGrp_t g;
    dcgmHandle_t old = handle;
    CHECK(dcgmFieldGroupCreate(handle, 1, &newer, "newer", &f) == DCGM_ST_BADPARAM && DcgmFieldGetById(newer));
    send_line("group_limit 2");
    CHECK(dcgmGroupCreate(handle, DCGM_GROUP_EMPTY, "second", &g) == DCGM_ST_OK);
    CHECK(dcgmGroupCreate(handle, DCGM_GROUP_EMPTY, "third", &g) == DCGM_ST_MAX_LIMIT);
    send_line("call call=dcgmGroupDestroy status=-11 for 5s");
    CHECK(dcgmGroupDestroy(handle, g) == DCGM_ST_TIMEOUT);
    send_line("engine_dies");
    CHECK(gpus() == -1 && status_of(0) == DcgmEntityStatusUnknown);
    dcgmConnectV2Params_t params = {.version = dcgmConnectV2Params_version2};
    CHECK(dcgmConnect_v2("localhost", &params, &handle) == DCGM_ST_CONNECTION_NOT_VALID);
    CHECK(strcmp(errorString(DCGM_ST_CONNECTION_NOT_VALID), "Host engine connection invalid/disconnected") == 0);
    send_line("engine_returns");
    CHECK(dcgmConnect_v2("localhost", &params, &handle) == DCGM_ST_OK && gpus() == 8);
    CHECK(dcgmDisconnect(old) == DCGM_ST_CONNECTION_NOT_VALID && dcgmDisconnect(handle) == DCGM_ST_OK && gpus() == -1);
}

static void check_hang(void)
{
    boot_shipped("h100x8");
    send_line("hang 300ms call=dcgmGetGpuStatus");
    double start = seconds();
    CHECK(gpus() == 8 && seconds() - start < 0.2);
    CHECK(status_of(0) == DcgmEntityStatusOk && seconds() - start >= 0.3);
    send_line("slow 50ms for 10s");
    start = seconds();
    CHECK(gpus() == 8 && seconds() - start >= 0.05);
    send_line("advance 20s");
    CHECK(gpus() == 8);
    start = seconds();
    send_line("hang 60s");
    send_line("unhang");
    CHECK(gpus() == 8 && seconds() - start < 10);
}

static void check_topology(void)
{
    static dcgmMigHierarchy_v2 mig = {.version = dcgmMigHierarchy_version2};
    static dcgmNvLinkStatus_v5 links = {.version = dcgmNvLinkStatus_version5};
    boot_shipped("a100x4-mig");
    CHECK(dcgmGetGpuInstanceHierarchy(handle, &mig) == DCGM_ST_OK && mig.count == 22);
    send_line("mig_reconfigure gpu=0 layout=4g.20gb,3g.20gb settle=10s");
    send_line("advance 9s");
    CHECK(dcgmGetGpuInstanceHierarchy(handle, &mig) == DCGM_ST_OK && mig.count == 22);
    send_line("advance 1s");
    CHECK(dcgmGetGpuInstanceHierarchy(handle, &mig) == DCGM_ST_OK && mig.count == 18 && mig.entityList[0].info.nvmlProfileSlices == 4);
    send_line("xid gpu=1 ci=2 code=31");
    CHECK(read_entity(DCGM_FE_GPU_CI, 9, 230).value.i64 == 31 && read_gpu(1, 230).status == DCGM_ST_NOT_WATCHED);
    send_line("link gpu=2 link=5 state=down");
    CHECK(dcgmGetNvLinkLinkStatus(handle, &links) == DCGM_ST_OK && links.gpus[2].linkState[5] == DcgmNvLinkLinkStateDown && links.gpus[2].linkState[4] == DcgmNvLinkLinkStateUp && links.gpus[2].linkState[12] == DcgmNvLinkLinkStateNotSupported);
    links.version++;
    CHECK(dcgmGetNvLinkLinkStatus(handle, &links) == DCGM_ST_VER_MISMATCH);
    watch(155);
    send_line("gpu_lost gpu=2");
    CHECK(status_of(2) == DcgmEntityStatusLost && gpus() == 3 && entities(0) == 4 && entities(DCGM_GEGE_FLAG_ONLY_SUPPORTED) == 3);
    send_line("gpu_restored gpu=2");
    int64_t ts = read_gpu(3, 155).ts;
    send_line("gpu_detached gpu=3");
    send_line("advance 5s");
    CHECK(entities(0) == 4 && entities(DCGM_GEGE_FLAG_ONLY_SUPPORTED) == 3);
    CHECK(status_of(3) == DcgmEntityStatusDetached && gpus() == 3 && read_gpu(3, 155).status != DCGM_ST_OK ? true : read_gpu(3, 155).ts <= ts);
    send_line("gpu_attached gpu=3");
    send_line("advance 1s");
    CHECK(status_of(3) == DcgmEntityStatusOk && gpus() == 4 && integer(0, 6) == 2);
    send_line("gpu_added 7 model=a100 uuid=GPU-7 pci=00000000:D1:00.0");
    CHECK(gpus() == 5);
    send_line("gpu_removed gpu=7");
    CHECK(gpus() == 4 && read_gpu(7, 155).status == DCGM_ST_NOT_WATCHED);
}

static void check_group_limits(void)
{
    boot_shipped("h100x8");
    unsigned short ids[128], global = 1;
    dcgmFieldGrp_t f;
    for (unsigned i = 0; i < 128; i++)
        ids[i] = 155;
    CHECK(dcgmFieldGroupCreate(handle, 128, ids, "128", &f) == DCGM_ST_BADPARAM);
    CHECK(dcgmFieldGroupCreate(handle, 127, ids, "127", &f) == DCGM_ST_OK);
    CHECK(dcgmUnwatchFields(handle, group, f) == DCGM_ST_NOT_WATCHED);
    CHECK(dcgmFieldGroupCreate(handle, 1, &global, "global", &f) == DCGM_ST_OK);
    CHECK(dcgmWatchFields(handle, group, f, 1000000, 600, 0) == DCGM_ST_OK && read_gpu(0, global).status == DCGM_ST_OK);
    CHECK(dcgmUnwatchFields(handle, group, f) == DCGM_ST_NOT_WATCHED);
}

// A connection is one watcher of a field of an entity: a later watch replaces an earlier one,
// and ending either ends it. Another connection's watch is another watcher.
static void check_watchers(void)
{
    boot_shipped("h100x8");
    dcgmHandle_t other = 0;
    CHECK(connect_another(&other) == DCGM_ST_OK);
    dcgmFieldGrp_t first = watch(155), second = watch(155);
    CHECK(dcgmWatchFields(handle, group, second, 60000000, 600, 0) == DCGM_ST_OK);
    int64_t ts = read_gpu(0, 155).ts;
    send_line("advance 30s");
    CHECK(read_gpu(0, 155).ts == ts);
    CHECK(dcgmWatchFields(other, group, first, 1000000, 600, 0) == DCGM_ST_OK);
    send_line("advance 5s");
    CHECK(read_gpu(0, 155).ts == ts + 35000000);
    CHECK(dcgmUnwatchFields(other, group, first) == DCGM_ST_OK);
    send_line("advance 60s");
    CHECK((ts = read_gpu(0, 155).ts) > 0);
    CHECK(dcgmUnwatchFields(handle, group, first) == DCGM_ST_OK);
    send_line("advance 120s");
    CHECK(read_gpu(0, 155).ts == ts);
    CHECK(dcgmDisconnect(other) == DCGM_ST_OK);
}

static void check_health(void)
{
    dcgmHealthResponse_t *r = calloc(1, sizeof *r);
    r->version = dcgmHealthResponse_version5;
    boot_shipped("h100x8");
    CHECK(dcgmHealthSet(handle, group, DCGM_HEALTH_WATCH_ALL) == DCGM_ST_OK);
    send_line("xid gpu=3 code=79");
    CHECK(dcgmHealthCheck(handle, group, r) == DCGM_ST_OK && r->incidentCount == 0);
    CHECK(dcgmHealthCheck(handle, group, r) == DCGM_ST_OK && r->incidentCount == 1 && r->overallHealth == DCGM_HEALTH_RESULT_FAIL);
    CHECK(r->incidents[0].entityInfo.entityId == 3 && dcgmGetErrorMeta((dcgmError_t)r->incidents[0].error.code));
    free(r);
}

static void check_wrong(void)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"gup 0", ":1: \"gup\" is unknown"},
        {"# fine\nmodel x\ngpu 0 model=y uuid=u pci=p", ":3: gpu needs model="},
        {"field 99999 * const 1", ":1: \"99999\" is no list of field ids"},
        {"field 155 * wave mean=x", ":1: mean needs a number"},
        {"field 155 * const", ":1: const needs an operand"},
        {"at 10 engine_dies", ":1: at needs a duration"},
        {"at 1s explode", ":1: no event \"explode\""},
        {"at 1s xid gpu=3 code=79", ":1: there is no GPU 3"},
        {"name \"open", ":1: a quote is never closed"},
        {"include nowhere.model", ":1: cannot find \"nowhere.model\""},
        {"at 1s advance 1s", ":1: \"advance\" makes sense in the control file only"},
        {"clock sundial", ":1: clock must be manual"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        put(scenario, "w", wrong[i].text);
        dcgmReturn_t status = boot(scenario);
        const char *message = errorString(status);
        if (status == DCGM_ST_OK || strncmp(message, scenario, strlen(scenario)) != 0 || !strstr(message, wrong[i].message)) {
            failures++;
            fprintf(stderr, "\"%s\" gives %d \"%s\"\n", wrong[i].text, status, message);
        }
    }
    CHECK(boot("/nowhere") != DCGM_ST_OK && boot("") != DCGM_ST_OK && gpus() == -1);
}

// check_replay reads all of a recording of a real engine, and lines that are cut off anywhere.
static void check_replay(void)
{
    static const char line[] = "{\"kind\":\"value\",\"t\":1,\"entity_group\":\"GPU\",\"entity_id\":0,\"field\":50,\"type\":\"string\",\"status\":0,\"age_ms\":1e2,\"value\":\"\\u003c\\u00e4\\\"\"}";
    char path[512];
    snprintf(path, sizeof path, "%s/../../receiver/dcgmreceiver/internal/dcgm/testdata/dcgm-4.6.0-h100x8.recording.jsonl", root);
    CHECK(boot(path) == DCGM_ST_OK);
    send_line("advance 5s");
    CHECK(gpus() == 8 && read_gpu(7, 1).status == DCGM_ST_OK && strcmp(read_gpu(7, 1).value.str, "580.65.06") == 0);
    snprintf(path, sizeof path, "%s/cut.jsonl", dir);
    for (size_t n = 1; n <= sizeof line; n++) {
        FILE *out = fopen(path, "we");
        CHECK(out && fwrite(line, 1, n - 1, out) == n - 1 && fclose(out) == 0);
        CHECK(boot(path) == DCGM_ST_OK);
    }
    CHECK(strcmp(read_gpu(0, 50).value.str, "<\u00e4\"") == 0);
}

static void check_shipped(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s/scenarios", root);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        if (!strstr(e->d_name, ".scenario"))
            continue;
        snprintf(path, sizeof path, "%s/scenarios/%.200s", root, e->d_name);
        dcgmReturn_t status = boot(path);
        CHECK(status == DCGM_ST_OK || (fprintf(stderr, "%s\n", errorString(status)), false));
    }
    closedir(d);
}

int main(int argc, char **argv)
{
    root = argc > 1 ? argv[1] : ".";
    if (!mkdtemp(dir))
        return 2;
    snprintf(scenario, sizeof scenario, "%s/wrong.scenario", dir);
    setenv("DCGMSIM_CLOCK", "manual", 1);
    CHECK(gpus() == -1); // No call before dcgmInit does harm.
    dcgmInit();
    check_wrong();
    check_shipped();
    check_replay();
    check_xid();
    check_counters();
    check_lost_and_frozen();
    check_engine();
    check_hang();
    check_topology();
    check_group_limits();
    check_watchers();
    check_health();
    dcgmShutdown();
    fprintf(stderr, failures ? "check-sim: %d failures\n" : "check-sim: ok\n", failures);
    return failures != 0;
}
