/* What computes: the contract between models and whatever runs and trains them. A backend is one
 * table of functions; the CPU's (backend/cpu/) is the first.
 *
 *     learner  what is learned: the gradients of a model's parameters, the optimiser with its
 *              moments, the best parameters so far. A model that trains has one.
 *     engine   one network, planned once for minibatches up to a size: forward, backward, steps of
 *              sessions. The parts of a model have one each and share its learner.
 *
 * A minibatch of sequences is learned from in phases that can be had one by one:
 *
 *     forward   the loss, or what the caller makes a loss of
 *     backward  the gradients of this minibatch
 *     update    their sum over ranks, where there are several, their global norm, clipping, the
 *               optimiser's step
 *
 * A minibatch of a text, where nothing has to be decided between them, in one call: `learn`.
 *
 * Arrays of callers are row-major, (T, B, ...) as in recur/stack.h. How a backend lays them out,
 * and where, is its own matter: moments, gradients and states come out and go in as whole tensors.
 * The parameters are the model's, on the host, and current after every update, `learn` and
 * `restore`; what products read of them is made anew by `learn`, by `prepare` and, for sequences,
 * at every forward pass.
 *
 * This header stands to the left of all that uses it and of all that implements it. Functions that
 * can fail say so in `error`; the CPU's fail with MEMORY alone, where a team's threads cannot be
 * started. A backend whose other functions may fail keeps that failure, and the next function that
 * has an `error` returns it. */
#ifndef RECUR_BACKEND_BACKEND_H
#define RECUR_BACKEND_BACKEND_H

#include "base/error.h"
#include "base/real.h"
#include "recur/stack.h"
#include "recur/training.h"

struct recur_kernels;
struct recur_network;
struct recur_team;

/* The arrays of a learner that are laid out as the model's parameters. */
enum recur_array {
    RECUR_ARRAY_GRADIENT,
    RECUR_ARRAY_FIRST, /* the optimiser's moments, which not every one has */
    RECUR_ARRAY_SECOND,
    RECUR_ARRAY_BEST, /* the parameters that were kept */
};

/* Makes of a rank's gradients, `count` numbers laid out as the parameters, the sum of all ranks',
 * in place. */
typedef enum recur_status recur_sum_fn(void *ranks, real *gradients, size_t count,
                                       recur_error *error);

struct recur_learner_plan {
    recur_model *model;
    struct recur_team *team;            /* the caller's, to outlive the learner */
    const recur_trainer_config *config; /* the optimiser's settings, clip and precision count; while
                                           the learner is made */
    size_t tokens;     /* of a minibatch, at most, where each is announced by `begin`; 0: none is */
    recur_sum_fn *sum; /* called by one thread between the gradients of a minibatch and their norm,
                          the tables' rows all included; NULL: there is one rank */
    void *ranks;       /* for `sum` */
    bool keeps;        /* there are best parameters; at first those that the model has */
    bool adds; /* backward passes add to the gradients, of one engine over the whole network,
                  with `tokens` 0; else each writes its own anew */
};

/* What a backend's own learner begins with. */
struct recur_learner {
    const struct recur_backend *backend;
    struct recur_learner_plan plan;
};

/* Of one update. */
struct recur_learning {
    double lr;
    uint64_t number; /* of this update, from 1 */
};

/* Which functions an engine has besides `prepare`. */
enum recur_engine_use {
    RECUR_ENGINE_TEXT,      /* `learn` from minibatches of B x T tokens exactly; read_states and
                               write_states */
    RECUR_ENGINE_SEQUENCES, /* `forward` and, with a learner, `backward` over sequences of any
                               lengths, in an order that no result depends on; look_up, add_rows,
                               drop */
    RECUR_ENGINE_READING,   /* `forward` alone over sequences of equal lengths, then outputs and
                               logits; or `score`. Memory does not grow with the layers */
    RECUR_ENGINE_SESSIONS,  /* `step` */
};

struct recur_engine_plan {
    enum recur_engine_use use;
    const recur_model *model;
    const struct recur_network *network; /* the model's own or one of its parts */
    struct recur_team *team; /* the caller's, to outlive the engine. NULL: for sessions the engine
                                makes its own, and where a text is read without `scores` the
                                caller's thread works alone; no other use goes without one */
    size_t threads;          /* of a team of its own, at most; 0: all processors */
    struct recur_learner *learner; /* NULL: nothing is learned */
    enum recur_precision precision;
    bool quantized;        /* products are of the numbers that the model is quantised to */
    size_t batch, steps;   /* B and T, at most */
    size_t rows;           /* steps of all sequences of a minibatch together; 0: B x T */
    size_t layers;         /* only so many, from the lowest up; 0: all */
    bool carries;          /* a minibatch may begin with the states that the one before ended in */
    bool scores;           /* `score` is called */
    uint64_t seed;         /* of dropout */
    double *phase_seconds; /* by enum recur_phase, the caller's, added to; NULL: not measured */
};

/* What a backend's own engine begins with. */
struct recur_engine {
    const struct recur_backend *backend;
    struct recur_engine_plan plan;
};

struct recur_minibatch {
    recur_stack_input input;
    bool carries; /* it begins with the states that the last one ended in, h0 and c0 left aside */
};

/* Rows of a table for the tokens (T, B) of sequences, in columns of an array (T, B, columns). */
struct recur_lookup {
    size_t tensor; /* of the model */
    size_t batch;
    const size_t *lengths; /* (B) */
    const int32_t *ids;    /* (T, B) */
    float *x;              /* the first column that counts, of (T, B, columns) */
    size_t columns;
};

