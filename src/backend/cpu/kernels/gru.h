/* gru, the gated recurrent unit with the reset gate after the product (PyTorch, cuDNN), gates in
 * PyTorch's order r z n, s the logistic function:
 *
 *     forward    r, z = s(W_ih x + b_ih + W_hh h' + b_hh)        m = W_hn h' + b_hn
 *                n = tanh(W_in x + b_in + r m)                   h = (1 - z) n + z h'
 *     backward   dn = dh (1 - z) (1 - n^2)      dz = dh (h' - n) z (1 - z)     dh' += dh z
 *                dr = dn m r (1 - r)            dm = dn r
 *
 * b_in and b_hn cannot be merged: r stands between them. Slots: n, r, z, m, then the gradients of
 * their pre-activations. */
#ifndef RECUR_BACKEND_CPU_KERNELS_GRU_H
#define RECUR_BACKEND_CPU_KERNELS_GRU_H

#include "backend/cpu/kernels/points.h"

/* x_n + r m of one vector. */
INLINE vec gru_candidate(const struct recur_tile *tile, size_t at)
{
    const real *r = tile->slot[1] + at, *m = tile->slot[3] + at;
    return load(tile->slot[0] + at) + load(r) * load(m);
}

/* Completes n and h. */
INLINE void gru_h(const struct recur_tile *tile, size_t at, vec nt)
{
    vec zt = load(tile->slot[2] + at);
    store(tile->slot[0] + at, nt);
    store(tile->h + at, (1 - zt) * nt + zt * load(tile->h_prev + at));
}

INLINE void gru_output(const struct recur_tile *tile, size_t at)
{
    gru_h(tile, at, vtanh(gru_candidate(tile, at)));
}

static void gru_forward(const struct recur_tile *tile)
{
    const struct recur_tile own = *tile;
    EACH_POINT(sigmoid_1);
    EACH_POINT(sigmoid_2);
    EACH_POINT(gru_output);
}

/* The gradients of one vector, from the gates nt, rt and zt and from mt. */
struct gru_gradients {
    vec n, r, z, m;
};

INLINE struct gru_gradients gru_gradients(const struct recur_tile *tile, size_t at, vec nt, vec rt,
                                          vec zt, vec mt)
{
    real *dh_prev = tile->dh_prev + at;
    vec dht = load(tile->dh + at);
    vec dn = dht * (1 - zt) * (1 - nt * nt); /* h = (1 - z) n + z h' */
    store(dh_prev, load(dh_prev) + dht * zt);
    return (struct gru_gradients){
        .n = dn,
        .r = dn * mt * rt * (1 - rt), /* n = tanh(x_n + r m) */
        .z = dht * (load(tile->h_prev + at) - nt) * zt * (1 - zt),
        .m = dn * rt,
    };
}

INLINE void gru_gradient(const struct recur_tile *tile, size_t at)
{
    real *n = tile->slot[0] + at, *r = tile->slot[1] + at, *z = tile->slot[2] + at;
    real *m = tile->slot[3] + at;
    struct gru_gradients d = gru_gradients(tile, at, load(n), load(r), load(z), load(m));
    store(n, d.n);
    store(r, d.r);
    store(z, d.z);
    store(m, d.m);
}

static void gru_backward(const struct recur_tile *tile)
{
    const struct recur_tile own = *tile;
    EACH_POINT(gru_gradient);
}

#ifdef __AMX_BF16__
INLINE void gru_output_packed(const struct recur_tile *tile, size_t at)
{
    gru_h(tile, at, near_tanh(gru_candidate(tile, at)));
    pack_h(tile, at);
    keep_slots(tile, at);
}

INLINE void gru_gradient_packed(const struct recur_tile *tile, size_t at)
{
    uint16_t *n = tile->slot_copy[0] + at, *r = tile->slot_copy[1] + at;
    uint16_t *z = tile->slot_copy[2] + at, *m = tile->slot_copy[3] + at;
    struct gru_gradients d = gru_gradients(tile, at, unpack_vector(n), unpack_vector(r),
                                           unpack_vector(z), unpack_vector(m));
    pack_vector(n, d.n);
    pack_vector(r, d.r);
    pack_vector(z, d.z);
    pack_vector(m, d.m);
}
#endif

#endif
