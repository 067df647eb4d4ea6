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

/* Completes c, and returns it. */
INLINE vec lstm_c(const struct recur_tile *tile, size_t at)
{
    const real *i = tile->slot[0] + at, *f = tile->slot[1] + at, *g = tile->slot[2] + at;
    vec ct = load(f) * load(tile->c_prev + at) + load(i) * load(g);
    store(tile->c + at, ct);
    return ct;
}

INLINE void lstm_output(const struct recur_tile *tile, size_t at)
{
    vec ct = lstm_c(tile, at);
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

/* The gradients of one vector, from the gates it, ft, gt and ot and s = tanh(c). */
struct lstm_gradients {
    vec i, f, g, o;
};

INLINE struct lstm_gradients lstm_gradients(const struct recur_tile *tile, size_t at, vec it,
                                            vec ft, vec gt, vec ot, vec s)
{
    real *dc = tile->dc + at;
    vec dht = load(tile->dh + at);
    vec dct = load(dc) + dht * ot * (1 - s * s); /* h = o tanh(c) */
    store(dc, dct * ft);
    return (struct lstm_gradients){
        .i = dct * gt * it * (1 - it), /* c = f c' + i g */
        .f = dct * load(tile->c_prev + at) * ft * (1 - ft),
        .g = dct * it * (1 - gt * gt),
        .o = dht * s * ot * (1 - ot),
    };
}

INLINE void lstm_gradient(const struct recur_tile *tile, size_t at)
{
    real *i = tile->slot[0] + at, *f = tile->slot[1] + at, *g = tile->slot[2] + at;
    real *o = tile->slot[3] + at;
    struct lstm_gradients d =
        lstm_gradients(tile, at, load(i), load(f), load(g), load(o), vtanh(load(tile->c + at)));
    store(i, d.i);
    store(f, d.f);
    store(g, d.g);
    store(o, d.o);
}

static void lstm_backward(const struct recur_tile *tile)
{
    const struct recur_tile own = *tile;
    EACH_POINT(lstm_gradient);
}

#ifdef __AMX_BF16__
INLINE void lstm_output_packed(const struct recur_tile *tile, size_t at)
{
    vec ct = lstm_c(tile, at);
    store(tile->h + at, load(tile->slot[3] + at) * near_tanh(ct));
    pack_h(tile, at);
    keep_slots(tile, at);
}

INLINE void lstm_gradient_packed(const struct recur_tile *tile, size_t at)
{
    uint16_t *i = tile->slot_copy[0] + at, *f = tile->slot_copy[1] + at;
    uint16_t *g = tile->slot_copy[2] + at, *o = tile->slot_copy[3] + at;
    struct lstm_gradients d =
        lstm_gradients(tile, at, unpack_vector(i), unpack_vector(f), unpack_vector(g),
                       unpack_vector(o), near_tanh(load(tile->c + at)));
    pack_vector(i, d.i);
    pack_vector(f, d.f);
    pack_vector(g, d.g);
    pack_vector(o, d.o);
}
#endif

#endif
