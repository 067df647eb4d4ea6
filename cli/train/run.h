/* One run of `recur train`: its state, which all of cli/train reads, and the functions that its
 * files offer each other. run.c controls the run; code that only looks on is an observer
 * (observer.h). Functions that return int return 0, or print the reason and return the exit
 * status. */
#ifndef RECUR_CLI_TRAIN_RUN_H
#define RECUR_CLI_TRAIN_RUN_H

#include "common/output.h"
#include "common/ranks.h"
#include "files/continuation.h"
#include "files/dataset.h"
#include "options/train_options.h"
#include "recur/checkpoint.h"
#include "train/pace.h"
#include "train/screen.h"

/* Where a run's checkpoints go. */
struct checkpoint {
    char *path;           /* NULL: there are no checkpoints */
    char *note;           /* goes into them: how the run was started */
    bool texts_elsewhere; /* a text is not in the checkpoint's folder */
    bool failed;          /* the last one could not be written */
    int lock;             /* the lock of its file; -1: none */
};

/* How a run fits its time (--time): what it knows of its own speed. */
struct fit {
    double end;        /* when the run is to end, in recur_seconds(); 0: whenever it is done */
    struct tempo step; /* of a minibatch, what observers do included */
    double validation; /* of a validation */
    double reading;    /* of a token in one, as measured; 0: not yet */
    double saving;     /* of all that comes after the last one */
    double last;       /* when the last minibatch ended; 0: none, or a validation was between */
    uint64_t begun;    /* minibatches before this start of the run */
    double most;       /* epochs after which it would only over-fit; 0: nobody knows */
    bool bounded;      /* they fit the time by the measured speed, and the user was told */
    bool decays;       /* the learning rate falls; only the end still moves */
    double text;       /* seconds until the text was read */
};

/* An option that recur chose. */
struct choice {
    const char *name;
    char value[40];
};
enum { CHOICES = 20 };

struct run {
    const struct command *command;
    struct ranks ranks;
    struct train_options options;
    struct arguments texts; /* first as the user gave them, then the paths that were found */

    /* What the run learns from. */
    recur_corpus *corpus; /* for a run on a text */
    /* For a run on labelled texts; `valid` is NULL where nothing is held out. */
    recur_labels *train, *valid;
    recur_vocab *vocab;
    recur_printable given_name; /* the text's name, for sentences */
    recur_printable name;       /* the same without the folder */
    struct dataset_paths datasets;
    char first_words[PREFIX_ROOM];

    /* --init-from: what the run goes on from, NULL: nothing; how many parameters the model has from
     * there, and how many tokens it has not. */
    recur_model *from;
    size_t inherited, new_tokens;
    /* On what is held out before the first update, accuracy of labels; NaN where it was not
     * measured, or says nothing. */
    double loss_before, accuracy_before;

    recur_model *model;
    recur_trainer *trainer;
    recur_trainer_config config;
    struct checkpoint checkpoint;

    struct choice choice[CHOICES];
    size_t choices;
    char why[160];  /* they were made */
    struct fit fit; /* to the time of --time */

    /* How far the run is. */
    recur_step step;      /* the last minibatch; all zero before the first one */
    recur_epoch epoch;    /* the last epoch, or the finished part of the first one */
    size_t tokens;        /* in a minibatch */
    uint64_t minibatches; /* trained since `started` */
    uint64_t of_step;     /* of them those of the last step: one, or up to --sync-every */
    double started;       /* in recur_seconds() */
    bool failed;          /* it could not go on to the end */
    bool kept;            /* the model is in its file */

    /* The run's result. */
    recur_scores scores;           /* scores of labels */
    recur_json_writer predictions; /* a list of the prefixes with their continuations */

    struct screen screen;
    void **observed; /* the observers' states */

    /* --resume: the run goes on from this checkpoint; NULL: it begins. */
    recur_checkpoint *resumed;
    bool spliced;           /* its rates are those of several schedules, which no command repeats */
    size_t resumed_epochs;  /* --epochs beside --resume; 0: it was not given */
    recur_json *started_by; /* how the run was started, and its words in order */
    const char **words;
    char *log;            /* where --dashboard has it, if --log does not say */
    char *output, **text; /* paths of model and texts, which the user did not repeat */
    size_t text_count;
};

/* The ending of checkpoints' and models' names. */
#define MODEL_END ".safetensors"
#define CHECKPOINT_END ".checkpoint" MODEL_END

/* Does a whole run, from options and texts to the model, and frees what it holds. */
int recur_run(struct run *run);
void recur_run_free(struct run *run);

/* The epoch whose parameters are kept so far, with its numbers; NULL where the last epoch's are
 * kept because no epoch is better. */
const recur_epoch *recur_run_best_epoch(const struct run *run);
/* Does the run end in an unfinished epoch, whose parameters are kept? */
bool recur_run_ends_in_part(const struct run *run);
/* Has validation not improved for --patience epochs? */
bool recur_run_is_out_of_patience(const struct run *run);
/* The epoch whose parameters are kept; 0 where it is an unfinished one. */
uint64_t recur_run_kept_epoch(const struct run *run);

