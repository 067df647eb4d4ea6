/* lstm, long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000),
 * gates in PyTorch's order i f g o, s the logistic function:
 *
 *     forward    i, f, o = s(W_ih x + b_ih + W_hh h' + b_hh)     g = tanh(the same)
 *                c = f c' + i g                                  h = o tanh(c)
 *     backward   dc += dh o (1 - tanh(c)^2)
 *                do = dh tanh(c) o (1 - o)       di = dc g i (1 - i)
 *                df = dc c' f (1 - f)            dg = dc i (1 - g^2)       dc' = dc f
 *
 * Slots 0..3 hold i f g o, then the gradients of their pre-activations. */
#ifndef RECUR_BACKEND_CPU_KERNELS_LSTM_H
#define RECUR_BACKEND_CPU_KERNELS_LSTM_H

#include "backend/cpu/kernels/vmath.h"

static void lstm_forward(const struct recur_tile *tile)
{
    real *i = tile->slot[0], *f = tile->slot[1], *g = tile->slot[2], *o = tile->slot[3];
    const real *c_prev = tile->c_prev;
    real *c = tile->c, *h = tile->h;
    const size_t n = tile->n;
    EACH_VECTOR store(i + j, vsigmoid(load(i + j)));
    EACH_VECTOR store(f + j, vsigmoid(load(f + j)));
    EACH_VECTOR store(g + j, vtanh(load(g + j)));
    EACH_VECTOR store(o + j, vsigmoid(load(o + j)));
    EACH_VECTOR
    {
        vec ct = load(f + j) * load(c_prev + j) + load(i + j) * load(g + j);
        store(c + j, ct);
        store(h + j, load(o + j) * vtanh(ct));
    }
}

static void lstm_backward(const struct recur_tile *tile)
{
    real *i = tile->slot[0], *f = tile->slot[1], *g = tile->slot[2], *o = tile->slot[3];
    const real *c_prev = tile->c_prev, *c = tile->c, *dh = tile->dh;
    real *dc = tile->dc;
    const size_t n = tile->n;
    EACH_VECTOR
    {
        vec it = load(i + j), ft = load(f + j), gt = load(g + j), ot = load(o + j);
        vec s = vtanh(load(c + j)), dht = load(dh + j);
        vec dct = load(dc + j) + dht * ot * (1 - s * s); /* h = o tanh(c) */
        store(o + j, dht * s * ot * (1 - ot));
        store(i + j, dct * gt * it * (1 - it)); /* c = f c' + i g */
        store(f + j, dct * load(c_prev + j) * ft * (1 - ft));
        store(g + j, dct * it * (1 - gt * gt));
        store(dc + j, dct * ft);
    }
}

#endif
