/* One run of `recur train`: what its parts share. */
#ifndef RUN_H
#define RUN_H

#include <stdio.h>

#include "continuation.h"
#include "progress.h"
#include "recur/predict.h"
#include "train_options.h"

struct run {
    const struct command *command;
    struct train_options options;
    recur_corpus *corpus;        /* of text; */
    recur_labels *train, *valid; /* of labelled texts, `valid` NULL where none is held out */
    recur_vocab *vocab;
    recur_model *model;
    recur_trainer *trainer;
    recur_trainer_config config;
    struct progress progress;
    FILE *log; /* NULL: none */
    char first_words[PREFIX_ROOM];
    recur_step step;   /* the last minibatch; all zero before the first */
    recur_epoch epoch; /* the last epoch, or what there is of the first */
};

/* Checks every place where the run will write, before any work is done. Returns 0 or the exit
 * status. */
int recur_run_check_outputs(const struct run *run, const struct arguments *texts);

/* Adds the epoch to `--log`. */
void recur_run_log(struct run *run);

/* At the end: the last lines on stdout, `--report`, `--plot`, and on stderr the curve and what to
 * try next. Returns the exit status. */
int recur_run_results(struct run *run);

#endif
