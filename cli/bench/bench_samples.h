/* What all measurements of recur bench need: statistics of samples, and numbers to compute with. */
#ifndef RECUR_CLI_BENCH_BENCH_SAMPLES_H
#define RECUR_CLI_BENCH_BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#define BENCH_SAMPLES_MOST 1000

/* The median of `count` samples; sorts them. */
double recur_median(double *samples, size_t count);

/* The next 16-bit number of a random sequence that is the same in every run. *state may begin with
 * any value. */
uint32_t recur_bench_draw(uint32_t *state);

#endif
