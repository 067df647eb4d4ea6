/* ld and st where all lanes reach one allocation, or one block's shared memory: nearly always. What
 * is unusual, and every mistake, is left to the way that goes lane by lane (load_store.c). */
#include <string.h>

#include "access.h"
#include "counts.h"

typedef uint32_t __attribute__((may_alias)) word32;
typedef uint64_t __attribute__((may_alias)) word64;

void gpu_addresses(const struct warp *w, const struct operand *o, uint64_t *to)
{
    uint64_t offset = (uint64_t)o->offset;
    if (o->no_register) {
        for (int l = 0; l < LANES; l++)
            to[l] = offset;
    } else if (o->bytes == 8) {
        const word64 *from = gpu_lanes(w, o);
        for (int l = 0; l < LANES; l++)
            to[l] = from[l] + offset;
    } else {
        const word32 *from = gpu_lanes(w, o);
        for (int l = 0; l < LANES; l++)
            to[l] = (uint32_t)(from[l] + (uint32_t)offset);
    }
}

/* Memory that reaches from `base` on, in the space of the addresses. */
struct stretch {
    unsigned char *data, *shadow;
    uint64_t base, bytes;
    struct allocation *allocation;
    struct block *block;
};

static bool find_shared(const struct warp *w, enum space space, uint64_t address, struct stretch *s)
{
    uint64_t rank = address / CLUSTER_STRIDE;
    struct block *b = w->block;
    if (rank) {
        if (rank > b->cluster->size)
            return false;
        struct block *other = &b->cluster->blocks[rank - 1];
        if ((space == SPACE_SHARED && other != b) || !other->live)
            return false;
        b = other;
    }
    *s = (struct stretch){b->shared, b->shared_shadow, rank * CLUSTER_STRIDE, b->shared_bytes, NULL,
                          b};
    return true;
}

static bool find_stretch(const struct warp *w, enum space space, uint64_t address,
                         struct stretch *s)
{
    if (space == SPACE_GENERIC && address >= SHARED_WINDOW && address < LOCAL_WINDOW) {
        if (!find_shared(w, SPACE_CLUSTER, address - SHARED_WINDOW, s))
            return false;
        s->base += SHARED_WINDOW;
        return true;
    }
    if (space == SPACE_SHARED || space == SPACE_CLUSTER)
        return find_shared(w, space, address, s);
    if (space != SPACE_GLOBAL && space != SPACE_GENERIC && space != SPACE_CONST)
        return false;
    struct allocation *a = gpu_memory_find(address);
    if (!a || (space != SPACE_GENERIC && (space == SPACE_CONST) != (a->kind == MEMORY_CONSTANT)))
        return false;
    *s = (struct stretch){a->data, a->shadow, a->base, a->bytes, a, NULL};
    return true;
}

/* The lanes' places in the stretch; false: one of them is not in it, or not aligned. */
static bool find_places(const struct stretch *s, const uint64_t *addresses, uint32_t mask,
                        uint32_t bytes, uint32_t *places)
{
    uint64_t last = s->bytes - bytes, bad = 0;
    if (s->bytes < bytes || s->bytes > UINT32_MAX)
        return false;
    for (int l = 0; l < LANES; l++) {
        uint64_t place = addresses[l] - s->base;
        uint64_t counts = -(uint64_t)(mask >> l & 1);
        bad |= counts & ((uint64_t)(place > last) | (addresses[l] & (bytes - 1)));
        places[l] = (uint32_t)(place & counts);
    }
    return !bad;
}

/* Whether the shadows of all lanes' bytes are SHADOW_WRITTEN. */
static bool all_written(const unsigned char *shadow, const uint32_t *places, uint32_t mask,
                        uint32_t bytes)
{
    const uint64_t written = UINT64_C(0x0101010101010101) * SHADOW_WRITTEN;
    uint64_t keep = bytes >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * bytes) - 1, bad = 0;
    for (int l = 0; l < LANES; l++) {
        if (!(mask >> l & 1))
            continue;
        uint64_t there = 0;
        memcpy(&there, shadow + places[l], bytes < 8 ? bytes : 8);
        bad |= (there ^ written) & keep;
        if (bytes == 16) {
            memcpy(&there, shadow + places[l] + 8, 8);
            bad |= there ^ written;
        }
    }
    return !bad;
}

