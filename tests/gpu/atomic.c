/* atom and red: integers of 32 and 64 bits, and adding floats. */
#include <string.h>

#include "counts.h"
#include "device_memory.h"
#include "read.h"

static int64_t as_signed(uint64_t x, unsigned bytes)
{
    return bytes == 4 ? (int64_t)(int32_t)(uint32_t)x : (int64_t)x;
}

static uint64_t add_floats(uint64_t x, uint64_t y, unsigned bytes)
{
    uint64_t bits = 0;
    if (bytes == 4) {
        float a, b;
        memcpy(&a, &x, 4);
        memcpy(&b, &y, 4);
        a += b;
        memcpy(&bits, &a, 4);
    } else {
        double a, b;
        memcpy(&a, &x, 8);
        memcpy(&b, &y, 8);
        a += b;
        memcpy(&bits, &a, 8);
    }
    return bits;
}

enum { ADD, MIN, MAX, AND, OR, XOR, EXCHANGE, SWAP_IF, INCREMENT, DECREMENT, OPERATIONS };
static const char *const names[OPERATIONS] = {"add", "min",  "max", "and", "or",
                                              "xor", "exch", "cas", "inc", "dec"};

static uint64_t changed(const struct instruction *i, uint64_t old, uint64_t b, uint64_t c)
{
    unsigned bytes = i->bytes;
    bool sign = gpu_types[i->type].kind == KIND_SIGNED;
    bool less = sign ? as_signed(b, bytes) < as_signed(old, bytes) : b < old;
    switch (i->mode) {
    case ADD: return gpu_types[i->type].kind == KIND_FLOAT ? add_floats(old, b, bytes) : old + b;
    case MIN: return less ? b : old;
    case MAX: return less ? old : b;
    case AND: return old & b;
    case OR: return old | b;
    case XOR: return old ^ b;
    case EXCHANGE: return b;
    case SWAP_IF: return old == b ? c : old;
    case INCREMENT: return old >= b ? 0 : old + 1;
    default: return !old || old > b ? b : old - 1;
    }
}

/* o: [d], address, b, [c]; flag[0]: there is d. */
static void run_atomic(struct warp *w, const struct instruction *i, uint32_t mask)
{
    const struct operand *o = &i->o[i->flag[0]];
    for (uint32_t l = 0; l < LANES; l++) {
        if (!(mask >> l & 1))
            continue;
        struct reached r = gpu_reach(w, i, l, i->space, gpu_address(w, &o[0], l), i->bytes);
        gpu_check_written(w, i, l, &r, i->bytes);
        uint64_t old = 0, b = gpu_get(w, &o[1], l),
                 c = i->mode == SWAP_IF ? gpu_get(w, &o[2], l) : 0;
        memcpy(&old, r.data, i->bytes);
        uint64_t now = changed(i, old, b, c);
        if (memcmp(&now, r.data, i->bytes) != 0)
            gpu_changed(w->block->launch);
        memcpy(r.data, &now, i->bytes);
        if (r.allocation) {
            r.allocation->read += i->bytes;
            r.allocation->written += i->bytes;
            gpu_counts.global_read += i->bytes;
            gpu_counts.global_written += i->bytes;
        } else if (r.block && r.block != w->block) {
            gpu_counts.cluster_bytes += i->bytes;
        }
        if (i->flag[0])
            gpu_put(w, &i->o[0], l, old);
    }
    gpu_yield(w);
}

void gpu_decode_atomic(struct decoder *d)
{
    d->i->flag[0] = gpu_word_is(d->parts[0], "atom");
    if (!gpu_part(d, "relaxed") && !gpu_part(d, "acquire") && !gpu_part(d, "release"))
        gpu_part(d, "acq_rel");
    bool scoped = gpu_part(d, "cta") || gpu_part(d, "gpu") || gpu_part(d, "sys");
    if (!scoped && gpu_part(d, "cluster"))
        gpu_requires(d, 90, 78);
    d->i->space = (uint8_t)gpu_part_space(d);
    uint8_t k = 0;
    while (k < OPERATIONS && !gpu_part(d, names[k]))
        k++;
    if (k == OPERATIONS)
        gpu_unknown(d, "the stand-in does not know this operation");
    enum type type = gpu_part_type(d);
    d->i->mode = k;
    d->i->type = (uint8_t)type;
    d->i->bytes = (uint8_t)gpu_types[type].bytes;
    bool is_float = gpu_types[type].kind == KIND_FLOAT;
    if (d->i->bytes < 4 || (is_float && k != ADD))
        gpu_unknown(d, "the stand-in does not know this type here");
    if (d->i->flag[0])
        gpu_take_result(d, type, false);
    gpu_take_address(d, d->i->space);
    gpu_take_source(d, type, false);
    if (k == SWAP_IF)
        gpu_take_source(d, type, false);
    d->i->run = run_atomic;
}
