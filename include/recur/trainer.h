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
 * The model holds the same bits after every step whatever the number of threads. Nothing is
 * allocated inside a step.
 *
 * Threads: a trainer is used by one thread at a time, has a team of its own, and owns its model's
 * parameters while it lives; between steps sessions and evaluation may read them
 * (recur_stepper_refresh). */
#ifndef RECUR_TRAINER_H
#define RECUR_TRAINER_H

#include "recur/batches.h"
#include "recur/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One training run; opaque. */
typedef struct recur_trainer recur_trainer;

/* How parameters p move along their gradients g. */
enum recur_optimizer {
    RECUR_OPTIMIZER_SGD,     /* v = momentum v + g; p -= lr v */
    RECUR_OPTIMIZER_ADAM,    /* Kingma & Ba 2015, bias-corrected; weight_decay is added to g */
    RECUR_OPTIMIZER_ADAMW,   /* Loshchilov & Hutter 2019: p -= lr weight_decay p apart from g */
    RECUR_OPTIMIZER_RMSPROP, /* Tieleman & Hinton 2012, as torch.optim.RMSprop */
};

/* How the learning rate moves. */
enum recur_schedule {
    RECUR_SCHEDULE_CONSTANT, /* not at all */
    RECUR_SCHEDULE_COSINE,   /* linear warm-up, then half a cosine down to lr * lr_floor */
    RECUR_SCHEDULE_PLATEAU,  /* lr *= factor once the (validation) loss has not fallen for
                                more than `patience` epochs */
};

/* What the operands of products are. Parameters, states, gradients and sums are float either way,
 * and so is a saved model. bf16 is nearly twice as fast where the processor's own is (AMD's AVX-512
 * BF16; AMX and ARM's BF16 were not timed); elsewhere as fast as float at best. */
enum recur_precision { RECUR_PRECISION_F32, RECUR_PRECISION_BF16 };

/* The settings of a run. */
typedef struct recur_trainer_config {
    size_t size;                    /* as recur_trainer_config_default() sets it; leave it alone */
    size_t batch, steps;            /* B, T; default 32, 35 */
    enum recur_sampling sampling;   /* default sequential */
    size_t epochs;                  /* how long the run is to be: the cosine needs it; default 10 */
    enum recur_optimizer optimizer; /* default Adam */
    float lr;                       /* learning rate > 0; default 0.002 */
    float momentum;                 /* of sgd and rmsprop, [0, 1); default 0 */
    float beta1, beta2;             /* of adam and adamw, [0, 1); default 0.9, 0.999 */
    float alpha;                    /* of rmsprop, [0, 1); default 0.99 */
    float epsilon;                  /* of adam, adamw, rmsprop, > 0; default 1e-8 */
    float weight_decay;             /* >= 0; default 0 (adamw: 0.01 is usual) */
    float clip;                     /* global-norm clip >= 0; 0: none; default 1 */
    enum recur_schedule schedule;   /* default constant */
    float warmup;                   /* share of all minibatches, [0, 1); default 0.05 */
    float lr_floor;                 /* share of lr at the cosine's end, [0, 1]; default 0.1 */
    float factor;                   /* of plateau, (0, 1); default 0.5 */
    size_t patience;                /* of plateau, epochs; default 2 */
    float blanks;                   /* of a model that fills in: share of the tokens that its
                                       inputs lack while training, read as RECUR_UNKNOWN, so that it
                                       learns to step over blanks; [0, 1); default 0.1 */
    float validation;               /* share of the text's end held out, [0, 0.9]; default 0.1 */
    enum recur_precision precision; /* default f32 */
    uint64_t seed;                  /* of data order and dropout; default 1 */
    size_t threads;                 /* 0: as many as the process may use; default 0 */
} recur_trainer_config;

/* Writes the defaults to *config, a struct of `size` bytes: sizeof *config. */
RECUR_API void recur_trainer_config_init(recur_trainer_config *config, size_t size);

/* The defaults; every configuration begins as one. */
static inline recur_trainer_config recur_trainer_config_default(void)
{
    recur_trainer_config config;
    recur_trainer_config_init(&config, sizeof config);
    return config;
}

/* Plans and allocates everything the run will need. Model and corpus must outlive the trainer,
 * which belongs to the caller: recur_trainer_free. `config` may be NULL: the defaults.
 * A model that fills in reads each minibatch as texts of their own: no state is carried.
 * Errors: ARGUMENT (a value outside its range, a corpus of a larger vocabulary), DATA (the
 * text is too short; the sentence says how much is needed), MEMORY, UNSUPPORTED for a bidirectional
 * language model, which sees what it is to predict, and for a quantised one. */
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
 * nothing has changed then. */
RECUR_API enum recur_status recur_trainer_step(recur_trainer *trainer, recur_step *step,
                                               recur_error *error);

