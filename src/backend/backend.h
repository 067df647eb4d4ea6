/* The contract between models and the backends that run and train them. A backend is one table of
 * functions: the CPU's (backend/cpu/), and that of NVIDIA's GPUs (backend/cuda/).
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
 * tensors. The parameters belong to the model and lie on the host. A learner may have newer ones
 * elsewhere: it is then the model's leader, and `sync` brings tensors up to date
 * (recur_model_sync). What products read of the parameters is made anew by `learn`, by `prepare`
 * and, for sequences, by every forward pass.
 *
 * This header lies to the left of the rooms that use it and of those that implement it. Functions
 * that can fail say so in `error`; the CPU's fail only with MEMORY, where a team's threads cannot
 * be started. A backend whose other functions may fail keeps that failure in its GPU
 * (recur_gpu_fail), and the next function that has an `error` returns it. Whoever writes down what
 * such functions handed out calls recur_gpu_check first. */
#ifndef RECUR_BACKEND_BACKEND_H
#define RECUR_BACKEND_BACKEND_H

#include <pthread.h>

#include "base/error.h"
#include "base/pairwise.h"
#include "base/real.h"
#include "recur/machine.h"
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
    RECUR_ARRAY_BEST,    /* the parameters that were kept */
    RECUR_ARRAY_AVERAGE, /* a mean of the parameters over updates */
};

/* Numbers of one tensor, or of several, that lie side by side. */
struct recur_chunk {
    size_t first, count;
};

/* What a rank has of the gradients of a minibatch and of its loss: sums over its blocks, as few as
 * base/pairwise.h makes of them. */
struct recur_summands {
    const struct recur_pairwise *blocks; /* which blocks each sum has */
    real *const *gradients;              /* of each sum, with the layout of the parameters */
    double *loss;                        /* of each sum: over all its steps */
    const struct recur_chunk *chunk;     /* the numbers that count; all others are zero */
    size_t chunks;
};

/* Replaces the first of a rank's sums by the sum over all blocks of all ranks. */
typedef enum recur_status recur_sum_fn(void *ranks, const struct recur_summands *summands,
                                       recur_error *error);

/* What ranks do with gradients that are complete while back-propagation goes on: those of the head
 * before it goes through any layer, those of a layer before the layers below. All ranks begin the
 * sums of the same parcels, some chunks each, in the same order; nobody reads or writes these
 * numbers before recur_sum_fn, which gets the chunks that are left, has returned. */
struct recur_parcel_calls {
    recur_sum_fn *begin; /* it does not read the loss; the lists of summands stay as they are */
    enum recur_status (*progress)(void *ranks, recur_error *error); /* moves what can be moved */
    size_t numbers; /* a parcel has so many, unless fewer are left */
    size_t most;    /* parcels of a minibatch */
};

struct recur_learner_plan {
    recur_model *model;
    struct recur_team *team;            /* the caller's; must outlive the learner */
    const recur_trainer_config *config; /* read while the learner is made: the optimiser's
                                           settings, clip and precision */
    size_t tokens;     /* of a minibatch, at most, if `begin` announces each one; 0: it announces
                          none */
    recur_sum_fn *sum; /* one thread calls it between the gradients of a minibatch and their
                          norm, with all rows of the tables; NULL: there is one rank */
    const struct recur_parcel_calls *parcels; /* what begins before `sum`; NULL: nothing does. Read
                                                 while the learner is made */
    void *ranks;                              /* for `sum` and `parcels` */
    size_t first_block, blocks; /* the minibatch's blocks that this rank has: its sequences, in
                                   order, cut into so many equal parts. The engine of a text sums
                                   each by itself; all others have one sum of these blocks. 0
                                   blocks: there is no sum over ranks, and all is one sum */
    bool apart;                 /* `sum` is not called for updates but by `mean` */
    bool gathers;   /* an update learns from several minibatches, or from blocks that are passes of
                       their own: their gradients are summed block by block */
    bool keeps;     /* whether it keeps best parameters; at first those that the model has */
    bool averages;  /* whether it has a mean of the parameters; at first likewise */
    size_t samples; /* the softmax of a text's minibatch is over so many tokens that are drawn, and
                       its targets (`draw`); rows of tables and columns of the head that it lacks
                       stay as they are. Only with `tokens`. 0: over the whole vocabulary */
    bool adds; /* backward passes add to the gradients: only with `tokens` 0 and one engine over
                  the whole network; else each pass overwrites its own */
};

/* What a backend's own learner begins with. */
struct recur_learner {
    const struct recur_backend *backend;
    struct recur_learner_plan plan;
};

