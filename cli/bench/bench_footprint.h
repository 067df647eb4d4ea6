/* The cost of the program itself: memory to train, time until it begins to generate. */
#ifndef RECUR_CLI_BENCH_BENCH_FOOTPRINT_H
#define RECUR_CLI_BENCH_BENCH_FOOTPRINT_H

#include <stddef.h>

#include "recur/status.h"

#define BENCH_FOOTPRINT "footprint" /* its name, as an option's choice */

struct footprint {
    double train_bytes; /* the most memory that recur train --preset d2l-rnn-scratch has at once */
    double first_token; /* seconds from the start of recur generate to the first token, median */
};

/* Runs the program that is running (Linux: /proc/self/exe) on a text and a model of 1.2 MB, which
 * it makes and removes, each run on `threads` threads. To be called before this process is large:
 * the memory that Linux counts for another begins with that of the one that starts it. Errors:
 * FILE. */
enum recur_status recur_bench_footprint(size_t threads, struct footprint *footprint,
                                        recur_error *error);

#endif
