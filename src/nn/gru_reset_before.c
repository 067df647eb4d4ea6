/* gru-reset-before, the gated recurrent unit as it was published (Cho et al. 2014), with the reset
 * gate before the product: the D2L book's from scratch, ONNX's default. Gates r z n:
 *
 *     forward    r, z = s(W_ih x + b_ih + W_hh h' + b_hh)        q = r h'
 *                n = tanh(W_in x + b_in + W_hn q + b_hn)         h = (1 - z) n + z h'
 *     backward   dn = dh (1 - z) (1 - n^2)      dz = dh (h' - n) z (1 - z)     dh' += dh z
 *                dq = W_hn^T dn                 dr = dq h' r (1 - r)           dh' += dq r
 *
 * q needs all of r before the product with W_hn: two phases. Slots r z n, then their gradients. */
#include "nn/cell.h"

enum { SLOT_R, SLOT_Z, SLOT_N };

static void gates_forward(const struct recur_kernels *kernels, enum recur_activation activation,
                          const struct recur_tile *tile)
{
    (void)activation;
    kernels->gru_before_gates(tile->slot[SLOT_R], tile->slot[SLOT_Z], tile->h_prev, tile->rh,
                              tile->n);
}

static void output_forward(const struct recur_kernels *kernels, enum recur_activation activation,
                           const struct recur_tile *tile)
{
    (void)activation;
    kernels->gru_before_output(tile->slot[SLOT_Z], tile->slot[SLOT_N], tile->h_prev, tile->h,
                               tile->n);
}

static void output_backward(const struct recur_kernels *kernels, enum recur_activation activation,
                            const struct recur_tile *tile)
{
    (void)activation;
    kernels->gru_before_output_backward(tile->slot[SLOT_Z], tile->slot[SLOT_N], tile->h_prev,
                                        tile->dh, tile->dh_prev, tile->n);
}

static void gates_backward(const struct recur_kernels *kernels, enum recur_activation activation,
                           const struct recur_tile *tile)
{
    (void)activation;
    kernels->gru_before_gates_backward(tile->slot[SLOT_R], tile->rh, tile->h_prev, tile->dh_prev,
                                       tile->n);
}

const struct recur_cell_kind recur_cell_kind_gru_reset_before = {
    .gates = 3,
    .slots = 3,
    .phases = 2,
    .input_slot = {SLOT_R, SLOT_Z, SLOT_N},
    .recurrent_slot = {SLOT_R, SLOT_Z, SLOT_N},
    .phase = {{.gates = 2, .forward = gates_forward, .backward = gates_backward},
              {.first_gate = 2,
               .gates = 1,
               .from_rh = true,
               .forward = output_forward,
               .backward = output_backward}},
};
