/* Measures the limits of the processor: multiply-adds, and bytes read. */
#ifndef RECUR_BACKEND_CPU_KERNELS_MEASURE_H
#define RECUR_BACKEND_CPU_KERNELS_MEASURE_H

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

/* There are as many chains as a tile has: enough to hide the latency of a multiply-add on two or
 * four units. The compiler must not know the operands: a chain keeps its first value (1 x + y = 1),
 * and the compiler would compute that in advance. */
static double peak(size_t count)
{
    enum { CHAINS = 2 * RECUR_TILE_ROWS };
    volatile real factor = (real)0.999, term = (real)1e-3;
    vec sum[CHAINS], x = splat(factor), y = splat(term);
    for (size_t i = 0; i < CHAINS; i++)
        sum[i] = splat((real)i);
    for (size_t n = 0; n < count; n++) {
        UNROLL
        for (size_t i = 0; i < CHAINS; i++)
            sum[i] = sum[i] * x + y;
    }
    vec total = {0};
    for (size_t i = 0; i < CHAINS; i++)
        total += sum[i];
    volatile real keep = reduce_sum(total); /* so that the compiler does not remove the work */
    (void)keep;
    return (double)count * CHAINS * 2 * (double)VL;
}

#endif
