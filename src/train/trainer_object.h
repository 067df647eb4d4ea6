/* The inside of recur_trainer, for what trains, for what writes a run down, and for runs of
 * labelled data. */
#ifndef RECUR_TRAIN_TRAINER_OBJECT_H
#define RECUR_TRAIN_TRAINER_OBJECT_H

#include "base/pace.h"
#include "nn/model_object.h"
#include "nn/pass.h"
#include "recur/labels.h"
#include "train/schedule.h"
#include "train/update.h"

struct recur_label_run;

/* What a run learns from and validates on is known again by. */
struct recur_identity {
    uint64_t tokens, fingerprint;
};

/* One tensor of recur_trainer_tensor: laid out as a parameter of the model, or a carried state. */
struct recur_state_tensor {
    char name[80];
    const struct recur_param *param; /* NULL for a state */
    real *values;                    /* the flat array, or the panels of the state */
    size_t stride, width;            /* of a state: from panel to panel, and H */
};

struct recur_trainer {
    recur_trainer_config config;
    recur_model *model;
    const recur_corpus *corpus;
    recur_batches *batches;
    size_t train_tokens, valid_tokens;

    struct recur_team *team;
    struct recur_team *solo;    /* one thread, which may be faster */
    struct recur_team *present; /* whichever runs a minibatch */
    struct recur_grid grids[2]; /* of the team and of one thread */
    struct recur_pace pace;
    struct recur_workspace work;
    struct recur_pass pass;
    struct recur_touched touched;
    struct recur_optimiser optimiser;
    struct recur_plateau plateau;
    real *gradients;
    real *kept;             /* parameters of the best finished epoch */
    int32_t *x, *y;         /* (T, B) */
    int32_t *ids, *targets; /* the same, by rows of the pass */

    uint64_t epochs, best_epoch; /* finished; 1-based, 0: none */
    double best_loss;

    size_t minibatch, minibatches; /* of this epoch; minibatches 0: not started */
    double lr, loss_sum, norm_sum, seconds;
    double loss, norm; /* of the last minibatch */
    bool diverged;
    double phase_seconds[RECUR_PHASES];

    bool ended; /* the kept parameters are back: what the run would go on with is gone */
    struct recur_state_tensor *tensor; /* what of the run is tensors, besides the model */
    size_t tensors;
    struct recur_identity identity; /* of the data, once it was asked for */
    bool identified;

    struct recur_label_run *labels; /* of a model that labels, in place of what reads the corpus;
                                       NULL: none */
};

/* Lists the tensors of a trainer that is otherwise complete. Errors: MEMORY. */
enum recur_status recur_trainer_list_tensors(struct recur_trainer *trainer, recur_error *error);

/* Checks the settings and readies what every run has: the team, the gradients, the optimiser, the
 * kept parameters. A minibatch has at most `tokens` tokens. */
enum recur_status recur_trainer_prepare(recur_trainer *trainer, size_t tokens, recur_error *error);

/* Starts epoch number `epoch` (from 0) of the data; returns how many minibatches it has. */
size_t recur_trainer_draw_epoch(recur_trainer *trainer, uint64_t epoch);

/* A run of labelled data. Starts an epoch and returns how many minibatches it has; passes over the
 * next `count`; puts the next one in place, false at the end; learns from it, up to the update; how
 * many tokens the epoch had so far; says in `epoch` how well what is held out is labelled. */
size_t recur_label_run_start(recur_trainer *trainer, uint64_t epoch);
void recur_label_run_skip(recur_trainer *trainer, size_t count);
bool recur_label_run_next(recur_trainer *trainer);
enum recur_status recur_label_run_learn(recur_trainer *trainer, recur_error *error);
size_t recur_label_run_tokens(const recur_trainer *trainer);
enum recur_status recur_label_run_validate(recur_trainer *trainer, recur_epoch *epoch,
                                           recur_error *error);
size_t recur_label_run_sequences(const recur_trainer *trainer); /* to learn from */
struct recur_identity recur_label_run_identity(const recur_trainer *trainer);
void recur_label_run_free(recur_trainer *trainer);

struct recur_identity recur_labels_identity(const recur_labels *train, const recur_labels *valid);

#endif
