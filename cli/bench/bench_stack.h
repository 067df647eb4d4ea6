/* How fast the recurrent layers alone are: numbers in, outputs, gradients of everything. */
#ifndef RECUR_CLI_BENCH_BENCH_STACK_H
#define RECUR_CLI_BENCH_BENCH_STACK_H

#include <stddef.h>

#include "recur/status.h"

struct stack_speed {
    const char *name;
    double tokens; /* per second, the median */
    double flop;   /* of a token: 6 G H (I + H) for each layer, I = H */
};

/* All of them: name, cell, its gates G, layers, width H. */
#define BENCH_STACKS(ROW)                                                                          \
    ROW("stack-rnn-256", RECUR_CELL_RNN, 1, 1, 256)                                                \
    ROW("stack-rnn-512", RECUR_CELL_RNN, 1, 1, 512)                                                \
    ROW("stack-gru-256", RECUR_CELL_GRU, 3, 1, 256)                                                \
    ROW("stack-lstm-256", RECUR_CELL_LSTM, 4, 1, 256)                                              \
    ROW("stack-lstm-2x256", RECUR_CELL_LSTM, 4, 2, 256)                                            \
    ROW("stack-lstm-2x512", RECUR_CELL_LSTM, 4, 2, 512)

/* The name of stack number `index`, NULL behind the last one. */
const char *recur_bench_stack_name(size_t index);

/* Measures it for `seconds`: forward and backward through layers that read as many numbers as they
 * are wide, minibatches of 32 x 35 as PyTorch and oneDNN hold them, dx among the gradients; no
 * head, no loss, no update. */
enum recur_status recur_bench_stack(size_t index, size_t threads, double seconds,
                                    struct stack_speed *speed, recur_error *error);

#endif
