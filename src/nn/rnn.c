/* rnn, Elman's network (Elman 1990), f = tanh, relu or the logistic function:
 *
 *     forward    a = W_ih x + b_ih + W_hh h' + b_hh        h = f(a)
 *     backward   da = dh f'(a), in terms of h:
 *                tanh da = dh (1 - h^2)   relu da = dh [h > 0]   sigmoid da = dh h (1 - h)
 *
 * Slot 0 holds a, then da. */
#include "nn/cell.h"

static void forward(const struct recur_kernels *kernels, enum recur_activation activation,
                    const struct recur_tile *tile)
{
    kernels->rnn_forward[activation](tile->h, tile->slot[0], tile->n);
}

static void backward(const struct recur_kernels *kernels, enum recur_activation activation,
                     const struct recur_tile *tile)
{
    kernels->rnn_backward[activation](tile->slot[0], tile->h, tile->dh, tile->n);
}

const struct recur_cell_kind recur_cell_kind_rnn = {
    .gates = 1,
    .slots = 1,
    .phases = 1,
    .phase = {{.gates = 1, .forward = forward, .backward = backward}},
};
