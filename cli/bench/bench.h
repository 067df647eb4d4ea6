/* What all measurements of recur bench are told. */
#ifndef RECUR_CLI_BENCH_BENCH_H
#define RECUR_CLI_BENCH_BENCH_H

#include "bench/bench_machine.h"
#include "bench/bench_plan.h"
#include "recur/training.h"

struct bench {
    struct machine machine;
    struct plan plan;
    const enum recur_precision *precision; /* to train in; NULL: as each preset says */
    double seconds;                        /* duration of each measurement */
    bool alone;                            /* training is also measured on one thread */
};

#endif
