/* recur/training.h - what all training has in common: the settings, the phases of a minibatch, and
 * a model's origin, which says how it was trained.
 *
 *     recur_trainer_config config = recur_trainer_config_default();
 *     recur_trainer *trainer;
 *     config.epochs = epochs;
 *     config.batch = 16;
 *     config.lr = 0.005F;
 *     config.schedule = RECUR_SCHEDULE_COSINE;
 *     enum recur_status status = recur_trainer_create(model, corpus, &config, &trainer, error);
 *
 * recur/trainer.h trains with all of these settings, recur/stack.h with some of them. */
#ifndef RECUR_TRAINING_H
#define RECUR_TRAINING_H

#include "recur/batches.h"
#include "recur/machine.h"
#include "recur/model.h"
#include "recur/ranks.h"

#ifdef __cplusplus
extern "C" {
#endif

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
    RECUR_SCHEDULE_WSD,      /* warm-up, stable, decay (Hu et al. 2024): linear warm-up, then lr,
                                then down to lr * lr_floor over the last `decay` */
    RECUR_SCHEDULE_ONECYCLE, /* Smith & Topin 2018: half a cosine from lr / 25 up to lr over the
                                first `warmup`, 0.3 is usual, then one down to lr * lr_floor */
};

/* What is judged after each epoch and kept: the parameters, or a mean of those that they have had
 * (docs/math.md#averaged-parameters). */
enum recur_average {
    RECUR_AVERAGE_NONE, /* the parameters themselves */
    RECUR_AVERAGE_EMA,  /* an exponential moving average over all updates so far */
    RECUR_AVERAGE_SWA,  /* from average_start of the run on, the mean of all parameters
                           since (Izmailov et al. 2018; Polyak & Juditsky 1992) */
    RECUR_AVERAGE_ASGD, /* the same mean, which begins once the loss that is judged has been no
                           lower for more than `patience` epochs (NT-ASGD, Merity et al. 2017) */
};

/* What the operands of products are. Parameters, states, gradients and sums are float either way,
 * and so is a saved model. bf16 is nearly twice as fast where the processor's own is (AMD's AVX-512
 * BF16; AMX and ARM's BF16 were not timed); elsewhere as fast as float at best. */
enum recur_precision { RECUR_PRECISION_F32, RECUR_PRECISION_BF16 };

/* How several ranks add their gradients. */
enum recur_reduce {
    RECUR_REDUCE_EXACT, /* in the order of the blocks: the bits are those of any number of ranks */
    RECUR_REDUCE_FAST,  /* as the communicator likes: its own function `sum`. A gradient differs
                           from the exact one by at most (m - 1) 2^-23 of the sum of the absolute
                           values of the m sums over blocks that all ranks have together, and may
                           differ from run to run */
};

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
    float warmup;                   /* share of all minibatches or, from 1 on, how many; of cosine,
                                       wsd and onecycle; default 0.05 */
    float lr_floor;                 /* share of lr at their end, [0, 1]; default 0.1 */
    float factor;                   /* of plateau, (0, 1); default 0.5 */
    size_t patience;                /* of plateau, epochs; default 2 */
    float blanks;                   /* of a model that fills in: share of the tokens that its
                                       inputs lack while training, read as RECUR_UNKNOWN, so that it
                                       learns to step over blanks; [0, 1); default 0.1 */
    float validation;               /* share of the text's end held out, [0, 0.9]; default 0.1 */
    enum recur_precision precision; /* default f32 */
    enum recur_device device;       /* what computes; default auto. Two devices compute the same but
                                       for the last bits */
    uint64_t seed;                  /* of data order and dropout; default 1 */
    size_t threads;                 /* 0: as many as the process may use; default 0 */
    size_t freeze;                  /* the lowest layers, so many, and the embedding keep their
                                       parameters, as a model's that one goes on from
                                       (recur_model_inherit); what reads the characters of words is
                                       trained; [0, L]; default 0 */
    size_t updates;                 /* minibatches after which the run ends, also within an epoch,
                                       which is then a short one; the trainer sets `epochs` to about
                                       what that takes. Default 0: the run ends after `epochs` */
    float stable;                   /* of wsd, minibatches at lr, a share of all or, from 1 on, how
                                       many; default 0: what warm-up and decay leave */
    float decay;                    /* of wsd, those of the decay; likewise; default 0.3 */
    size_t blocks;                  /* equal parts of a minibatch, whose gradients and losses
                                       are summed one by one and then pairwise, so that any number
                                       of ranks up to this one gets the same bits; divides `batch`.
                                       Default 0: on one rank there are no blocks; in a
                                       communicator as many as leave blocks of 8 sequences, at most
                                       16, at least 4; a power of two that divides `batch` */
    size_t rank_seconds;            /* after so many seconds without an answer a rank gives another
                                       one up; default 45 */
    const recur_ranks *ranks;       /* the communicator, which must outlive the trainer; default
                                       NULL: one rank trains */
    enum recur_average average;     /* what is judged and kept; default none */
    float average_decay;            /* of ema, for each update, [0, 1); default 0.99 */
    double average_start;           /* of swa: share of the run before it or, from 1 on, how many
                                       minibatches; default 0.75 */
    size_t accumulate;              /* K: an update learns from K minibatches, or from those that
                                       are left of the epoch: its gradient is that of the mean loss
                                       over all their tokens or labels, as of one minibatch of K
                                       times the sequences. Wherever a run counts minibatches
                                       (updates, warmup, stable, decay, recur_step) it counts
                                       updates; default 1 */
    enum recur_reduce reduce;       /* of ranks; default exact */
    enum recur_precision reduce_precision; /* of gradients on their way between ranks: bf16 halves
                                              the bytes. Each rank's sums are rounded once and the
                                              total once, to the nearest, by at most 2^-9 of each
                                              number; sums are made in float. The same number of
                                              ranks gives the same bits. Only with reduce exact;
                                              default f32 */
    size_t sampled_softmax; /* of texts: each minibatch learns from the softmax over so many
                               tokens that are drawn, and its targets, rather than over the
                               whole vocabulary, of which it is half at most; what has no
                               gradient then is not moved (docs/math.md#sampled-softmax).
                               Only with accumulate 1. Default 0: over the whole vocabulary */
    double ar;              /* of a model of the task lm: weight of the mean square of what
                               the head reads, >= 0 (activation regularisation: Merity,
                               McCann & Socher 2017). It is added to the loss that is
                               minimised, not to the one that is reported; default 0 */
    size_t sync_every;      /* of several ranks, N > 1: each rank learns from its part of the
                               minibatches by itself, and after N updates, and at an epoch's
                               end, all take the mean of their parameters, moments and
                               averages (local SGD, Stich 2019). recur_trainer_step does all
                               updates up to there. Each rank is one block, so that `blocks`
                               is the number of ranks, and other numbers of ranks compute
                               other bits. Only with reduce exact, reduce_precision f32 and
                               sampled_softmax 0;      default 1: ranks add their gradients */
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

