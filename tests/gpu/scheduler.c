/* Which warp runs when. The order is random, from a seed, so that what works by luck of the order
 * fails in another; a warp's turn ends after a random number of instructions. */
#include <stdlib.h>
#include <string.h>

#include "async.h"
#include "counts.h"
#include "device_memory.h"
#include "standin_device.h"
#include "warp.h"

enum {
    TURN_MAX = 128,    /* instructions */
    WAYS_TO_MEET = 16, /* one turn in so many, a group other than the first runs */
};

static uint32_t random_state = 1;

uint32_t gpu_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

void gpu_random_seed(uint32_t seed)
{
    random_state = seed * 2654435761u + 12345u;
    if (!random_state)
        random_state = 1;
    for (int k = 0; k < 8; k++)
        gpu_random();
}

/* ---- groups of a warp's lanes ---- */

static void list_warp(struct warp *w)
{
    struct launch *launch = w->block->launch;
    if (w->listed)
        return;
    w->listed = true;
    launch->running[launch->running_count++] = w;
}

void gpu_wait(struct warp *w, enum waiting waiting, uint8_t barrier)
{
    w->now.waiting = waiting;
    w->now.barrier = barrier;
    if (waiting != WAITS_FOR_BLOCK)
        w->next = w->now.pc;
}

void gpu_wake(struct warp *w, enum waiting waiting, uint8_t barrier)
{
    bool woken = w->now.mask && w->now.waiting == waiting && w->now.barrier == barrier;
    if (woken)
        w->now.waiting = RUNS;
    for (uint32_t k = 0; k < w->other_count; k++)
        if (w->others[k].waiting == waiting && w->others[k].barrier == barrier) {
            w->others[k].waiting = RUNS;
            woken = true;
        }
    if (woken) {
        w->meet_at = 0; /* chooses anew */
        list_warp(w);
    }
}

void gpu_split(struct warp *w, uint32_t mask, uint32_t pc)
{
    w->others[w->other_count++] = (struct group){.pc = pc, .mask = mask};
    w->now.mask &= ~mask;
    if (pc < w->meet_at)
        w->meet_at = pc;
}

void gpu_yield(struct warp *w)
{
    w->block->launch->polls++;
    w->budget = 0;
}

static bool can_meet(const struct group *g)
{
    return g->waiting == RUNS || g->waiting == WAITS_FOR_LANES;
}

/* Groups at the same instruction become one. */
static void merge(struct warp *w)
{
    for (uint32_t a = 0; a < w->other_count; a++)
        for (uint32_t b = w->other_count - 1; b > a; b--) {
            struct group *x = &w->others[a], *y = &w->others[b];
            if (x->pc != y->pc || !can_meet(x) || !can_meet(y))
                continue;
            x->mask |= y->mask;
            x->waiting = RUNS;
            *y = w->others[--w->other_count];
        }
}

/* The group that runs next: the first in the program, or a random one. False: all of them wait. */
static bool choose(struct warp *w, bool any)
{
    if (w->now.mask)
        w->others[w->other_count++] = w->now;
    w->now.mask = 0;
    merge(w);
    uint32_t best = w->other_count, runnable = 0;
    for (uint32_t k = 0; k < w->other_count; k++) {
        if (w->others[k].waiting != RUNS)
            continue;
        runnable++;
        if (best == w->other_count ||
            (any ? gpu_random() % runnable == 0 : w->others[k].pc < w->others[best].pc))
            best = k;
    }
    w->meet_at = UINT32_MAX;
    if (best == w->other_count)
        return false;
    w->now = w->others[best];
    w->others[best] = w->others[--w->other_count];
    for (uint32_t k = 0; k < w->other_count && (!any || runnable < 2); k++)
        if (can_meet(&w->others[k]) && w->others[k].pc < w->meet_at)
            w->meet_at = w->others[k].pc;
    return true;
}

