/* The inside of recur_trainer, for what a run of labelled data shares with one of text. */
#ifndef RECUR_TRAIN_TRAINER_OBJECT_H
#define RECUR_TRAIN_TRAINER_OBJECT_H

#include "nn/model_object.h"
#include "nn/pass.h"
#include "train/schedule.h"
#include "train/update.h"

struct recur_label_run;

struct recur_trainer {
    recur_trainer_config config;
    recur_model *model;
    const recur_corpus *corpus;
    recur_batches *batches;
    size_t train_tokens, valid_tokens;

    struct recur_team *team;
    struct recur_workspace work;
    struct recur_pass pass;
    struct recur_optimiser optimiser;
    struct recur_plateau plateau;
    real *gradients;
    real *kept; /* parameters of the best finished epoch; of the last where nothing is held out */
    int32_t *x, *y; /* (T, B) */

    uint64_t epochs, best_epoch; /* finished; 1-based, 0: none */
    double best_loss;
    uint64_t step; /* minibatches of all epochs */

    size_t minibatch, minibatches; /* of this epoch; minibatches 0: not started */
    double lr, loss_sum, norm_sum, seconds;
    double loss, norm; /* of the last minibatch */
    double phase_seconds[RECUR_PHASES];

    struct recur_label_run *labels; /* of a model that labels, in place of what reads the corpus;
                                       NULL: none */
};

/* Checks the settings and readies what every run has: the team, the gradients, the optimiser, the
 * kept parameters. */
enum recur_status recur_trainer_prepare(recur_trainer *trainer, recur_error *error);

/* A run of labelled data. Starts an epoch and returns how many minibatches it has; puts the next
 * one in place, false at the end; learns from it, up to the update; how many tokens the epoch had
 * so far; scores what is held out. */
size_t recur_label_run_start(recur_trainer *trainer);
bool recur_label_run_next(recur_trainer *trainer);
enum recur_status recur_label_run_learn(recur_trainer *trainer, recur_error *error);
size_t recur_label_run_tokens(const recur_trainer *trainer);
enum recur_status recur_label_run_validate(recur_trainer *trainer, double *loss,
                                           recur_error *error);
void recur_label_run_free(recur_trainer *trainer);

#endif
