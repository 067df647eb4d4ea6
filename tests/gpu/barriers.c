/* Barriers of a warp, a block and a cluster, and threads that leave. */
#include "device_memory.h"
#include "read.h"

/* Whether all lanes that an instruction needs have come; else the group waits for them. */
bool gpu_all_lanes_here(struct warp *w, uint32_t needed, uint32_t mask)
{
    if ((needed & ~mask) == 0)
        return true;
    gpu_wait(w, WAITS_FOR_LANES, 0);
    return false;
}

/* All 32, or all that the last warp of a block has. */
static bool whole_warp_here(struct warp *w, const struct instruction *i, uint32_t mask)
{
    if (w->live != w->lanes)
        gpu_end(w, i, (uint32_t)__builtin_ctz(w->lanes & ~w->live),
                "this thread has left, and will not reach what its warp has reached");
    return gpu_all_lanes_here(w, w->lanes, mask);
}

static void wake_block(struct block *b, uint8_t barrier)
{
    for (uint32_t k = 0; k < b->warp_count; k++)
        gpu_wake(&b->warps[k], WAITS_FOR_BLOCK, barrier);
}

/* o[0]: the barrier; o[1], where there is one: threads. flag[0]: arrives without waiting. */
static void run_block_barrier(struct warp *w, const struct instruction *i, uint32_t mask)
{
    struct block *b = w->block;
    if (!whole_warp_here(w, i, mask))
        return;
    uint32_t number = *(const uint32_t *)gpu_lanes(w, &i->o[0]);
    uint32_t expected =
        i->count > 1 ? *(const uint32_t *)gpu_lanes(w, &i->o[1]) : b->launch->threads;
    if (number >= BLOCK_BARRIERS)
        gpu_end(w, i, 0, "barrier %u: there are %d", number, BLOCK_BARRIERS);
    if (!expected || (i->count > 1 && expected % LANES) || expected > b->launch->threads)
        gpu_end(w, i, 0, "%u threads at a barrier of a block of %u", expected, b->launch->threads);
    if (i->count == 1 && b->live != b->launch->threads)
        gpu_end(w, i, 0, "%u threads of the block have left, and will not reach this barrier",
                b->launch->threads - b->live);
    struct block_barrier *at = &b->barriers[number];
    if (at->expected && at->expected != expected)
        gpu_end(w, i, 0, "barrier %u is for %u threads here and for %u elsewhere", number, expected,
                at->expected);
    at->expected = expected;
    at->all = at->all || i->count == 1;
    at->arrived += (uint32_t)__builtin_popcount(w->lanes);
    if (at->arrived > expected)
        gpu_end(w, i, 0, "%u threads at barrier %u, which is for %u", at->arrived, number,
                expected);
    if (at->arrived == expected) {
        *at = (struct block_barrier){0};
        gpu_changed(b->launch);
        wake_block(b, (uint8_t)number);
    } else if (!i->flag[0]) {
        gpu_wait(w, WAITS_FOR_BLOCK, (uint8_t)number);
    }
}

static void run_warp_barrier(struct warp *w, const struct instruction *i, uint32_t mask)
{
    const uint32_t *members = gpu_lanes(w, &i->o[0]);
    uint32_t needed = members[__builtin_ctz(mask)];
    if (mask & ~needed)
        gpu_end(w, i, (uint32_t)__builtin_ctz(mask & ~needed),
                "the thread is no member of mask 0x%x", needed);
    gpu_all_lanes_here(w, needed & w->live, mask);
}

/* ---- the cluster's ---- */

static void complete_cluster(struct cluster *c)
{
    c->arrived = 0;
    c->phase++;
    gpu_changed(c->launch);
    for (uint32_t k = 0; k < c->size; k++)
        for (uint32_t n = 0; n < c->blocks[k].warp_count; n++)
            gpu_wake(&c->blocks[k].warps[n], WAITS_FOR_CLUSTER, 0);
}