/* Ends the epoch: evaluates the held-out text, moves the schedule on, keeps the parameters where
 * they are the best so far, adds to the model's history. `epoch` may be NULL. Errors: MEMORY,
 * DIVERGED. */
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
 * The model's origin then says how it was trained. Errors: none. */
RECUR_API enum recur_status recur_trainer_finish(recur_trainer *trainer, recur_error *error);

/* The model that is trained. */
RECUR_API recur_model *recur_trainer_model(const recur_trainer *trainer);

/* The settings; they belong to the trainer. */
RECUR_API const recur_trainer_config *recur_trainer_get_config(const recur_trainer *trainer);

/* The epoch whose parameters recur_trainer_finish puts back, from 1; 0: it leaves the last ones. */
RECUR_API uint64_t recur_trainer_best_epoch(const recur_trainer *trainer);

/* How a model came to be, as its file keeps it (docs/formats.md#models). */
typedef struct recur_origin {
    uint64_t kept_epoch;   /* whose parameters the model has; 0: of none that was finished */
    uint64_t train_tokens; /* what it was trained on, and what was held out of that; 0 where */
    uint64_t valid_tokens; /* `settings` is NULL */
    const char *text;      /* what that is called; NULL: nobody said */
    const char *command;   /* how somebody would train it again; likewise */
    const recur_trainer_config *settings; /* NULL: recur_trainer_finish has not been called */
} recur_origin;

/* Where the model comes from, as recur_trainer_finish and recur_model_set_origin wrote it down or
 * its file has it; it belongs to the model. NULL where nothing is known. A file can say anything of
 * itself: this is to be shown (recur_show) and never to be acted upon. */
RECUR_API const recur_origin *recur_model_origin(const recur_model *model);

/* Says what the text is called that the model is trained on, and by which command, both UTF-8 and
 * copied; NULL: nothing. Whoever gets the model's file can read them. Errors: ARGUMENT where one is
 * not UTF-8, MEMORY; the model says what it said before. */
RECUR_API enum recur_status recur_model_set_origin(recur_model *model, const char *text,
                                                   const char *command, recur_error *error);

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
} recur_trainer_state;

/* Writes down where the run stands. Errors: ARGUMENT once the kept parameters were put back
 * (recur_trainer_finish, DIVERGED): what the run would go on with is gone then. */
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
 * "training.best.NAME", the parameters that recur_trainer_finish would keep. And "training.h_l0",
 * ..., for LSTMs "training.c_l0", ..., each (B, H): the states carried into the next minibatch,
 * where states are carried. */
RECUR_API size_t recur_trainer_tensors(const recur_trainer *trainer);

/* The name and shape of tensor number `index`; the name belongs to the trainer. */
RECUR_API recur_tensor_info recur_trainer_tensor(const recur_trainer *trainer, size_t index);

/* Copies a tensor's values, row-major, to `values`, which has room for shape[0] * shape[1]. */
RECUR_API void recur_trainer_get_tensor(const recur_trainer *trainer, size_t index, float *values);

/* Sets them, row-major. */
RECUR_API void recur_trainer_set_tensor(recur_trainer *trainer, size_t index, const float *values);

/* Where the time of a minibatch goes. */
enum recur_phase {
    RECUR_PHASE_LOAD,     /* drawing the minibatch from the corpus */
    RECUR_PHASE_INPUT,    /* look-ups and input products of every layer */
    RECUR_PHASE_FORWARD,  /* the recurrent steps */
    RECUR_PHASE_HEAD,     /* logits, softmax, their gradients, both ways */
    RECUR_PHASE_BACKWARD, /* the recurrent steps back, and gradients of the layers' inputs */
    RECUR_PHASE_GRADIENT, /* weight gradients */
    RECUR_PHASE_UPDATE,   /* norm, clipping, optimiser, the weights' transposed copies */
    RECUR_PHASES,         /* how many there are */
};

/* Seconds that the trainer's first thread spent in each phase since the trainer was made, waiting
 * for the others included; RECUR_PHASES numbers that belong to the trainer. */
RECUR_API const double *recur_trainer_phases(const recur_trainer *trainer);

/* The name as `recur bench` prints it; static storage. */
RECUR_API const char *recur_phase_name(enum recur_phase phase);

/* The name as the command line spells it: "sgd", "adam", "adamw" or "rmsprop"; static storage. */
RECUR_API const char *recur_optimizer_name(enum recur_optimizer optimizer);

/* Likewise: "f32" or "bf16". */
RECUR_API const char *recur_precision_name(enum recur_precision precision);

/* Likewise: "constant", "cosine" or "plateau". */
RECUR_API const char *recur_schedule_name(enum recur_schedule schedule);

/* The optimizer of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_optimizer_parse(const char *name, enum recur_optimizer *optimizer,
                                                  recur_error *error);

/* The precision of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_precision_parse(const char *name, enum recur_precision *precision,
                                                  recur_error *error);

/* The schedule of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_schedule_parse(const char *name, enum recur_schedule *schedule,
                                                 recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
