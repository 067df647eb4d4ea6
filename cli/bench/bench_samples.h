/* What every measurement of recur bench needs: samples, and numbers to work on. */
#ifndef RECUR_CLI_BENCH_BENCH_SAMPLES_H
#define RECUR_CLI_BENCH_BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#define BENCH_SAMPLES_MOST 1000

/* The median of `count` samples, which are sorted. */
double recur_median(double *samples, size_t count);

/* The next of a row of random numbers of 16 bits, the same in every run; *state begins anywhere. */
uint32_t recur_bench_draw(uint32_t *state);

#endif
