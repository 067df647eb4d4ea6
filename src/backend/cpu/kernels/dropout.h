/* Dropout (Srivastava et al. 2014): the mask depends only on a key and a place. */
#ifndef RECUR_BACKEND_CPU_KERNELS_DROPOUT_H
#define RECUR_BACKEND_CPU_KERNELS_DROPOUT_H

#include "backend/cpu/kernels/vmath.h"

/* A 32-bit mixing function of (index, key): two rounds of xor, shift and odd multiplications. */
INLINE uint32_t scatter_bits(uint32_t x, uint32_t key)
{
    x = (x ^ key) * 0x9e3779b1u;
    x = (x ^ (x >> 16)) * 0x85ebca6bu;
    x = (x ^ (x >> 13)) * 0xc2b2ae35u;
    return x ^ (x >> 16);
}

/* Walks runs of places with the same high half, so that lanes hold nothing wider than 32 bits. */
static void dropout(real *y, const real *x, size_t n, uint64_t key, uint64_t first,
                    uint32_t threshold)
{
    real keep = (real)(1 / (1 - (double)threshold * 0x1p-32));
    uint32_t key_low = (uint32_t)key, key_high = (uint32_t)(key >> 32);
    for (size_t j = 0, run; j < n; j += run) {
        uint32_t low = (uint32_t)(first + j), high = (uint32_t)((first + j) >> 32);
        uint64_t left = 0x100000000u - (uint64_t)low;
        run = n - j < left ? n - j : (size_t)left;
        for (uint32_t i = 0; i < (uint32_t)run; i++) {
            uint32_t bits = scatter_bits(scatter_bits(low + i, key_low) ^ high, key_high);
            y[j + i] = x[j + i] * (bits >= threshold ? keep : 0);
        }
    }
}

#endif
