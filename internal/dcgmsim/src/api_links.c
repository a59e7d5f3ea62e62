// SPDX-License-Identifier: Apache-2.0
// NVLinks and the paths between GPUs.
#include "sim.h"

#include <string.h>

DCGM_PUBLIC_API dcgmReturn_t dcgmGetNvLinkLinkStatus(dcgmHandle_t handle, dcgmNvLinkStatus_v5 *out)
{
    REQUIRE_VERSION(out, dcgmNvLinkStatus_version5);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    memset((char *)out + sizeof out->version, 0, sizeof *out - sizeof out->version);
    if (replaying()) {
        replay_links(out);
        return leave(DCGM_ST_OK);
    }
    for (unsigned id = 0; id < DCGM_MAX_NUM_DEVICES; id++) {
        if (!present(id))
            continue;
        dcgmNvLinkGpuLinkStatus_v4 *g = &out->gpus[out->numGpus++];
        g->entityId = id;
        for (unsigned i = 0; i < NODE->models[NODE->gpus[id].model].links; i++)
            g->linkState[i] = link_is_up(id, i, now_us()) ? DcgmNvLinkLinkStateUp : DcgmNvLinkLinkStateDown;
    }
    for (unsigned s = 0; s < NODE->switch_count; s++) {
        out->nvSwitches[out->numNvSwitches].entityId = s;
        for (unsigned i = 0; i < DCGM_NVLINK_MAX_LINKS_PER_NVSWITCH; i++)
            out->nvSwitches[out->numNvSwitches].linkState[i] = i < NODE->switch_ports ? DcgmNvLinkLinkStateUp : DcgmNvLinkLinkStateNotSupported;
        out->numNvSwitches++;
    }
    return leave(DCGM_ST_OK);
}

static bool linked(unsigned a, unsigned b)
{
    return a != b && present(a) && present(b) && NODE->models[NODE->gpus[a].model].links && NODE->models[NODE->gpus[b].model].links;
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGetNvLinkP2PStatus(dcgmHandle_t handle, dcgmNvLinkP2PStatus_v1 *out)
{
    REQUIRE_VERSION(out, dcgmNvLinkP2PStatus_version1);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    if (replaying())
        return leave(replay_peers(out) ? DCGM_ST_OK : DCGM_ST_NOT_SUPPORTED);
    out->numGpus = 0;
    for (unsigned id = 0; id < DCGM_MAX_NUM_DEVICES; id++) {
        if (!present(id))
            continue;
        dcgmNvLinkGpuLinkP2PStatus_v1 *g = &out->gpus[out->numGpus++];
        g->entityId = id;
        for (unsigned peer = 0; peer < DCGM_MAX_NUM_DEVICES; peer++)
            g->linkStatus[peer] = linked(id, peer) ? DcgmNvLinkP2pStatusOK : DcgmNvLinkP2pStatusNotSupported;
    }
    return leave(DCGM_ST_OK);
}

static void connect_peer(unsigned gpu, unsigned peer, dcgmDeviceTopology_v2 *out)
{
    const unsigned half = DCGM_MAX_NUM_DEVICES / 8; // GPUs per socket
    unsigned links = NODE->models[NODE->gpus[gpu].model].links;
    out->gpuPaths[out->numGpus].gpuId = peer;
    out->gpuPaths[out->numGpus].path = gpu / half == peer / half ? DCGM_TOPOLOGY_CPU : DCGM_TOPOLOGY_SYSTEM;
    if (linked(gpu, peer)) {
        out->gpuPaths[out->numGpus].path |= (dcgmGpuTopologyLevel_t)0x100 << (links - 1);
        out->gpuPaths[out->numGpus].localNvLinkIds = ((uint64_t)1 << links) - 1;
    }
    out->numGpus++;
}

DCGM_PUBLIC_API dcgmReturn_t dcgmGetDeviceTopology(dcgmHandle_t handle, unsigned int gpu, dcgmDeviceTopology_v2 *out)
{
    REQUIRE_VERSION(out, dcgmDeviceTopology_version2);
    dcgmReturn_t status = enter(__func__, handle);
    if (status != DCGM_ST_OK)
        return status;
    if (!gpu_exists(gpu))
        return leave(DCGM_ST_BADPARAM);
    memset((char *)out + sizeof out->version, 0, sizeof *out - sizeof out->version);
    out->cpuAffinityMask[0] = (unsigned long)integer(gpu, DCGM_FI_DEV_CPU_AFFINITY_0);
    for (unsigned peer = 0; peer < DCGM_MAX_NUM_DEVICES; peer++) {
        if (peer != gpu && present(peer))
            connect_peer(gpu, peer, out);
    }
    return leave(DCGM_ST_OK);
}
