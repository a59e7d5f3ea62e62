// SPDX-License-Identifier: Apache-2.0
// CPUs and pairs of GPUs in recordings.
#include "json.h"
#include "replay.h"

#include <string.h>

bool replay_cpu(struct reader *r, struct json row, struct problem *p)
{
    struct recorded_cpu *c = add_row(r, &r->replay->cpu_reads, &r->replay->cpus, sizeof *c);
    if (!c)
        return fail(p, &r->line, "out of memory");
    json_text(json_field(row, "serial"), c->serial, sizeof c->serial);
    if (!read_ids(json_field(row, "cores"), &c->cores))
        return lacks(r, "\"cores\" that are numbers", p);
    return read_number(r, row, "entity_id", DCGM_MAX_NUM_CPUS - 1, &c->id, p);
}

bool replay_peers_row(struct reader *r, struct json row, struct problem *p)
{
    struct recorded_peers *g = add_row(r, &r->replay->peer_reads, &r->replay->peers, sizeof *g);
    if (!g)
        return fail(p, &r->line, "out of memory");
    if (!read_ids(json_field(row, "states"), &g->states))
        return lacks(r, "\"states\" that are numbers", p);
    return read_number(r, row, "entity_id", DCGM_MAX_NUM_DEVICES - 1, &g->gpu, p);
}

void replay_cpus(dcgmCpuHierarchy_v2 *out)
{
    const struct recorded_block *b = block_of(&REPLAY->cpu_reads);
    for (int i = 0; b && i < b->count && out->numCpus < DCGM_MAX_NUM_CPUS; i++) {
        const struct recorded_cpu *c = ITEM(REPLAY->cpus, struct recorded_cpu, b->first + i);
        dcgmCpuHierarchyOwnedCores_v1 *owned = &out->cpus[out->numCpus].ownedCores;
        memset(owned, 0, sizeof *owned);
        owned->version = dcgmCpuHierarchyOwnedCores_version1;
        for (unsigned j = 0; j < c->cores.count; j++) {
            if (c->cores.ids[j] < DCGM_MAX_NUM_CPU_CORES)
                owned->bitmask[c->cores.ids[j] / 64] |= (uint64_t)1 << (c->cores.ids[j] % 64);
        }
        copy_text(out->cpus[out->numCpus].serial, sizeof out->cpus->serial, c->serial);
        out->cpus[out->numCpus++].cpuId = c->id;
    }
}

// replay_peers answers for all pairs; false: the recording has none.
bool replay_peers(dcgmNvLinkP2PStatus_v1 *out)
{
    const struct recorded_block *b = block_of(&REPLAY->peer_reads);
    out->numGpus = 0;
    for (int i = 0; b && i < b->count && out->numGpus < DCGM_MAX_NUM_DEVICES; i++) {
        const struct recorded_peers *from = ITEM(REPLAY->peers, struct recorded_peers, b->first + i);
        dcgmNvLinkGpuLinkP2PStatus_v1 *to = &out->gpus[out->numGpus++];
        to->entityId = from->gpu;
        for (unsigned j = 0; j < from->states.count && j < DCGM_MAX_NUM_DEVICES; j++)
            to->linkStatus[j] = (dcgmNvLinkGpuP2PStatus_t)from->states.ids[j];
    }
    return out->numGpus;
}
