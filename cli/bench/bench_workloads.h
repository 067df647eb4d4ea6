/* Workloads of recur bench. Each is the settings of a training run. */
#ifndef RECUR_CLI_BENCH_BENCH_WORKLOADS_H
#define RECUR_CLI_BENCH_BENCH_WORKLOADS_H

#include <stdbool.h>

#include "options/train_options.h"

/* The book's runs, and other usual benchmarks: wide layers, a vocabulary of words (Zaremba et al.
 * 2014: "small" and "medium"), small networks. */
#define BOOK "--optimizer sgd --lr 1 --batch 32 --steps 35 --validation 0 "
#define WORDS "--optimizer sgd --lr 1 --batch 20 --validation 0 "

enum { CHARACTERS = 28, ENTRIES = 10000 };

#define BENCH_WORKLOADS(ROW)                                                                       \
    ROW("d2l-rnn-scratch", "--preset d2l-rnn-scratch", CHARACTERS, true)                           \
    ROW("d2l-rnn", "--preset d2l-rnn", CHARACTERS, true)                                           \
    ROW("d2l-gru", "--preset d2l-gru", CHARACTERS, true)                                           \
    ROW("d2l-lstm", "--preset d2l-lstm", CHARACTERS, true)                                         \
    ROW("d2l-deep-lstm", "--preset d2l-deep-lstm", CHARACTERS, true)                               \
    ROW("rnn-512", BOOK "--cell rnn --hidden 512", CHARACTERS, false)                              \
    ROW("gru-512", BOOK "--cell gru --hidden 512", CHARACTERS, false)                              \
    ROW("lstm-512", BOOK "--hidden 512", CHARACTERS, false)                                        \
    ROW("lstm-2x512", BOOK "--hidden 512,512", CHARACTERS, true)                                   \
    ROW("gru-512-bf16", BOOK "--cell gru --hidden 512 --precision bf16", CHARACTERS, false)        \
    ROW("lstm-512-bf16", BOOK "--hidden 512 --precision bf16", CHARACTERS, false)                  \
    ROW("lstm-2x512-bf16", BOOK "--hidden 512,512 --precision bf16", CHARACTERS, false)            \
    ROW("words-2x200", WORDS "--hidden 200,200 --steps 20", ENTRIES, false)                        \
    ROW("words-2x650", WORDS "--hidden 650,650 --steps 35", ENTRIES, false)                        \
    ROW("words-2x650-bf16", WORDS "--hidden 650,650 --steps 35 --precision bf16", ENTRIES, false)  \
    ROW("lstm-64", BOOK "--hidden 64 --batch 8", CHARACTERS, false)

/* Makes the beginning of an option's choices from the rows of workloads. */
#define BENCH_CHOICE(name, ...) name "|"

struct workload {
    const char *name;
    const char *options; /* options of recur train, separated by single spaces */
    size_t vocabulary;
    bool sessions; /* also measure many sessions together */
};

/* Workload number `index`; NULL after the last. */
const struct workload *recur_workload(size_t index);

/* A workload's options as recur train parses them. They point into `text`. */
struct workload_settings {
    struct train_options options;
    char text[256];
};

/* `precision` replaces the workload's; NULL: it stays. */
void recur_workload_settings(const struct workload *workload, const enum recur_precision *precision,
                             struct workload_settings *settings);

/* Operations to train one token, computed without a model (as recur_machine_flop_per_token does
 * with one), so that a plan needs no memory. */
double recur_workload_flop(const struct workload *workload);

#endif
