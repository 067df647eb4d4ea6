/* The inside of recur_trainer, for the code that trains, that saves a run, and for the kinds of
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

/* One tensor of recur_trainer_tensor: one of the learner's, or a carried state. */
struct recur_state_tensor {
    char name[80];
    enum recur_array array;
    size_t index; /* of the parameter, or the state's layer */
    size_t width; /* of a state: H; 0: it is none */
    bool c;       /* likewise: c, not h */
};

/* What runs differ in besides their source: how a minibatch is learned from, tokens of a text by
 * one engine (text_trainer.c), labelled texts by a labeller (label_trainer.c). */
struct recur_run_kind {
    void (*load)(recur_trainer *, struct recur_source_minibatch *);
    /* From what was loaded: loss, norm, update. */
    enum recur_status (*learn)(recur_trainer *, const struct recur_source_minibatch *,
                               recur_error *);
    enum recur_status (*validate)(recur_trainer *, recur_epoch *, recur_error *);
    void (*free)(recur_trainer *); /* the run; NULL: there is none */
};

struct recur_trainer {
    recur_trainer_config config;
    recur_model *model;
    const struct recur_run_kind *kind;
    void *run; /* the kind's own; NULL: it has none */
    struct recur_source *source;

    struct recur_team *team;
    const struct recur_backend *backend;
    struct recur_learner *learner; /* keeps the parameters of the best finished epoch */
    struct recur_engine *engine;   /* of a text; NULL: labels have their own */
    bool carries;                  /* the engine's states, from minibatch to minibatch */
    struct recur_plateau plateau;
    uint64_t updates;

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
};

/* ARGUMENT for a setting outside its range. */
enum recur_status recur_trainer_check(const recur_trainer_config *config, recur_error *error);

/* A trainer of that kind with a run of `size` bytes, all zero, or with none, and the settings that
 * were given, checked. Errors: MEMORY, ARGUMENT. Released by recur_trainer_free, also where what
 * follows fails. */
enum recur_status recur_trainer_make(recur_model *model, const struct recur_run_kind *kind,
                                     size_t size, const recur_trainer_config *config,
                                     recur_trainer **trainer, recur_error *error);

/* Lists the tensors of a trainer that is otherwise complete. Errors: MEMORY. */
enum recur_status recur_trainer_list_tensors(struct recur_trainer *trainer, recur_error *error);

/* Readies what every run has, once its source is there: the team and the learner. */
enum recur_status recur_trainer_prepare(recur_trainer *trainer, recur_error *error);

#endif
