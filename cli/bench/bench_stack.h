/* Measures how fast the recurrent layers alone are: inputs of numbers, outputs, gradients of
 * everything. */
#ifndef RECUR_CLI_BENCH_BENCH_STACK_H
#define RECUR_CLI_BENCH_BENCH_STACK_H

#include "bench/bench.h"
#include "bench/bench_turns.h"

struct stack_speed {
    const char *name;
    struct speed speed;   /* beside the peak */
    enum recur_peak peak; /* which one */
    double flop;          /* per token: 6 G H (I + H) for each layer, I = H */
};

/* All stacks: name, cell, its number of gates G, layers, width H. */
#define BENCH_STACKS(ROW)                                                                          \
    ROW("stack-rnn-256", RECUR_CELL_RNN, 1, 1, 256)                                                \
    ROW("stack-rnn-512", RECUR_CELL_RNN, 1, 1, 512)                                                \
    ROW("stack-gru-256", RECUR_CELL_GRU, 3, 1, 256)                                                \
    ROW("stack-gru-512", RECUR_CELL_GRU, 3, 1, 512)                                                \
    ROW("stack-lstm-256", RECUR_CELL_LSTM, 4, 1, 256)                                              \
    ROW("stack-lstm-512", RECUR_CELL_LSTM, 4, 1, 512)                                              \
    ROW("stack-lstm-2x256", RECUR_CELL_LSTM, 4, 2, 256)                                            \
    ROW("stack-lstm-2x512", RECUR_CELL_LSTM, 4, 2, 512)

/* The name of stack number `index`; NULL after the last. */
const char *recur_bench_stack_name(size_t index);

/* Measures the stack: forward and backward passes through layers whose inputs are as wide as they
 * are, in minibatches of 32 x 35 in the layout of PyTorch and oneDNN. dx is among the gradients.
 * There is no head, no loss and no update. */
enum recur_status recur_bench_stack(struct bench *bench, size_t index, struct stack_speed *speed,
                                    recur_error *error);
void recur_bench_plan_stack(struct bench *bench, size_t index);

#endif
