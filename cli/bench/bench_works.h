/* What recur bench measures: the settings of a training run each. */
#ifndef RECUR_CLI_BENCH_BENCH_WORKS_H
#define RECUR_CLI_BENCH_BENCH_WORKS_H

#include <stdbool.h>

#include "options/train_options.h"

struct bench_work {
    const char *name;
    const char *options; /* of recur train, between single spaces */
    size_t vocabulary;
    bool streams; /* many of them together as well */
};

/* Work number `index`, NULL behind the last one. */
const struct bench_work *recur_bench_work(size_t index);

/* A work's options as recur train reads them; they point into `text`. */
struct bench_settings {
    struct train_options options;
    char text[256];
};

void recur_bench_work_settings(const struct bench_work *work, struct bench_settings *settings);

/* The names of all, as an option's choices. */
#define BENCH_WORKS                                                                                \
    "d2l-rnn-scratch|d2l-rnn|d2l-gru|d2l-lstm|d2l-deep-lstm|rnn-512|gru-512|lstm-512|lstm-2x512|"  \
    "lstm-512-bf16|lstm-2x512-bf16|words-2x200|words-2x650|lstm-64"

#endif