/* The state of one stream. Its block is complete between steps: to copy it copies the stream, and
 * zero bytes are where streams begin. Its layout is the backend's. */
struct recur_session {
    const recur_model *model;
    bool listed;                        /* among the sessions that a step is checking */
    const struct recur_engine *holder;  /* which has the same state; NULL: none. Whoever changes the
                                           block sets it to NULL */
    _Alignas(64) unsigned char state[]; /* session_bytes of them */
};

struct recur_backend {
    const char *name;

    /* Which of its instruction sets a model's numbers are made with. Errors: ARGUMENT where the
     * environment asks for one that is not there. */
    enum recur_status (*choose_kernels)(const struct recur_kernels **kernels, recur_error *error);
    /* Before a model's first product of bf16: the system may have to permit what `kernels` need,
     * else others take their place. */
    void (*permit_bf16)(const struct recur_kernels **kernels);

    /* Errors: MEMORY. Freeing NULL is fine. */
    enum recur_status (*create_learner)(const struct recur_learner_plan *plan,
                                        struct recur_learner **learner, recur_error *error);
    void (*free_learner)(struct recur_learner *learner);
    bool (*has)(const struct recur_learner *learner, enum recur_array array);
    /* Tensor number `index` of the model, row-major. Gradients of which there are none yet are
     * zero. */
    void (*read)(const struct recur_learner *learner, enum recur_array array, size_t index,
                 float *values);
    void (*write)(struct recur_learner *learner, enum recur_array array, size_t index,
                  const float *values);
    /* Begins a minibatch; adds tokens that it looks up, ids[0], ids[stride], ...: the gradients of
     * all other rows of the tables are zero. */
    void (*begin)(struct recur_learner *learner);
    void (*add_tokens)(struct recur_learner *learner, const int32_t *ids, size_t count,
                       size_t stride);
    void (*clear)(struct recur_learner *learner); /* gradients to zero, where passes add to them */
    /* Where the norm is not finite nothing is updated. */
    enum recur_status (*update)(struct recur_learner *learner, const struct recur_learning *how,
                                double *norm, recur_error *error);
    /* The best parameters: those that the model has now; back into the model. */
    void (*keep)(struct recur_learner *learner);
    void (*restore)(struct recur_learner *learner);
    bool (*finite)(const struct recur_learner *learner); /* are the model's parameters? */

    /* Errors: MEMORY. Freeing NULL is fine. Nothing is allocated afterwards. */
    enum recur_status (*create_engine)(const struct recur_engine_plan *plan,
                                       struct recur_engine **engine, recur_error *error);
    void (*free_engine)(struct recur_engine *engine);
    /* How many rows an engine for reading may have, so that its memory stays within a multiple of
     * the model's; at least 1. */
    size_t (*rows)(const recur_model *model);
    /* Makes what products read of the parameters: transposed, packed, of fewer bits. For callers
     * that have changed them; engines of sequences see to it at every pass. */
    void (*prepare)(struct recur_engine *engine);

    /* What of `output` (may be NULL) an engine for reading has is asked for afterwards. */
    enum recur_status (*forward)(struct recur_engine *engine, const struct recur_minibatch *batch,
                                 const recur_stack_output *output, recur_error *error);
    /* Back through the last forward pass, which is over then. Either may be NULL. */
    enum recur_status (*backward)(struct recur_engine *engine,
                                  const recur_stack_output_gradient *output,
                                  const recur_stack_input_gradient *input, recur_error *error);
    /* All of it; the loss is the mean over the targets. */
    enum recur_status (*learn)(struct recur_engine *engine, const struct recur_minibatch *batch,
                               const struct recur_learning *how, double *loss, double *norm,
                               recur_error *error);

    /* The loss of step t of sequence b to losses[t * stride + b], 0 where the target is below 0;
     * *hits: of how many targets no other token was more probable. */
    enum recur_status (*score)(struct recur_engine *engine, const struct recur_minibatch *batch,
                               float *losses, size_t stride, size_t *hits, recur_error *error);
    /* After a forward pass for reading: the states of the top layer that was run after steps
     * [first, last) of sequence b, (last - first, D * H). */
    void (*outputs)(const struct recur_engine *engine, size_t b, size_t first, size_t last,
                    float *rows);
    /* Likewise the logits of step t of the first `count` sequences, (count, V). */
    void (*logits)(struct recur_engine *engine, size_t t, size_t count, float *logits);

    /* The states (B, H) of layer l, h or c, that a text's minibatch ended in. */
    void (*read_states)(const struct recur_engine *engine, size_t l, bool c, float *values);
    void (*write_states)(struct recur_engine *engine, size_t l, bool c, const float *values);

    size_t (*session_bytes)(const struct recur_network *network);
    /* Advances `count` sessions, at most B, by an id each, one that is not below V counting as
     * RECUR_UNKNOWN; logits (count, V), NULL: none. */
    void (*step)(struct recur_engine *engine, struct recur_session *const *sessions,
                 const int32_t *ids, size_t count, float *logits);

    /* Rows out of a table; added to the gradients of one, which are set to zero before. */
    void (*look_up)(const struct recur_engine *engine, const struct recur_lookup *lookup);
    void (*add_rows)(struct recur_engine *engine, const struct recur_lookup *lookup);
    /* Dropout of n numbers in place, n a multiple of 32; the same mask for the same key. */
    void (*drop)(const struct recur_engine *engine, float *x, size_t n, uint64_t key);
};

/* The one that computes with a new model. */
const struct recur_backend *recur_backend_default(void);

#endif
