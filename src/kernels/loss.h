/* Softmax cross-entropy, dropout, and the loops of clipping and optimisers. */
#ifndef RECUR_KERNELS_LOSS_H
#define RECUR_KERNELS_LOSS_H

#include "kernels/vmath.h"

/* Columns past the vocabulary must neither win the maximum nor add to the sum. */
INLINE vec within(vec x, size_t first, size_t vocabulary, real otherwise)
{
    for (size_t i = 0; i < VL; i++)
        if (first + i >= vocabulary)
            x[i] = otherwise;
    return x;
}

/* Rows whose logits are walked together: panel by panel they lie next to each other. Three walks
 * over a large vocabulary go faster over so few of them that they stay in the L2 cache. */
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

/* A 32-bit mixing function of (index, key): two rounds of xor, shift and odd multiplications. */
INLINE uint32_t scatter_bits(uint32_t x, uint32_t key)
{
    x = (x ^ key) * 0x9e3779b1u;
    x = (x ^ (x >> 16)) * 0x85ebca6bu;
    x = (x ^ (x >> 13)) * 0xc2b2ae35u;
    return x ^ (x >> 16);
}

/* In runs of places with the same high half, so that lanes hold nothing wider than 32 bits. */
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

static double sum_squares(const real *x, size_t n)
{
    vec sum[4] = {0};
    size_t j = 0;
    for (; j + 4 * VL <= n; j += 4 * VL)
        for (size_t i = 0; i < 4; i++) {
            vec v = load(x + j + i * VL);
            sum[i] += v * v;
        }
    double total = 0;
    for (; j < n; j++)
        total += (double)x[j] * (double)x[j];
    return total + (double)reduce_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

static void sgd(real *p, const real *g, real *m, size_t n, const struct recur_update *u)
{
    const real lr = u->lr, scale = u->scale, momentum = u->momentum, decay = u->weight_decay;
    if (momentum == 0 && decay == 0) {
        EACH_VECTOR store(p + j, load(p + j) - lr * (scale * load(g + j)));
        return;
    }
    EACH_VECTOR
    {
        vec pj = load(p + j), v = scale * load(g + j) + decay * pj;
        if (momentum != 0) {
            v += momentum * load(m + j);
            store(m + j, v);
        }
        store(p + j, pj - lr * v);
    }
}

INLINE vec vsqrt(vec x)
{
    for (size_t i = 0; i < VL; i++)
        x[i] = (real)sqrt(x[i]);
    return x;
}

static void adam(real *p, const real *g, real *m, real *v, size_t n, const struct recur_update *u)
{
    const real lr = u->lr, b1 = u->beta1, b2 = u->beta2, decay = u->weight_decay;
    const real step = lr / u->correct1, root = 1 / (real)sqrt(u->correct2);
    EACH_VECTOR
    {
        vec pj = load(p + j), gj = u->scale * load(g + j);
        if (u->decoupled)
            pj -= lr * decay * pj;
        else
            gj += decay * pj;
        vec mj = b1 * load(m + j) + (1 - b1) * gj;
        vec vj = b2 * load(v + j) + (1 - b2) * gj * gj;
        store(m + j, mj);
        store(v + j, vj);
        store(p + j, pj - step * mj / (vsqrt(vj) * root + u->epsilon));
    }
}

static void rmsprop(real *p, const real *g, real *m, real *v, size_t n,
                    const struct recur_update *u)
{
    EACH_VECTOR
    {
        vec pj = load(p + j), gj = u->scale * load(g + j) + u->weight_decay * pj;
        vec vj = u->alpha * load(v + j) + (1 - u->alpha) * gj * gj;
        vec step = gj / (vsqrt(vj) + u->epsilon);
        store(v + j, vj);
        if (u->momentum != 0) {
            step += u->momentum * load(m + j);
            store(m + j, step);
        }
        store(p + j, pj - u->lr * step);
    }
}

#endif