/* Runs a warp for its turn. False: it waits, or it has left. */
static bool run_turn(struct warp *w)
{
    const struct instruction *code = w->block->launch->module->code;
    int turn = 1 + (int)(gpu_random() % TURN_MAX), left = turn;
    if (w->other_count && !choose(w, gpu_random() % WAYS_TO_MEET == 0))
        return false;
    for (w->budget = left; w->budget > 0; w->budget--, left--) {
        if (w->now.pc >= w->meet_at || w->now.waiting != RUNS || !w->now.mask)
            if (!choose(w, false))
                break;
        const struct instruction *i = &code[w->now.pc];
        uint32_t mask = w->now.mask;
        if (i->guarded) {
            uint32_t guard;
            memcpy(&guard, w->bank[BANK_REGISTERS] + i->guard, 4);
            mask &= i->guard_negated ? ~guard : guard;
        }
        w->next = w->now.pc + 1;
        if (mask)
            i->run(w, i, mask);
        w->now.pc = w->next;
    }
    gpu_counts.instructions += (uint64_t)(turn - left) + 1;
    w->block->launch->idle += (uint64_t)(turn - left) + 1;
    if (w->now.mask && w->now.waiting == RUNS)
        return true;
    return choose(w, false);
}

/* ---- clusters that are resident ---- */

static void fill32(struct warp *w, enum special which, uint32_t value)
{
    uint32_t *lanes = (uint32_t *)(void *)(w->bank[BANK_REGISTERS] + which * ALL_LANES_BYTES);
    for (uint32_t l = 0; l < LANES; l++)
        lanes[l] = value;
}

static void fill_special(struct warp *w, uint32_t slot)
{
    const struct block *b = w->block;
    const struct launch *launch = b->launch;
    for (uint32_t k = 0; k < 3; k++) {
        uint32_t c = launch->cluster[k];
        fill32(w, SPECIAL_NTID_X + k, launch->block[k]);
        fill32(w, SPECIAL_CTAID_X + k, b->index[k]);
        fill32(w, SPECIAL_NCTAID_X + k, launch->grid[k]);
        fill32(w, SPECIAL_CLUSTERID_X + k, b->index[k] / c);
        fill32(w, SPECIAL_NCLUSTERID_X + k, launch->grid[k] / c);
        fill32(w, SPECIAL_CLUSTER_CTAID_X + k, b->index[k] % c);
        fill32(w, SPECIAL_CLUSTER_NCTAID_X + k, c);
    }
    fill32(w, SPECIAL_WARPID, w->first / LANES);
    fill32(w, SPECIAL_NWARPID, b->warp_count);
    fill32(w, SPECIAL_SMID, (slot * b->cluster->size + b->rank) % gpu_device.multiprocessors);
    fill32(w, SPECIAL_NSMID, gpu_device.multiprocessors);
    fill32(w, SPECIAL_CLUSTER_CTARANK, b->rank);
    fill32(w, SPECIAL_CLUSTER_NCTARANK, b->cluster->size);
    fill32(w, SPECIAL_DYNAMIC_SMEM_SIZE, launch->dynamic_bytes);
    fill32(w, SPECIAL_TOTAL_SMEM_SIZE, launch->shared_bytes);
    uint32_t *lanes = (uint32_t *)(void *)w->bank[BANK_REGISTERS];
    for (uint32_t l = 0; l < LANES; l++) {
        uint32_t thread = w->first + l, x = launch->block[0], y = launch->block[1];
        lanes[SPECIAL_TID_X * LANES + l] = thread % x;
        lanes[SPECIAL_TID_Y * LANES + l] = thread / x % y;
        lanes[SPECIAL_TID_Z * LANES + l] = thread / x / y;
        lanes[SPECIAL_LANEID * LANES + l] = l;
        lanes[SPECIAL_LANEMASK_EQ * LANES + l] = UINT32_C(1) << l;
        lanes[SPECIAL_LANEMASK_LT * LANES + l] = (UINT32_C(1) << l) - 1;
        lanes[SPECIAL_LANEMASK_LE * LANES + l] = (UINT32_C(2) << l) - 1;
        lanes[SPECIAL_LANEMASK_GT * LANES + l] = ~((UINT32_C(2) << l) - 1);
        lanes[SPECIAL_LANEMASK_GE * LANES + l] = ~((UINT32_C(1) << l) - 1);
    }
}

static void start_warp(struct warp *w, uint32_t slot)
{
    const struct launch *launch = w->block->launch;
    const struct module *m = launch->module;
    uint32_t begin = SPECIALS * ALL_LANES_BYTES, threads = launch->threads - w->first;
    w->lanes = w->live = threads >= LANES ? UINT32_MAX : (UINT32_C(1) << threads) - 1;
    w->now = (struct group){.pc = launch->function->first, .mask = w->lanes};
    w->other_count = 0;
    w->meet_at = UINT32_MAX;
    w->arrived = w->arrived_phase = w->copy_groups = 0;
    w->listed = false;
    memset(w->bank[BANK_REGISTERS] + begin, (int)(gpu_random() & 255), m->register_bytes - begin);
    for (uint32_t l = 0; l < LANES && m->local_bytes; l++)
        memcpy(w->local_shadow + (size_t)l * m->local_bytes, m->local_shadow, m->local_bytes);
    fill_special(w, slot);
    list_warp(w);
}

