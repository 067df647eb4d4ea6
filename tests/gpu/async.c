/* mbarriers, and copies that arrive later: st.async, cp.async. A copy is on its way for a random
 * time, some of cp.async's until they are waited for, and before it has arrived nobody may read
 * where it goes. */
#include <stdlib.h>
#include <string.h>

#include "async.h"
#include "counts.h"
#include "device_memory.h"
#include "read.h"

/* ---- mbarriers: 64 bits in shared memory ---- */

enum { COUNT_BITS = 20, COUNT_MAX = (1 << COUNT_BITS) - 1, TX_BIAS = 1 << 21 };

struct mbarrier {
    uint32_t expected, pending, phase;
    int32_t bytes; /* that are still to come; fewer than none where they came before they were
                      expected */
};

static struct mbarrier unpack(uint64_t word)
{
    return (struct mbarrier){.expected = (uint32_t)(word & COUNT_MAX),
                             .pending = (uint32_t)(word >> COUNT_BITS & COUNT_MAX),
                             .phase = (uint32_t)(word >> 40 & 1),
                             .bytes = (int32_t)(word >> 41) - TX_BIAS};
}

static uint64_t pack(struct mbarrier m)
{
    return m.expected | (uint64_t)m.pending << COUNT_BITS | (uint64_t)m.phase << 40 |
           (uint64_t)(m.bytes + TX_BIAS) << 41;
}

static struct mbarrier read_mbarrier(const unsigned char *at)
{
    uint64_t word;
    memcpy(&word, at, 8);
    return unpack(word);
}

/* Stores it, and begins its next phase where nothing is missing. */
static void write_mbarrier(struct launch *launch, unsigned char *at, struct mbarrier m)
{
    if (!m.pending && !m.bytes) {
        m.phase ^= 1;
        m.pending = m.expected;
    }
    gpu_changed(launch);
    uint64_t word = pack(m);
    memcpy(at, &word, 8);
}

static struct reached reach_mbarrier(const struct warp *w, const struct instruction *i,
                                     uint32_t lane, const struct operand *o)
{
    struct reached r = gpu_reach(w, i, lane, i->space, gpu_address(w, o, lane), 8);
    if (!r.block)
        gpu_end(w, i, lane, "an mbarrier outside of shared memory");
    if (*r.shadow != SHADOW_MBARRIER)
        gpu_end(w, i, lane, "there is no mbarrier at this address");
    return r;
}

static uint32_t number_of(const struct warp *w, const struct operand *o, uint32_t lane)
{
    return ((const uint32_t *)gpu_lanes(w, o))[lane];
}

static void run_init(struct warp *w, const struct instruction *i, uint32_t mask)
{
    for (uint32_t l = 0; l < LANES; l++) {
        if (!(mask >> l & 1))
            continue;
        struct reached r = gpu_reach(w, i, l, i->space, gpu_address(w, &i->o[0], l), 8);
        uint32_t count = number_of(w, &i->o[1], l);
        if (!r.block)
            gpu_end(w, i, l, "an mbarrier outside of shared memory");
        if (*r.shadow == SHADOW_MBARRIER || *r.shadow == SHADOW_IN_FLIGHT)
            gpu_end(w, i, l, "an mbarrier, or a copy on its way, is there already");
        if (!count || count > COUNT_MAX)
            gpu_end(w, i, l, "an mbarrier for %u arrivals", count);
        memset(r.shadow, SHADOW_MBARRIER, 8);
        uint64_t word = pack((struct mbarrier){.expected = count, .pending = count});
        memcpy(r.data, &word, 8);
        gpu_changed(w->block->launch);
    }
}

static void run_inval(struct warp *w, const struct instruction *i, uint32_t mask)
{
    for (uint32_t l = 0; l < LANES; l++)
        if (mask >> l & 1)
            memset(reach_mbarrier(w, i, l, &i->o[0]).shadow, SHADOW_UNWRITTEN, 8);
}

static void expect(const struct warp *w, const struct instruction *i, uint32_t lane,
                   struct mbarrier *m, uint32_t bytes)
{
    if (bytes > COUNT_MAX || m->bytes + (int32_t)bytes > COUNT_MAX)
        gpu_end(w, i, lane, "an mbarrier expects more than %d bytes", COUNT_MAX);
    m->bytes += (int32_t)bytes;
}

