/* Instructions in which lanes of a warp exchange values, and those with a number that says how. */
#include <string.h>

#include "device_memory.h"
#include "read.h"

typedef uint32_t __attribute__((may_alias)) word32;
typedef uint64_t __attribute__((may_alias)) word64;

static void put(const struct warp *w, const struct operand *o, uint32_t lane, uint32_t value)
{
    if (!o->nothing)
        ((word32 *)gpu_lanes(w, o))[lane] = value;
}

static uint32_t get(const struct warp *w, const struct operand *o, uint32_t lane)
{
    return ((const word32 *)gpu_lanes(w, o))[lane];
}

static void put_predicate(const struct warp *w, const struct operand *o, uint32_t mask,
                          uint32_t value)
{
    word32 *to = gpu_lanes(w, o);
    if (!o->nothing)
        *to = (*to & ~mask) | (value & mask);
}

/* The lanes that a mask names have come. */
static bool members_here(struct warp *w, const struct instruction *i, const struct operand *o,
                         uint32_t mask)
{
    uint32_t members = get(w, o, (uint32_t)__builtin_ctz(mask));
    if (mask & ~members)
        gpu_end(w, i, (uint32_t)__builtin_ctz(mask & ~members),
                "the thread is no member of mask 0x%x", members);
    return gpu_all_lanes_here(w, members & w->live, mask);
}

/* o: d, [p], a, b, c, members; flag[0]: there is p. mode: up, down, bfly, idx by their first
 * letter. */
static void run_shuffle(struct warp *w, const struct instruction *i, uint32_t mask)
{
    const struct operand *o = &i->o[1 + i->flag[0]];
    if (!members_here(w, i, &o[3], mask))
        return;
    uint32_t d[LANES], valid = 0;
    for (uint32_t l = 0; l < LANES; l++) {
        if (!(mask >> l & 1))
            continue;
        uint32_t b = get(w, &o[1], l) & 31, c = get(w, &o[2], l), clamp = c & 31;
        uint32_t segment = c >> 8 & 31, most = (l & segment) | (clamp & ~segment);
        int from = i->mode == 'u'   ? (int)l - (int)b
                   : i->mode == 'd' ? (int)(l + b)
                   : i->mode == 'b' ? (int)(l ^ b)
                                    : (int)((l & segment) | (b & ~segment));
        bool good = i->mode == 'u' ? from >= (int)most : from <= (int)most;
        if (!good)
            from = (int)l;
        if (!(mask >> from & 1))
            gpu_end(w, i, l, "it reads lane %d, which does not take part", from);
        d[l] = get(w, &o[0], (uint32_t)from);
        valid |= (uint32_t)good << l;
    }
    for (uint32_t l = 0; l < LANES; l++)
        if (mask >> l & 1)
            put(w, &i->o[0], l, d[l]);
    if (i->flag[0])
        put_predicate(w, &i->o[1], mask, valid);
}

/* o: d, predicate, members */
static void run_vote(struct warp *w, const struct instruction *i, uint32_t mask)
{
    if (!members_here(w, i, &i->o[2], mask))
        return;
    uint32_t yes = gpu_predicate(w, &i->o[1]) & mask;
    if (i->mode == 'b') {
        for (uint32_t l = 0; l < LANES; l++)
            if (mask >> l & 1)
                put(w, &i->o[0], l, yes);
        return;
    }
    bool result = i->mode == 'l' ? yes == mask : i->mode == 'y' ? yes != 0 : !yes || yes == mask;
    put_predicate(w, &i->o[0], mask, result ? UINT32_MAX : 0);
}

static void run_activemask(struct warp *w, const struct instruction *i, uint32_t mask)
{
    for (uint32_t l = 0; l < LANES; l++)
        if (mask >> l & 1)
            put(w, &i->o[0], l, mask);
}

/* o: d, a, members */
static void run_reduce(struct warp *w, const struct instruction *i, uint32_t mask)
{
    if (!members_here(w, i, &i->o[2], mask))
        return;
    bool sign = i->type == TYPE_S32;
    int64_t sum = i->mode == '&' ? -1 : i->mode == '<' ? INT64_MAX : i->mode == '>' ? INT64_MIN : 0;
    for (uint32_t l = 0; l < LANES; l++) {
        if (!(mask >> l & 1))
            continue;
        uint32_t word = get(w, &i->o[1], l);
        int64_t x = sign ? (int64_t)(int32_t)word : (int64_t)word;
        sum = i->mode == '+'   ? sum + x
              : i->mode == '<' ? (x < sum ? x : sum)
              : i->mode == '>' ? (x > sum ? x : sum)
              : i->mode == '&' ? (sum & x)
              : i->mode == '|' ? (sum | x)
                               : (sum ^ x);
    }
    for (uint32_t l = 0; l < LANES; l++)
        if (mask >> l & 1)
            put(w, &i->o[0], l, (uint32_t)sum);
}

