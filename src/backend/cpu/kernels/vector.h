/* The vector type of the instruction set this file is compiled for, and the few operations that
 * C's operators do not give. RECUR_VECTOR_BYTES and RECUR_TILE_ROWS come from the build. */
#ifndef RECUR_BACKEND_CPU_KERNELS_VECTOR_H
#define RECUR_BACKEND_CPU_KERNELS_VECTOR_H

#include <math.h>

#include "backend/cpu/kernels/kernels.h"

#if defined(RECUR_X86) && RECUR_VECTOR_BYTES == 64
#include <immintrin.h>
#define X86(name, x, y) (vec) _mm512_##name((__m512)(x), (__m512)(y))
#elif defined(RECUR_X86) && RECUR_VECTOR_BYTES == 32
#include <immintrin.h>
#define X86(name, x, y) (vec) _mm256_##name((__m256)(x), (__m256)(y))
#elif defined(RECUR_ARM)
#include <arm_neon.h>
#endif

typedef real vec __attribute__((vector_size(RECUR_VECTOR_BYTES), may_alias));

#ifdef RECUR_DOUBLE
typedef int64_t lane;
#else
typedef int32_t lane;
#endif
typedef lane ivec __attribute__((vector_size(RECUR_VECTOR_BYTES), may_alias));
typedef uint32_t uvec __attribute__((vector_size(RECUR_VECTOR_BYTES), may_alias));

typedef uint16_t hvec __attribute__((vector_size(RECUR_VECTOR_BYTES / 2), may_alias));

#define VL ((size_t)RECUR_VECTOR_BYTES / sizeof(real)) /* lanes of one vector */
#define WORDS ((size_t)RECUR_VECTOR_BYTES / sizeof(uint32_t))
#define INLINE static inline __attribute__((always_inline))

/* Unrolls the next loop, whose length is constant and at most 32, so that arrays that it indexes
 * stay in registers. clang does not understand gcc's spelling. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* Walks an array of n numbers, a multiple of VL. */
#define EACH_VECTOR for (size_t j = 0; j < n; j += VL)

INLINE vec load(const real *p)
{
    return *(const vec *)p;
}

INLINE void store(real *p, vec x)
{
    *(vec *)p = x;
}

INLINE vec splat(real x)
{
    return x - (vec){0};
}

/* x where the mask's lane is all ones, y where it is zero. */
INLINE vec select(ivec mask, vec x, vec y)
{
    return (vec)(((ivec)x & mask) | ((ivec)y & ~mask));
}

/* The smaller of two, lane by lane; y where either is a NaN. x86 has an instruction for this, but
 * compilers make a comparison and a blend of it. */
INLINE vec vmin(vec x, vec y)
{
#ifdef X86
    return X86(min_ps, x, y);
#else
    return select(x < y, x, y);
#endif
}

/* The larger, in the same way. */
INLINE vec vmax(vec x, vec y)
{
#ifdef X86
    return X86(max_ps, x, y);
#else
    return select(x > y, x, y);
#endif
}

/* Sums the lanes as a tree, in the same order at every call. */
INLINE real reduce_sum(vec x)
{
    union {
        vec v;
        real lane[VL];
    } sum = {x};
    for (size_t width = VL / 2; width; width /= 2)
        for (size_t i = 0; i < width; i++)
            sum.lane[i] += sum.lane[i + width];
    return sum.lane[0];
}

INLINE real reduce_max(vec x)
{
    real best = x[0];
    for (size_t i = 1; i < VL; i++)
        best = x[i] > best ? x[i] : best;
    return best;
}

#endif
