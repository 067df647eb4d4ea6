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
 * (gru-reset-before: q = r * h').
 *
 * A cell with layer normalisation (Ba, Kiros & Hinton 2016) keeps its products apart and as they
 * are: each half of the slots has those of one operand. A line is the numbers of a row that are
 * normalised together, some neighbouring slots of all units. The products are the cell's one phase;
 * its arithmetic follows when all units have them (backend/cpu/normalise.h). */
#ifndef RECUR_NN_CELL_H
#define RECUR_NN_CELL_H

#include <stdbool.h>

#include "recur/model.h"

#define RECUR_GATES_MAX 4
#define RECUR_SLOTS_MAX 8
#define RECUR_CELL_PHASES_MAX 2 /* of a step */
#define RECUR_LINES_MAX 4
#define RECUR_ARGUMENTS_MAX 5 /* of the functions of a cell with layer normalisation */

/* A phase multiplies some gates of W_hh, then runs the arithmetic of its number. */
struct recur_cell_phase {
    unsigned first_gate, gates; /* of W_hh, which this phase multiplies ... */
    bool from_q;                /* ... with q instead of h' */
};

/* Slots that are normalised together; slot number S stands for c, which is a line of its own and
 * the last one. */
struct recur_cell_line {
    unsigned first, slots;
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
    unsigned lines; /* 0: the cell normalises nothing */
    struct recur_cell_line line[RECUR_LINES_MAX];
    unsigned arguments;                     /* of its logistic functions and tanhs: sums of
                                               normalised numbers */
    unsigned argument[RECUR_SLOTS_MAX + 1]; /* to which of them each slot, and c, goes */
};

/* How many slots, c among them, a cell normalises. */
static inline unsigned recur_cell_normalised(const struct recur_cell_kind *cell)
{
    return cell->lines ? cell->slots + cell->has_c : 0;
}

/* Rounds of the arithmetic behind the products of a cell with layer normalisation: before c is
 * normalised, and after it. */
static inline unsigned recur_cell_rounds(const struct recur_cell_kind *cell)
{
    return cell->lines ? 1 + cell->has_c : 0;
}

/* How often threads that share the units meet in a step. */
static inline unsigned recur_cell_meetings(const struct recur_cell_kind *cell)
{
    return cell->phases + recur_cell_rounds(cell);
}

/* NULL where there is no such cell. */
const struct recur_cell_kind *recur_cell_kind_of(enum recur_cell cell);

#endif
