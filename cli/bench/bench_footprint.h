/* Measures the cost of the program itself: the memory of training, and the time until generation
 * begins. */
#ifndef RECUR_CLI_BENCH_BENCH_FOOTPRINT_H
#define RECUR_CLI_BENCH_BENCH_FOOTPRINT_H

#include "bench/bench_machine.h"

#define BENCH_FOOTPRINT "footprint" /* its name among an option's choices */

struct footprint {
    double train_bytes; /* most memory of recur train --preset d2l-rnn-scratch at any time */
    double first_token; /* median seconds from the start of recur generate to the first token */
};

/* How long recur_bench_footprint takes, about. */
double recur_bench_footprint_seconds(const struct machine *machine);

/* Runs this program (Linux: /proc/self/exe) on `threads` threads, on a text and a model of 1.2 MB,
 * which it makes and removes. Call this before the process is large: the memory that Linux counts
 * for a child begins with that of its parent. Errors: FILE. */
enum recur_status recur_bench_footprint(size_t threads, struct footprint *footprint,
                                        recur_error *error);

#endif
