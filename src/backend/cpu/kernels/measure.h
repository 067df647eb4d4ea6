/* Measures the limits of the processor: multiply-adds of every kind of numbers, and bytes read. */
#ifndef RECUR_BACKEND_CPU_KERNELS_MEASURE_H
#define RECUR_BACKEND_CPU_KERNELS_MEASURE_H

#ifndef RECUR_DOUBLE
#include "backend/cpu/kernels/low_precision.h"
#endif
#include "backend/cpu/kernels/tile_sizes.h"

/* Eight chains, so that no addition waits for the one before it. */
static real read_all(const real *x, size_t n)
{
    vec sum[8] = {0};
    for (size_t j = 0; j < n; j += 8 * VL) {
        UNROLL
        for (size_t i = 0; i < 8; i++)
            sum[i] += load(x + j + i * VL);
    }
    for (size_t i = 1; i < 8; i++)
        sum[0] += sum[i];
    return reduce_sum(sum[0]);
}

/* Each peak is measured for about a tenth of a millisecond. Vectors have as many chains as a tile
 * has: enough to hide the latency of a multiply-add on two or four units. Every loop over chains is
 * unrolled, for otherwise they lie in memory. The compiler must not know the operands: a chain
 * keeps its first value (1 x + y = 1), and the compiler would compute that in advance. What is
 * summed at the end is stored, so that the compiler does not remove the work. */
enum { CHAINS = 2 * RECUR_TILE_ROWS, PEAK_ROUNDS = 20000 };

static double peak(void)
{
    volatile real factor = (real)0.999, term = (real)1e-3;
    vec sum[CHAINS], x = splat(factor), y = splat(term), total = {0};
    UNROLL
    for (size_t i = 0; i < CHAINS; i++)
        sum[i] = splat((real)i);
    for (size_t n = 0; n < PEAK_ROUNDS; n++) {
        UNROLL
        for (size_t i = 0; i < CHAINS; i++)
            sum[i] = sum[i] * x + y;
    }
    UNROLL
    for (size_t i = 0; i < CHAINS; i++)
        total += sum[i];
    volatile real keep = reduce_sum(total);
    (void)keep;
    return (double)PEAK_ROUNDS * CHAINS * 2 * (double)VL;
}

#ifndef RECUR_DOUBLE

#ifdef __AMX_BF16__

/* Makes eight full tiles, all of whose words are the same: six of results, more than hide the
 * latency of a product, and both operands. */
static void amx_fill_tiles(uint32_t word)
{
    _Alignas(64) uint32_t tile[AMX_ROWS * AMX_WORDS];
    for (size_t i = 0; i < sizeof tile / sizeof *tile; i++)
        tile[i] = word;
    /* gcc does not see that tiles are loaded from it. */
    __asm__ volatile("" : : "r"(tile) : "memory");
    amx_set_sizes(AMX_ROWS, AMX_ROWS, AMX_WORDS);
    _tile_loadd(0, tile, AMX_LEFT);
    _tile_loadd(1, tile, AMX_LEFT);
    _tile_loadd(2, tile, AMX_LEFT);
    _tile_loadd(3, tile, AMX_LEFT);
    _tile_loadd(4, tile, AMX_LEFT);
    _tile_loadd(5, tile, AMX_LEFT);
    _tile_loadd(6, tile, AMX_LEFT);
    _tile_loadd(7, tile, AMX_LEFT);
}

enum { AMX_ROUNDS = PEAK_ROUNDS / 8, AMX_PRODUCTS = 6 };

static double bf16_peak(void)
{
    enum { MULTIPLY_ADDS = AMX_ROWS * AMX_WORDS * 32 };
    amx_fill_tiles(0x3f7f3a83); /* 0.996 and 0.001 */
    for (size_t n = 0; n < AMX_ROUNDS; n++) {
        _tile_dpbf16ps(0, 6, 7);
        _tile_dpbf16ps(1, 6, 7);
        _tile_dpbf16ps(2, 6, 7);
        _tile_dpbf16ps(3, 6, 7);
        _tile_dpbf16ps(4, 6, 7);
        _tile_dpbf16ps(5, 6, 7);
    }
    _tile_release();
    return (double)AMX_ROUNDS * AMX_PRODUCTS * MULTIPLY_ADDS * 2;
}

static double int8_peak(void)
{
    enum { MULTIPLY_ADDS = AMX_ROWS * AMX_WORDS * 64 };
    amx_fill_tiles(0x01020304);
    for (size_t n = 0; n < AMX_ROUNDS; n++) {
        _tile_dpbusd(0, 6, 7);
        _tile_dpbusd(1, 6, 7);
        _tile_dpbusd(2, 6, 7);
        _tile_dpbusd(3, 6, 7);
        _tile_dpbusd(4, 6, 7);
        _tile_dpbusd(5, 6, 7);
    }
    _tile_release();
    return (double)AMX_ROUNDS * AMX_PRODUCTS * MULTIPLY_ADDS * 2;
}

#elif HAS_PAIRS

static double bf16_peak(void)
{
    volatile uint32_t pair = 0x3f7f3a83; /* 0.996 and 0.001 */
    const uvec x = pair - (uvec){0};
    vec sum[CHAINS], total = {0};
    UNROLL
    for (size_t i = 0; i < CHAINS; i++)
        sum[i] = splat((real)i);
    for (size_t n = 0; n < PEAK_ROUNDS; n++) {
        UNROLL
        for (size_t i = 0; i < CHAINS; i++)
            sum[i] = add_pair(sum[i], x, x);
    }
    UNROLL
    for (size_t i = 0; i < CHAINS; i++)
        total += sum[i];
    volatile real keep = reduce_sum(total);
    (void)keep;
    return (double)PEAK_ROUNDS * CHAINS * 4 * (double)WORDS;
}

#else

/* Numbers that were widened are multiplied as floats. */
static double bf16_peak(void)
{
    return peak();
}

#endif

#if defined(__AVX512VNNI__) || defined(__AVXVNNI__) || defined(__ARM_FEATURE_DOTPROD)
#define HAS_FOURS true
#else
#define HAS_FOURS false
#endif

#ifndef __AMX_INT8__
/* Where a product is composed of several instructions, they are shared among products as in a tile,
 * and none of them must leave the loop. So the operands come from memory, of which the compiler
 * believes that it changes. */
static double int8_peak(void)
{
    volatile uint32_t four = 0x01020304;
    uvec left[RECUR_TILE_ROWS], right[2];
    ivec sum[CHAINS], total = {0};
    UNROLL
    for (size_t i = 0; i < CHAINS; i++)
        sum[i] = (lane)i - (ivec){0};
    right[0] = right[1] = four - (uvec){0};
    UNROLL
    for (size_t row = 0; row < RECUR_TILE_ROWS; row++)
        left[row] = right[0];
    for (size_t n = 0; n < PEAK_ROUNDS; n++) {
        if (!HAS_FOURS)
            __asm__ volatile("" : : "r"(left), "r"(right) : "memory");
        UNROLL
        for (size_t i = 0; i < CHAINS; i++)
            sum[i] = add_four(sum[i], left[i / 2], right[i % 2]);
    }
    UNROLL
    for (size_t i = 0; i < CHAINS; i++)
        total += sum[i];
    volatile lane keep = total[0];
    (void)keep;
    return (double)PEAK_ROUNDS * CHAINS * 8 * (double)WORDS;
}
#endif

#endif
#endif
