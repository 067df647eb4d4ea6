/* The inside of recur_trainer, for what trains and for what writes a run down. */
#ifndef RECUR_TRAIN_TRAINER_OBJECT_H
#define RECUR_TRAIN_TRAINER_OBJECT_H

#include "nn/model_object.h"
#include "nn/pass.h"
#include "train/schedule.h"
#include "train/update.h"

/* One tensor of recur_trainer_tensor: laid out as a parameter of the model, or a carried state. */
struct recur_state_tensor {
    char name[80];
    const struct recur_param *param; /* NULL for a state */
    real *values;                    /* the flat array, or the first panel (B, 32) of the state */
    size_t stride, width;            /* of a state: from panel to panel, and H */
};

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

    size_t minibatch, minibatches; /* of this epoch; minibatches 0: not started */
    double lr, loss_sum, norm_sum, seconds;
    double loss, norm; /* of the last minibatch */
    bool diverged;
    double phase_seconds[RECUR_PHASES];

    bool ended; /* the kept parameters are back: what the run would go on with is gone */
    struct recur_state_tensor *tensor; /* what of the run is tensors, besides the model */
    size_t tensors;
    uint64_t fingerprint; /* of the corpus, once it was asked for */
    bool has_fingerprint;
};

/* Lists the tensors of a trainer that is otherwise complete. Errors: MEMORY. */
enum recur_status recur_trainer_list_tensors(struct recur_trainer *trainer, recur_error *error);

#endif
