/* The networks whose gradients are checked, as variants of each cell. */
#ifndef RECUR_TESTS_GRADIENTS_SETUPS_H
#define RECUR_TESTS_GRADIENTS_SETUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "recur/model.h"

/* Of MANY the head is gone back through in pieces. */
enum { BATCH = 5, STEPS = 4, FEW = 35, MANY = 2100 };

struct setup {
    enum recur_cell cell;
    enum recur_activation activation;
    size_t vocabulary, layers, hidden[3], inputs, embedding, biases;
    size_t grid[3]; /* partitions of the batch, directions at once, partitions of the units; 0: one
                       thread */
    size_t lengths; /* which row of them */
    bool open;      /* states and gradients at both ends are given and taken */
    enum recur_task task;
    bool bidirectional;
    enum recur_merge merge;
    bool carry;
    float dropout, input_dropout, weight_drop;
    bool locked, penalised;
    size_t samples; /* the softmax is over so many that are drawn, and the targets; 0: over all */
};

static const struct {
    const char *name;
    enum recur_cell cell;
    enum recur_activation activation;
} cell_kinds[] = {
    {"rnn tanh", RECUR_CELL_RNN, RECUR_ACTIVATION_TANH},
    {"rnn relu", RECUR_CELL_RNN, RECUR_ACTIVATION_RELU},
    {"rnn sigmoid", RECUR_CELL_RNN, RECUR_ACTIVATION_SIGMOID},
    {"gru", RECUR_CELL_GRU, RECUR_ACTIVATION_TANH},
    {"gru-reset-before", RECUR_CELL_GRU_RESET_BEFORE, RECUR_ACTIVATION_TANH},
    {"lstm", RECUR_CELL_LSTM, RECUR_ACTIVATION_TANH},
    {"ln-lstm", RECUR_CELL_LN_LSTM, RECUR_ACTIVATION_TANH},
    {"ln-gru", RECUR_CELL_LN_GRU, RECUR_ACTIVATION_TANH},
};

enum { CELLS = sizeof cell_kinds / sizeof *cell_kinds, VARIANTS = 3 * 2 * 2 + 34 };

/* Sequences of several lengths: depth, both merges, dropout, threads that share the batch, the
 * directions and the units, and an open pass over numbers; filling in, of which the last pass is
 * open too; widths of 1, which make matrices of one column; locked dropout and weight drop. */
static inline void vary_lengths(struct setup *setup, size_t variant)
{
    static const struct {
        size_t layers, lengths, embedding, inputs, grid[3];
        bool both, sum, drops, open, fill;
        bool narrow[3]; /* layers of width 1 */
    } variants[] = {
        {1, 1, 0, 0, {0}, false, false, false, false, false, {0}},
        {3, 2, 0, 0, {2, 1, 2}, false, false, true, false, false, {0}},
        {1, 2, 0, 0, {0}, true, false, false, false, false, {0}},
        {2, 1, 6, 0, {2, 1, 1}, true, true, true, false, false, {0}},
        {3, 1, 0, 0, {2, 2, 1}, true, false, false, false, false, {0}},
        {2, 2, 0, 0, {1, 2, 2}, true, true, false, false, false, {0}},
        {2, 0, 0, 0, {1, 2, 1}, true, false, true, false, false, {0}},
        {2, 1, 0, 6, {0}, true, false, true, true, false, {0}},
        {1, 1, 0, 0, {0}, false, false, false, false, true, {0}},
        {3, 1, 0, 0, {2, 2, 1}, true, false, false, false, true, {0}},
        {2, 2, 0, 0, {1, 2, 2}, true, true, true, false, true, {0}},
        {2, 2, 6, 0, {0}, true, false, false, true, true, {0}},
        {2, 0, 1, 0, {0}, true, false, false, false, false, {0}},
        {2, 1, 0, 1, {2, 1, 1}, false, false, false, true, false, {1}},
        {3, 2, 1, 0, {2, 1, 2}, false, false, false, false, false, {1, 0, 1}},
        {3, 1, 0, 0, {0}, true, true, false, true, false, {1, 1, 1}},
        {2, 2, 1, 0, {1, 2, 2}, true, false, false, false, true, {1, 1}},
        {2, 0, 0, 0, {2, 1, 2}, false, false, true, false, false, {0}},
        {2, 0, 6, 0, {1, 2, 2}, true, true, false, false, false, {0}},
        {2, 2, 0, 6, {2, 1, 1}, true, false, true, true, false, {0}},
        {2, 1, 0, 0, {0}, true, true, true, false, true, {0}},
    };
    setup->layers = variants[variant].layers;
    setup->lengths = variants[variant].lengths;
    setup->embedding = variants[variant].embedding;
    setup->inputs = variants[variant].inputs;
    memcpy(setup->grid, variants[variant].grid, sizeof setup->grid);
    setup->hidden[1] = 35; /* two panels for each thread that shares the units */
    setup->hidden[2] = 40;
    for (size_t l = 0; l < 3; l++)
        if (variants[variant].narrow[l])
            setup->hidden[l] = 1;
    setup->bidirectional = variants[variant].both;
    setup->merge = variants[variant].sum ? RECUR_MERGE_SUM : RECUR_MERGE_CONCAT;
    setup->dropout = variants[variant].drops ? 0.3f : 0;
    setup->locked = variant == 17 || variant > 18;
    setup->weight_drop = variant > 17 ? 0.4f : 0;
    setup->open = variants[variant].open;
    setup->task = variants[variant].fill ? RECUR_TASK_FILL : RECUR_TASK_LM;
    setup->carry = false;
}

