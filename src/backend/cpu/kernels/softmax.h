/* Softmax and the cross-entropy of its result. */
#ifndef RECUR_BACKEND_CPU_KERNELS_SOFTMAX_H
#define RECUR_BACKEND_CPU_KERNELS_SOFTMAX_H

#include "backend/cpu/kernels/vmath.h"

/* Columns past the vocabulary must neither win the maximum nor add to the sum. */
INLINE vec within(vec x, size_t first, size_t vocabulary, real otherwise)
{
    for (size_t i = 0; i < VL; i++)
        if (first + i >= vocabulary)
            x[i] = otherwise;
    return x;
}

/* How many rows' logits are read together; within a panel they are neighbours. Over a large
 * vocabulary the three loops are faster with so few rows that their logits stay in the L2 cache. */
#define SOFTMAX_ROWS 16
#define SOFTMAX_ROWS_LARGE 8
#define SOFTMAX_LARGE 4096

static void softmax_block(real *x, size_t stride, size_t vocabulary, size_t rows,
                          const int32_t *targets, real scale, real *loss)
{
    size_t last = recur_panels(vocabulary) - 1;
    vec best[SOFTMAX_ROWS], sum[SOFTMAX_ROWS];
    real top[SOFTMAX_ROWS], factor[SOFTMAX_ROWS];
    for (size_t r = 0; r < rows; r++) {
        best[r] = splat(-(real)INFINITY);
        sum[r] = (vec){0};
        for (size_t i = 0; i < RECUR_LANES; i += VL) {
            real *tail = x + last * stride + r * RECUR_LANES + i;
            store(tail, within(load(tail), last * RECUR_LANES + i, vocabulary, -(real)INFINITY));
        }
    }
    for (size_t p = 0; p <= last; p++)
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < RECUR_LANES; i += VL)
                best[r] = vmax(load(x + p * stride + r * RECUR_LANES + i), best[r]);
    for (size_t r = 0; r < rows; r++) {
        const real *wanted = x + r * RECUR_LANES;
        top[r] = reduce_max(best[r]);
        if (targets[r] >= 0)
            wanted += (size_t)targets[r] / RECUR_LANES * stride + (size_t)targets[r] % RECUR_LANES;
        loss[r] = top[r] - *wanted;
    }
    for (size_t p = 0; p <= last; p++)
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < RECUR_LANES; i += VL) {
                real *at = x + p * stride + r * RECUR_LANES + i;
                vec e = vexp(load(at) - top[r]);
                if (p == last)
                    e = within(e, p * RECUR_LANES + i, vocabulary, 0);
                sum[r] += e;
                store(at, e);
            }
    for (size_t r = 0; r < rows; r++) {
        real total = reduce_sum(sum[r]);
        factor[r] = targets[r] < 0 ? 0 : scale / total;
        loss[r] = targets[r] < 0 ? 0 : (real)log((double)total) + loss[r];
    }
    for (size_t p = 0; p <= last; p++)
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < RECUR_LANES; i += VL) {
                real *at = x + p * stride + r * RECUR_LANES + i;
                store(at, load(at) * factor[r]);
            }
    for (size_t r = 0; r < rows; r++)
        if (targets[r] >= 0)
            x[(size_t)targets[r] / RECUR_LANES * stride + r * RECUR_LANES +
              (size_t)targets[r] % RECUR_LANES] -= scale;
}

static void softmax_loss(real *logits, size_t stride, size_t vocabulary, size_t rows,
                         const int32_t *targets, real scale, real *loss)
{
    size_t block = vocabulary < SOFTMAX_LARGE ? SOFTMAX_ROWS : SOFTMAX_ROWS_LARGE;
    for (size_t r = 0; r < rows; r += block)
        softmax_block(logits + r * RECUR_LANES, stride, vocabulary,
                      rows - r < block ? rows - r : block, targets + r, scale, loss + r);
}

#endif
