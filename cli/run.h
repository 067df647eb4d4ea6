/* One run of `recur train`: what its parts share. */
#ifndef RUN_H
#define RUN_H

#include <stdio.h>

#include "continuation.h"
#include "dataset.h"
#include "progress.h"
#include "train_options.h"

struct run {
    const struct command *command;
    struct train_options options;
    recur_corpus *corpus;
    recur_vocab *vocab;
    recur_model *model;
    recur_trainer *trainer;
    recur_trainer_config config;
    struct progress progress;
    FILE *log; /* NULL: none */
    char first_words[PREFIX_ROOM];
    struct dataset_paths datasets;
    recur_step step;   /* the last minibatch; all zero before the first */
    recur_epoch epoch; /* the last epoch, or what there is of the first */
};

/* Checks every place where the run will write, before any work is done, and that none of them is
 * one of the texts, which are files or "-". Both return 0 or the exit status. */
int recur_run_check_outputs(const struct run *run);
int recur_run_spare_texts(const struct run *run, const char *const *texts, size_t count);

/* Adds the epoch to `--log`. */
void recur_run_log(struct run *run);

/* At the end: the last lines on stdout, `--report`, `--plot`, and on stderr the curve and what to
 * try next. Returns the exit status. */
int recur_run_results(struct run *run);

#endif
