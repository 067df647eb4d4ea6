/* ld, st, mov between registers of different kinds, cvta, mapa, ldmatrix. */
#include <string.h>

#include "access.h"
#include "counts.h"
#include "device_memory.h"
#include "read.h"

typedef uint32_t __attribute__((may_alias)) word32;
typedef uint64_t __attribute__((may_alias)) word64;

/* The bytes of an element as a register of the type holds them: signed ones are extended. */
static uint64_t widened(uint64_t value, const struct instruction *i)
{
    unsigned bits = i->bytes * 8u;
    if (gpu_types[i->type].kind == KIND_SIGNED && bits < 64 && value >> (bits - 1) & 1)
        value |= ~((UINT64_C(1) << bits) - 1);
    return value;
}

static bool contended(const struct instruction *i)
{
    return i->flag[0];
}

static void load_one_by_one(struct warp *w, const struct instruction *i, uint32_t mask)
{
    const struct operand *from = &i->o[i->vector];
    uint32_t bytes = (uint32_t)i->bytes * i->vector;
    for (uint32_t l = 0; l < LANES; l++) {
        if (!(mask >> l & 1))
            continue;
        struct reached r = gpu_reach(w, i, l, i->space, gpu_address(w, from, l), bytes);
        if (r.shadow)
            gpu_check_written(w, i, l, &r, bytes);
        if (r.allocation) {
            r.allocation->read += bytes;
            gpu_counts.global_read += bytes;
        }
        for (uint32_t k = 0; k < i->vector; k++) {
            uint64_t value = 0;
            memcpy(&value, r.data + k * i->bytes, i->bytes);
            gpu_put(w, &i->o[k], l, widened(value, i));
        }
    }
}

static void run_load(struct warp *w, const struct instruction *i, uint32_t mask)
{
    if (!gpu_load_at_once(w, i, mask))
        load_one_by_one(w, i, mask);
    if (contended(i))
        gpu_yield(w);
}

static void store_one_by_one(struct warp *w, const struct instruction *i, uint32_t mask)
{
    uint32_t bytes = (uint32_t)i->bytes * i->vector;
    for (uint32_t l = 0; l < LANES; l++) {
        if (!(mask >> l & 1))
            continue;
        struct reached r = gpu_reach(w, i, l, i->space, gpu_address(w, &i->o[0], l), bytes);
        if (r.shadow)
            gpu_mark_written(w, i, l, &r, bytes);
        if (r.allocation) {
            r.allocation->written += bytes;
            gpu_counts.global_written += bytes;
        } else if (r.block && r.block != w->block) {
            gpu_counts.cluster_bytes += bytes;
        }
        for (uint32_t k = 0; k < i->vector; k++) {
            uint64_t value = gpu_get(w, &i->o[1 + k], l);
            memcpy(r.data + k * i->bytes, &value, i->bytes);
        }
    }
}

static void run_store(struct warp *w, const struct instruction *i, uint32_t mask)
{
    gpu_changed(w->block->launch);
    if (!gpu_store_at_once(w, i, mask))
        store_one_by_one(w, i, mask);
    if (contended(i))
        gpu_yield(w);
}

/* ---- addresses ---- */

/* cvta: i->mode: to a state space; else to generic. */
static void run_cvta(struct warp *w, const struct instruction *i, uint32_t mask)
{
    uint64_t window = i->space == SPACE_SHARED || i->space == SPACE_CLUSTER ? SHARED_WINDOW
                      : i->space == SPACE_LOCAL                             ? LOCAL_WINDOW
                                                                            : 0;
    /* own shared memory has a place in the cluster's, which its generic addresses tell */
    uint64_t own =
        !i->mode && i->space == SPACE_SHARED ? (w->block->rank + 1u) * CLUSTER_STRIDE : 0;
    const word64 *from = gpu_lanes(w, &i->o[1]);
    word64 *to = gpu_lanes(w, &i->o[0]);
    if (i->mode)
        window = 0 - window;
    for (int l = 0; l < LANES; l++) {
        uint64_t at = from[l] + window + (from[l] < CLUSTER_STRIDE ? own : 0);
        to[l] = mask >> l & 1 ? at : to[l];
    }
}

