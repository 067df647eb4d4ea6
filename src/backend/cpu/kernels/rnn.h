/* rnn, Elman's network (Elman 1990), f = tanh, relu or the logistic function:
 *
 *     forward    a = W_ih x + b_ih + W_hh h' + b_hh        h = f(a)
 *     backward   da = dh f'(a), in terms of h:
 *                tanh da = dh (1 - h^2)   relu da = dh [h > 0]   sigmoid da = dh h (1 - h)
 *
 * Slot 0 holds a, then da. */
#ifndef RECUR_BACKEND_CPU_KERNELS_RNN_H
#define RECUR_BACKEND_CPU_KERNELS_RNN_H

#include "backend/cpu/kernels/vmath.h"
#include "recur/model.h"

INLINE vec relu(vec x)
{
    return select(x < 0, (vec){0}, x); /* a NaN passes */
}

static void rnn_forward(const struct recur_tile *tile)
{
    const real *a = tile->slot[0];
    real *h = tile->h;
    const size_t n = tile->n;
    switch (tile->activation) {
    case RECUR_ACTIVATION_TANH: EACH_VECTOR store(h + j, vtanh(load(a + j))); break;
    case RECUR_ACTIVATION_RELU: EACH_VECTOR store(h + j, relu(load(a + j))); break;
    case RECUR_ACTIVATION_SIGMOID: EACH_VECTOR store(h + j, vsigmoid(load(a + j))); break;
    }
}

static void rnn_backward(const struct recur_tile *tile)
{
    const real *h = tile->h, *dh = tile->dh;
    real *a = tile->slot[0];
    const size_t n = tile->n;
    switch (tile->activation) {
    case RECUR_ACTIVATION_TANH:
        EACH_VECTOR store(a + j, load(dh + j) * (1 - load(h + j) * load(h + j)));
        break;
    case RECUR_ACTIVATION_RELU:
        EACH_VECTOR store(a + j, load(dh + j) * select(load(h + j) > 0, splat(1), (vec){0}));
        break;
    case RECUR_ACTIVATION_SIGMOID:
        EACH_VECTOR store(a + j, load(dh + j) * (load(h + j) * (1 - load(h + j))));
        break;
    }
}

#endif
