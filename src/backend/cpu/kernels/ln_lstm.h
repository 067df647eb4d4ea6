/* ln-lstm, the lstm with layer normalisation (Ba, Kiros & Hinton 2016, equations 20 to 22; LN and
 * its backward: normalise.h), gates i f g o, s the logistic function:
 *
 *     forward    i, f, o = s(LN(W_ih x) + LN(W_hh h'))     g = tanh(the same)
 *                c = f c' + i g                            h = o tanh(LN(c))
 *     backward   y = LN(c)    dy = dh o (1 - tanh(y)^2)    do = dh tanh(y) o (1 - o)
 *                dc += the gradient of c that dy makes
 *                di = dc g i (1 - i)                       df = dc c' f (1 - f)
 *                dg = dc i (1 - g^2)                       dc' = dc f
 *
 * Gains and biases are those of gates: the mean is over all four of them. Slots 0..3 hold W_ih x of
 * i f g o, 4..7 W_hh h', then the gradients of both; lines are these two and c. Arguments are the
 * four gates' and y. In forward h holds o until c is normalised. */
#ifndef RECUR_BACKEND_CPU_KERNELS_LN_LSTM_H
#define RECUR_BACKEND_CPU_KERNELS_LN_LSTM_H

#include "backend/cpu/kernels/normalise.h"

enum { LN_LSTM_C = 8, LN_LSTM_Y = 4 }; /* c among the slots; y among the arguments */

/* What gate g's function is applied to. */
INLINE vec ln_lstm_argument(const struct recur_tile *tile, unsigned g, size_t r, size_t j)
{
    const struct recur_normalised *own = tile->normalised;
    const struct recur_moments *row = own->moments + r * RECUR_LINES_MAX;
    size_t at = r * RECUR_LANES + j;
    return scaled(own, g, j, normal(tile->slot[g], at, &row[0])) +
           scaled(own, 4 + g, j, normal(tile->slot[4 + g], at, &row[1]));
}

INLINE vec ln_lstm_normal_c(const struct recur_tile *tile, size_t r, size_t at)
{
    return normal(tile->c, at, tile->normalised->moments + r * RECUR_LINES_MAX + 2);
}

static void ln_lstm_cell(const struct recur_tile *tile)
{
    EACH_OF_ROWS(tile)
    {
        vec i = vsigmoid(ln_lstm_argument(tile, 0, r, j));
        vec f = vsigmoid(ln_lstm_argument(tile, 1, r, j));
        vec g = vtanh(ln_lstm_argument(tile, 2, r, j));
        store(tile->c + at, f * load(tile->c_prev + at) + i * g);
        store(tile->h + at, vsigmoid(ln_lstm_argument(tile, 3, r, j)));
    }
}

static void ln_lstm_output(const struct recur_tile *tile)
{
    EACH_OF_ROWS(tile)
    {
        vec y = scaled(tile->normalised, LN_LSTM_C, j, ln_lstm_normal_c(tile, r, at));
        store(tile->h + at, load(tile->h + at) * vtanh(y));
    }
}

/* The gradient of gate g's argument. */
INLINE void ln_lstm_set_gate(const struct recur_tile *tile, unsigned g, size_t r, size_t at, vec da)
{
    const struct recur_normalised *own = tile->normalised;
    const struct recur_moments *row = own->moments + r * RECUR_LINES_MAX;
    set_argument(own, g, at, da);
    increase(own->gain_sum[g] + at, da * normal(tile->slot[g], at, &row[0]));
    increase(own->gain_sum[4 + g] + at, da * normal(tile->slot[4 + g], at, &row[1]));
}

static void ln_lstm_output_backward(const struct recur_tile *tile)
{
    const struct recur_normalised *own = tile->normalised;
    EACH_OF_ROWS(tile)
    {
        vec x = ln_lstm_normal_c(tile, r, at), dh = load(tile->dh + at);
        vec o = vsigmoid(ln_lstm_argument(tile, 3, r, j));
        vec t = vtanh(scaled(own, LN_LSTM_C, j, x));
        vec dy = dh * o * (1 - t * t); /* h = o tanh(y) */
        ln_lstm_set_gate(tile, 3, r, at, dh * t * o * (1 - o));
        set_argument(own, LN_LSTM_Y, at, dy);
        increase(own->gain_sum[LN_LSTM_C] + at, dy * x);
    }
}

static void ln_lstm_cell_backward(const struct recur_tile *tile)
{
    const struct recur_normalised *own = tile->normalised;
    _Alignas(64) real used[RECUR_LANES];
    set_used(used, own->width);
    EACH_OF_ROWS(tile)
    {
        const size_t row = r * RECUR_LINES_MAX + 2;
        vec i = vsigmoid(ln_lstm_argument(tile, 0, r, j));
        vec f = vsigmoid(ln_lstm_argument(tile, 1, r, j));
        vec g = vtanh(ln_lstm_argument(tile, 2, r, j));
        vec x = ln_lstm_normal_c(tile, r, at), dy = load(own->argument[LN_LSTM_Y] + at);
        vec dc =
            load(tile->dc + at) +
            through(own, LN_LSTM_C, j, dy, x, own->moments + row, own->back + row) * load(used + j);
        ln_lstm_set_gate(tile, 0, r, at, dc * g * i * (1 - i)); /* c = f c' + i g */
        ln_lstm_set_gate(tile, 1, r, at, dc * load(tile->c_prev + at) * f * (1 - f));
        ln_lstm_set_gate(tile, 2, r, at, dc * i * (1 - g * g));
        store(tile->dc + at, dc * f);
    }
}

#define LN_LSTM                                                                                    \
    {                                                                                              \
        .forward = {ln_lstm_cell, ln_lstm_output}, .backward = {                                   \
            ln_lstm_cell_backward,                                                                 \
            ln_lstm_output_backward                                                                \
        }                                                                                          \
    }

#endif
