/* gru-reset-before, the gated recurrent unit as it was published (Cho et al. 2014), with the reset
 * gate before the product, as in the D2L book's version from scratch and in ONNX's default. Gates r
 * z n:
 *
 *     forward    r, z = s(W_ih x + b_ih + W_hh h' + b_hh)        q = r h'
 *                n = tanh(W_in x + b_in + W_hn q + b_hn)         h = (1 - z) n + z h'
 *     backward   dn = dh (1 - z) (1 - n^2)      dz = dh (h' - n) z (1 - z)     dh' += dh z
 *                dq = W_hn^T dn                 dr = dq h' r (1 - r)           dh' += dq r
 *
 * The product with W_hn needs all of q, and q all of r: so there are two phases. Slots: r z n, then
 * their gradients. */
#ifndef RECUR_BACKEND_CPU_KERNELS_GRU_RESET_BEFORE_H
#define RECUR_BACKEND_CPU_KERNELS_GRU_RESET_BEFORE_H

#include "backend/cpu/kernels/vmath.h"

static void gru_reset_before_gates(const struct recur_tile *tile)
{
    real *r = tile->slot[0], *z = tile->slot[1], *q = tile->q;
    const real *h_prev = tile->h_prev;
    const size_t n = tile->n;
    EACH_VECTOR store(z + j, vsigmoid(load(z + j)));
    EACH_VECTOR
    {
        vec rt = vsigmoid(load(r + j));
        store(r + j, rt);
        store(q + j, rt * load(h_prev + j));
    }
}

static void gru_reset_before_output(const struct recur_tile *tile)
{
    const real *z = tile->slot[1], *h_prev = tile->h_prev;
    real *n_gate = tile->slot[2], *h = tile->h;
    const size_t n = tile->n;
    EACH_VECTOR
    {
        vec nt = vtanh(load(n_gate + j)), zt = load(z + j);
        store(n_gate + j, nt);
        store(h + j, (1 - zt) * nt + zt * load(h_prev + j));
    }
}

static void gru_reset_before_output_backward(const struct recur_tile *tile)
{
    real *z = tile->slot[1], *n_gate = tile->slot[2], *dh_prev = tile->dh_prev;
    const real *h_prev = tile->h_prev, *dh = tile->dh;
    const size_t n = tile->n;
    EACH_VECTOR
    {
        vec zt = load(z + j), nt = load(n_gate + j), dht = load(dh + j);
        store(n_gate + j, dht * (1 - zt) * (1 - nt * nt)); /* h = (1 - z) n + z h' */
        store(z + j, dht * (load(h_prev + j) - nt) * zt * (1 - zt));
        store(dh_prev + j, load(dh_prev + j) + dht * zt);
    }
}

static void gru_reset_before_gates_backward(const struct recur_tile *tile)
{
    const real *dq = tile->q, *h_prev = tile->h_prev;
    real *r = tile->slot[0], *dh_prev = tile->dh_prev;
    const size_t n = tile->n;
    EACH_VECTOR
    {
        vec rt = load(r + j), d = load(dq + j); /* q = r h' */
        store(r + j, d * load(h_prev + j) * rt * (1 - rt));
        store(dh_prev + j, load(dh_prev + j) + d * rt);
    }
}

#endif
