/* Measures how fast streams generate that are advanced together. */
#ifndef RECUR_CLI_BENCH_BENCH_STREAMS_H
#define RECUR_CLI_BENCH_BENCH_STREAMS_H

#include "recur/model.h"

#define BENCH_STREAMS_MOST 512

/* Measures the median speed of `count` streams, at most BENCH_STREAMS_MOST, for `seconds`, in
 * tokens/s of all streams together. Errors: MEMORY. */
enum recur_status recur_bench_streams(const recur_model *model, size_t count, size_t threads,
                                      double seconds, double *speed, recur_error *error);

#endif
