/* The options of `recur train`, its presets, and the library's configurations that follow from
 * them. */
#ifndef RECUR_CLI_OPTIONS_TRAIN_OPTIONS_H
#define RECUR_CLI_OPTIONS_TRAIN_OPTIONS_H

#include "options/label_options.h"
#include "options/output_options.h"
#include "options/text_options.h"
#include "recur/model.h"
#include "recur/trainer.h"

struct train_options {
    const char *preset, *init_from, *vocabulary, *task;
    struct text_options text;
    uint64_t max_tokens;
    struct label_options columns;

    recur_model_config model;     /* incomplete: recur_train_model_config completes it */
    recur_trainer_config trainer; /* incomplete: recur_train_trainer_config completes it */
    bool crf, tied;
    struct count_list hidden;
    uint64_t layers, seed, threads, patience;
    double time;       /* seconds; 0: as long as it takes */
    double validation; /* as the user wrote it, not the float next to it */

    struct output_options out;

    bool labels;                        /* the task learns from labelled texts */
    bool embedding_given, epochs_given; /* otherwise they follow from the text */
    bool predict_given;                 /* given by the user, not by a preset */
    bool predict_by_time;               /* neither the user nor a preset gave --predict-every */
};

/* The rows of the option table. */
extern const struct option_spec recur_train_option_rows[];

/* Reads the command line as recur_options_parse does, applies the preset to options that were not
 * given, and checks that the options fit together. `arguments->given` leaves out the preset's
 * options. With --resume the options are combined with those of the run, and the run's decide about
 * presets and about what fits together. */
bool recur_train_options_parse(const struct command *command, int argc, char **argv,
                               struct train_options *options, struct arguments *arguments,
                               int *status);

/* With --init-from: options that were not given become those of the model that the run goes on
 * from; prints which given one contradicts it. Then checks what fits together. Returns 0 or the
 * exit status. */
int recur_train_options_inherit(const struct command *command, struct train_options *options,
                                const struct arguments *given, const recur_model *from);

/* The last part of reading the options, once all are known: do they fit together? Prints what is
 * wrong. */
bool recur_train_options_finish(const struct command *command, struct train_options *options,
                                const struct arguments *given);

/* Can a run with the schedule be fitted to a time, which moves its end? */
bool recur_train_schedule_fits(enum recur_schedule schedule);

/* Do options have the value of another option that they need, as --crf needs --task tag? Prints
 * what is wrong. */
bool recur_train_options_fit(const struct command *command, const struct train_options *options,
                             const struct arguments *given);

/* Can a model of the task and the tokens that the options name fill blanks, if that is its task?
 * Prints why not. */
bool recur_train_options_check_blanks(const struct command *command,
                                      const struct train_options *options);

/* Name of preset number `index`; NULL after the last. */
const char *recur_preset_name(size_t index);

/* The task that the options name. */
enum recur_task recur_train_task(const struct train_options *options);

/* `options` must outlive the result. */
recur_model_config recur_train_model_config(const struct train_options *options, size_t vocabulary);
recur_trainer_config recur_train_trainer_config(const struct train_options *options, size_t tokens);

#endif
