/* lstm, long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000),
 * gates in PyTorch's order i f g o, s the logistic function:
 *
 *     forward    i, f, o = s(W_ih x + b_ih + W_hh h' + b_hh)     g = tanh(the same)
 *                c = f c' + i g                                  h = o tanh(c)
 *     backward   dc += dh o (1 - tanh(c)^2)
 *                do = dh tanh(c) o (1 - o)       di = dc g i (1 - i)
 *                df = dc c' f (1 - f)            dg = dc i (1 - g^2)       dc' = dc f
 *
 * Slots 0..3 hold i f g o, then di df dg do (of the pre-activations). */
#include "nn/cell.h"

static void forward(const struct recur_kernels *kernels, enum recur_activation activation,
                    const struct recur_tile *tile)
{
    (void)activation;
    kernels->lstm_forward(tile->slot[0], tile->slot[1], tile->slot[2], tile->slot[3], tile->c_prev,
                          tile->c, tile->h, tile->n);
}

static void backward(const struct recur_kernels *kernels, enum recur_activation activation,
                     const struct recur_tile *tile)
{
    (void)activation;
    kernels->lstm_backward(tile->slot[0], tile->slot[1], tile->slot[2], tile->slot[3], tile->c_prev,
                           tile->c, tile->dh, tile->dc, tile->n);
}

const struct recur_cell_kind recur_cell_kind_lstm = {
    .gates = 4,
    .slots = 4,
    .phases = 1,
    .has_c = true,
    .input_slot = {0, 1, 2, 3},
    .recurrent_slot = {0, 1, 2, 3},
    .phase = {{.gates = 4, .forward = forward, .backward = backward}},
};
