/* The contract between models and the backends that run and train them. A backend is one table of
 * functions; the CPU's (backend/cpu/) is the first.
 *
 *     learner  what is learned: the gradients of a model's parameters, the optimiser with its
 *              moments, the best parameters so far. A model that trains has one.
 *     engine   one network, planned once for minibatches up to a size: forward, backward, steps of
 *              sessions. The parts of a model have one each and share its learner.
 *
 * A caller learns from a minibatch of sequences in phases, which it calls one by one:
 *
 *     forward   the loss, or the outputs from which the caller computes a loss
 *     backward  the gradients of this minibatch
 *     update    their sum over ranks, where there are several, their global norm, clipping, the
 *               optimiser's step
 *
 * For a minibatch of a text the caller decides nothing between the phases, so `learn` does them all
 * in one call.
 *
 * Arrays of callers are row-major, (T, B, ...) as in recur/stack.h. A backend chooses its own
 * layout and its own memory: it hands out and takes in moments, gradients and states as whole
 * tensors. The parameters belong to the model, lie on the host, and are current after every update,
 * `learn` and `restore`. What products read of them is made anew by `learn`, by `prepare` and, for
 * sequences, by every forward pass.
 *
 * This header lies to the left of the rooms that use it and of those that implement it. Functions
 * that can fail say so in `error`; the CPU's fail only with MEMORY, where a team's threads cannot
 * be started. A backend whose other functions may fail keeps that failure, and the next function
 * that has an `error` returns it. */
#ifndef RECUR_BACKEND_BACKEND_H
#define RECUR_BACKEND_BACKEND_H

#include "base/error.h"
#include "base/real.h"
#include "recur/stack.h"
#include "recur/training.h"

struct recur_kernels;
struct recur_network;
struct recur_team;

/* The arrays of a learner that have the layout of the model's parameters. */
enum recur_array {
    RECUR_ARRAY_GRADIENT,
    RECUR_ARRAY_FIRST, /* the optimiser's moments; not every optimiser has them */
    RECUR_ARRAY_SECOND,
    RECUR_ARRAY_BEST, /* the parameters that were kept */
};

/* Replaces a rank's gradients, `count` numbers with the layout of the parameters, by the sum over
 * all ranks, in place. */
typedef enum recur_status recur_sum_fn(void *ranks, real *gradients, size_t count,
                                       recur_error *error);

struct recur_learner_plan {
    recur_model *model;
    struct recur_team *team;            /* the caller's; must outlive the learner */
    const recur_trainer_config *config; /* read while the learner is made: the optimiser's
                                           settings, clip and precision */
    size_t tokens;     /* of a minibatch, at most, if `begin` announces each one; 0: it announces
                          none */
    recur_sum_fn *sum; /* one thread calls it between the gradients of a minibatch and their
                          norm, with all rows of the tables; NULL: there is one rank */
    void *ranks;       /* for `sum` */
    bool keeps;        /* whether it keeps best parameters; at first those that the model has */
    bool adds; /* backward passes add to the gradients: only with `tokens` 0 and one engine over
                  the whole network; else each pass overwrites its own */
};

/* What a backend's own learner begins with. */
struct recur_learner {
    struct recur_learner_plan plan;
};

/* The settings of one update. */
struct recur_learning {
    double lr;
    uint64_t number; /* of this update, from 1 */
};

/* Which functions an engine has besides `prepare`. */
enum recur_engine_use {
    RECUR_ENGINE_TEXT,      /* `learn` from minibatches of exactly B x T tokens; read_states and
                               write_states */
    RECUR_ENGINE_SEQUENCES, /* `forward` and, with a learner, `backward` over sequences of any
                               lengths, whose order changes no result; look_up, add_rows, drop */
    RECUR_ENGINE_READING,   /* `forward` alone over sequences of equal lengths, then outputs and
                               logits; or `score`. Memory does not grow with the layers */
    RECUR_ENGINE_SESSIONS,  /* `step` */
};

struct recur_engine_plan {
    enum recur_engine_use use;
    const recur_model *model;
    const struct recur_network *network; /* the model's own or one of its parts */
    struct recur_team *team; /* the caller's; must outlive the engine. NULL: for sessions the engine
                                makes its own, and for reading without `scores` the caller's
                                thread works alone; all other uses need a team */
    size_t threads;          /* of a team of its own, at most; 0: all processors */
    struct recur_learner *learner; /* NULL: nothing is learned */
    enum recur_precision precision;
    bool quantized;        /* products read the numbers that the model is quantised to */
    size_t batch, steps;   /* B and T, at most */
    size_t rows;           /* steps of all sequences of a minibatch together; 0: B x T */
    size_t layers;         /* runs only so many, from the lowest up; 0: all */
    bool carries;          /* a minibatch may begin with the states in which the one before
                              ended */
    bool scores;           /* `score` is called */
    uint64_t seed;         /* of dropout */
    double *phase_seconds; /* the caller's, by enum recur_phase; the engine adds to them; NULL:
                              it does not measure */
};

/* What a backend's own engine begins with. */
struct recur_engine {
    const struct recur_backend *backend;
    struct recur_engine_plan plan;
};

struct recur_minibatch {
    recur_stack_input input;
    bool carries; /* it begins with the states in which the last one ended, and does not read h0
                     and c0 */
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

/* The state of one stream. Between steps its block is complete: a copy of the block is a copy of
 * the stream, and a stream begins with zero bytes. The backend chooses the layout. */
struct recur_session {
    const recur_model *model;
    bool listed;                        /* among the sessions that a step is checking */
    const struct recur_engine *holder;  /* the engine that has the same state; NULL: none.
                                           Whoever changes the block sets it to NULL */
    _Alignas(64) unsigned char state[]; /* session_bytes of them */
};

struct recur_backend {
    const char *name;

