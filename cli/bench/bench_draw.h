/* Numbers to compute with. */
#ifndef RECUR_CLI_BENCH_BENCH_DRAW_H
#define RECUR_CLI_BENCH_BENCH_DRAW_H

#include <stdint.h>

/* The next 16-bit number of a random sequence that is the same in every run. *state may begin with
 * any value. */
uint32_t recur_bench_draw(uint32_t *state);

#endif
