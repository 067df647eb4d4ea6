/* What cells are made of, and what they need where they run beside products (struct recur_beside).
 */
#ifndef RECUR_BACKEND_CPU_KERNELS_POINTS_H
#define RECUR_BACKEND_CPU_KERNELS_POINTS_H

#include "backend/cpu/kernels/vmath.h"

/* Does one part after another for all vectors of the tile. */
#define EACH_PART(part)                                                                            \
    for (size_t j = 0; j < own.n; j += VL)                                                         \
    part(&own, j)

/* The functions of gates, which take the place of their arguments in a slot. */
INLINE void sigmoid_slot(const struct recur_tile *tile, unsigned slot)
{
    real *x = tile->slot[slot];
    const size_t n = tile->n;
    EACH_VECTOR store(x + j, vsigmoid(load(x + j)));
}

INLINE void tanh_slot(const struct recur_tile *tile, unsigned slot)
{
    real *x = tile->slot[slot];
    const size_t n = tile->n;
    EACH_VECTOR store(x + j, vtanh(load(x + j)));
}

#ifndef RECUR_DOUBLE
#ifdef __AVX512BF16__
/* Rounds to the nearest bf16, ties to even. Denormal numbers become 0, as which this processor's
 * products take them. */
INLINE uvec pack_two(vec first, vec second)
{
    return (uvec)_mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
}

INLINE hvec pack_one(vec x)
{
    return (hvec)_mm512_cvtneps_pbh((__m512)x);
}
#else
/* Rounds to the nearest bf16, ties to even, in the high half of each lane; the low half is 0. A NaN
 * is not rounded, because that could carry into the exponent: it stays a NaN. */
INLINE uvec round_to_bf16(vec x)
{
    uvec bits = (uvec)x;
    uvec rounded = bits + 0x7fff + (bits >> 16 & 1);
    uvec is_nan = (uvec)(x != x);
    return ((rounded & ~is_nan) | ((bits | 0x400000) & is_nan)) & 0xffff0000;
}

INLINE hvec pack_one(vec x)
{
    return __builtin_convertvector(round_to_bf16(x) >> 16, hvec);
}
#endif

/* One vector to and from pairs of columns. */
INLINE void pack_vector(uint16_t *to, vec x)
{
    *(hvec *)to = pack_one(x);
}

INLINE vec unpack_vector(const uint16_t *from)
{
    return (vec)(__builtin_convertvector(*(const hvec *)from, uvec) << 16);
}

#ifdef __AMX_BF16__
/* 2^x, with a relative error below 2^-18: the integer below x is its exponent, and a polynomial of
 * degree 4 that is exact at 0 is 2^f for the rest f, from 0 to 1. A NaN stays a NaN. */
INLINE vec near_exp2(vec x)
{
    vec f = (vec)_mm512_reduce_ps((__m512)x, _MM_FROUND_TO_NEG_INF);
    vec p = 0x1.b7f736p-7f * f + 0x1.abf866p-5f;
    p = p * f + 0x1.ee2452p-3f;
    p = p * f + 0x1.62d6c6p-1f;
    return (vec)_mm512_scalef_ps((__m512)(p * f + 1), (__m512)x);
}

/* 1 / x, with a relative error below 2^-14. */
INLINE vec near_inverse(vec x)
{
    return (vec)_mm512_rcp14_ps((__m512)x);
}

/* The functions of gates where products are of bf16, whose relative error is up to 2^-8: the
 * logistic function with a relative error below 2^-13.8, tanh with an absolute one below 2^-17.
 * Both take half as long as the exact ones, without a division. */
INLINE vec near_sigmoid(vec x)
{
    return near_inverse(1 + near_exp2(-0x1.715476p+0f * x));
}

/* 1 - 2 / (1 + e^{2x}), the estimate of the quotient after a step of Newton's. */
INLINE vec near_tanh(vec x)
{
    vec d = 1 + near_exp2(0x1.715476p+1f * vmin(splat(40), x)), r = near_inverse(d);
    return 1 - 2 * (r * (2 - d * r));
}

/* Beside a product of tiles a vector is computed in so many parts, one between two products,
 * because the processor starts what comes later only while few operations wait. */
enum { PARTS = 4 };

/* A point is all parts of a vector. */
#define POINT(name, state, part)                                                                   \
    static void name(const struct recur_tile *tile, size_t at)                                     \
    {                                                                                              \
        struct state x;                                                                            \
        UNROLL                                                                                     \
        for (unsigned i = 0; i < PARTS; i++)                                                       \
            part(tile, at, &x, i);                                                                 \
    }

/* Keeps a slot for backward, where somebody will need it. */
INLINE void keep_slot(const struct recur_tile *tile, unsigned slot, size_t at, vec x)
{
    if (tile->slot_copy[0])
        pack_vector(tile->slot_copy[slot] + at, x);
}

INLINE void put_h(const struct recur_tile *tile, size_t at, vec h)
{
    store(tile->h + at, h);
    pack_vector(tile->h_copy + at, h);
}
#endif
#endif

#endif
