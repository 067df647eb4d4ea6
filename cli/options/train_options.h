/* What `recur train` can be told, presets, and what follows from it for the library. */
#ifndef RECUR_CLI_OPTIONS_TRAIN_OPTIONS_H
#define RECUR_CLI_OPTIONS_TRAIN_OPTIONS_H

#include "options/label_options.h"
#include "options/output_options.h"
#include "options/text_options.h"
#include "recur/model.h"
#include "recur/trainer.h"

struct train_options {
    const char *preset, *task;
    struct text_options text;
    uint64_t max_tokens;
    struct label_options columns;

    recur_model_config model;     /* with what follows: recur_train_model_config */
    recur_trainer_config trainer; /* likewise: recur_train_trainer_config */
    bool crf;
    struct count_list hidden;
    uint64_t layers, seed, threads;
    double validation; /* as it was given, and not as the float next to it */
    const char *device;

    struct output_options out;

    bool labels;                        /* the task is one of labelled texts */
    bool embedding_given, epochs_given; /* else they follow from the text */
    bool predict_given;                 /* by the user, not by a preset */
    bool predict_by_time;               /* --predict-every was not given, and is no preset's */
};

/* The rows of the option table. */
extern const struct option_spec recur_train_option_rows[];

/* Reads the command line, applies the preset where none of its options was given, and checks
 * that the options go together. As recur_options_parse; `arguments->given` leaves out what the
 * preset gave. Where --resume is among the options, they stand besides those of the run, which
 * decide about presets and what goes together. */
bool recur_train_options_parse(const struct command *command, int argc, char **argv,
                               struct train_options *options, struct arguments *arguments,
                               int *status);

/* Whether options that need a certain value of another, as --crf needs --task tag, have it. Says
 * what is wrong. */
bool recur_train_options_fit(const struct command *command, const struct train_options *options,
                             const struct arguments *given);

/* Name of preset number `index`, NULL past the last. */
const char *recur_preset_name(size_t index);

/* The task that they name. */
enum recur_task recur_train_task(const struct train_options *options);

/* `options` must outlive the result. */
recur_model_config recur_train_model_config(const struct train_options *options, size_t vocabulary);
recur_trainer_config recur_train_trainer_config(const struct train_options *options, size_t tokens);

#endif
