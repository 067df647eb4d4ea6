/* One run of `recur train`: its state, which all of cli/train reads, and what its files do for each
 * other. run.c is its life; what only looks on is an observer (observer.h). Functions that return
 * int return 0 or the exit status, having said why. */
#ifndef RECUR_CLI_TRAIN_RUN_H
#define RECUR_CLI_TRAIN_RUN_H

#include "common/output.h"
#include "files/continuation.h"
#include "files/dataset.h"
#include "options/train_options.h"
#include "recur/checkpoint.h"
#include "train/screen.h"

/* Where a run's checkpoints go. */
struct checkpoint {
    char *path;           /* NULL: none are written */
    char *note;           /* that goes into them: how the run was started */
    bool texts_elsewhere; /* a text does not lie in the checkpoint's folder */
    bool failed;          /* the last one could not be written */
    int lock;             /* of its file; -1: none */
};

struct run {
    const struct command *command;
    struct train_options options;
    struct arguments texts; /* as they were given, then the paths that were found for them */

    /* What it learns from. */
    recur_corpus *corpus;        /* of text; */
    recur_labels *train, *valid; /* of labelled texts, `valid` NULL where none is held out */
    recur_vocab *vocab;
    recur_printable given_name; /* of the text, for sentences */
    recur_printable name;       /* the same without its folder */
    struct dataset_paths datasets;
    char first_words[PREFIX_ROOM];

    recur_model *model;
    recur_trainer *trainer;
    recur_trainer_config config;
    struct checkpoint checkpoint;

    /* How far it is. */
    recur_step step;      /* the last minibatch; all zero before the first */
    recur_epoch epoch;    /* the last epoch, or what there is of the first */
    size_t tokens;        /* of a minibatch */
    uint64_t minibatches; /* trained since `started` */
    double started;       /* in recur_seconds() */
    bool failed;          /* it could not go on to its end */
    bool kept;            /* its model is in its file */

    /* What came of it. */
    recur_scores scores;           /* of labels */
    recur_json_writer predictions; /* a list: the prefixes with their continuations */

    struct screen screen;
    void **observed; /* the observers' states */

    /* --resume: where the run goes on from; NULL: it begins. */
    recur_checkpoint *resumed;
    size_t resumed_epochs;  /* what --epochs says besides; 0: nothing */
    recur_json *started_by; /* how the run was started, and its words in order */
    const char **words;
    char *output, **text; /* where its model and its texts are, which the user did not say again */
    size_t text_count;
};

/* What a checkpoint's name and the names of models end in. */
#define MODEL_END ".safetensors"
#define CHECKPOINT_END ".checkpoint" MODEL_END

/* A run from its options and texts to its model, and what it holds. */
int recur_run(struct run *run);
void recur_run_free(struct run *run);

/* The epoch whose parameters are kept so far, with its numbers; NULL where it is the last one for
 * want of a better. */
const recur_epoch *recur_run_best_epoch(const struct run *run);
/* The run ends in an epoch that is not finished, whose parameters are those that are kept. */
bool recur_run_ends_in_part(const struct run *run);
/* The epoch whose parameters are kept; 0 where that is part of one. */
uint64_t recur_run_kept_epoch(const struct run *run);

/* run_texts.c: finds and reads the texts; all tokens of them. */
int recur_run_read_texts(struct run *run);
size_t recur_run_tokens(const struct run *run);

/* run_prefixes.c: a run without --predict continues the text's own first words. */
int recur_run_choose_prefixes(struct run *run);
/* Continues prefix number `index` as after that minibatch of an epoch (0: after its last): the same
 * in any run that gets there. See recur_continuation. */
enum recur_status recur_run_continue(const struct run *run, size_t index, uint64_t epoch,
                                     size_t minibatch, char **text, size_t *size,
                                     recur_error *error);

/* run_origin.c: what the texts, which were found, are called together. */
void recur_run_name(struct run *run);
/* Puts that into the model, and how to train it again. */
int recur_run_set_origin(struct run *run);

/* run_outputs.c: checks every place where the run will write, before any work is done, and that
 * none of them is one of the texts, which are files or "-". */
int recur_run_check_outputs(struct run *run);
int recur_run_spare_texts(const struct run *run);
/* The value of an option whose kind is OPTION_FILE; NULL: none. */
const char *recur_run_file(const struct option_spec *option, const struct train_options *options);

/* observe_checkpoints.c: says where checkpoints go, and what is to be in them of the command line,
 * while the texts are as they were given. */
int recur_run_plan_checkpoints(struct run *run);

/* run_resume.c: reads the checkpoint, and puts the options and texts that the run was started with
 * in place of those of the command line, which may stand besides them. */
int recur_run_reopen(struct run *run);
/* Takes the run up, once its text was read: makes model and trainer. */
int recur_run_resume(struct run *run);
/* Whether the option may be said besides --resume, as it does not change how the run computes, or
 * only goes on with it. */
bool recur_run_is_free(const char *option);

/* run_files.c, what a checkpoint may say about files: the texts that it names become paths, files
 * in its folder and datasets that are on this machine. */
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

#endif