/* o: state or _, address, and where mode says so a number: 'n' arrivals, 'x' bytes to expect.
 * flag[1]: also arrives (else only expects). */
static void run_arrive(struct warp *w, const struct instruction *i, uint32_t mask)
{
    const struct operand *address = &i->o[i->flag[1] ? 1 : 0];
    for (uint32_t l = 0; l < LANES; l++) {
        if (!(mask >> l & 1))
            continue;
        struct reached r = reach_mbarrier(w, i, l, address);
        struct mbarrier m = read_mbarrier(r.data);
        uint64_t state = pack(m);
        uint32_t count = i->mode == 'n' ? number_of(w, address + 1, l) : 1;
        if (i->mode == 'x')
            expect(w, i, l, &m, number_of(w, address + 1, l));
        if (i->flag[1]) {
            if (count > m.pending || !count)
                gpu_end(w, i, l, "%u arrivals where an mbarrier waits for %u", count, m.pending);
            m.pending -= count;
            gpu_put(w, &i->o[0], l, state);
        }
        write_mbarrier(w->block->launch, r.data, m);
    }
}

/* o: predicate, address, state or parity. mode: 'p' parity. */
static void run_wait(struct warp *w, const struct instruction *i, uint32_t mask)
{
    uint32_t done = 0;
    for (uint32_t l = 0; l < LANES; l++) {
        if (!(mask >> l & 1))
            continue;
        struct reached r = reach_mbarrier(w, i, l, &i->o[1]);
        if (r.block != w->block)
            gpu_end(w, i, l, "a thread waits only at mbarriers of its own block");
        uint64_t which = gpu_get(w, &i->o[2], l);
        uint32_t phase = i->mode == 'p' ? (uint32_t)(which & 1) : unpack(which).phase;
        done |= (uint32_t)(read_mbarrier(r.data).phase != phase) << l;
    }
    uint32_t *to = gpu_lanes(w, &i->o[0]);
    *to = (*to & ~mask) | done;
    if (done != mask)
        gpu_yield(w);
}

/* ---- copies on their way ---- */

static void mark(const struct copy *c, unsigned char how)
{
    memset(c->shadow, how, c->bytes);
}

static void deliver(struct cluster *cluster, uint32_t index)
{
    struct copy c = cluster->copies[index];
    cluster->copies[index] = cluster->copies[--cluster->copy_count];
    memcpy(c.to, c.data, c.bytes);
    mark(&c, SHADOW_WRITTEN);
    gpu_changed(cluster->launch);
    if (c.barrier) {
        struct mbarrier m = read_mbarrier(c.barrier);
        m.bytes -= (int32_t)c.bytes;
        write_mbarrier(cluster->launch, c.barrier, m);
    }
}

void gpu_copies_advance(struct cluster *cluster)
{
    uint32_t some = cluster->copy_count ? gpu_random() % (2 + cluster->copy_count / 2) : 0;
    for (; some && cluster->copy_count; some--) {
        uint32_t index = gpu_random() % cluster->copy_count;
        if (!cluster->copies[index].late)
            deliver(cluster, index);
    }
}

static void add_copy(const struct warp *w, const struct instruction *i, uint32_t lane,
                     struct copy c)
{
    struct cluster *cluster = w->block->cluster;
    for (uint32_t k = 0; k < c.bytes; k++)
        if (c.shadow[k] == SHADOW_MBARRIER || c.shadow[k] == SHADOW_IN_FLIGHT)
            gpu_end(w, i, lane, "the copy goes where %s",
                    c.shadow[k] == SHADOW_MBARRIER ? "an mbarrier is" : "another is on its way to");
    mark(&c, SHADOW_IN_FLIGHT);
    cluster->copies = gpu_grow(cluster->copies, cluster->copy_count, sizeof c);
    cluster->copies[cluster->copy_count++] = c;
}

