/* What the stack must know of a cell: how many gates it has, which panels it keeps for each time
 * step, and what its products multiply. The stack has the products and the loops over time, layers,
 * directions and threads (forward.c, backward.c); the cell's equations and point-wise functions
 * stand in src/backend/cpu/kernels/<cell>.h. Each cell is a row of the table in cells.c.
 *
 * A cell keeps S slots for each 32 units: panels of gate activations, (T*B, 32) each, which the
 * backward pass overwrites with the gradients of the pre-activations. Gate g of x W_ih^T + b is
 * written to input_slot[g], gate g of h' W_hh^T to recurrent_slot[g]; they are the same slot where
 * only the sum matters.
 *
 * A cell runs in one phase, or in two where a second product needs the result of the first
 * (gru-reset-before: q = r * h'). */
#ifndef RECUR_NN_CELL_H
#define RECUR_NN_CELL_H

#include <stdbool.h>

#include "recur/model.h"

#define RECUR_GATES_MAX 4
#define RECUR_SLOTS_MAX 4
#define RECUR_CELL_PHASES_MAX 2 /* of a step */

/* A phase multiplies some gates of W_hh, then runs the arithmetic of its number. */
struct recur_cell_phase {
    unsigned first_gate, gates; /* of W_hh, which this phase multiplies ... */
    bool from_q;                /* ... with q instead of h' */
};

struct recur_cell_kind {
    enum recur_cell cell; /* whose arithmetic this is, in recur_kernels */
    unsigned gates;       /* G */
    unsigned slots;       /* S */
    unsigned phases;      /* 1 or 2 */
    bool has_c;           /* a cell state beside h */
    bool activated;       /* the caller can choose a function, enum recur_activation */
    unsigned input_slot[RECUR_GATES_MAX];
    unsigned recurrent_slot[RECUR_GATES_MAX]; /* gates of one phase in neighbouring slots */
    struct recur_cell_phase phase[RECUR_CELL_PHASES_MAX];
};

/* NULL where there is no such cell. */
const struct recur_cell_kind *recur_cell_kind_of(enum recur_cell cell);

#endif
