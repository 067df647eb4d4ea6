/* Measures how fast recur trains on sequences of different lengths, compared with equal lengths. */
#ifndef RECUR_CLI_BENCH_BENCH_LENGTHS_H
#define RECUR_CLI_BENCH_BENCH_LENGTHS_H

#include <stddef.h>

#include "recur/status.h"

struct lengths_speed {
    double mixed, equal; /* medians of tokens/s */
    double share;        /* median of mixed divided by equal, over the pairs */
};

/* Trains a bidirectional LSTM of 256 units, with the settings of d2l-lstm, to label every token,
 * for `seconds` with each kind of lengths. */
enum recur_status recur_bench_lengths(size_t threads, double seconds, struct lengths_speed *speed,
                                      recur_error *error);

#endif