static void start_block(struct block *b, uint32_t slot)
{
    const struct launch *launch = b->launch;
    uint32_t statics = launch->function->shared_bytes, dynamic = launch->module->dynamic_shared;
    memset(b->shared_shadow, SHADOW_OUTSIDE, b->shared_bytes);
    memset(b->shared_shadow, SHADOW_UNWRITTEN, statics);
    if (b->shared_bytes > dynamic)
        memset(b->shared_shadow + dynamic, SHADOW_UNWRITTEN, b->shared_bytes - dynamic);
    memset(b->shared, 0xff, b->shared_bytes);
    memset(b->barriers, 0, sizeof b->barriers);
    b->live = launch->threads;
    for (uint32_t k = 0; k < b->warp_count; k++)
        start_warp(&b->warps[k], slot);
}

/* number: of the cluster in the grid */
static void start_cluster(struct cluster *c, uint32_t number, uint32_t slot)
{
    const struct launch *launch = c->launch;
    uint32_t across = launch->grid[0] / launch->cluster[0],
             down = launch->grid[1] / launch->cluster[1];
    uint32_t place[3] = {number % across, number / across % down, number / across / down};
    c->live = c->size * launch->threads;
    c->arrived = c->phase = 0;
    for (uint32_t k = 0; k < c->size; k++) {
        struct block *b = &c->blocks[k];
        uint32_t x = launch->cluster[0], y = launch->cluster[1];
        uint32_t within[3] = {k % x, k / x % y, k / x / y};
        for (int n = 0; n < 3; n++)
            b->index[n] = place[n] * launch->cluster[n] + within[n];
        start_block(b, slot);
    }
}

static void make_block(struct block *b, struct cluster *c, uint32_t rank)
{
    struct launch *launch = c->launch;
    const struct module *m = launch->module;
    *b = (struct block){.launch = launch, .cluster = c, .rank = rank};
    b->shared_bytes = launch->shared_bytes;
    b->shared = gpu_need(b->shared_bytes + 16, 1);
    b->shared_shadow = gpu_need(b->shared_bytes + 16, 1);
    b->warp_count = (launch->threads + LANES - 1) / LANES;
    b->warps = gpu_need(b->warp_count, sizeof *b->warps);
    for (uint32_t k = 0; k < b->warp_count; k++) {
        struct warp *w = &b->warps[k];
        w->block = b;
        w->first = k * LANES;
        w->bank[BANK_REGISTERS] = gpu_need(m->register_bytes + 256, 1);
        w->bank[BANK_CONSTANTS] = m->constants;
        w->local = gpu_need((size_t)m->local_bytes * LANES, 1);
        w->local_shadow = gpu_need((size_t)m->local_bytes * LANES, 1);
    }
}

static void make_cluster(struct cluster *c, struct launch *launch)
{
    c->launch = launch;
    c->size = launch->cluster[0] * launch->cluster[1] * launch->cluster[2];
    c->blocks = gpu_need(c->size, sizeof *c->blocks);
    for (uint32_t k = 0; k < c->size; k++)
        make_block(&c->blocks[k], c, k);
}

static void free_cluster(struct cluster *c)
{
    for (uint32_t k = 0; k < c->size; k++) {
        struct block *b = &c->blocks[k];
        for (uint32_t n = 0; n < b->warp_count; n++) {
            free(b->warps[n].bank[BANK_REGISTERS]);
            free(b->warps[n].local);
            free(b->warps[n].local_shadow);
        }
        free(b->warps);
        free(b->shared);
        free(b->shared_shadow);
    }
    free(c->blocks);
    free(c->copies);
}

/* ---- the grid ---- */

static const char *const waits_for[] = {
    [RUNS] = "runs in a loop that nothing ends",
    [WAITS_FOR_LANES] = "waits for other threads of its warp",
    [WAITS_FOR_BLOCK] = "waits for other threads of its block",
    [WAITS_FOR_CLUSTER] = "waits for other blocks of its cluster",
};