/* o: address, values, mbarrier */
static void run_store_async(struct warp *w, const struct instruction *i, uint32_t mask)
{
    uint32_t bytes = (uint32_t)i->bytes * i->vector;
    for (uint32_t l = 0; l < LANES; l++) {
        if (!(mask >> l & 1))
            continue;
        struct reached to = gpu_reach(w, i, l, SPACE_CLUSTER, gpu_address(w, &i->o[0], l), bytes);
        struct reached barrier = reach_mbarrier(w, i, l, &i->o[1 + i->vector]);
        if (to.block != barrier.block)
            gpu_end(w, i, l, "the mbarrier is in block %u of the cluster, the memory in block %u",
                    barrier.block->rank, to.block->rank);
        struct copy c = {
            .to = to.data, .shadow = to.shadow, .bytes = bytes, .barrier = barrier.data};
        for (uint32_t k = 0; k < i->vector; k++) {
            const struct operand *o = &i->o[1 + k];
            memcpy(c.data + k * i->bytes, (unsigned char *)gpu_lanes(w, o) + l * o->bytes,
                   i->bytes);
        }
        if (to.block != w->block)
            gpu_counts.cluster_bytes += bytes;
        add_copy(w, i, l, c);
    }
}

/* cp.async: o: to, from, bytes of the destination, and bytes of the source where it has fewer. */
static void run_copy(struct warp *w, const struct instruction *i, uint32_t mask)
{
    for (uint32_t l = 0; l < LANES; l++) {
        if (!(mask >> l & 1))
            continue;
        uint32_t from_bytes = i->count > 2 ? number_of(w, &i->o[2], l) : i->bytes;
        struct reached to = gpu_reach(w, i, l, SPACE_SHARED, gpu_address(w, &i->o[0], l), i->bytes);
        struct copy c = {.to = to.data,
                         .shadow = to.shadow,
                         .bytes = i->bytes,
                         .warp = w,
                         .lane = l,
                         .group = w->copy_groups,
                         .late = gpu_random() % 8 == 0};
        if (from_bytes > i->bytes)
            gpu_end(w, i, l, "%u bytes of a source for %u", from_bytes, i->bytes);
        if (from_bytes) {
            struct reached from =
                gpu_reach(w, i, l, SPACE_GLOBAL, gpu_address(w, &i->o[1], l), i->bytes);
            gpu_check_written(w, i, l, &from, from_bytes);
            memcpy(c.data, from.data, from_bytes);
            from.allocation->read += from_bytes;
            gpu_counts.global_read += from_bytes;
        }
        add_copy(w, i, l, c);
    }
}

static void run_commit(struct warp *w, const struct instruction *i, uint32_t mask)
{
    (void)i;
    if (gpu_all_lanes_here(w, w->live,
                           mask)) /* the stand-in counts a warp's groups, not a lane's */
        w->copy_groups++;
}

/* All of the warp's copies have arrived but for the last mode groups; flag[0]: all. */
static void run_wait_copies(struct warp *w, const struct instruction *i, uint32_t mask)
{
    struct cluster *c = w->block->cluster;
    for (uint32_t k = 0; k < c->copy_count;) {
        const struct copy *at = &c->copies[k];
        if (at->warp == w && mask >> at->lane & 1 &&
            (i->flag[0] || at->group + i->mode < w->copy_groups))
            deliver(c, k);
        else
            k++;
    }
}

/* ---- decoding ---- */

static void take_scope(struct decoder *d)
{
    if (gpu_part(d, "release") || gpu_part(d, "acquire") || gpu_part(d, "relaxed")) {
        gpu_requires(d, 90, 80);
        if (!gpu_part(d, "cta") && !gpu_part(d, "cluster"))
            gpu_unknown(d, "a scope was expected");
    }
}

static void take_b64(struct decoder *d)
{
    if (!gpu_part(d, "b64"))
        gpu_unknown(d, ".b64 was expected");
}

static void decode_arrive(struct decoder *d, bool arrives)
{
    d->i->flag[1] = arrives;
    bool expects = !arrives || gpu_part(d, "expect_tx");
    take_scope(d);
    d->i->space = (uint8_t)gpu_part_space(d);
    take_b64(d);
    if (expects)
        gpu_requires(d, 90, 80);
    if (arrives)
        gpu_take_result(d, TYPE_B64, false);
    if (arrives && d->i->space == SPACE_CLUSTER && !d->operands[0].nothing)
        gpu_unknown(d, "an arrival at another block's mbarrier has no state");
    gpu_take_address(d, d->i->space);
    d->i->mode = expects ? 'x' : gpu_more(d) ? 'n' : 0;
    if (d->i->mode)
        gpu_take_source(d, TYPE_B32, false);
    d->i->run = run_arrive;
}