/* run_inherit.c: opens the model that the run goes on from, and completes the options by it; says
 * how the text is read then; copies the parameters into the run's model. */
int recur_run_open_ancestor(struct run *run);
void recur_run_ancestral_text(const struct run *run, struct text_config *config);
enum recur_status recur_run_inherit(struct run *run, recur_error *error);
/* Warns where much of the text is unknown to the other model, and measures how good the run's is
 * before the first update. Call it once the trainer is made. */
int recur_run_compare(struct run *run);
/* Is no epoch better than the beginning? */
bool recur_run_gained_nothing(const struct run *run);

/* Makes the model and its trainer. */
int recur_run_create(struct run *run);
/* The tokens of an update; of labelled texts on average. */
size_t recur_run_minibatch_tokens(const struct run *run);

/* choose.c: chooses the options that the user leaves to recur, once the text was read. The second
 * one chooses one option. */
int recur_run_choose(struct run *run);
__attribute__((format(printf, 3, 4))) void
recur_run_choose_option(struct run *run, const char *name, const char *format, ...);

/* fit.c: begins to fit the run, which was just made or resumed, to its time. */
int recur_fit_begin(struct run *run);
/* Measures for about so long how many seconds a validation takes for a token, or says it without
 * measuring: forward alone is a third of training on it, `trained` seconds, where that has the
 * whole softmax. */
enum recur_status recur_fit_measure_reading(const struct run *run, double trained, double seconds,
                                            double *reading, recur_error *error);
/* Call it before each minibatch, and after each validation with the seconds that it took. */
int recur_fit_step(struct run *run);
void recur_fit_validated(struct run *run, double seconds);
/* How many minibatches the run can have until it would only over-fit; INFINITY: nobody knows. */
double recur_fit_most(const struct run *run);
/* Writes the length of a run that was fitted to a time into its options, and its command, which
 * needs no time, into the model. */
int recur_fit_end(struct run *run);

/* run_texts.c: is the run's text a store? */
bool recur_run_reads_store(const struct run *run);
/* Finds and reads the texts. The second function counts their tokens. */
int recur_run_read_texts(struct run *run);
size_t recur_run_tokens(const struct run *run);

/* run_prefixes.c: without --predict a run continues the first words of its text. */
int recur_run_choose_prefixes(struct run *run);
/* Continues prefix number `index` with the model after that minibatch of an epoch (0: after the
 * last). The result is the same in any run that gets there. See recur_continuation. */
enum recur_status recur_run_continue(const struct run *run, size_t index, uint64_t epoch,
                                     size_t minibatch, char **text, size_t *size,
                                     recur_error *error);

/* run_origin.c: the common name of the texts that were found. */
void recur_run_name(struct run *run);
/* Puts this name and the command that trains the model again into the model; no command where
 * none does. */
int recur_run_set_origin(struct run *run);

/* run_outputs.c: checks, before any work is done, every place where the run will write, and that
 * none of them is one of the texts, which are files or "-". */
int recur_run_check_outputs(struct run *run);
int recur_run_spare_texts(const struct run *run);
/* The value of an option of the kind OPTION_FILE; NULL: none. */
const char *recur_run_file(const struct option_spec *option, const struct train_options *options);

/* observe_checkpoints.c: decides where checkpoints go and what they say about the command line.
 * Call it while the texts are as the user gave them. */
int recur_run_plan_checkpoints(struct run *run);

/* observe_dashboard.c: checks --dashboard, and chooses the log that it reads. */
int recur_run_plan_dashboard(struct run *run);

/* run_resume.c: reads the checkpoint. The run's original options and texts replace those of the
 * command line, except those that may be given with --resume. */
int recur_run_reopen(struct run *run);
/* Resumes the run, once its text was read: makes model and trainer. */
int recur_run_resume(struct run *run);
/* Does the model that is kept depend on the option? */
bool recur_run_is_of_model(const char *option);

/* run_files.c decides what a checkpoint may say about files. Finds the paths of the texts that the
 * checkpoint names: files in its folder, and datasets that are on this machine. */
int recur_run_find_texts(struct run *run, struct arguments *texts);
/* Removes from `then`, the run's options, files that this call does not name in `given`. The
 * model's place follows from the checkpoint's own name. */
int recur_run_find_outputs(struct run *run, const struct option_set *given,
                           struct train_options *then, struct arguments *arguments);
/* The name that the note in the run's checkpoint gives a text, allocated. A text in the
 * checkpoint's folder is named by its path from there, so that both can be moved together; other
 * names are such that recur_run_text_within returns false. */
char *recur_run_text_name(const struct run *run, const char *text);
bool recur_run_text_within(const char *name);
/* Precedes a text on a command line, where its name would otherwise be an option. */
const char *recur_run_no_option(const char *text);
/* Prints on stderr the command that resumes the run, with the files that a checkpoint may not
 * name. */
void recur_run_print_resume(const struct run *run);

#endif
