/* recur/trainer.h - one training run: minibatches, truncated back-propagation through time,
 * clipping, an optimiser, a learning-rate schedule, validation.
 *
 *     enum recur_status status = recur_trainer_create(model, corpus, &config, &trainer, error);
 *     if (status != RECUR_OK)
 *         return status;
 *     for (size_t e = 0; e < config.epochs && status == RECUR_OK; e++) {
 *         recur_epoch epoch;
 *         status = recur_trainer_epoch(trainer, &epoch, error);
 *         if (status == RECUR_OK)
 *             printf("epoch %zu: %.2f nats per token, %.2f on held-out text\n", e + 1, epoch.loss,
 *                    epoch.valid_loss);
 *     }
 *     if (status == RECUR_OK)
 *         status = recur_trainer_finish(trainer, error);
 *     recur_trainer_free(trainer);
 *
 * After every step the model holds the same bits for any number of threads. Nothing is allocated
 * inside a step.
 *
 * Threads: one thread at a time uses a trainer. The trainer has a team of its own and owns its
 * model's parameters while it lives; between steps, sessions and evaluation may read them
 * (recur_stepper_refresh). */
#ifndef RECUR_TRAINER_H
#define RECUR_TRAINER_H

#include "recur/batches.h"
#include "recur/model.h"
#include "recur/training.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One training run; opaque. */
typedef struct recur_trainer recur_trainer;

/* Plans and allocates everything the run will need. Model and corpus must outlive the trainer,
 * which belongs to the caller: recur_trainer_free. `config` may be NULL: the defaults.
 * A model that fills in reads each minibatch as texts of their own: no state is carried.
 * Errors: ARGUMENT (a value outside its range, a corpus of a larger vocabulary), DATA (the
 * text is too short; the sentence says how much is needed), MEMORY, UNSUPPORTED for a bidirectional
 * language model, which sees what it is to predict, for a quantised one, and for settings that do
 * not go together: recur/training.h says which. */
RECUR_API enum recur_status recur_trainer_create(recur_model *model, const recur_corpus *corpus,
                                                 const recur_trainer_config *config,
                                                 recur_trainer **trainer, recur_error *error);

/* Releases a trainer; the model keeps the parameters it has. NULL is fine. */
RECUR_API void recur_trainer_free(recur_trainer *trainer);

/* What one minibatch came to. */
typedef struct recur_step {
    uint64_t epoch;       /* from 1 */
    size_t minibatch;     /* from 1, in this epoch */
    size_t minibatches;   /* of this epoch */
    double loss;          /* mean over the minibatch's B*T tokens, nats, before the update */
    double epoch_loss;    /* mean over the epoch so far */
    double gradient_norm; /* global norm before clipping */
    double lr;            /* used for this minibatch */
    double seconds;       /* of training in this epoch so far */
    bool end_of_epoch;    /* recur_trainer_end_epoch is due */
} recur_step;

/* Trains on one minibatch; `step` may be NULL. Errors: ARGUMENT where the epoch is over and
 * recur_trainer_end_epoch is due; DIVERGED where the loss, its perplexity e^loss unless labels are
 * learnt, or the gradient's norm is not finite: the parameters are then those of the best finished
 * epoch (the initial ones where there is none), and the sentence says at which minibatch it
 * happened and what to try. The run is over then: every further step and end of an epoch fails in
 * the same way. MEMORY where a child process may start no threads (recur/recur.h, "Processes"):
 * nothing has changed then. DEVICE where a GPU fails: every further step fails so too, and the
 * parameters are worth nothing; the run goes on from its last checkpoint alone. */
RECUR_API enum recur_status recur_trainer_step(recur_trainer *trainer, recur_step *step,
                                               recur_error *error);

/* Asks all ranks to stop: each learns of it with the next minibatch. */
RECUR_API void recur_trainer_ask_stop(recur_trainer *trainer);

/* Whether a rank had asked before the last minibatch. All ranks get the same answer after the same
 * minibatch, so that they may end a run together. */
RECUR_API int recur_trainer_stop_asked(const recur_trainer *trainer);

/* Ends the epoch: evaluates the held-out text, moves the schedule on, keeps the parameters where
 * they are the best so far, adds to the model's history. `epoch` may be NULL. Errors: MEMORY,
 * DIVERGED, DEVICE. */
RECUR_API enum recur_status recur_trainer_end_epoch(recur_trainer *trainer, recur_epoch *epoch,
                                                    recur_error *error);

/* One whole epoch: steps to its end, then recur_trainer_end_epoch. `epoch` may be NULL. Errors: as
 * those of both. */
RECUR_API enum recur_status recur_trainer_epoch(recur_trainer *trainer, recur_epoch *epoch,
                                                recur_error *error);

/* Ends the run, at any point: the model gets the parameters of the best finished epoch, the one
 * with the lowest validation loss. Where nothing is held out that is the one with the lowest
 * training loss: a large learning rate can spoil a model in a run's last epochs; but after a part
 * of a further epoch, or before the end of the first, the model keeps the last ones.
 * The model's origin then says how it was trained. Errors: DEVICE. */
RECUR_API enum recur_status recur_trainer_finish(recur_trainer *trainer, recur_error *error);

/* The model that is trained. */
RECUR_API recur_model *recur_trainer_model(const recur_trainer *trainer);

/* The settings; they belong to the trainer. */
RECUR_API const recur_trainer_config *recur_trainer_get_config(const recur_trainer *trainer);

/* The epoch whose parameters recur_trainer_finish puts back, from 1; 0: it leaves the last ones. */
RECUR_API uint64_t recur_trainer_best_epoch(const recur_trainer *trainer);