/* o: d, a, members: lanes with the same a */
static void run_match(struct warp *w, const struct instruction *i, uint32_t mask)
{
    if (!members_here(w, i, &i->o[2], mask))
        return;
    uint32_t d[LANES];
    for (uint32_t l = 0; l < LANES; l++) {
        d[l] = 0;
        for (uint32_t k = 0; k < LANES; k++)
            d[l] |= (uint32_t)(mask >> k & 1 && get(w, &i->o[1], k) == get(w, &i->o[1], l)) << k;
    }
    for (uint32_t l = 0; l < LANES; l++)
        if (mask >> l & 1)
            put(w, &i->o[0], l, d[l]);
}

/* o: predicate or d|predicate, members: the lowest lane is elected */
static void run_elect(struct warp *w, const struct instruction *i, uint32_t mask)
{
    if (!members_here(w, i, &i->o[2], mask))
        return;
    for (uint32_t l = 0; l < LANES; l++)
        if (mask >> l & 1)
            put(w, &i->o[0], l, (uint32_t)__builtin_ctz(mask));
    put_predicate(w, &i->o[1], mask, mask & (0 - mask));
}

/* ---- bits, by a number ---- */

static void run_lop3(struct warp *w, const struct instruction *i, uint32_t mask)
{
    for (uint32_t l = 0; l < LANES; l++) {
        uint32_t a = get(w, &i->o[1], l), b = get(w, &i->o[2], l), c = get(w, &i->o[3], l), d = 0;
        for (uint32_t k = 0; k < 8; k++)
            if (i->mode >> k & 1)
                d |= (k & 4 ? a : ~a) & (k & 2 ? b : ~b) & (k & 1 ? c : ~c);
        if (mask >> l & 1)
            put(w, &i->o[0], l, d);
    }
}

static void run_permute(struct warp *w, const struct instruction *i, uint32_t mask)
{
    for (uint32_t l = 0; l < LANES; l++) {
        uint64_t both = get(w, &i->o[1], l) | (uint64_t)get(w, &i->o[2], l) << 32;
        uint32_t c = get(w, &i->o[3], l), d = 0;
        for (uint32_t k = 0; k < 4; k++) {
            uint32_t pick = c >> 4 * k & 15, byte = (uint32_t)(both >> (pick & 7) * 8) & 255;
            if (pick & 8)
                byte = byte & 128 ? 255 : 0;
            d |= byte << 8 * k;
        }
        if (mask >> l & 1)
            put(w, &i->o[0], l, d);
    }
}

/* mode: l or r; flag[0]: the shift is cut at 32, else it wraps. o: d, low, high, shift */
static void run_funnel(struct warp *w, const struct instruction *i, uint32_t mask)
{
    for (uint32_t l = 0; l < LANES; l++) {
        uint64_t both = get(w, &i->o[1], l) | (uint64_t)get(w, &i->o[2], l) << 32;
        uint32_t n = get(w, &i->o[3], l);
        n = i->flag[0] ? (n < 32 ? n : 32) : n & 31;
        if (mask >> l & 1)
            put(w, &i->o[0], l, (uint32_t)(i->mode == 'l' ? both << n >> 32 : both >> n));
    }
}

/* o: d, field, into, at, length */
static void run_insert(struct warp *w, const struct instruction *i, uint32_t mask)
{
    for (uint32_t l = 0; l < LANES; l++) {
        uint32_t at = get(w, &i->o[3], l) & 255, length = get(w, &i->o[4], l) & 255;
        uint32_t b = get(w, &i->o[2], l);
        if (length && at < 32) {
            uint32_t keep = (uint32_t)((length >= 32 ? UINT32_MAX : (1u << length) - 1) << at);
            b = (b & ~keep) | (get(w, &i->o[1], l) << at & keep);
        }
        if (mask >> l & 1)
            put(w, &i->o[0], l, b);
    }
}

/* ---- decoding ---- */

static void must(struct decoder *d, const char *part)
{
    if (!gpu_part(d, part))
        gpu_unknown(d, "a part of its name is missing");
}

static void decode_shuffle(struct decoder *d)
{
    must(d, "sync");
    d->i->mode = gpu_part(d, "up")     ? 'u'
                 : gpu_part(d, "down") ? 'd'
                 : gpu_part(d, "bfly") ? 'b'
                                       : 'i';
    if (d->i->mode == 'i')
        must(d, "idx");
    must(d, "b32");
    gpu_take_result(d, TYPE_B32, false);
    if (gpu_more(d) && d->s->tokens[d->next].bar) {
        gpu_take_result(d, TYPE_PRED, false);
        d->i->flag[0] = true;
    }
    for (int k = 0; k < 4; k++)
        gpu_take_source(d, TYPE_B32, false);
    d->i->run = run_shuffle;
}

