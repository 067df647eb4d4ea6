/* Measures how fast recur trains on sequences of different lengths, compared with equal lengths. */
#ifndef RECUR_CLI_BENCH_BENCH_LENGTHS_H
#define RECUR_CLI_BENCH_BENCH_LENGTHS_H

#include "bench/bench.h"
#include "bench/bench_turns.h"

#define BENCH_LENGTHS "lengths" /* its name among an option's choices */

struct lengths_speed {
    struct speed speed;   /* beside the peak */
    enum recur_peak peak; /* which one */
    double equal;         /* median of tokens/s at equal lengths */
    struct ratio ratio;   /* to equal lengths */
    double flop;          /* to train one token */
};

/* Trains a bidirectional LSTM of 256 units, with the settings of d2l-lstm, to label every token: of
 * sequences of different lengths, and of equal ones. */
enum recur_status recur_bench_lengths(struct bench *bench, struct lengths_speed *speed,
                                      recur_error *error);
void recur_bench_plan_lengths(struct bench *bench);

#endif