/* Whether none is an mbarrier's, on its way, or outside: then they become SHADOW_WRITTEN. */
static bool mark_all(unsigned char *shadow, const uint32_t *places, uint32_t mask, uint32_t bytes)
{
    unsigned char worst = 0;
    for (int l = 0; l < LANES; l++)
        for (uint32_t k = 0; k < bytes && mask >> l & 1; k++)
            worst |= shadow[places[l] + k] & (unsigned char)~SHADOW_WRITTEN;
    if (worst)
        return false;
    for (int l = 0; l < LANES; l++)
        if (mask >> l & 1)
            memset(shadow + places[l], SHADOW_WRITTEN, bytes);
    return true;
}

static bool prepare(const struct warp *w, const struct instruction *i, const struct operand *o,
                    uint32_t mask, struct stretch *s, uint32_t *places)
{
    uint64_t addresses[LANES];
    gpu_addresses(w, o, addresses);
    return find_stretch(w, i->space, addresses[__builtin_ctz(mask)], s) &&
           find_places(s, addresses, mask, (uint32_t)i->bytes * i->vector, places);
}

/* Whether all 32 lanes' elements of 4 or 8 bytes follow each other: then they are copied as one. */
static bool is_one_piece(const struct instruction *i, const struct operand *o,
                         const uint32_t *places, uint32_t mask)
{
    uint32_t differ = 0;
    if (mask != UINT32_MAX || i->vector != 1 || o->bytes != i->bytes)
        return false;
    for (uint32_t l = 0; l < LANES; l++)
        differ |= places[l] - places[0] - l * i->bytes;
    return !differ;
}

static bool piece_is_written(const unsigned char *shadow, uint32_t bytes)
{
    const uint64_t written = UINT64_C(0x0101010101010101) * SHADOW_WRITTEN;
    uint64_t bad = 0;
    for (uint32_t k = 0; k < bytes; k += 8) {
        uint64_t there;
        memcpy(&there, shadow + k, 8);
        bad |= there ^ written;
    }
    return !bad;
}

/* One element of 4 or 8 bytes of each lane, into or out of registers of that size. */
static void load_words(const struct warp *w, const struct operand *o, const unsigned char *data,
                       const uint32_t *places, uint32_t mask)
{
    if (o->bytes == 4) {
        word32 *to = gpu_lanes(w, o);
        for (int l = 0; l < LANES; l++)
            if (mask >> l & 1)
                memcpy(&to[l], data + places[l], 4);
    } else {
        word64 *to = gpu_lanes(w, o);
        for (int l = 0; l < LANES; l++)
            if (mask >> l & 1)
                memcpy(&to[l], data + places[l], 8);
    }
}

static void store_words(const struct warp *w, const struct operand *o, unsigned char *data,
                        const uint32_t *places, uint32_t mask)
{
    if (o->bytes == 4) {
        const word32 *from = gpu_lanes(w, o);
        for (int l = 0; l < LANES; l++)
            if (mask >> l & 1)
                memcpy(data + places[l], &from[l], 4);
    } else {
        const word64 *from = gpu_lanes(w, o);
        for (int l = 0; l < LANES; l++)
            if (mask >> l & 1)
                memcpy(data + places[l], &from[l], 8);
    }
}

/* Elements that are smaller than their registers' lanes. */
static void load_small(const struct warp *w, const struct instruction *i, const struct operand *o,
                       const unsigned char *data, const uint32_t *places, uint32_t mask)
{
    word32 *narrow = gpu_lanes(w, o);
    word64 *wide = gpu_lanes(w, o);
    unsigned unused = 64 - 8u * i->bytes;
    bool sign = gpu_types[i->type].kind == KIND_SIGNED;
    for (int l = 0; l < LANES; l++) {
        uint64_t value = 0;
        if (!(mask >> l & 1))
            continue;
        memcpy(&value, data + places[l], i->bytes);
        if (sign)
            value = (uint64_t)((int64_t)(value << unused) >> unused);
        if (o->bytes == 4)
            narrow[l] = (uint32_t)value;
        else
            wide[l] = value;
    }
}

