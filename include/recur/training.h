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
#include "recur/model.h"

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
