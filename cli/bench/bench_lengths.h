/* How fast recur trains on sequences of different lengths, compared with as many of equal length.
 */
#ifndef RECUR_CLI_BENCH_BENCH_LENGTHS_H
#define RECUR_CLI_BENCH_BENCH_LENGTHS_H

#include <stddef.h>

#include "recur/status.h"

struct lengths_speed {
    double mixed, equal; /* tokens/s, medians */
    double share;        /* median of mixed over equal, pair by pair */
};

/* Trains a bidirectional LSTM of 256 units, as d2l-lstm's settings have it, to label every token,
 * for `seconds` each. */
enum recur_status recur_bench_lengths(size_t threads, double seconds, struct lengths_speed *speed,
                                      recur_error *error);

#endif
