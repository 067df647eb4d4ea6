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

#include "backend/cpu/kernels/vmath.h"

static void gru_forward(const struct recur_tile *tile)
{
    real *n_gate = tile->slot[0], *r = tile->slot[1], *z = tile->slot[2];
    const real *m = tile->slot[3], *h_prev = tile->h_prev;
    real *h = tile->h;
    const size_t n = tile->n;
    EACH_VECTOR store(r + j, vsigmoid(load(r + j)));
    EACH_VECTOR store(z + j, vsigmoid(load(z + j)));
    EACH_VECTOR
    {
        vec zt = load(z + j), nt = vtanh(load(n_gate + j) + load(r + j) * load(m + j));
        store(n_gate + j, nt);
        store(h + j, (1 - zt) * nt + zt * load(h_prev + j));
    }
}

static void gru_backward(const struct recur_tile *tile)
{
    real *n_gate = tile->slot[0], *r = tile->slot[1], *z = tile->slot[2], *m = tile->slot[3];
    const real *h_prev = tile->h_prev, *dh = tile->dh;
    real *dh_prev = tile->dh_prev;
    const size_t n = tile->n;
    EACH_VECTOR
    {
        vec rt = load(r + j), zt = load(z + j), nt = load(n_gate + j), dht = load(dh + j);
        vec dn = dht * (1 - zt) * (1 - nt * nt); /* h = (1 - z) n + z h' */
        store(z + j, dht * (load(h_prev + j) - nt) * zt * (1 - zt));
        store(dh_prev + j, load(dh_prev + j) + dht * zt);
        store(r + j, dn * load(m + j) * rt * (1 - rt)); /* n = tanh(x_n + r m) */
        store(m + j, dn * rt);
        store(n_gate + j, dn);
    }
}

#endif
