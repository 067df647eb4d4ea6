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

#include "backend/cpu/kernels/points.h"

INLINE void lstm_output(const struct recur_tile *tile, size_t at)
{
    const real *i = tile->slot[0] + at, *f = tile->slot[1] + at, *g = tile->slot[2] + at;
    vec ct = load(f) * load(tile->c_prev + at) + load(i) * load(g);
    store(tile->c + at, ct);
    store(tile->h + at, load(tile->slot[3] + at) * vtanh(ct));
}

static void lstm_forward(const struct recur_tile *tile)
{
    const struct recur_tile own = *tile;
    EACH_POINT(sigmoid_0);
    EACH_POINT(sigmoid_1);
    EACH_POINT(tanh_2);
    EACH_POINT(sigmoid_3);
    EACH_POINT(lstm_output);
}

INLINE void lstm_gradient(const struct recur_tile *tile, size_t at)
{
    real *i = tile->slot[0] + at, *f = tile->slot[1] + at, *g = tile->slot[2] + at;
    real *o = tile->slot[3] + at, *dc = tile->dc + at;
    vec it = load(i), ft = load(f), gt = load(g), ot = load(o);
    vec s = vtanh(load(tile->c + at)), dht = load(tile->dh + at);
    vec dct = load(dc) + dht * ot * (1 - s * s); /* h = o tanh(c) */
    store(o, dht * s * ot * (1 - ot));
    store(i, dct * gt * it * (1 - it)); /* c = f c' + i g */
    store(f, dct * load(tile->c_prev + at) * ft * (1 - ft));
    store(g, dct * it * (1 - gt * gt));
    store(dc, dct * ft);
}

static void lstm_backward(const struct recur_tile *tile)
{
    const struct recur_tile own = *tile;
    EACH_POINT(lstm_gradient);
}

#ifdef __AMX_BF16__
INLINE void lstm_output_packed(const struct recur_tile *tile, size_t at)
{
    lstm_output(tile, at);
    pack_h(tile, at);
}
#endif

#endif
