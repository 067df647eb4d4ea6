/* Products of low-precision numbers, two bf16 or four int8 in each 32-bit lane, and conversions of
 * floats to them. Where a processor has no instruction for a product, the product is composed of
 * others: it computes the same, for bf16 no faster than float. The build of the kernels in double
 * has none of this. */
#ifndef RECUR_BACKEND_CPU_KERNELS_LOW_PRECISION_H
#define RECUR_BACKEND_CPU_KERNELS_LOW_PRECISION_H

#include <string.h>

#include "backend/cpu/kernels/product.h"

typedef int16_t svec __attribute__((vector_size(RECUR_VECTOR_BYTES), may_alias));
typedef uint8_t bvec __attribute__((vector_size(RECUR_VECTOR_BYTES / 4), may_alias));

#ifdef __AMX_BF16__
#include "backend/cpu/kernels/amx.h"
#define BF16_TILE_ROWS (2 * AMX_ROWS)
#define BF16_PRODUCT_BESIDE bf16_product_beside
#define REST amx_rest
#else
#define BF16_TILE_ROWS 0
#define BF16_PRODUCT_BESIDE NULL
#define REST NULL
#if defined(__AVX512BF16__) || defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
#define HAS_PAIRS 1
#else
#define HAS_PAIRS 0
#endif

/* sum + x0 w0 + x1 w1, pairs of bf16. Where it is composed, the first product is added first. */
INLINE vec add_pair(vec sum, uvec x, uvec w)
{
#if defined(__AVX512BF16__)
    return (vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)x, (__m512bh)w);
#elif HAS_PAIRS
    return (vec)vbfdotq_f32((float32x4_t)sum, (bfloat16x8_t)x, (bfloat16x8_t)w);
#else
    const uint32_t high = 0xffff0000;
    sum += (vec)(x << 16) * (vec)(w << 16);
    return sum + (vec)(x & high) * (vec)(w & high);
#endif
}

#if HAS_PAIRS
#define TILES(name) bf16_##name
#define HEIGHTS EACH_HEIGHT
#else
#define TILES(name) bf16_low_##name
#define HEIGHTS EACH_LOW_HEIGHT
#endif
#define NUMBER uint32_t
#define NUMBERS uvec
#define LEFT recur_word_rows
#define STEPS (RECUR_LANES / 2)
#define RESULT real
#define RESULTS vec
#define LANES WORDS
#define MULTIPLY_ADD add_pair
#define TRANSPOSED HAS_PAIRS
#include "backend/cpu/kernels/tiles.h"
#if !HAS_PAIRS
#include "backend/cpu/kernels/widened.h"
#endif
#endif

#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
#define INT8_ZERO_POINT 128 /* the instruction wants bytes without a sign on the left */
#else
#define INT8_ZERO_POINT 0
#endif

/* sum + x0 w0 + x1 w1 + x2 w2 + x3 w3, of bytes. The sum of two products of bytes -127 .. 127 fits
 * 16 bits. On x86 the left byte of such products has no sign, so the sign of the left byte goes to
 * the right one. */
INLINE ivec add_four(ivec sum, uvec x, uvec w)
{
#if defined(__AVX512VNNI__)
    return (ivec)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)x, (__m512i)w);
#elif defined(__AVXVNNI__)
    return (ivec)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)x, (__m256i)w);
#elif defined(__AVX512BW__)
    const __m512i left = (__m512i)x, right = (__m512i)w, zero = {0};
    __m512i turned = _mm512_mask_sub_epi8(right, _mm512_movepi8_mask(left), zero, right);
    __m512i pairs = _mm512_maddubs_epi16(_mm512_abs_epi8(left), turned);
    return sum + (ivec)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
#elif defined(__AVX2__)
    __m256i turned = _mm256_sign_epi8((__m256i)w, (__m256i)x);
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8((__m256i)x), turned);
    return sum + (ivec)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
#elif defined(__ARM_FEATURE_DOTPROD)
    return (ivec)vdotq_s32((int32x4_t)sum, (int8x16_t)x, (int8x16_t)w);
#elif defined(RECUR_ARM)
    const int8x16_t left = (int8x16_t)x, right = (int8x16_t)w;
    int16x8_t low = vmull_s8(vget_low_s8(left), vget_low_s8(right));
    return (ivec)vpadalq_s16((int32x4_t)sum, vpaddq_s16(low, vmull_high_s8(left, right)));
#else
    svec even = ((svec)(x << 8) >> 8) * ((svec)(w << 8) >> 8);
    svec odd = ((svec)x >> 8) * ((svec)w >> 8);
    uvec pairs = (uvec)(svec)(even + odd);
    return sum + ((ivec)(pairs << 16) >> 16) + ((ivec)pairs >> 16);
#endif
}

#define TILES(name) int8_##name
#define NUMBER uint32_t
#define NUMBERS uvec
#define LEFT recur_word_rows
#define STEPS (RECUR_LANES / 4)
#define RESULT int32_t
#define RESULTS ivec
#define LANES WORDS
#define MULTIPLY_ADD add_four
#define HEIGHTS EACH_HEIGHT
#define TRANSPOSED 0
#include "backend/cpu/kernels/tiles.h"

#ifdef __AMX_INT8__
#include "backend/cpu/kernels/amx_bytes.h"
#define INT8_PRODUCT amx_int8_product
#else
#define INT8_PRODUCT int8_product
#endif

