/* ln-gru, the gru with layer normalisation (Ba, Kiros & Hinton 2016, equations 31 to 33; LN and its
 * backward: normalise.h), the reset gate after the product, gates r z n, s the logistic function:
 *
 *     forward    r, z = s(LN(W_i x) + LN(W_h h'))              m = LN(W_hn h')
 *                n = tanh(LN(W_in x) + r m)                    h = (1 - z) n + z h'
 *     backward   dn = dh (1 - z) (1 - n^2)      dz = dh (h' - n) z (1 - z)     dh' += dh z
 *                dr = dn m r (1 - r)            dm = dn r
 *
 * Gains and biases are those of gates: r and z have one mean, n and m each its own. Slots 0..2 hold
 * W_i x of r z n, 3..5 W_h h', then the gradients of both; lines are r z and n of either.
 * Arguments are r z n m. */
#ifndef RECUR_BACKEND_CPU_KERNELS_LN_GRU_H
#define RECUR_BACKEND_CPU_KERNELS_LN_GRU_H

#include "backend/cpu/kernels/normalise.h"

/* Some normalised numbers of a row, by slots. */
struct ln_gru {
    vec x[6];
};

INLINE struct ln_gru ln_gru_normal(const struct recur_tile *tile, size_t r, size_t at)
{
    const struct recur_moments *row = tile->normalised->moments + r * RECUR_LINES_MAX;
    return (struct ln_gru){{
        normal(tile->slot[0], at, &row[0]),
        normal(tile->slot[1], at, &row[0]),
        normal(tile->slot[2], at, &row[1]),
        normal(tile->slot[3], at, &row[2]),
        normal(tile->slot[4], at, &row[2]),
        normal(tile->slot[5], at, &row[3]),
    }};
}

/* gain x^ + bias. */
INLINE vec ln_gru_part(const struct recur_tile *tile, const struct ln_gru *of, unsigned slot,
                       size_t j)
{
    return scaled(tile->normalised, slot, j, of->x[slot]);
}

static void ln_gru_output(const struct recur_tile *tile)
{
    EACH_OF_ROWS(tile)
    {
        const struct ln_gru of = ln_gru_normal(tile, r, at);
        vec rt = vsigmoid(ln_gru_part(tile, &of, 0, j) + ln_gru_part(tile, &of, 3, j));
        vec z = vsigmoid(ln_gru_part(tile, &of, 1, j) + ln_gru_part(tile, &of, 4, j));
        vec n = vtanh(ln_gru_part(tile, &of, 2, j) + rt * ln_gru_part(tile, &of, 5, j));
        store(tile->h + at, (1 - z) * n + z * load(tile->h_prev + at));
    }
}

static void ln_gru_backward(const struct recur_tile *tile)
{
    const struct recur_normalised *own = tile->normalised;
    EACH_OF_ROWS(tile)
    {
        const struct ln_gru of = ln_gru_normal(tile, r, at);
        vec m = ln_gru_part(tile, &of, 5, j), dh = load(tile->dh + at);
        vec rt = vsigmoid(ln_gru_part(tile, &of, 0, j) + ln_gru_part(tile, &of, 3, j));
        vec z = vsigmoid(ln_gru_part(tile, &of, 1, j) + ln_gru_part(tile, &of, 4, j));
        vec n = vtanh(ln_gru_part(tile, &of, 2, j) + rt * m);
        vec dn = dh * (1 - z) * (1 - n * n); /* h = (1 - z) n + z h' */
        vec dz = dh * (load(tile->h_prev + at) - n) * z * (1 - z);
        vec dr = dn * m * rt * (1 - rt); /* n = tanh(LN(W_in x) + r m) */
        vec da[] = {dr, dz, dn, dn * rt};
        for (unsigned a = 0; a < 4; a++)
            set_argument(own, a, at, da[a]);
        for (unsigned s = 0; s < 6; s++)
            increase(own->gain_sum[s] + at, da[s < 5 ? s % 3 : 3] * of.x[s]);
        increase(tile->dh_prev + at, dh * z);
    }
}

#define LN_GRU                                                                                     \
    {                                                                                              \
        .forward = {ln_gru_output}, .backward = { ln_gru_backward }                                \
    }

#endif
