/* Measures how fast the network of a workload trains and generates. */
#ifndef RECUR_CLI_BENCH_BENCH_NETWORK_H
#define RECUR_CLI_BENCH_BENCH_NETWORK_H

#include "bench/bench_workloads.h"

struct network_settings {
    size_t threads;
    bool alone;     /* training is also measured on one thread */
    double seconds; /* duration of each measurement */
    bool training, generation;
};

/* One stream is measured for each value of enum recur_quantization. */
enum { KINDS = RECUR_QUANTIZATION_INT8 + 1 };

/* How many different numbers of streams are measured together, and the number at `index`. */
enum { STREAM_COUNTS = 4 };
size_t recur_bench_stream_count(size_t index);

struct network_speed {
    const struct workload *workload;
    size_t parameters;
    double train;                 /* tokens/s */
    double train_alone;           /* tokens/s on one thread; 0: not measured */
    double generate[KINDS];       /* tokens/s of one stream on one thread */
    double share[KINDS];          /* of the speed at which one thread reads the weights */
    double threads[KINDS];        /* tokens/s of one stream on all threads */
    double threads_share[KINDS];  /* of the speed at which all threads together read the weights */
    double stream[STREAM_COUNTS]; /* tokens/s of all streams together */
    double flop;                  /* to train one token */
    double phase[RECUR_PHASES];   /* shares of the time of training */
};

/* Measures the model and the trainer that recur train would make for speed->workload. Results that
 * were not asked for stay unchanged. */
enum recur_status recur_bench_network(const struct network_settings *settings,
                                      struct network_speed *speed, recur_error *error);

#endif