/* Gives a run that is under way another length: the settings `updates`, by which the number of
 * epochs follows, `stable` and `decay`. So a run with the schedule wsd, whose warm-up is a number
 * of minibatches, can fit a time: the rates until now stay what they were as long as its decay has
 * not begun, and a run that is given these settings from the start ends with the same bits.
 * Errors: ARGUMENT where so many minibatches are behind it, or a number is impossible. */
RECUR_API enum recur_status recur_trainer_set_length(recur_trainer *trainer, size_t updates,
                                                     size_t stable, size_t decay,
                                                     recur_error *error);

/* How many minibatches were finished, in all epochs. */
RECUR_API uint64_t recur_trainer_updates(const recur_trainer *trainer);

/* Of how many updates, the last ones, the run has the mean of the parameters; 0 before it begins
 * and where there is none. */
RECUR_API uint64_t recur_trainer_averaged(const recur_trainer *trainer);

/* Is the run as long as it was to be: were `epochs` of its settings finished, or as many
 * minibatches as `updates` says? */
RECUR_API bool recur_trainer_over(const recur_trainer *trainer);

/* How many epochs were finished. */
RECUR_API uint64_t recur_trainer_epochs(const recur_trainer *trainer);

/* How many tokens are trained on. */
RECUR_API size_t recur_trainer_train_tokens(const recur_trainer *trainer);

/* How many tokens are held out. */
RECUR_API size_t recur_trainer_valid_tokens(const recur_trainer *trainer);

/* How many threads the trainer has. */
RECUR_API size_t recur_trainer_threads(const recur_trainer *trainer);

/* Where a run stands. With the model, the tensors below and the same text it goes on from there to
 * the bit: random numbers are drawn from the seed and these counters, and there is no other random
 * state. recur/checkpoint.h writes all of it into a file and takes the run up again. */
typedef struct recur_trainer_state {
    uint64_t text_tokens, text_fingerprint; /* of the corpus: recur_corpus_fingerprint; or of the
                                               labelled texts, those held out too */
    uint64_t epochs;                        /* finished */
    uint64_t minibatch;                     /* finished of the epoch that is under way */
    uint64_t updates;                       /* minibatches finished in all epochs */
    double loss_sum, norm_sum, seconds;     /* over the minibatches of the epoch under way */
    double lr;                              /* of the last minibatch; 0 before the first */
    uint64_t best_epoch;                    /* from 1; 0: none yet */
    double best_loss;      /* its validation loss, or training loss; NaN where there is none */
    double plateau_factor; /* what the schedule plateau multiplies lr by; 1 at first */
    double plateau_best;   /* the lowest loss it met; 0 before the first epoch's end */
    uint64_t plateau_bad_epochs; /* since */
    uint64_t averaged;           /* updates of which the run has the mean of the parameters */
} recur_trainer_state;

/* Writes down where the run stands. On several ranks it also brings the carried states of all of
 * them together, for which all ranks call it after the same minibatch. Errors: ARGUMENT once the
 * kept parameters were put back (recur_trainer_finish, DIVERGED): what the run would go on with is
 * gone then; DEVICE where a GPU has failed, perhaps since the last step: tensors that were read of
 * the trainer are worth nothing then. */
RECUR_API enum recur_status recur_trainer_get_state(recur_trainer *trainer,
                                                    recur_trainer_state *state, recur_error *error);

/* Moves a trainer to `state`, after the tensors were set; its model must have the history of the
 * finished epochs. Errors: as recur_trainer_check_text or, of labelled texts,
 * recur_trainer_check_labels (recur/labels.h); ARGUMENT where a number is impossible or
 * does not go with the others. */
RECUR_API enum recur_status recur_trainer_set_state(recur_trainer *trainer,
                                                    const recur_trainer_state *state,
                                                    recur_error *error);

/* Is the corpus the run's? Errors: DATA where the text is not the one that the run began with. */
RECUR_API enum recur_status recur_trainer_check_text(const recur_trainer_state *state,
                                                     const recur_corpus *corpus,
                                                     recur_error *error);

#define RECUR_TRAINING_PREFIX "training." /* which the names below begin with */

/* How many tensors the run has besides the model's parameters, each in its parameter's shape:
 * "training.first.NAME" and "training.second.NAME", the optimiser's moments where it has them;
 * "training.best.NAME", the parameters that recur_trainer_finish would keep;
 * "training.average.NAME", their mean over updates, where the run has one. And "training.h_l0",
 * ..., for LSTMs "training.c_l0", ..., each (B, H): the states carried into the next minibatch,
 * where states are carried. */
RECUR_API size_t recur_trainer_tensors(const recur_trainer *trainer);

/* The name and shape of tensor number `index`; the name belongs to the trainer. */
RECUR_API recur_tensor_info recur_trainer_tensor(const recur_trainer *trainer, size_t index);

/* Copies a tensor's values, row-major, to `values`, which has room for shape[0] * shape[1]. */
RECUR_API void recur_trainer_get_tensor(const recur_trainer *trainer, size_t index, float *values);

/* Sets them, row-major. */
RECUR_API void recur_trainer_set_tensor(recur_trainer *trainer, size_t index, const float *values);

/* Seconds that the trainer's first thread spent in each phase since the trainer was made, waiting
 * for the others included; RECUR_PHASES numbers that belong to the trainer. */
RECUR_API const double *recur_trainer_phases(const recur_trainer *trainer);

#ifdef __cplusplus
}
#endif

#endif