/* Two vectors of rows that follow each other, lane by lane in pairs. */
INLINE uvec pack_rows_pair(vec first, vec second)
{
#ifdef __AVX512BF16__
    const svec in_turns = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                           8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    return (uvec)_mm512_permutexvar_epi16((__m512i)in_turns, (__m512i)pack_two(first, second));
#else
    return round_to_bf16(first) >> 16 | round_to_bf16(second);
#endif
}

static void bf16_pack_rows(uint32_t *to, const real *x, size_t rows)
{
    for (size_t r = 0; r < rows; r += 2)
        for (size_t i = 0; i < RECUR_LANES; i += WORDS) {
            const real *first = x + r * RECUR_LANES + i;
            vec second = r + 1 < rows ? load(first + RECUR_LANES) : (vec){0};
            *(uvec *)(to + r / 2 * RECUR_LANES + i) = pack_rows_pair(load(first), second);
        }
}

static void bf16_pack_columns(uint32_t *to, const real *x, size_t rows)
{
    uint16_t *number = (uint16_t *)to;
    for (size_t i = 0; i < rows * RECUR_LANES; i += WORDS)
        pack_vector(number + i, load(x + i));
}

static void bf16_pair_rows(uint32_t *to, const uint32_t *from, size_t rows)
{
    const uint16_t *number = (const uint16_t *)from;
    for (size_t r = 0; r < rows; r += 2)
        for (size_t i = 0; i < RECUR_LANES; i += WORDS) {
            const uint16_t *first = number + r * RECUR_LANES + i;
            uvec word = __builtin_convertvector(*(const hvec *)first, uvec);
            if (r + 1 < rows)
                word |= (uvec)unpack_vector(first + RECUR_LANES);
            *(uvec *)(to + r / 2 * RECUR_LANES + i) = word;
        }
}

static void bf16_column_sum(real *c, const uint32_t *b, size_t rows)
{
    const uint16_t *number = (const uint16_t *)b;
    vec sum[RECUR_LANES / VL] = {0};
    for (size_t r = 0; r < rows; r++)
        for (size_t v = 0; v < RECUR_LANES / VL; v++)
            sum[v] += unpack_vector(number + r * RECUR_LANES + v * VL);
    for (size_t v = 0; v < RECUR_LANES / VL; v++)
        store(c + v * VL, sum[v]);
}

static void bf16_scatter_add(real *table, const int32_t *ids, const uint32_t *dz, size_t rows)
{
    const uint16_t *number = (const uint16_t *)dz;
    for (size_t r = 0; r < rows; r++) {
        real *row = table + (size_t)ids[r] * RECUR_LANES;
        for (size_t i = 0; i < RECUR_LANES; i += VL)
            store(row + i, load(row + i) + unpack_vector(number + r * RECUR_LANES + i));
    }
}

static void bf16_transpose(uint32_t *to, const real *w)
{
    _Alignas(64) uint32_t pair[RECUR_LANES * RECUR_LANES / 2];
    bf16_pack_columns(pair, w, RECUR_LANES);
    transpose_block((real *)to, (const real *)pair, RECUR_LANES, RECUR_LANES / 2);
}

static void bf16_pair_left(uint32_t *to, const uint32_t *from, size_t rows)
{
#ifdef __AMX_BF16__
    for (size_t r = 0; r < rows; r += 2 * AMX_WORDS, to += AMX_PANEL) {
        _Alignas(64) uint32_t pair[AMX_PANEL];
        size_t count = rows - r < 2 * AMX_WORDS ? rows - r : 2 * AMX_WORDS;
        if (count < 2 * AMX_WORDS)
            memset(pair, 0, sizeof pair);
        bf16_pair_rows(pair, from + r * (RECUR_LANES / 2), count);
        transpose_block((real *)to, (const real *)pair, AMX_WORDS, RECUR_LANES);
    }
#else
    bf16_pair_rows(to, from, rows);
#endif
}

static void int8_pack_columns(uint32_t *to, const real *x, size_t rows, real scale)
{
    uint8_t *number = (uint8_t *)to;
    for (size_t i = 0; i < rows * RECUR_LANES; i += WORDS) {
        vec scaled = vmax(vmin(load(x + i) * scale, splat(127)), splat(-127));
        ivec above = __builtin_convertvector(scaled + (real)128.5, ivec); /* conversion cuts off,
                                                                             and so rounds */
        hvec half = __builtin_convertvector((uvec)(above - (128 - INT8_ZERO_POINT)), hvec);
        *(bvec *)(number + i) = __builtin_convertvector(half, bvec);
    }
}

static void int8_add(real *c, const int32_t *sum, const int32_t *offset, const real *scale,
                     real common, size_t rows)
{
    for (size_t i = 0; i < RECUR_LANES; i += VL) {
        ivec zero; /* neither of the two need be aligned */
        vec factor;
        memcpy(&zero, offset + i, sizeof zero);
        memcpy(&factor, scale + i, sizeof factor);
        factor *= common;
        for (size_t r = i; r < rows * RECUR_LANES; r += RECUR_LANES) {
            vec exact = __builtin_convertvector(*(const ivec *)(sum + r) - zero, vec);
            store(c + r, load(c + r) + exact * factor);
        }
    }
}

#endif