/* The address of the same variable in another block. */
static void run_mapa(struct warp *w, const struct instruction *i, uint32_t mask)
{
    uint64_t window = i->space == SPACE_GENERIC ? SHARED_WINDOW : 0, addresses[LANES];
    const word32 *ranks = gpu_lanes(w, &i->o[2]);
    gpu_addresses(w, &i->o[1], addresses);
    for (uint32_t l = 0; l < LANES; l++) {
        uint64_t at = addresses[l] - window, rank = ranks[l];
        if (!(mask >> l & 1))
            continue;
        if (rank >= w->block->cluster->size)
            gpu_end(w, i, l, "block %llu of a cluster of %u", (unsigned long long)rank,
                    w->block->cluster->size);
        if (at >= (uint64_t)CLUSTER_STRIDE * 32)
            gpu_end(w, i, l, "0x%llx is no address of shared memory",
                    (unsigned long long)addresses[l]);
        gpu_put(w, &i->o[0], l, window + at % CLUSTER_STRIDE + (rank + 1) * CLUSTER_STRIDE);
    }
}

/* ---- mov of bits, also of packed ones ---- */

/* The sources' bits one behind the other become the results'; i->bytes of each result. */
static void run_pack(struct warp *w, const struct instruction *i, uint32_t mask)
{
    uint32_t sources = i->count - i->vector;
    for (uint32_t l = 0; l < LANES; l++) {
        if (!(mask >> l & 1))
            continue;
        unsigned char bits[16] = {0};
        for (uint32_t k = 0; k < sources; k++) {
            uint64_t value = gpu_get(w, &i->o[i->vector + k], l);
            memcpy(bits + k * i->mode, &value, i->mode);
        }
        for (uint32_t k = 0; k < i->vector; k++) {
            uint64_t value = 0;
            memcpy(&value, bits + k * i->bytes, i->bytes);
            gpu_put(w, &i->o[k], l, value);
        }
    }
}

/* ---- decoding ---- */

/* .volatile, .relaxed.gpu and so on; true where others may write the same memory meanwhile. */
static bool take_ordering(struct decoder *d)
{
    bool ordered = gpu_part(d, "volatile") || gpu_part(d, "relaxed") || gpu_part(d, "acquire") ||
                   gpu_part(d, "release");
    if (!ordered)
        gpu_part(d, "weak");
    else if (gpu_part(d, "cluster"))
        gpu_requires(d, 90, 78);
    else if (!gpu_part(d, "cta") && !gpu_part(d, "gpu"))
        gpu_part(d, "sys");
    return ordered;
}

static void take_caching(struct decoder *d)
{
    static const char *const words[] = {"ca",
                                        "cg",
                                        "cs",
                                        "lu",
                                        "cv",
                                        "wb",
                                        "wt",
                                        "nc",
                                        "L1::evict_last",
                                        "L1::no_allocate",
                                        "L1::evict_first",
                                        "L2::128B",
                                        "L2::256B",
                                        "L2::64B",
                                        "L1::evict_normal"};
    for (size_t k = 0; k < sizeof words / sizeof *words;)
        k = gpu_part(d, words[k]) ? 0 : k + 1;
}

static void take_shape(struct decoder *d)
{
    d->i->flag[0] = take_ordering(d);
    d->i->space = (uint8_t)gpu_part_space(d);
    take_caching(d);
    d->i->vector = gpu_part(d, "v2") ? 2 : gpu_part(d, "v4") ? 4 : 1;
    d->i->type = (uint8_t)gpu_part_type(d);
    d->i->bytes = (uint8_t)gpu_types[d->i->type].bytes;
    if (!d->i->bytes || d->i->bytes * d->i->vector > 16)
        gpu_unknown(d, "it moves at most 16 bytes");
}