/* Can recur train such a model so on that device, if the machine has it? Nothing is opened or
 * looked for. Always on the CPU, and with `auto`, which takes the CPU where a GPU cannot. NULL: the
 * defaults. Errors: UNSUPPORTED, the sentence says what it cannot do yet; DEVICE where this build
 * has no kernels for that device; ARGUMENT (an unknown device). */
RECUR_API enum recur_status recur_device_trains(enum recur_device device,
                                                const recur_model_config *model,
                                                const recur_trainer_config *config,
                                                recur_error *error);

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

/* A model that another one began with (recur_model_inherit). */
typedef struct recur_ancestor {
    const char *text, *command; /* as those of its own origin; NULL: nobody said */
    uint64_t train_tokens;      /* 0: not known */
} recur_ancestor;

/* How a model came to be, as its file keeps it (docs/formats.md#models). */
typedef struct recur_origin {
    uint64_t kept_epoch;   /* whose parameters the model has; 0: of none that was finished */
    uint64_t train_tokens; /* what it was trained on, and what was held out of that; 0 where */
    uint64_t valid_tokens; /* `settings` is NULL */
    const char *text;      /* what that is called; NULL: nobody said */
    const char *command;   /* how somebody would train it again; likewise */
    const recur_trainer_config *settings; /* NULL: recur_trainer_finish has not been called */
    const recur_ancestor *ancestors;      /* what the model went on from, the last one first */
    size_t ancestor_count;
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

/* The name as `recur bench` prints it; static storage. */
RECUR_API const char *recur_phase_name(enum recur_phase phase);

/* The name as the command line spells it: "sgd", "adam", "adamw" or "rmsprop"; static storage. */
RECUR_API const char *recur_optimizer_name(enum recur_optimizer optimizer);

/* Likewise: "f32" or "bf16". */
RECUR_API const char *recur_precision_name(enum recur_precision precision);

/* Likewise: "constant", "cosine", "plateau", "wsd" or "onecycle". */
RECUR_API const char *recur_schedule_name(enum recur_schedule schedule);

/* Likewise: "none", "ema", "swa" or "asgd". */
RECUR_API const char *recur_average_name(enum recur_average average);

/* Likewise: "exact" or "fast". */
RECUR_API const char *recur_reduce_name(enum recur_reduce reduce);

/* Does the rate's course depend on how long the run is to be? */
RECUR_API bool recur_schedule_planned(enum recur_schedule schedule);

/* The optimizer of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_optimizer_parse(const char *name, enum recur_optimizer *optimizer,
                                                  recur_error *error);

/* The precision of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_precision_parse(const char *name, enum recur_precision *precision,
                                                  recur_error *error);

/* The schedule of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_schedule_parse(const char *name, enum recur_schedule *schedule,
                                                 recur_error *error);

/* The average of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_average_parse(const char *name, enum recur_average *average,
                                                recur_error *error);

/* The way of adding gradients of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_reduce_parse(const char *name, enum recur_reduce *reduce,
                                               recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
