/* The cells' point-wise parts, and the sum of two directions. Every array is one tile of a panel,
 * n = rows * 32 numbers; the equations are in src/nn/rnn.c, gru.c, gru_reset_before.c and lstm.c.
 *
 * Forward, each gate has a loop of its own: a processor then has several vectors under way, where a
 * round of all gates is one long chain. Backward waits for memory, and walks it once. */
#ifndef RECUR_KERNELS_POINTWISE_H
#define RECUR_KERNELS_POINTWISE_H

#include "kernels/vmath.h"

static void add(real *c, const real *a, const real *b, size_t n)
{
    EACH_VECTOR store(c + j, load(a + j) + load(b + j));
}

INLINE vec relu(vec x)
{
    return select(x < 0, (vec){0}, x); /* a NaN passes */
}

#define RNN(name, forward, derivative)                                                             \
    static void rnn_forward_##name(real *h, const real *z, size_t n)                               \
    {                                                                                              \
        EACH_VECTOR store(h + j, forward(load(z + j)));                                            \
    }                                                                                              \
    static void rnn_backward_##name(real *z, const real *h, const real *dh, size_t n)              \
    {                                                                                              \
        EACH_VECTOR                                                                                \
        {                                                                                          \
            vec y = load(h + j);                                                                   \
            store(z + j, load(dh + j) * (derivative));                                             \
        }                                                                                          \
    }
RNN(tanh, vtanh, 1 - y * y)
RNN(relu, relu, select(y > 0, splat(1), (vec){0}))
RNN(sigmoid, vsigmoid, y *(1 - y))
#undef RNN

static void lstm_forward(real *i, real *f, real *g, real *o, const real *c_prev, real *c, real *h,
                         size_t n)
{
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

static void lstm_backward(real *i, real *f, real *g, real *o, const real *c_prev, const real *c,
                          const real *dh, real *dc, size_t n)
{
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

static void gru_forward(real *r, real *z, real *n_gate, const real *hn, const real *h_prev, real *h,
                        size_t n)
{
    EACH_VECTOR store(r + j, vsigmoid(load(r + j)));
    EACH_VECTOR store(z + j, vsigmoid(load(z + j)));
    EACH_VECTOR
    {
        vec zt = load(z + j), nt = vtanh(load(n_gate + j) + load(r + j) * load(hn + j));
        store(n_gate + j, nt);
        store(h + j, (1 - zt) * nt + zt * load(h_prev + j));
    }
}

static void gru_backward(real *r, real *z, real *n_gate, real *hn, const real *h_prev,
                         const real *dh, real *dh_prev, size_t n)
{
    EACH_VECTOR
    {
        vec rt = load(r + j), zt = load(z + j), nt = load(n_gate + j), dht = load(dh + j);
        vec dn = dht * (1 - zt) * (1 - nt * nt); /* h = (1 - z) n + z h' */
        store(z + j, dht * (load(h_prev + j) - nt) * zt * (1 - zt));
        store(dh_prev + j, load(dh_prev + j) + dht * zt);
        store(r + j, dn * load(hn + j) * rt * (1 - rt)); /* n = tanh(x_n + r hn) */
        store(hn + j, dn * rt);
        store(n_gate + j, dn);
    }
}

static void gru_before_gates(real *r, real *z, const real *h_prev, real *rh, size_t n)
{
    EACH_VECTOR store(z + j, vsigmoid(load(z + j)));
    EACH_VECTOR
    {
        vec rt = vsigmoid(load(r + j));
        store(r + j, rt);
        store(rh + j, rt * load(h_prev + j));
    }
}

static void gru_before_output(const real *z, real *n_gate, const real *h_prev, real *h, size_t n)
{
    EACH_VECTOR
    {
        vec nt = vtanh(load(n_gate + j)), zt = load(z + j);
        store(n_gate + j, nt);
        store(h + j, (1 - zt) * nt + zt * load(h_prev + j));
    }
}

static void gru_before_output_backward(real *z, real *n_gate, const real *h_prev, const real *dh,
                                       real *dh_prev, size_t n)
{
    EACH_VECTOR
    {
        vec zt = load(z + j), nt = load(n_gate + j), dht = load(dh + j);
        store(n_gate + j, dht * (1 - zt) * (1 - nt * nt)); /* h = (1 - z) n + z h' */
        store(z + j, dht * (load(h_prev + j) - nt) * zt * (1 - zt));
        store(dh_prev + j, load(dh_prev + j) + dht * zt);
    }
}

static void gru_before_gates_backward(real *r, const real *drh, const real *h_prev, real *dh_prev,
                                      size_t n)
{
    EACH_VECTOR
    {
        vec rt = load(r + j), d = load(drh + j); /* rh = r h' */
        store(r + j, d * load(h_prev + j) * rt * (1 - rt));
        store(dh_prev + j, load(dh_prev + j) + d * rt);
    }
}

#endif