static void decode_vote(struct decoder *d)
{
    must(d, "sync");
    d->i->mode = gpu_part(d, "all")   ? 'l'
                 : gpu_part(d, "any") ? 'y'
                 : gpu_part(d, "uni") ? 'u'
                                      : 'b';
    if (d->i->mode == 'b')
        must(d, "ballot");
    must(d, d->i->mode == 'b' ? "b32" : "pred");
    gpu_take_result(d, d->i->mode == 'b' ? TYPE_B32 : TYPE_PRED, false);
    gpu_take_source(d, TYPE_PRED, false);
    gpu_take_source(d, TYPE_B32, false);
    d->i->run = run_vote;
}

static void decode_activemask(struct decoder *d)
{
    must(d, "b32");
    gpu_take_result(d, TYPE_B32, false);
    d->i->run = run_activemask;
}

static void decode_reduce(struct decoder *d)
{
    must(d, "sync");
    d->i->mode = gpu_part(d, "add")   ? '+'
                 : gpu_part(d, "min") ? '<'
                 : gpu_part(d, "max") ? '>'
                 : gpu_part(d, "and") ? '&'
                 : gpu_part(d, "or")  ? '|'
                                      : '^';
    if (d->i->mode == '^')
        must(d, "xor");
    d->i->type = (uint8_t)gpu_part_type(d);
    if (gpu_types[d->i->type].bytes != 4)
        gpu_unknown(d, "it reduces 32 bits");
    for (int k = 0; k < 3; k++) {
        if (k)
            gpu_take_source(d, k == 2 ? TYPE_B32 : d->i->type, false);
        else
            gpu_take_result(d, d->i->type, false);
    }
    d->i->run = run_reduce;
}

static void decode_match(struct decoder *d)
{
    must(d, "any");
    must(d, "sync");
    must(d, "b32");
    gpu_take_result(d, TYPE_B32, false);
    gpu_take_source(d, TYPE_B32, false);
    gpu_take_source(d, TYPE_B32, false);
    d->i->run = run_match;
}

static void decode_elect(struct decoder *d)
{
    gpu_requires(d, 90, 80);
    must(d, "sync");
    gpu_take_result(d, TYPE_B32, false);
    gpu_take_result(d, TYPE_PRED, false);
    gpu_take_source(d, TYPE_B32, false);
    d->i->run = run_elect;
}

static void take_32_bits(struct decoder *d, int sources)
{
    must(d, "b32");
    gpu_take_result(d, TYPE_B32, false);
    for (; sources; sources--)
        gpu_take_source(d, TYPE_B32, false);
}

static void decode_lop3(struct decoder *d)
{
    take_32_bits(d, 3);
    d->i->mode = (uint8_t)gpu_take_number(d);
    d->i->run = run_lop3;
}

static void decode_permute(struct decoder *d)
{
    take_32_bits(d, 3);
    d->i->run = run_permute;
}

static void decode_funnel(struct decoder *d)
{
    d->i->mode = gpu_part(d, "l") ? 'l' : 'r';
    if (d->i->mode == 'r')
        must(d, "r");
    d->i->flag[0] = gpu_part(d, "clamp");
    if (!d->i->flag[0])
        must(d, "wrap");
    take_32_bits(d, 3);
    d->i->run = run_funnel;
}

static void decode_insert(struct decoder *d)
{
    take_32_bits(d, 4);
    d->i->run = run_insert;
}

/* setp.lt.and.s32 p, a, b, c; the comparison itself is a row of lanes.c. */
static void decode_compare(struct decoder *d)
{
    char name[64] = "setp";
    for (uint32_t k = 1; k < d->part_count; k++) {
        struct word part = d->parts[k];
        if (k == 2 && d->part_count == 4) {
            d->i->boolean = gpu_word_is(part, "and")   ? '&'
                            : gpu_word_is(part, "or")  ? '|'
                            : gpu_word_is(part, "xor") ? '^'
                                                       : 0;
            if (d->i->boolean)
                continue;
        }
        if (strlen(name) + part.n + 2 > sizeof name)
            gpu_unknown(d, "its name is long");
        strcat(name, ".");
        strncat(name, part.s, part.n);
    }
    const struct lane_row *row = gpu_lane_row(name);
    if (!row || !d->i->boolean)
        gpu_unknown(d, "the stand-in does not know this comparison");
    d->part = d->part_count;
    gpu_take_result(d, TYPE_PRED, false);
    if (gpu_more(d) && d->s->tokens[d->next].bar) {
        gpu_take_result(d, TYPE_PRED, false);
        d->i->flag[0] = true;
    }
    gpu_take_source(d, row->sources[0], false);
    gpu_take_source(d, row->sources[1], false);
    gpu_take_source(d, TYPE_PRED, false);
    d->i->run = row->run;
}

const struct family gpu_warp_family[] = {
    {"shfl", decode_shuffle},
    {"vote", decode_vote},
    {"activemask", decode_activemask},
    {"redux", decode_reduce},
    {"match", decode_match},
    {"elect", decode_elect},
    {"lop3", decode_lop3},
    {"prmt", decode_permute},
    {"shf", decode_funnel},
    {"bfi", decode_insert},
    {"setp", decode_compare},
    {"atom", gpu_decode_atomic},
    {"red", gpu_decode_atomic},
    {NULL, NULL},
};
