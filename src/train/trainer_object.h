/* The inside of recur_trainer, for the code that trains and that saves a run, and for the kinds of
 * runs. */
#ifndef RECUR_TRAIN_TRAINER_OBJECT_H
#define RECUR_TRAIN_TRAINER_OBJECT_H

#include "backend/backend.h"
#include "base/clock.h"
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
    /* An update: draws `turns` minibatches and learns from them; computes loss and norm. */
    enum recur_status (*learn)(recur_trainer *, recur_error *);
    enum recur_status (*validate)(recur_trainer *, recur_epoch *, recur_error *);
    void (*free)(recur_trainer *); /* frees `run`; NULL: there is no `run` */
    /* Plans the engines for the learner that is there, and frees them again: a run may be planned a
     * second time. */
    enum recur_status (*plan)(recur_trainer *, recur_error *);
    void (*unplan)(recur_trainer *);
    bool apart; /* each block of a minibatch is a pass of its own */
};

struct recur_trainer {
    recur_trainer_config config;
    recur_model *model;
    const struct recur_run_kind *kind;
    void *run; /* belongs to the kind; NULL: it has none */
    struct recur_source *source;

    struct recur_collective
        *collective;     /* with the other ranks; NULL: minibatches have no blocks */
    recur_ranks alone;   /* the communicator of one rank */
    size_t first, own;   /* the sequences of a text's minibatch that this rank has */
    float *states;       /* carried ones of all ranks, (B, H) of each tensor; NULL: this
                            rank has all of them */
    uint64_t gathered;   /* the minibatch, of all epochs, after which they are */
    double (*learnt)[3]; /* (ranks): loss, norm and updates of each since the last mean */
    size_t *at;          /* (ranks + 1): where the states of each begin, in bytes */
    bool local;          /* ranks learn by themselves and take means of what they have learnt */
    bool idle;           /* likewise, but this one has no labels in the present update */
    bool agreed;         /* the ranks have the same data and settings */
    bool stop_asked;     /* where there are no other ranks */

    struct recur_team *team;
    struct recur_placement before; /* where the model was computed before the run */
    const struct recur_backend *backend;
    struct recur_learner *learner; /* keeps the parameters of the best finished epoch */
    struct recur_engine *engine;   /* of a text; NULL: labellers have their own */
    bool carries;                  /* the engine's states are carried from minibatch to minibatch */
    struct recur_plateau plateau;
    uint64_t updates;

    uint64_t epochs, best_epoch; /* finished epochs; the best one's number from 1, 0: none */
    double best_loss;

    size_t minibatch, minibatches; /* of this epoch; 0 minibatches: it has not started. Where
                                      gradients are accumulated, these are updates */
    size_t drawn; /* how many minibatches the epoch has, of which updates have several */
    size_t turn,
        turns; /* the present minibatch's number in its update, from 0; how many those are */
    uint64_t averaged; /* updates of which the learner has the mean */
    double average;    /* the last one's weight in it; 0: it is none of them */
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

/* How the next update is made. */
static inline struct recur_learning recur_trainer_learning(const struct recur_trainer *trainer)
{
    return (struct recur_learning){
        .lr = trainer->lr, .number = trainer->updates + 1, .average = trainer->average};
}

/* Adds the seconds since `start` to those of loading minibatches. */
static inline void recur_trainer_loaded(struct recur_trainer *trainer, double start)
{
    trainer->phase_seconds[RECUR_PHASE_LOAD] += recur_clock() - start;
}

/* The number of the present minibatch among all that were drawn, from 0. */
static inline uint64_t recur_trainer_number(const struct recur_trainer *trainer)
{
    return trainer->updates * trainer->config.accumulate + trainer->turn;
}

/* How many updates learn from so many minibatches of an epoch. */
static inline size_t recur_trainer_updates_of(const struct recur_trainer *trainer, size_t count)
{
    size_t each = trainer->config.accumulate;
    return count / each + (count % each > 0);
}

/* The loss by which an epoch is judged. */
static inline double recur_trainer_judged(const struct recur_trainer *trainer,
                                          const recur_epoch *epoch)
{
    return trainer->source->held_out.tokens ? epoch->valid_loss : epoch->loss;
}

/* ARGUMENT where a setting is outside its range. */
enum recur_status recur_trainer_check(const recur_trainer_config *config, recur_error *error);

/* Makes a trainer of that kind with the given settings, which it checks. `run` gets `size` bytes,
 * all zero, or stays NULL for 0. Errors: MEMORY, ARGUMENT. Release it with recur_trainer_free, also
 * where a later step fails. */
enum recur_status recur_trainer_make(recur_model *model, const struct recur_run_kind *kind,
                                     size_t size, const recur_trainer_config *config,
                                     recur_trainer **trainer, recur_error *error);

/* Where the setting `updates` says how long the run is, sets `epochs` to those that it takes. */
void recur_trainer_count_epochs(recur_trainer *trainer);

/* Lists the tensors of a trainer that is complete except for this list. Errors: MEMORY. */
enum recur_status recur_trainer_list_tensors(struct recur_trainer *trainer, recur_error *error);

/* Once there is a source: divides its minibatches among the ranks. Errors: ARGUMENT, UNSUPPORTED,
 * MEMORY. */
enum recur_status recur_trainer_divide(recur_trainer *trainer, recur_error *error);

/* Compares what the ranks compute on; *differ becomes a sentence where that is not the same. */
enum recur_status recur_trainer_compare_devices(recur_trainer *trainer, recur_error *differ,
                                                recur_error *error);

/* Before the first minibatch: DATA where another rank has other data, settings or parameters, or
 * computes on another device. */
enum recur_status recur_trainer_agree(recur_trainer *trainer, recur_error *error);

/* Where ranks learn by themselves: each takes the mean over all ranks of what it has learnt. In
 * come the sums over its own updates that had something to learn from, out the mean of an update.
 */
enum recur_status recur_trainer_take_mean(recur_trainer *trainer, size_t updates, double *loss,
                                          double *norm, recur_error *error);

/* Brings the carried states of all ranks together. */
enum recur_status recur_trainer_gather_states(recur_trainer *trainer, recur_error *error);

/* The identity of the data; it is computed once. */
struct recur_identity recur_trainer_identity(recur_trainer *trainer);

/* Chooses the device and plans the run, once there is a source. */
enum recur_status recur_trainer_prepare(recur_trainer *trainer, recur_error *error);

#endif
