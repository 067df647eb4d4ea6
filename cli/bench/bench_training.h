/* Measures how fast the network of a workload trains, beside the peak of the processor. */
#ifndef RECUR_CLI_BENCH_BENCH_TRAINING_H
#define RECUR_CLI_BENCH_BENCH_TRAINING_H

#include "bench/bench.h"
#include "bench/bench_turns.h"
#include "bench/bench_workloads.h"

struct training_speed {
    struct speed speed;         /* on all threads, beside the peak */
    enum recur_peak peak;       /* which one */
    double flop;                /* to train one token */
    size_t parameters;          /* of the model */
    double phase[RECUR_PHASES]; /* shares of the time of training */
    double alone;               /* tokens/s on one thread; 0: not measured */
    struct ratio threads;       /* how many times as fast all threads are as one */
};

/* Measures the trainer that recur train would make for the workload. */
enum recur_status recur_bench_training(struct bench *bench, const struct workload *workload,
                                       struct training_speed *speed, recur_error *error);
void recur_bench_plan_training(struct bench *bench, const struct workload *workload);

#endif
