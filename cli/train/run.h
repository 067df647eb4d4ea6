/* One run of `recur train`: what its parts share. */
#ifndef RUN_H
#define RUN_H

#include <stdio.h>

#include "files/continuation.h"
#include "files/dataset.h"
#include "options/train_options.h"
#include "recur/checkpoint.h"
#include "recur/predict.h"
#include "train/progress.h"
#include "train/trend.h"

struct run {
    const struct command *command;
    struct train_options options;
    recur_corpus *corpus;        /* of text; */
    recur_labels *train, *valid; /* of labelled texts, `valid` NULL where none is held out */
    recur_printable name;        /* of the text, without its folder */
    recur_vocab *vocab;
    recur_model *model;
    recur_trainer *trainer;
    recur_trainer_config config;
    struct progress progress;
    FILE *log; /* NULL: none */
    bool log_failed;
    char first_words[PREFIX_ROOM];
    struct dataset_paths datasets;
    recur_step step;      /* the last minibatch; all zero before the first */
    recur_epoch epoch;    /* the last epoch, or what there is of the first */
    double sampled;       /* when prefixes were last continued, or the training began */
    struct course course; /* of the last epoch */

    const struct arguments *given; /* the texts, as they were given */
    bool texts_elsewhere;          /* one of them does not lie in the checkpoint's folder */
    char *checkpoint;              /* where checkpoints go; NULL: none are written */
    char *note;                    /* that goes into them: how the run was started */
    uint64_t minibatches, saved;   /* trained since the start, and of them in the last checkpoint */
    bool checkpoint_failed;        /* the last one could not be written */
    int lock;                      /* of the checkpoint's file; -1: none */
    bool shared;                   /* another run writes there: that was said */

    recur_checkpoint *resumed; /* where the run goes on from; NULL: it begins */
    size_t resumed_epochs;     /* what --epochs says besides --resume; 0: nothing */
    recur_json *started;       /* how the run was started, and its words in order */
    const char **words;
    char *output, **text; /* where its model and its texts are, which the user did not say again */
    size_t text_count;
};

/* What a checkpoint's name and the names of models end in. */
#define MODEL_END ".safetensors"
#define CHECKPOINT_END ".checkpoint" MODEL_END

/* Says where checkpoints go, and what is to be in them of the command line. `texts` are the
 * operands as they were given. Returns 0 or the exit status. */
int recur_run_plan_checkpoints(struct run *run, const struct arguments *texts);
/* Writes one. Where that fails it says so, and the run goes on. */
void recur_run_checkpoint(struct run *run);
/* The same of the first one, which must not fail. */
enum recur_status recur_run_first_checkpoint(struct run *run, recur_error *error);
/* After each minibatch that does not end its epoch, and after each epoch: writes one if it is due.
 */
void recur_run_checkpoint_if_due(struct run *run);

/* --resume: reads the checkpoint, and puts the options and texts that the run was started with in
 * place of those of the command line, which may stand besides them. Returns 0 or the exit status.
 */
int recur_run_reopen(struct run *run, struct arguments *texts);
/* Takes the run up, once its text was read: makes model and trainer. */
int recur_run_resume(struct run *run);

/* What a checkpoint may say about files: run_files.c. All return 0 or the exit status.
 *
 * The texts that the checkpoint names, which become paths: files in its folder, and datasets that
 * are on this machine. */
int recur_run_find_texts(struct run *run, struct arguments *texts);
/* Puts away what `then`, the run's options, say of files that this call, which gave the options
 * `given`, does not: the model goes where the checkpoint's own name says. */
int recur_run_find_outputs(struct run *run, const struct option_set *given,
                           struct train_options *then, struct arguments *arguments);
/* What the note of the run's checkpoint calls a text, allocated: one in its folder by its
 * path from there, so that both may move; others so that recur_run_text_within says no. */
char *recur_run_text_name(const struct run *run, const char *text);
bool recur_run_text_within(const char *name);
/* What stands before a text in a command line, where its name would be an option. */
const char *recur_run_no_option(const char *text);
/* On stderr, the command that goes on with the run: it says what the checkpoint may not. */
void recur_run_print_resume(const struct run *run);

/* Whether the option may be said besides --resume, as it does not change how the run computes, or
 * only goes on with it. */
bool recur_run_is_free(const char *option);

/* What the texts, which were found, are called together. */
void recur_run_name(struct run *run, const struct arguments *texts);
/* Puts that into the model, and how to train it again. Returns 0 or the exit status. */
int recur_run_set_origin(struct run *run, const struct arguments *texts);

/* Checks every place where the run will write, before any work is done, and that none of them is
 * one of the texts, which are files or "-". Both return 0 or the exit status. */
int recur_run_check_outputs(const struct run *run);
int recur_run_spare_texts(const struct run *run, const char *const *texts, size_t count);

/* After each minibatch that does not end its epoch, and after each epoch: shows what there is to
 * show, which changes nothing of the run. */
void recur_run_show_step(struct run *run);
void recur_run_show_epoch(struct run *run);

/* How prefixes are continued after that minibatch of an epoch (0: after its last): the same in any
 * run that gets there. */
recur_sampler_config recur_run_sampling(const struct run *run, uint64_t epoch, size_t minibatch);

/* The epoch whose parameters are kept so far, with its numbers; NULL where it is the last one for
 * want of a better. */
const recur_epoch *recur_run_best_epoch(const struct run *run);

/* Says on stderr what the losses speak for: a longer run, or dropout; nothing where they leave it
 * open. */
void recur_run_advise(const struct run *run);

/* Adds the epoch to `--log`. Where that fails it says so, and the run goes on. */
void recur_run_log(struct run *run);
/* Closes the log. False where it lacks something. */
bool recur_run_end_log(struct run *run);

/* At the end: the last lines on stdout, `--report`, `--plot`, and on stderr the curve and what to
 * try next. Returns the exit status. */
int recur_run_results(struct run *run);

#endif
