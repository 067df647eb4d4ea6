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

INLINE void gru_output(const struct recur_tile *tile, size_t at)
{
    real *n_gate = tile->slot[0] + at;
    const real *r = tile->slot[1] + at, *z = tile->slot[2] + at, *m = tile->slot[3] + at;
    vec zt = load(z), nt = vtanh(load(n_gate) + load(r) * load(m));
    store(n_gate, nt);
    store(tile->h + at, (1 - zt) * nt + zt * load(tile->h_prev + at));
}

static void gru_forward(const struct recur_tile *tile)
{
    const struct recur_tile own = *tile;
    sigmoid_slot(&own, 1);
    sigmoid_slot(&own, 2);
    EACH_PART(gru_output);
}

INLINE void gru_gradient(const struct recur_tile *tile, size_t at)
{
    real *n_gate = tile->slot[0] + at, *r = tile->slot[1] + at, *z = tile->slot[2] + at;
    real *m = tile->slot[3] + at, *dh_prev = tile->dh_prev + at;
    vec rt = load(r), zt = load(z), nt = load(n_gate), dht = load(tile->dh + at);
    vec dn = dht * (1 - zt) * (1 - nt * nt); /* h = (1 - z) n + z h' */
    store(z, dht * (load(tile->h_prev + at) - nt) * zt * (1 - zt));
    store(dh_prev, load(dh_prev) + dht * zt);
    store(r, dn * load(m) * rt * (1 - rt)); /* n = tanh(x_n + r m) */
    store(m, dn * rt);
    store(n_gate, dn);
}

static void gru_backward(const struct recur_tile *tile)
{
    const struct recur_tile own = *tile;
    EACH_PART(gru_gradient);
}

#ifdef __AMX_BF16__
/* A vector on its way: its gates, m, and the gradient of n. */
struct gru_vector {
    vec n, r, z, m, dn;
};

INLINE void gru_forward_part(const struct recur_tile *tile, size_t at, struct gru_vector *x,
                             const unsigned part)
{
    if (part == 0) {
        x->r = near_sigmoid(load(tile->slot[1] + at));
        x->m = load(tile->slot[3] + at);
    } else if (part == 1) {
        x->z = near_sigmoid(load(tile->slot[2] + at));
        keep_slot(tile, 1, at, x->r);
        keep_slot(tile, 3, at, x->m);
    } else if (part == 2) {
        x->n = near_tanh(load(tile->slot[0] + at) + x->r * x->m);
    } else {
        put_h(tile, at, (1 - x->z) * x->n + x->z * load(tile->h_prev + at));
        keep_slot(tile, 0, at, x->n);
        keep_slot(tile, 2, at, x->z);
    }
}
POINT(gru_forward_point, gru_vector, gru_forward_part)

INLINE void gru_backward_part(const struct recur_tile *tile, size_t at, struct gru_vector *x,
                              const unsigned part)
{
    const vec dh = load(tile->dh + at);
    if (part == 0) {
        x->n = unpack_vector(tile->slot_copy[0] + at);
        x->z = unpack_vector(tile->slot_copy[2] + at);
        x->dn = dh * (1 - x->z) * (1 - x->n * x->n); /* h = (1 - z) n + z h' */
    } else if (part == 1) {
        store(tile->dh_prev + at, load(tile->dh_prev + at) + dh * x->z);
        pack_vector(tile->slot_copy[2] + at,
                    dh * (load(tile->h_prev + at) - x->n) * x->z * (1 - x->z));
    } else if (part == 2) {
        x->r = unpack_vector(tile->slot_copy[1] + at);
        x->m = unpack_vector(tile->slot_copy[3] + at);
        pack_vector(tile->slot_copy[1] + at,
                    x->dn * x->m * x->r * (1 - x->r)); /* n = tanh(x_n + r m) */
    } else {
        pack_vector(tile->slot_copy[3] + at, x->dn * x->r);
        pack_vector(tile->slot_copy[0] + at, x->dn);
    }
}
POINT(gru_backward_point, gru_vector, gru_backward_part)
#endif

#endif
