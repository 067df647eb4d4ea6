/* What the stack must know of a cell: how many gates, which panels it keeps for each time step,
 * and its point-wise functions. The products, the loops over time, layers, directions and threads
 * are the stack's (forward.c, backward.c); a cell's file holds its equations.
 *
 * A cell keeps S slots for each 32 units: panels of gate activations, (T*B, 32) each, which the
 * backward pass overwrites with the gradients of the pre-activations. Gate g of x W_ih^T + b is
 * written to input_slot[g], gate g of h' W_hh^T to recurrent_slot[g]; they are the same slot where
 * only the sum matters.
 *
 * A cell runs in one phase, or in two where a second product needs the result of the first
 * (gru-reset-before: r * h'). */
#ifndef RECUR_NN_CELL_H
#define RECUR_NN_CELL_H

#include "kernels/kernels.h"
#include "recur/model.h"

#define RECUR_GATES_MAX 4
#define RECUR_SLOTS_MAX 4
#define RECUR_PHASES_MAX 2

/* One tile of `n` numbers: some rows of one time step, 32 units. h is the step's output, h_prev
 * the state before it; in a backward function dh is complete, and what the step adds to the
 * gradient of h_prev beyond its products is added to dh_prev. */
struct recur_tile {
    size_t n;
    real *slot[RECUR_SLOTS_MAX];
    const real *h_prev, *c_prev;
    real *h, *c; /* c: where the cell has one */
    real *rh;    /* r * h': where the cell has it; in backward its gradient */
    const real *dh;
    real *dh_prev, *dc;
};

struct recur_cell_phase {
    unsigned first_gate, gates; /* of W_hh, which this phase multiplies ... */
    bool from_rh;               /* ... with r * h' instead of h' */
    void (*forward)(const struct recur_kernels *kernels, enum recur_activation activation,
                    const struct recur_tile *tile);
    void (*backward)(const struct recur_kernels *kernels, enum recur_activation activation,
                     const struct recur_tile *tile);
};

struct recur_cell_kind {
    unsigned gates;  /* G */
    unsigned slots;  /* S */
    unsigned phases; /* 1 or 2 */
    bool has_c;      /* a cell state beside h */
    unsigned input_slot[RECUR_GATES_MAX];
    unsigned recurrent_slot[RECUR_GATES_MAX]; /* gates of one phase in neighbouring slots */
    struct recur_cell_phase phase[RECUR_PHASES_MAX];
};

extern const struct recur_cell_kind recur_cell_kind_rnn;
extern const struct recur_cell_kind recur_cell_kind_gru;
extern const struct recur_cell_kind recur_cell_kind_gru_reset_before;
extern const struct recur_cell_kind recur_cell_kind_lstm;

const struct recur_cell_kind *recur_cell_kind_of(enum recur_cell cell);

#endif
