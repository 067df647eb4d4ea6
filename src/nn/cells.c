/* The cells: their names and their descriptions, both in the order of enum recur_cell. */
#include "base/names.h"
#include "nn/cell.h"

RECUR_NAMED_ENUM(cell, "cell", "rnn", "gru", "gru-reset-before", "lstm", "ln-lstm", "ln-gru")

static const struct recur_cell_kind kinds[] = {
    [RECUR_CELL_RNN] = {.cell = RECUR_CELL_RNN,
                        .gates = 1,
                        .slots = 1,
                        .phases = 1,
                        .activated = true,
                        .phase = {{.gates = 1}}},
    /* The recurrent products of r z n write to neighbouring slots. So n has slot 3 for the
     * recurrent part and slot 0 for the input's part; r stands between the two parts of n. */
    [RECUR_CELL_GRU] = {.cell = RECUR_CELL_GRU,
                        .gates = 3,
                        .slots = 4,
                        .phases = 1,
                        .input_slot = {1, 2, 0},
                        .recurrent_slot = {1, 2, 3},
                        .phase = {{.gates = 3}}},
    [RECUR_CELL_GRU_RESET_BEFORE] = {.cell = RECUR_CELL_GRU_RESET_BEFORE,
                                     .gates = 3,
                                     .slots = 3,
                                     .phases = 2,
                                     .input_slot = {0, 1, 2},
                                     .recurrent_slot = {0, 1, 2},
                                     .phase = {{.gates = 2},
                                               {.first_gate = 2, .gates = 1, .from_q = true}}},
    [RECUR_CELL_LSTM] = {.cell = RECUR_CELL_LSTM,
                         .gates = 4,
                         .slots = 4,
                         .phases = 1,
                         .has_c = true,
                         .input_slot = {0, 1, 2, 3},
                         .recurrent_slot = {0, 1, 2, 3},
                         .phase = {{.gates = 4}}},
    [RECUR_CELL_LN_LSTM] = {.cell = RECUR_CELL_LN_LSTM,
                            .gates = 4,
                            .slots = 8,
                            .phases = 1,
                            .has_c = true,
                            .input_slot = {0, 1, 2, 3},
                            .recurrent_slot = {4, 5, 6, 7},
                            .phase = {{.gates = 4}},
                            .lines = 3,
                            .line = {{0, 4}, {4, 4}, {8, 1}},
                            .arguments = 5,
                            .argument = {0, 1, 2, 3, 0, 1, 2, 3, 4}},
    /* The normalised recurrent part of n is an argument of its own: r stands before it. */
    [RECUR_CELL_LN_GRU] = {.cell = RECUR_CELL_LN_GRU,
                           .gates = 3,
                           .slots = 6,
                           .phases = 1,
                           .input_slot = {0, 1, 2},
                           .recurrent_slot = {3, 4, 5},
                           .phase = {{.gates = 3}},
                           .lines = 4,
                           .line = {{0, 2}, {2, 1}, {3, 2}, {5, 1}},
                           .arguments = 4,
                           .argument = {0, 1, 2, 0, 1, 3}},
};

const struct recur_cell_kind *recur_cell_kind_of(enum recur_cell cell)
{
    return (unsigned)cell < sizeof kinds / sizeof *kinds ? &kinds[cell] : NULL;
}
