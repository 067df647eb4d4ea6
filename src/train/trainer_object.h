/* The inside of recur_trainer, for the code that trains and that saves a run, and for the kinds of
 * runs. */
#ifndef RECUR_TRAIN_TRAINER_OBJECT_H
#define RECUR_TRAIN_TRAINER_OBJECT_H

#include "backend/backend.h"
#include "base/names.h"
#include "base/team.h"
#include "data/source.h"
#include "nn/model_object.h"
#include "recur/labels.h"
#include "train/schedule.h"

/* One tensor of recur_trainer_tensor: a tensor of the learner's or a carried state. */
struct recur_state_tensor {
    char name[80];
    enum recur_array array;
    size_t index; /* number of the parameter, or of the state's layer */
    size_t width; /* H of a state; 0: it is not a state */
    bool c;       /* a state is c and not h */
};

/* How kinds of runs differ besides their source: in how they learn from a minibatch. One engine
 * learns from the tokens of a text (text_trainer.c), a labeller from labelled texts
 * (label_trainer.c). */
struct recur_run_kind {
    void (*load)(recur_trainer *, struct recur_source_minibatch *);
    /* Learns from what was loaded: computes loss and norm, updates. */
    enum recur_status (*learn)(recur_trainer *, const struct recur_source_minibatch *,
                               recur_error *);
    enum recur_status (*validate)(recur_trainer *, recur_epoch *, recur_error *);
    void (*free)(recur_trainer *); /* frees `run`; NULL: there is no `run` */
};

struct recur_trainer {
    recur_trainer_config config;
    recur_model *model;
    const struct recur_run_kind *kind;
    void *run; /* belongs to the kind; NULL: it has none */
    struct recur_source *source;

    struct recur_team *team;
    const struct recur_backend *backend;
    struct recur_learner *learner; /* keeps the parameters of the best finished epoch */
    struct recur_engine *engine;   /* of a text; NULL: labellers have their own */
    bool carries;                  /* the engine's states are carried from minibatch to minibatch */
    struct recur_plateau plateau;
    uint64_t updates;

    uint64_t epochs, best_epoch; /* finished epochs; the best one's number from 1, 0: none */
    double best_loss;

    size_t minibatch, minibatches; /* of this epoch; 0 minibatches: it has not started */
    double lr, loss_sum, norm_sum, seconds;
    double loss, norm; /* those of the last minibatch */
    bool diverged;
    double phase_seconds[RECUR_PHASES];

    bool ended;                        /* the kept parameters are back, so the run cannot go on */
    struct recur_state_tensor *tensor; /* the run's tensors, besides those of the model */
    size_t tensors;
    struct recur_identity identity; /* the data's identity, once it was asked for */
    bool identified;
};

/* ARGUMENT where a setting is outside its range. */
enum recur_status recur_trainer_check(const recur_trainer_config *config, recur_error *error);

/* Makes a trainer of that kind with the given settings, which it checks. `run` gets `size` bytes,
 * all zero, or stays NULL for 0. Errors: MEMORY, ARGUMENT. Release it with recur_trainer_free, also
 * where a later step fails. */
enum recur_status recur_trainer_make(recur_model *model, const struct recur_run_kind *kind,
                                     size_t size, const recur_trainer_config *config,
                                     recur_trainer **trainer, recur_error *error);

/* Lists the tensors of a trainer that is complete except for this list. Errors: MEMORY. */
enum recur_status recur_trainer_list_tensors(struct recur_trainer *trainer, recur_error *error);

/* Makes the team and the learner, which every run has, once there is a source. */
enum recur_status recur_trainer_prepare(recur_trainer *trainer, recur_error *error);

#endif