/* flag[0]: aligned, all lanes of the warp together. */
static void run_cluster_arrive(struct warp *w, const struct instruction *i, uint32_t mask)
{
    struct cluster *c = w->block->cluster;
    if (i->flag[0] && !whole_warp_here(w, i, mask))
        return;
    if (w->arrived & mask)
        gpu_end(w, i, (uint32_t)__builtin_ctz(w->arrived & mask),
                "the thread arrives twice at the cluster's barrier without waiting");
    w->arrived |= mask;
    w->arrived_phase = c->phase & 1 ? w->arrived_phase | mask : w->arrived_phase & ~mask;
    c->arrived += (uint32_t)__builtin_popcount(mask);
    if (c->arrived == c->live)
        complete_cluster(c);
}

static void run_cluster_wait(struct warp *w, const struct instruction *i, uint32_t mask)
{
    struct cluster *c = w->block->cluster;
    if (i->flag[0] && !whole_warp_here(w, i, mask))
        return;
    if (mask & ~w->arrived)
        gpu_end(w, i, (uint32_t)__builtin_ctz(mask & ~w->arrived),
                "the thread waits at the cluster's barrier without having arrived");
    uint32_t now = c->phase & 1 ? UINT32_MAX : 0;
    if (mask & ~(w->arrived_phase ^ now)) {
        gpu_wait(w, WAITS_FOR_CLUSTER, 0);
        return;
    }
    w->arrived &= ~mask;
}

/* ---- leaving ---- */

void gpu_leave(struct warp *w, uint32_t mask)
{
    struct block *b = w->block;
    struct cluster *c = b->cluster;
    const struct instruction *i = &b->launch->module->code[w->now.pc];
    uint32_t threads = (uint32_t)__builtin_popcount(mask);
    if (w->arrived & mask)
        gpu_end(w, i, (uint32_t)__builtin_ctz(w->arrived & mask),
                "the thread leaves between arriving and waiting at the cluster's barrier");
    for (uint32_t k = 0; k < BLOCK_BARRIERS; k++)
        if (b->barriers[k].all)
            gpu_end(w, i, (uint32_t)__builtin_ctz(mask),
                    "the thread leaves while %u of its block's threads wait for it at barrier %u",
                    b->barriers[k].arrived, k);
    w->live &= ~mask;
    w->now.mask &= ~mask;
    b->live -= threads;
    c->live -= threads;
    gpu_changed(b->launch);
    if (c->live && c->arrived == c->live)
        complete_cluster(c);
}

/* ---- decoding ---- */

static void decode_block_barrier(struct decoder *d)
{
    if (gpu_part(d, "warp")) {
        if (!gpu_part(d, "sync"))
            gpu_unknown(d, "bar.warp.sync was expected");
        gpu_take_source(d, TYPE_B32, false);
        d->i->run = run_warp_barrier;
        return;
    }
    gpu_part(d, "cta");
    d->i->flag[0] = gpu_part(d, "arrive");
    if (!d->i->flag[0] && !gpu_part(d, "sync"))
        gpu_unknown(d, "the stand-in knows sync and arrive");
    gpu_part(d, "aligned");
    gpu_take_source(d, TYPE_U32, false);
    if (gpu_more(d))
        gpu_take_source(d, TYPE_U32, false);
    else if (d->i->flag[0])
        gpu_unknown(d, "an arrival says how many threads are expected");
    d->i->run = run_block_barrier;
}

static void decode_barrier(struct decoder *d)
{
    if (!gpu_part(d, "cluster")) {
        decode_block_barrier(d);
        return;
    }
    gpu_requires(d, 90, 78);
    bool arrive = gpu_part(d, "arrive");
    if (!arrive && !gpu_part(d, "wait"))
        gpu_unknown(d, "arrive or wait was expected");
    if (!gpu_part(d, "release") && !gpu_part(d, "acquire"))
        gpu_part(d, "relaxed");
    d->i->flag[0] = gpu_part(d, "aligned");
    d->i->run = arrive ? run_cluster_arrive : run_cluster_wait;
}

const struct family gpu_barrier_family[] = {
    {"bar", decode_block_barrier},
    {"barrier", decode_barrier},
    {"mbarrier", gpu_decode_mbarrier},
    {"cp", gpu_decode_copy},
    {NULL, NULL},
};
