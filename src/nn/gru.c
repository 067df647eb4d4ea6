/* gru, the gated recurrent unit with the reset gate after the product (PyTorch, cuDNN), gates in
 * PyTorch's order r z n, s the logistic function:
 *
 *     forward    r, z = s(W_ih x + b_ih + W_hh h' + b_hh)        m = W_hn h' + b_hn
 *                n = tanh(W_in x + b_in + r m)                   h = (1 - z) n + z h'
 *     backward   dn = dh (1 - z) (1 - n^2)      dz = dh (h' - n) z (1 - z)     dh' += dh z
 *                dr = dn m r (1 - r)            dm = dn r
 *
 * b_in and b_hn cannot be merged: r stands between them. Slots: n, r, z, m, so that the three
 * recurrent products write to neighbours; then dn dr dz dm (of the pre-activations). */
#include "nn/cell.h"

enum { SLOT_N, SLOT_R, SLOT_Z, SLOT_M };

static void forward(const struct recur_kernels *kernels, enum recur_activation activation,
                    const struct recur_tile *tile)
{
    (void)activation;
    kernels->gru_forward(tile->slot[SLOT_R], tile->slot[SLOT_Z], tile->slot[SLOT_N],
                         tile->slot[SLOT_M], tile->h_prev, tile->h, tile->n);
}

static void backward(const struct recur_kernels *kernels, enum recur_activation activation,
                     const struct recur_tile *tile)
{
    (void)activation;
    kernels->gru_backward(tile->slot[SLOT_R], tile->slot[SLOT_Z], tile->slot[SLOT_N],
                          tile->slot[SLOT_M], tile->h_prev, tile->dh, tile->dh_prev, tile->n);
}

const struct recur_cell_kind recur_cell_kind_gru = {
    .gates = 3,
    .slots = 4,
    .phases = 1,
    .input_slot = {SLOT_R, SLOT_Z, SLOT_N},
    .recurrent_slot = {SLOT_R, SLOT_Z, SLOT_M},
    .phase = {{.gates = 3, .forward = forward, .backward = backward}},
};
