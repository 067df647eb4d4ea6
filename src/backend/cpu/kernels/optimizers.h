/* The updates of the optimizers, and the sum of squares for the gradient's norm. */
#ifndef RECUR_BACKEND_CPU_KERNELS_OPTIMIZERS_H
#define RECUR_BACKEND_CPU_KERNELS_OPTIMIZERS_H

#include "backend/cpu/kernels/vmath.h"
#include "recur/training.h"

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

/* m = momentum m + g, then p -= lr m; without momentum m is not read. */
static void sgd(real *p, const real *g, real *m, real *v, size_t n, const struct recur_update *u)
{
    (void)v;
    const real lr = u->lr, scale = u->scale, momentum = u->momentum, decay = u->weight_decay;
    if (momentum == 0 && decay == 0) {
        EACH_VECTOR store(p + j, load(p + j) - lr * (scale * load(g + j)));
        return;
    }
    EACH_VECTOR
    {
        vec pj = load(p + j), step = scale * load(g + j) + decay * pj;
        if (momentum != 0) {
            step += momentum * load(m + j);
            store(m + j, step);
        }
        store(p + j, pj - lr * step);
    }
}

INLINE vec vsqrt(vec x)
{
    for (size_t i = 0; i < VL; i++)
        x[i] = (real)sqrt(x[i]);
    return x;
}

/* Kingma & Ba 2015; `decoupled`: AdamW, Loshchilov & Hutter 2019. */
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

/* Tieleman & Hinton 2012, with PyTorch's momentum. */
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

/* The mean of parameters over time: an exponential one of a constant weight, the arithmetic one of
 * n with weight 1 / n. */
static void approach(real *a, const real *p, size_t n, real weight)
{
    EACH_VECTOR
    {
        vec mean = load(a + j);
        store(a + j, mean + weight * (load(p + j) - mean));
    }
}

/* The optimizers' places in the table of kernels. */
#define OPTIMIZERS                                                                                 \
    {                                                                                              \
        [RECUR_OPTIMIZER_SGD] = sgd, [RECUR_OPTIMIZER_ADAM] = adam,                                \
        [RECUR_OPTIMIZER_ADAMW] = adam, [RECUR_OPTIMIZER_RMSPROP] = rmsprop                        \
    }

#endif