    /* Chooses the instruction set that computes a model's numbers. Errors: ARGUMENT where the
     * environment asks for one that is not there. */
    enum recur_status (*choose_kernels)(const struct recur_kernels **kernels, recur_error *error);
    /* Called before a model's first product of bf16. Where the system must permit what `kernels`
     * need and refuses, other kernels take their place. */
    void (*permit_bf16)(const struct recur_kernels **kernels);

    /* Errors: MEMORY. Freeing NULL is fine. */
    enum recur_status (*create_learner)(const struct recur_learner_plan *plan,
                                        struct recur_learner **learner, recur_error *error);
    void (*free_learner)(struct recur_learner *learner);
    bool (*has)(const struct recur_learner *learner, enum recur_array array);
    /* Tensor number `index` of the model, row-major. Gradients that do not exist yet are zero. */
    void (*read)(const struct recur_learner *learner, enum recur_array array, size_t index,
                 float *values);
    void (*write)(struct recur_learner *learner, enum recur_array array, size_t index,
                  const float *values);
    /* `begin` begins a minibatch. `add_tokens` adds tokens that it looks up, ids[0], ids[stride],
     * ...; the gradients of all other rows of the tables are zero. */
    void (*begin)(struct recur_learner *learner);
    void (*add_tokens)(struct recur_learner *learner, const int32_t *ids, size_t count,
                       size_t stride);
    void (*clear)(struct recur_learner *learner); /* sets gradients to zero, where passes add to
                                                     them */
    /* Updates nothing where the norm is not finite. */
    enum recur_status (*update)(struct recur_learner *learner, const struct recur_learning *how,
                                double *norm, recur_error *error);
    /* `keep` makes the model's present parameters the best ones; `restore` copies the best ones
     * back into the model. */
    void (*keep)(struct recur_learner *learner);
    void (*restore)(struct recur_learner *learner);
    bool (*finite)(const struct recur_learner *learner); /* are the model's parameters? */

    /* Errors: MEMORY. Freeing NULL is fine. Nothing is allocated after creation. */
    enum recur_status (*create_engine)(const struct recur_engine_plan *plan,
                                       struct recur_engine **engine, recur_error *error);
    void (*free_engine)(struct recur_engine *engine);
    /* How many rows an engine for reading may have, so that its memory stays within a multiple of
     * the model's; at least 1. */
    size_t (*rows)(const recur_model *model);
    /* Makes what products read of the parameters: transposed, packed, of fewer bits. Callers that
     * have changed the parameters call it; engines of sequences do the same at every pass. */
    void (*prepare)(struct recur_engine *engine);

    /* `output` may be NULL. An engine for reading hands out what it has afterwards, by `outputs`
     * and `logits`. */
    enum recur_status (*forward)(struct recur_engine *engine, const struct recur_minibatch *batch,
                                 const recur_stack_output *output, recur_error *error);
    /* Backward through the last forward pass, which cannot be used again. `output` and `input` may
     * be NULL. */
    enum recur_status (*backward)(struct recur_engine *engine,
                                  const recur_stack_output_gradient *output,
                                  const recur_stack_input_gradient *input, recur_error *error);
    /* All phases in one call; the loss is the mean over the targets. */
    enum recur_status (*learn)(struct recur_engine *engine, const struct recur_minibatch *batch,
                               const struct recur_learning *how, double *loss, double *norm,
                               recur_error *error);

    /* Writes the loss of step t of sequence b to losses[t * stride + b], 0 where the target is
     * below 0. *hits counts the targets that no other token was more probable than. */
    enum recur_status (*score)(struct recur_engine *engine, const struct recur_minibatch *batch,
                               float *losses, size_t stride, size_t *hits, recur_error *error);
    /* After a forward pass for reading: the states of the top layer that was run, after steps
     * [first, last) of sequence b: (last - first, D * H). */
    void (*outputs)(const struct recur_engine *engine, size_t b, size_t first, size_t last,
                    float *rows);
    /* After the same pass: the logits of step t of the first `count` sequences, (count, V). */
    void (*logits)(struct recur_engine *engine, size_t t, size_t count, float *logits);

    /* The states (B, H) of layer l, h or c, in which a text's minibatch ended. */
    void (*read_states)(const struct recur_engine *engine, size_t l, bool c, float *values);
    void (*write_states)(struct recur_engine *engine, size_t l, bool c, const float *values);

    size_t (*session_bytes)(const struct recur_network *network);
    /* Advances `count` sessions, at most B, by one id each. An id that is not below V counts as
     * RECUR_UNKNOWN. Logits are (count, V); NULL: none are wanted. */
    void (*step)(struct recur_engine *engine, struct recur_session *const *sessions,
                 const int32_t *ids, size_t count, float *logits);

    /* `look_up` copies rows out of a table. `add_rows` sets a table's gradients to zero, then adds
     * rows to them. */
    void (*look_up)(const struct recur_engine *engine, const struct recur_lookup *lookup);
    void (*add_rows)(struct recur_engine *engine, const struct recur_lookup *lookup);
    /* Dropout of n numbers in place, n a multiple of 32; the same key gives the same mask. */
    void (*drop)(const struct recur_engine *engine, float *x, size_t n, uint64_t key);
};

/* The backend of a new model. */
const struct recur_backend *recur_backend_default(void);

#endif
