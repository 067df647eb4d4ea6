#include "bench/bench_samples.h"

#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double recur_median(double *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, ascending);
    return count % 2 ? samples[count / 2] : (samples[count / 2 - 1] + samples[count / 2]) / 2;
}

uint32_t recur_bench_draw(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223; /* the generator of Numerical Recipes */
    return *state >> 16;
}