/* The settings of one update. */
struct recur_learning {
    double lr;
    uint64_t number; /* of this update, from 1 */
    double average;  /* the mean a becomes a + average (p - a) of the new parameters p; 0: it stays
                        as it is */
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
    double ar;             /* of a text, as the trainer's setting */
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
    size_t first;   /* the number of its first sequence among those of all ranks */
    size_t targets; /* how many targets all ranks, and all minibatches of the update, have together;
                       0: those of `input` are all */
    bool carries;   /* it begins with the states in which the last one ended, and does not read h0
                       and c0 */
    bool goes_on;   /* it is not the first minibatch of its update */
    bool pauses;    /* it is not the last one: its gradients are gathered, nothing is updated */
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

/* What a GPU that a backend opened begins with. Models, learners and engines that compute with it
 * share it; any thread may share and release it. */
struct recur_gpu {
    const struct recur_backend *backend;
    recur_device_info info;
    size_t holders;
    pthread_mutex_t mutex; /* of what follows; `open` makes it */
    recur_error failure;   /* the first one; its message is "" where there was none */
};

struct recur_backend {
    const char *name;

    /* Of a GPU's backend; NULL in the CPU's. `open` opens the GPU of that number among those of
     * this machine, counted round where there are fewer; `find` describes it. Where it fails *there
     * says whether there is one at all. Errors: DEVICE; `open` also MEMORY. */
    enum recur_status (*find)(size_t number, recur_device_info *info, bool *there,
                              recur_error *error);
    enum recur_status (*open)(size_t number, struct recur_gpu **gpu, recur_error *error);
    void (*close)(struct recur_gpu *gpu);
    /* Can it compute with such a model, and train it so? `config` NULL: it is not to be trained.
     * Errors: UNSUPPORTED, the sentence says what it cannot do yet. */
    enum recur_status (*serves)(const recur_model_config *model,
                                enum recur_quantization quantization,
                                const recur_trainer_config *config, recur_error *error);

    /* Chooses the instruction set that computes a model's numbers. Errors: ARGUMENT where the
     * environment asks for one that is not there. */
    enum recur_status (*choose_kernels)(const struct recur_kernels **kernels, recur_error *error);
    /* Called before a model's first product in low precision. Where the system must permit what
     * `kernels` need and refuses, other kernels take their place. */
    void (*permit_tiles)(const struct recur_kernels **kernels);

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
    /* After `begin`, of a learner with `samples`: draws the tokens of the run's minibatch number
     * `minibatch`, whose targets, those of all ranks, are `targets`. NULL where no learner has
     * any. */
    void (*draw)(struct recur_learner *learner, uint64_t minibatch, const int32_t *targets,
                 size_t count);
    void (*clear)(struct recur_learner *learner); /* sets gradients to zero, where passes add to
                                                     them */
    /* Of a learner that gathers, where passes are backward passes of sequences: adds the gradients
     * that the last ones have left, and their loss, to those of this rank's block number `block`,
     * or without blocks 0, for the next update. All tokens of the update were added before. Blocks
     * that nothing is gathered of are zero. After the update `gathered_loss` is the sum of the
     * losses of all ranks. */
    void (*gather)(struct recur_learner *learner, size_t block, double loss);
    double (*gathered_loss)(const struct recur_learner *learner);
    /* Of a learner whose ranks, so many, learn apart: parameters, moments and their mean over
     * updates become the mean of those of all ranks. */
    enum recur_status (*mean)(struct recur_learner *learner, size_t ranks, recur_error *error);
    /* Updates nothing where the norm is not finite. */
    enum recur_status (*update)(struct recur_learner *learner, const struct recur_learning *how,
                                double *norm, recur_error *error);
    /* Of a learner that leads a model: copies tensors [first, first + count) of the model to the
     * host where they are older there. Any thread may call it while nobody trains. NULL where no
     * learner leads. */
    void (*sync)(const struct recur_learner *learner, size_t first, size_t count);
    /* `keep` makes the model's present parameters the best ones; `restore` copies the best ones
     * back into the model. */
    void (*keep)(struct recur_learner *learner);
    void (*restore)(struct recur_learner *learner);
    /* Exchanges the model's parameters for their mean, or back. */
    void (*exchange)(struct recur_learner *learner);
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
    /* All phases in one call; the loss is the mean over the targets. Where an update has several
     * minibatches, the last one's call has the loss and the norm of all. */
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

/* The backend of a device; NULL where this build has none. */
const struct recur_backend *recur_backend_of(enum recur_device device);

/* Opens a GPU of a backend; the caller is its first holder. Errors: those of `open`. */
enum recur_status recur_gpu_open(const struct recur_backend *backend, size_t number,
                                 struct recur_gpu **gpu, recur_error *error);
/* Keeps a failure, unless there was one before. Any thread may call this and the next one. */
void recur_gpu_fail(struct recur_gpu *gpu, const recur_error *failure);
/* OK where nothing has failed, and for NULL; else the failure that was kept. */
enum recur_status recur_gpu_check(struct recur_gpu *gpu, recur_error *error);
struct recur_gpu *recur_gpu_share(struct recur_gpu *gpu); /* returns it; NULL is fine */
void recur_gpu_release(struct recur_gpu *gpu);            /* the last holder closes it; likewise */

#endif
