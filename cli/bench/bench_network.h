/* How fast a whole network of a workload trains and generates. */
#ifndef RECUR_CLI_BENCH_BENCH_NETWORK_H
#define RECUR_CLI_BENCH_BENCH_NETWORK_H

#include "bench/bench_workloads.h"

struct network_settings {
    size_t threads;
    bool alone;     /* training is measured on one thread, too */
    double seconds; /* of each measurement */
    bool training, generation;
};

/* One stream with a model of each enum recur_quantization. */
enum { KINDS = RECUR_QUANTIZATION_INT8 + 1 };

/* How many numbers of streams generate together, and number `index` of them. */
enum { STREAM_COUNTS = 4 };
size_t recur_bench_stream_count(size_t index);

struct network_speed {
    const struct workload *workload;
    size_t parameters;
    double train;                 /* tokens/s */
    double train_alone;           /* the same on one thread; 0: not measured */
    double generate[KINDS];       /* tokens/s of one stream on one thread */
    double share[KINDS];          /* of the rate at which one thread reads as many bytes */
    double threads[KINDS];        /* tokens/s of one stream on all threads */
    double threads_share[KINDS];  /* of the rate at which they read as many bytes together */
    double stream[STREAM_COUNTS]; /* tokens/s, of all together */
    double flop;                  /* of a trained token */
    double phase[RECUR_PHASES];   /* shares of the training time */
};

/* Measures the model and the trainer that recur train makes of speed->workload; what was not asked
 * for stays as it is. */
enum recur_status recur_bench_network(const struct network_settings *settings,
                                      struct network_speed *speed, recur_error *error);

#endif