static void decode_wait(struct decoder *d, bool may_suspend)
{
    if (may_suspend)
        gpu_requires(d, 90, 78);
    d->i->mode = gpu_part(d, "parity") ? 'p' : 0;
    take_scope(d);
    d->i->space = (uint8_t)gpu_part_space(d);
    take_b64(d);
    gpu_take_result(d, TYPE_PRED, false);
    gpu_take_address(d, d->i->space);
    gpu_take_source(d, d->i->mode ? TYPE_B32 : TYPE_B64, false);
    if (may_suspend && gpu_more(d))
        gpu_take_source(d, TYPE_B32, false);
    d->i->run = run_wait;
}

void gpu_decode_mbarrier(struct decoder *d)
{
    if (gpu_part(d, "init") || gpu_part(d, "inval")) {
        bool init = gpu_word_is(d->parts[1], "init");
        d->i->space = (uint8_t)gpu_part_space(d);
        take_b64(d);
        gpu_take_address(d, d->i->space);
        if (init)
            gpu_take_source(d, TYPE_B32, false);
        d->i->run = init ? run_init : run_inval;
    } else if (gpu_part(d, "arrive")) {
        decode_arrive(d, true);
    } else if (gpu_part(d, "expect_tx")) {
        decode_arrive(d, false);
    } else if (gpu_part(d, "test_wait")) {
        decode_wait(d, false);
    } else if (gpu_part(d, "try_wait")) {
        decode_wait(d, true);
    } else {
        gpu_unknown(d, "the stand-in knows init, inval, arrive, expect_tx, test_wait, try_wait");
    }
}

void gpu_decode_store_async(struct decoder *d)
{
    gpu_requires(d, 90, 81);
    gpu_part(d, "weak");
    d->i->space = SPACE_CLUSTER;
    if (!gpu_part(d, "shared::cluster") || !gpu_part(d, "mbarrier::complete_tx::bytes"))
        gpu_unknown(d, ".shared::cluster.mbarrier::complete_tx::bytes was expected");
    d->i->vector = gpu_part(d, "v2") ? 2 : gpu_part(d, "v4") ? 4 : 1;
    d->i->type = (uint8_t)gpu_part_type(d);
    d->i->bytes = (uint8_t)gpu_types[d->i->type].bytes;
    if (d->i->bytes < 4 || d->i->bytes * d->i->vector > 16)
        gpu_unknown(d, "it moves 4, 8 or 16 bytes");
    gpu_take_address(d, SPACE_CLUSTER);
    for (int k = 0; k < d->i->vector; k++)
        gpu_take_source(d, d->i->type, false);
    gpu_take_address(d, SPACE_CLUSTER);
    d->i->run = run_store_async;
}

void gpu_decode_copy(struct decoder *d)
{
    if (!gpu_part(d, "async"))
        gpu_unknown(d, "the stand-in knows cp.async");
    if (gpu_part(d, "commit_group")) {
        d->i->run = run_commit;
    } else if (gpu_part(d, "wait_all") || gpu_part(d, "wait_group")) {
        d->i->flag[0] = gpu_word_is(d->parts[2], "wait_all");
        d->i->mode = d->i->flag[0] ? 0 : (uint8_t)gpu_take_number(d);
        d->i->run = run_wait_copies;
    } else if (gpu_part(d, "ca") || gpu_part(d, "cg")) {
        if (!gpu_part(d, "shared") && !gpu_part(d, "shared::cta"))
            gpu_unknown(d, "it copies from global to shared memory");
        if (!gpu_part(d, "global"))
            gpu_unknown(d, "it copies from global to shared memory");
        while (gpu_part(d, "L2::128B") || gpu_part(d, "L2::256B") || gpu_part(d, "L2::64B"))
            ;
        gpu_take_address(d, SPACE_SHARED);
        gpu_take_address(d, SPACE_GLOBAL);
        uint64_t bytes = gpu_take_number(d);
        if (bytes != 16 && (gpu_word_is(d->parts[2], "cg") || (bytes != 4 && bytes != 8)))
            gpu_unknown(d, "it copies 4, 8 or 16 bytes, and 16 through .cg");
        d->i->bytes = (uint8_t)bytes;
        if (gpu_more(d))
            gpu_take_source(d, TYPE_B32, false);
        d->i->run = run_copy;
    } else {
        gpu_unknown(d, "the stand-in knows cp.async.ca, .cg, commit_group, wait_group, wait_all");
    }
}