/* Depth x sampling x dropout; then many tokens, embedded, with single biases, threads that share
 * the batch and the units, and two directions, side by side and summed; filling in, forward alone
 * and in both directions; several lengths. */
static inline void vary(struct setup *setup, size_t variant)
{
    static const size_t widths[] = {33, 7, 40};
    setup->vocabulary = variant == 12 ? MANY : FEW;
    setup->layers = variant < 12 ? 1 + variant % 3 : 2;
    memcpy(setup->hidden, widths, sizeof widths);
    setup->carry = variant < 12 ? variant / 3 % 2 : variant % 2;
    setup->dropout = variant < 12 && variant / 6 ? 0.3f : 0;
    setup->biases = 2;
    if (variant == 12) {
        setup->embedding = 6;
        setup->biases = 1;
    } else if (variant == 13) {
        setup->hidden[1] = 70;
        setup->hidden[0] = 65;
        memcpy(setup->grid, (const size_t[]){2, 1, 3}, sizeof setup->grid);
    } else if (variant >= 43) { /* plain, with dropout and several threads, and locked */
        setup->penalised = true;
        setup->dropout = variant == 43 ? 0 : 0.3f;
        setup->locked = variant == 45;
        if (variant == 44)
            memcpy(setup->grid, (const size_t[]){2, 1, 2}, sizeof setup->grid);
    } else if (variant >= 41) {
        setup->vocabulary = variant == 41 ? 200 : MANY;
        setup->samples = variant == 41 ? 40 : 150;
        setup->embedding = variant == 41 ? 0 : 6;
        setup->dropout = variant == 41 ? 0 : 0.2f;
        memcpy(setup->grid, (const size_t[]){2, 1, 1}, sizeof setup->grid);
    } else if (variant >= 20) {
        vary_lengths(setup, variant - 20);
    } else if (variant >= 17) {
        setup->task = RECUR_TASK_FILL;
        setup->bidirectional = variant > 17;
        setup->merge = variant == 19 ? RECUR_MERGE_SUM : RECUR_MERGE_CONCAT;
        setup->embedding = variant == 18 ? 6 : 0;
        setup->dropout = variant == 19 ? 0.2f : 0;
        setup->carry = false;
    } else if (variant >= 14) {
        setup->bidirectional = true;
        setup->merge = variant == 14 ? RECUR_MERGE_CONCAT : RECUR_MERGE_SUM;
        setup->dropout = variant == 15 ? 0 : 0.2f;
        if (variant == 15)
            memcpy(setup->grid, (const size_t[]){2, 1, 1}, sizeof setup->grid);
    }
    setup->input_dropout = setup->embedding == 6 ? 0.3f : 0;
}

#endif
