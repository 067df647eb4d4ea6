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
    sigmoid_slot(&own, 0);
    sigmoid_slot(&own, 1);
    tanh_slot(&own, 2);
    sigmoid_slot(&own, 3);
    EACH_PART(lstm_output);
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
    EACH_PART(lstm_gradient);
}

#ifdef __AMX_BF16__
/* A vector on its way: its gates, c, or the gradient of c, and tanh(c). */
struct lstm_vector {
    vec i, f, g, o, c, s;
};

INLINE void lstm_forward_part(const struct recur_tile *tile, size_t at, struct lstm_vector *x,
                              const unsigned part)
{
    if (part == 0) {
        x->i = near_sigmoid(load(tile->slot[0] + at));
        x->f = near_sigmoid(load(tile->slot[1] + at));
    } else if (part == 1) {
        x->g = near_tanh(load(tile->slot[2] + at));
        x->c = x->f * load(tile->c_prev + at) + x->i * x->g;
        store(tile->c + at, x->c);
    } else if (part == 2) {
        x->o = near_sigmoid(load(tile->slot[3] + at));
        keep_slot(tile, 0, at, x->i);
        keep_slot(tile, 1, at, x->f);
        keep_slot(tile, 2, at, x->g);
    } else {
        put_h(tile, at, x->o * near_tanh(x->c));
        keep_slot(tile, 3, at, x->o);
    }
}
POINT(lstm_forward_point, lstm_vector, lstm_forward_part)

INLINE void lstm_backward_part(const struct recur_tile *tile, size_t at, struct lstm_vector *x,
                               const unsigned part)
{
    if (part == 0) {
        x->s = near_tanh(load(tile->c + at));
    } else if (part == 1) {
        vec dh = load(tile->dh + at);
        x->o = unpack_vector(tile->slot_copy[3] + at);
        x->c = load(tile->dc + at) + dh * x->o * (1 - x->s * x->s); /* h = o tanh(c) */
        pack_vector(tile->slot_copy[3] + at, dh * x->s * x->o * (1 - x->o));
    } else if (part == 2) {
        x->f = unpack_vector(tile->slot_copy[1] + at);
        store(tile->dc + at, x->c * x->f);
        pack_vector(tile->slot_copy[1] + at,
                    x->c * load(tile->c_prev + at) * x->f * (1 - x->f)); /* c = f c' + i g */
    } else {
        x->i = unpack_vector(tile->slot_copy[0] + at);
        x->g = unpack_vector(tile->slot_copy[2] + at);
        pack_vector(tile->slot_copy[0] + at, x->c * x->g * x->i * (1 - x->i));
        pack_vector(tile->slot_copy[2] + at, x->c * x->i * (1 - x->g * x->g));
    }
}
POINT(lstm_backward_point, lstm_vector, lstm_backward_part)
#endif

#endif