static void must_have_group(struct decoder *d, uint32_t at)
{
    if (gpu_more(d) && d->s->tokens[at].group != (d->i->vector > 1 ? d->i->vector : 0))
        gpu_unknown(d, "the number of registers in braces is wrong");
}

static void decode_load(struct decoder *d)
{
    take_shape(d);
    must_have_group(d, 0);
    for (int k = 0; k < d->i->vector; k++)
        gpu_take_result(d, d->i->type, true);
    gpu_take_address(d, d->i->space);
    d->i->run = run_load;
}

static void decode_store(struct decoder *d)
{
    if (gpu_part(d, "async")) {
        gpu_decode_store_async(d);
        return;
    }
    take_shape(d);
    if (d->i->space == SPACE_CONST)
        gpu_unknown(d, "constants are not written");
    gpu_take_address(d, d->i->space);
    must_have_group(d, 1);
    for (int k = 0; k < d->i->vector; k++)
        gpu_take_source(d, d->i->type, true);
    if (d->i->space == SPACE_PARAM)
        gpu_unknown(d, "a kernel's parameters are not written");
    d->i->run = run_store;
}

static void decode_cvta(struct decoder *d)
{
    d->i->mode = gpu_part(d, "to");
    d->i->space = (uint8_t)gpu_part_space(d);
    enum type type = gpu_part_type(d);
    if (gpu_types[type].bytes != 8)
        gpu_unknown(d, "addresses have 64 bits");
    gpu_take_result(d, type, false);
    gpu_take_source(d, type, false);
    d->i->run = run_cvta;
}

static void decode_mapa(struct decoder *d)
{
    d->i->space = (uint8_t)gpu_part_space(d);
    gpu_requires(d, 90, 78);
    enum type type = gpu_part_type(d);
    gpu_take_result(d, type, false);
    gpu_take_source(d, type, false);
    gpu_take_source(d, TYPE_U32, false);
    d->i->run = run_mapa;
}

static uint32_t take_group_size(const struct decoder *d)
{
    uint32_t group = gpu_more(d) ? d->s->tokens[d->next].group : 0;
    return group ? group : 1;
}

static enum type bits_of(struct decoder *d, unsigned bytes)
{
    if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)
        gpu_unknown(d, "the pieces have no whole bytes");
    return bytes == 1 ? TYPE_B8 : bytes == 2 ? TYPE_B16 : bytes == 4 ? TYPE_B32 : TYPE_B64;
}

static void decode_mov(struct decoder *d)
{
    enum type type = gpu_part_type(d);
    unsigned bytes = gpu_types[type].bytes;
    uint32_t results = take_group_size(d);
    if (bytes < 2)
        gpu_unknown(d, "it moves 2, 4 or 8 bytes");
    d->i->vector = (uint8_t)results;
    d->i->bytes = (uint8_t)(bytes / results);
    for (uint32_t k = 0; k < results; k++)
        gpu_take_result(d, results > 1 ? bits_of(d, bytes / results) : type, false);
    uint32_t sources = take_group_size(d);
    d->i->mode = (uint8_t)(bytes / sources);
    for (uint32_t k = 0; k < sources; k++)
        gpu_take_source(d, sources > 1 ? bits_of(d, bytes / sources) : type, false);
    static const char *const plain[] = {[2] = "mov.u16", [4] = "mov.u32", [8] = "mov.u64"};
    d->i->run = results > 1 || sources > 1 ? run_pack : gpu_lane_row(plain[bytes])->run;
}

const struct family gpu_memory_family[] = {
    {"ld", decode_load},   {"ldu", decode_load}, {"st", decode_store}, {"cvta", decode_cvta},
    {"mapa", decode_mapa}, {"mov", decode_mov},  {NULL, NULL},
};
