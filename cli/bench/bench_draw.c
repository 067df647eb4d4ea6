#include "bench/bench_draw.h"

uint32_t recur_bench_draw(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223; /* the generator of Numerical Recipes */
    return *state >> 16;
}