static void store_small(const struct warp *w, const struct instruction *i, const struct operand *o,
                        unsigned char *data, const uint32_t *places, uint32_t mask)
{
    const unsigned char *from = gpu_lanes(w, o);
    for (int l = 0; l < LANES; l++)
        if (mask >> l & 1)
            memcpy(data + places[l], from + l * o->bytes, i->bytes);
}

static bool usual_registers(const struct instruction *i, const struct operand *o)
{
    for (uint32_t k = 0; k < i->vector; k++)
        if (o[k].nothing || o[k].bytes < i->bytes)
            return false;
    return true;
}

/* A parameter: the same for all lanes. */
static bool load_parameter(struct warp *w, const struct instruction *i, uint32_t mask)
{
    const struct launch *launch = w->block->launch;
    uint64_t addresses[LANES], differ = 0, value = 0, size = launch->function->parameter_bytes;
    gpu_addresses(w, &i->o[i->vector], addresses);
    uint64_t at = addresses[__builtin_ctz(mask)];
    for (int l = 0; l < LANES; l++)
        differ |= (addresses[l] ^ at) & -(uint64_t)(mask >> l & 1);
    if (differ || i->vector != 1 || at % i->bytes || at > size || i->bytes > size - at ||
        i->o[0].bytes != i->bytes)
        return false;
    memcpy(&value, launch->parameters + at, i->bytes);
    if (i->bytes == 4) {
        word32 *to = gpu_lanes(w, &i->o[0]);
        for (int l = 0; l < LANES; l++)
            to[l] = mask >> l & 1 ? (uint32_t)value : to[l];
    } else {
        word64 *to = gpu_lanes(w, &i->o[0]);
        for (int l = 0; l < LANES; l++)
            to[l] = mask >> l & 1 ? value : to[l];
    }
    return true;
}

static void count_read(const struct stretch *s, uint32_t bytes, uint32_t mask)
{
    uint64_t all = (uint64_t)bytes * (uint32_t)__builtin_popcount(mask);
    if (s->allocation) {
        s->allocation->read += all;
        gpu_counts.global_read += all;
    }
}

bool gpu_load_at_once(struct warp *w, const struct instruction *i, uint32_t mask)
{
    if (i->space == SPACE_PARAM)
        return load_parameter(w, i, mask);
    struct stretch s;
    uint32_t places[LANES], bytes = (uint32_t)i->bytes * i->vector;
    if (!usual_registers(i, i->o) || !prepare(w, i, &i->o[i->vector], mask, &s, places))
        return false;
    if (is_one_piece(i, &i->o[0], places, mask) &&
        piece_is_written(s.shadow + places[0], LANES * bytes)) {
        memcpy(gpu_lanes(w, &i->o[0]), s.data + places[0], LANES * bytes);
        count_read(&s, bytes, mask);
        return true;
    }
    if (!all_written(s.shadow, places, mask, bytes))
        return false;
    for (uint32_t k = 0; k < i->vector; k++)
        if (i->bytes != i->o[k].bytes)
            load_small(w, i, &i->o[k], s.data + k * i->bytes, places, mask);
        else
            load_words(w, &i->o[k], s.data + k * i->bytes, places, mask);
    count_read(&s, bytes, mask);
    return true;
}

bool gpu_store_at_once(struct warp *w, const struct instruction *i, uint32_t mask)
{
    struct stretch s;
    uint32_t places[LANES], bytes = (uint32_t)i->bytes * i->vector;
    if (!usual_registers(i, i->o + 1) || !prepare(w, i, &i->o[0], mask, &s, places) ||
        !mark_all(s.shadow, places, mask, bytes))
        return false;
    for (uint32_t k = 0; k < i->vector; k++)
        if (i->bytes != i->o[1 + k].bytes)
            store_small(w, i, &i->o[1 + k], s.data + k * i->bytes, places, mask);
        else
            store_words(w, &i->o[1 + k], s.data + k * i->bytes, places, mask);
    uint64_t all = (uint64_t)bytes * (uint32_t)__builtin_popcount(mask);
    if (s.allocation) {
        s.allocation->written += all;
        gpu_counts.global_written += all;
    } else if (s.block != w->block) {
        gpu_counts.cluster_bytes += all;
    }
    return true;
}
