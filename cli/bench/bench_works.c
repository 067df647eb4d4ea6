#include "bench/bench_works.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* The book's runs, and what else the field measures itself by: wide layers, a vocabulary of words
 * (Zaremba et al. 2014: "small" and "medium"), small work. */
#define BOOK "--optimizer sgd --lr 1 --batch 32 --steps 35 --validation 0 "
#define WORDS "--optimizer sgd --lr 1 --batch 20 --validation 0 "

enum { CHARACTERS = 28, ENTRIES = 10000 };

static const struct bench_work works[] = {
    {"d2l-rnn-scratch", "--preset d2l-rnn-scratch", CHARACTERS, true},
    {"d2l-rnn", "--preset d2l-rnn", CHARACTERS, true},
    {"d2l-gru", "--preset d2l-gru", CHARACTERS, true},
    {"d2l-lstm", "--preset d2l-lstm", CHARACTERS, true},
    {"d2l-deep-lstm", "--preset d2l-deep-lstm", CHARACTERS, true},
    {"rnn-512", BOOK "--cell rnn --hidden 512", CHARACTERS, false},
    {"gru-512", BOOK "--cell gru --hidden 512", CHARACTERS, false},
    {"lstm-512", BOOK "--hidden 512", CHARACTERS, false},
    {"lstm-2x512", BOOK "--hidden 512,512", CHARACTERS, false},
    {"lstm-512-bf16", BOOK "--hidden 512 --precision bf16", CHARACTERS, false},
    {"lstm-2x512-bf16", BOOK "--hidden 512,512 --precision bf16", CHARACTERS, false},
    {"words-2x200", WORDS "--hidden 200,200 --steps 20", ENTRIES, false},
    {"words-2x650", WORDS "--hidden 650,650 --steps 35", ENTRIES, false},
    {"lstm-64", BOOK "--hidden 64 --batch 8", CHARACTERS, false},
};

const struct bench_work *recur_bench_work(size_t index)
{
    return index < sizeof works / sizeof *works ? &works[index] : NULL;
}

void recur_bench_work_settings(const struct bench_work *work, struct bench_settings *settings)
{
    enum { MOST = 32 };
    char *argv[MOST];
    struct arguments arguments;
    int argc = 0, exit_status;
    snprintf(settings->text, sizeof settings->text, "%s", work->options);
    for (char *next = settings->text; next; argc++) {
        argv[argc] = next;
        next = strchr(next, ' ');
        if (next)
            *next++ = '\0';
    }
    assert(argc < MOST);
    recur_train_options_parse(&recur_command_train, argc, argv, &settings->options, &arguments,
                              &exit_status);
}