/* Nothing goes on: says of one thread what it waits for. */
static _Noreturn void end_stuck(const struct cluster *clusters, uint32_t count)
{
    for (uint32_t c = 0; c < count; c++)
        for (uint32_t b = 0; b < clusters[c].size && clusters[c].live; b++)
            for (uint32_t k = 0; k < clusters[c].blocks[b].warp_count; k++) {
                const struct warp *w = &clusters[c].blocks[b].warps[k];
                const struct group *g = w->now.mask ? &w->now : &w->others[0];
                if (!w->live)
                    continue;
                const struct instruction *code = w->block->launch->module->code;
                uint32_t at = g->pc - (g->waiting == WAITS_FOR_BLOCK);
                gpu_end(w, &code[at], (uint32_t)__builtin_ctz(g->mask),
                        "threads wait for each other: this one %s, and %s", waits_for[g->waiting],
                        g->waiting == RUNS ? "no thread has changed anything for long"
                                           : "they do not come");
            }
    gpu_end_plainly("a launch hangs");
}

static void check_barriers(const struct cluster *c)
{
    for (uint32_t k = 0; k < c->size; k++)
        for (uint32_t n = 0; n < BLOCK_BARRIERS; n++)
            if (c->blocks[k].barriers[n].expected)
                gpu_end_plainly(
                    "kernel %s: block %u ends while %u threads have arrived at barrier %u, "
                    "which is for %u",
                    c->launch->function->name, c->blocks[k].index[0],
                    c->blocks[k].barriers[n].arrived, n, c->blocks[k].barriers[n].expected);
    if (c->copy_count)
        gpu_end_plainly(
            "kernel %s: a cluster ends while %u copies into its shared memory are on their "
            "way",
            c->launch->function->name, c->copy_count);
}

static void shuffle(uint32_t *order, uint32_t count)
{
    for (uint32_t k = 0; k < count; k++)
        order[k] = k;
    for (uint32_t k = count; k > 1; k--) {
        uint32_t other = gpu_random() % k, swap = order[k - 1];
        order[k - 1] = order[other];
        order[other] = swap;
    }
}

/* Whether threads wait in loops for what nobody does: each has asked so often, or run for so long,
 * while nothing changed. */
static bool is_stuck(const struct launch *launch)
{
    uint64_t warps = launch->running_count;
    return !warps || launch->polls > 50000 + 10000 * warps ||
           launch->idle > 20000000 + 1000000 * warps;
}

static void run_all(struct launch *launch, struct cluster *clusters, uint32_t resident,
                    const uint32_t *order, uint32_t total)
{
    uint32_t begun = 0, ended = 0;
    for (; begun < resident; begun++)
        start_cluster(&clusters[begun], order[begun], begun);
    while (ended < total) {
        if (is_stuck(launch))
            end_stuck(clusters, resident);
        uint32_t k = gpu_random() % launch->running_count;
        struct warp *w = launch->running[k];
        struct cluster *c = w->block->cluster;
        if (!run_turn(w)) {
            /* others may have been listed meanwhile, but none was taken off */
            launch->running[k] = launch->running[--launch->running_count];
            w->listed = false;
        }
        if (c->copy_count)
            gpu_copies_advance(c);
        if (!c->live) {
            check_barriers(c);
            ended++;
            if (begun < total)
                start_cluster(c, order[begun++], (uint32_t)(c - clusters));
        }
    }
}

void gpu_launch_run(struct launch *launch)
{
    uint32_t size = launch->cluster[0] * launch->cluster[1] * launch->cluster[2];
    uint32_t blocks = launch->grid[0] * launch->grid[1] * launch->grid[2], total = blocks / size;
    uint32_t resident = launch->cooperative ? total : 1 + gpu_random() % 3;
    if (resident > total)
        resident = total;
    if (resident > launch->resident)
        resident = launch->resident;
    struct cluster *clusters = gpu_need(resident, sizeof *clusters);
    uint32_t *order = gpu_need(total, sizeof *order);
    for (uint32_t k = 0; k < resident; k++)
        make_cluster(&clusters[k], launch);
    launch->running = gpu_need((size_t)resident * size * ((launch->threads + LANES - 1) / LANES),
                               sizeof *launch->running);
    launch->running_count = 0;
    gpu_changed(launch);
    shuffle(order, total);
    run_all(launch, clusters, resident, order, total);
    for (uint32_t k = 0; k < resident; k++)
        free_cluster(&clusters[k]);
    free(launch->running);
    free(order);
    free(clusters);
}
