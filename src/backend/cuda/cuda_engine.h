/* The GPU's engines (backend/backend.h), and what their files share.
 *
 * All arrays are row-major, their columns padded to a multiple of 32, the padding 0. Rows are
 * numbered as backend/lengths.h says: slot b of step t is row offset[t] + b. Arrays of states (h,
 * c, dh) have B rows more, in front: those of the initial states. So each direction has a map
 * `before` from a row to the row of the state before it, and the state after row r is row B + r. */
#ifndef RECUR_BACKEND_CUDA_CUDA_ENGINE_H
#define RECUR_BACKEND_CUDA_CUDA_ENGINE_H

#include "backend/cuda/cuda_learner.h"
#include "backend/lengths.h"

/* The buffers of one layer and direction. What the pass does not need is 0. */
struct recur_cuda_side {
    recur_cuda_memory z;       /* (R, U * S * 32): gates; backward: gradients of their
                                  pre-activations */
    recur_cuda_memory h, c;    /* (B + R, U * 32) */
    recur_cuda_memory q;       /* (R, U * 32) of a cell of two phases */
    recur_cuda_memory dh;      /* (B + R, U * 32) */
    recur_cuda_memory dc, dq;  /* (B, U * 32): carried from step to step */
    recur_cuda_memory bias;    /* (U * S * 32): b_ih + b_hh where they meet */
    recur_cuda_memory last[2]; /* (B, U * 32): the states h and c in which the last pass ended, for
                                  the next one */
    recur_cuda_memory ends;    /* (B, U * 32): gradients of the last h that the caller gives */
};

/* What a layer, or the head, reads: blocks of columns side by side, each the states of a direction
 * or the sum of both. */
struct recur_cuda_input {
    recur_cuda_memory x, dx; /* (R, columns) */
    size_t blocks, width;    /* of them; of one, padded */
    bool copies;             /* else x is h itself and dx is dh */
};

/* Arrays of whole numbers that the host makes for each minibatch and copies in one go. */
enum recur_cuda_row_array {
    RECUR_CUDA_IDS,     /* (R) */
    RECUR_CUDA_TARGETS, /* (R) */
    RECUR_CUDA_BEFORE,  /* (2, R): the state before each row, in either direction */
    RECUR_CUDA_AFTER,   /* (R): the state after each row */
    RECUR_CUDA_LIKE,    /* (R): the row whose mask of dropout this row has */
    RECUR_CUDA_LAST,    /* (2, B): the state in which each sequence ends */
    RECUR_CUDA_OFFSET,  /* (T): the first row of each step */
    RECUR_CUDA_ALIVE,   /* (T): its rows */
    RECUR_CUDA_TOKEN,   /* (R): of each part each id that occurs, once */
    RECUR_CUDA_FIRST,   /* (R + P): where the rows of that id begin in the next array; the end */
    RECUR_CUDA_MEMBER,  /* (R) */
    RECUR_CUDA_PART,    /* (R): the rows of each part; where P is 1 neither this nor the next one */
    RECUR_CUDA_PART_BEFORE, /* (2, R): the state before each of these */
    RECUR_CUDA_ROW_ARRAYS,
};

/* Some sequences of a minibatch, whose gradients and loss are summed by themselves. */
struct recur_cuda_part {
    size_t first, rows;   /* of RECUR_CUDA_PART */
    size_t token, tokens; /* of RECUR_CUDA_TOKEN */
};

struct recur_cuda_rows {
    int32_t *host;
    recur_cuda_memory memory;
    size_t at[RECUR_CUDA_ROW_ARRAYS + 1]; /* where each array begins; the end */
    size_t *order;                        /* (2 R): rows by their ids; scratch */
};

/* How all steps of a layer run in one launch; `blocks` 0: a launch for each step. */
struct recur_cuda_steps {
    enum recur_cuda_kernel kernel;
    size_t width, blocks; /* units of a block, blocks of a cluster */
    size_t shared;        /* bytes of a block */
};

/* What one pass is to do. */
struct recur_cuda_pass {
    bool carries;       /* begins with the states in `last`: those of the last pass, or given */
    bool targets;       /* it has a loss of its own */
    bool headless;      /* computes neither logits nor their gradient */
    uint32_t threshold; /* of dropout; 0: none */
    uint64_t key;
    size_t masks; /* masks of dropout are numbered from here on */
    float loss_scale;
    bool given_outputs; /* the gradient of the head's input is in place, and the head's is added */
    bool given_ends;    /* gradients of the last states are in `ends` and dc */
    bool wants_inputs;  /* the gradients of the numbers that the network reads are wanted */
};

struct recur_cuda_engine {
    struct recur_engine base;
    struct recur_cuda_queue own, *queue; /* the learner's, where there is one */
    struct recur_cuda_learner *learner;
    recur_cuda_memory memory;     /* all buffers, one behind the other */
    recur_cuda_memory parameters; /* the learner's, or a copy */
    recur_cuda_memory gradients;  /* of the present pass */
    const struct recur_network *network;
    size_t layers;                          /* that run */
    size_t batch, rows;                     /* B, R: at most */
    struct recur_cuda_side *side;           /* (L, D) */
    struct recur_cuda_input *input;         /* (L + 1) */
    struct recur_cuda_steps *steps_plan;    /* (L, 2): forward, backward */
    recur_cuda_memory logits, losses, hits; /* (R, V), (R), (R) */
    size_t chunk;                           /* rows of logits at once */
    struct recur_cuda_rows index;
    struct recur_lengths lengths; /* of the present minibatch */
    size_t *equal;                /* (B): T each */
    struct recur_cuda_part *part; /* (parts): a rank's blocks of a text; else one has all rows */
    size_t parts;                 /* P */
    bool parts_are_blocks;        /* also where this rank has one */
    struct recur_cuda_pass pass;
    struct recur_content *content; /* as nn/contents.h says */
    bool read;                     /* `host` has the states of the last pass for reading */
    size_t host_used;              /* numbers of `host` */
    size_t steps;                  /* of the caller's arrays */
    float *host; /* arrays of the caller's on their way, sorted into rows; and states */
    /* For sessions. */
    struct recur_session **held; /* (B): those whose states the GPU has; held_count of them */
    size_t held_count;
    int32_t *ids; /* (B) */
};

static inline struct recur_cuda_engine *recur_cuda_engine_of(const struct recur_engine *engine)
{
    return (struct recur_cuda_engine *)(uintptr_t)engine;
}

static inline struct recur_cuda_side *recur_cuda_side_of(const struct recur_cuda_engine *engine,
                                                         size_t l, size_t d)
{
    return &engine->side[l * engine->network->directions + d];
}

/* The padded width of layer l. */
static inline size_t recur_cuda_width(const struct recur_cuda_engine *engine, size_t l)
{
    return engine->network->layer[l].units * RECUR_LANES;
}

static inline int32_t *recur_cuda_host_rows(const struct recur_cuda_engine *engine,
                                            enum recur_cuda_row_array array)
{
    return engine->index.host + engine->index.at[array];
}

static inline recur_cuda_memory recur_cuda_rows_at(const struct recur_cuda_engine *engine,
                                                   enum recur_cuda_row_array array, size_t first)
{
    return recur_cuda_at(engine->index.memory, engine->index.at[array] + first);
}

/* A tensor among the parameters, and among the gradients. */
static inline recur_cuda_memory recur_cuda_tensor(const struct recur_cuda_engine *engine,
                                                  size_t index)
{
    return recur_cuda_at(engine->parameters,
                         engine->base.plan.model->network.params.entry[index].offset);
}

static inline recur_cuda_memory recur_cuda_gradient(const struct recur_cuda_engine *engine,
                                                    size_t index)
{
    return recur_cuda_at(engine->gradients,
                         engine->base.plan.model->network.params.entry[index].offset);
}

/* Gates [first, first + count) of a tensor, and the slots that go with them. */
struct gpu_panels recur_cuda_gates(const struct recur_cuda_engine *engine, size_t tensor,
                                   unsigned first, unsigned count, const unsigned *slot);
/* The panels of a tensor that has no gates. */
struct gpu_panels recur_cuda_panels(const struct recur_cuda_engine *engine, size_t tensor);

enum recur_cuda_product { RECUR_CUDA_FORWARD, RECUR_CUDA_BACKWARD, RECUR_CUDA_GRADIENT };
/* Puts a product into the queue; `wide`: bf16's by the larger tiles, whose bits are the same. The
 * other function chooses them where a quarter of the multiprocessors get one, an estimate. */
void recur_cuda_product(struct recur_cuda_queue *queue, enum recur_cuda_product kind, bool bf16,
                        bool wide, struct gpu_product *product);
void recur_cuda_multiply(struct recur_cuda_engine *engine, enum recur_cuda_product kind,
                         struct gpu_product *product);

/* Where the network hands on what layer l - 1 computed, block by block, to layer l or to the head;
 * back: the gradients. */
struct gpu_hand_on recur_cuda_hand_on(const struct recur_cuda_engine *engine, size_t l,
                                      size_t block, bool back);

/* The step of one cell, of sequences that have a step t, in one direction. */
struct gpu_cell recur_cuda_cell(const struct recur_cuda_engine *engine, size_t l, size_t d,
                                size_t t);
void recur_cuda_run_cell(struct recur_cuda_engine *engine, unsigned phase, bool back,
                         struct gpu_cell *cell);

/* Number i of the steps that a direction takes. */
static inline size_t recur_cuda_step(const struct recur_cuda_engine *engine, size_t d, size_t i)
{
    return d ? engine->lengths.steps - 1 - i : i;
}

/* Sorts the rows of a minibatch, whose lengths are set, and copies them to the GPU. ids and targets
 * (T, B) of the caller's; NULL: there are none. */
void recur_cuda_load_rows(struct recur_cuda_engine *engine, const int32_t *ids,
                          const int32_t *targets, bool alike);

/* Decides how the steps of layer l run; puts them into the queue, in one launch. */
struct recur_cuda_steps recur_cuda_plan_steps(const struct recur_cuda_engine *engine, size_t l,
                                              bool back);
void recur_cuda_queue_steps(struct recur_cuda_engine *engine, size_t l, size_t d, bool back);

/* Puts a forward pass into the queue; its losses and their sum over part number p; its backward
 * pass; the gradients of the parameters from part p, in `gradients`. */
void recur_cuda_queue_forward(struct recur_cuda_engine *engine);
void recur_cuda_queue_logits(struct recur_cuda_engine *engine, size_t first, size_t rows);
void recur_cuda_queue_loss(struct recur_cuda_engine *engine, size_t first, size_t rows, float scale,
                           bool hits);
void recur_cuda_queue_loss_sum(struct recur_cuda_engine *engine, size_t p);
void recur_cuda_queue_backward(struct recur_cuda_engine *engine);
void recur_cuda_queue_gradients(struct recur_cuda_engine *engine, size_t p);

/* Of a minibatch: whether it drops, and with which mask. */
void recur_cuda_set_dropout(struct recur_cuda_engine *engine, const struct recur_minibatch *batch);

/* The weight of each loss: 1 / `all`, the number of targets that count, or 0 where it is that of
 * these. */
float recur_cuda_loss_scale(const int32_t *targets, size_t count, size_t all);

/* Forward passes of engines for reading, and for sequences. */
enum recur_status recur_cuda_forward_reading(struct recur_cuda_engine *engine,
                                             const struct recur_minibatch *batch,
                                             recur_error *error);
enum recur_status recur_cuda_forward_sequences(struct recur_cuda_engine *engine,
                                               const struct recur_minibatch *batch,
                                               const recur_stack_output *output,
                                               recur_error *error);

/* Where the rows of a part are listed; 0: they are all rows. */
static inline recur_cuda_memory recur_cuda_part_rows(const struct recur_cuda_engine *engine,
                                                     const struct recur_cuda_part *part)
{
    return engine->parts > 1 ? recur_cuda_rows_at(engine, RECUR_CUDA_PART, part->first) : 0;
}

/* Where the gradient of what layer l, or the head, reads goes. */
recur_cuda_memory recur_cuda_input_gradient(const struct recur_cuda_engine *engine, size_t l);

/* Whether sessions are advanced on the GPU; else it is the CPU's. */
bool recur_cuda_steps_sessions(const struct recur_engine_plan *plan);

/* Has the model's present parameters on the GPU. */
void recur_cuda_take_parameters(struct recur_cuda_engine *engine);

/* The contract's functions, as backend/backend.h says. */
enum recur_status recur_cuda_engine_create(const struct recur_engine_plan *plan,
                                           struct recur_engine **engine, recur_error *error);
void recur_cuda_engine_free(struct recur_engine *engine);
void recur_cuda_prepare(struct recur_engine *engine);
enum recur_status recur_cuda_forward(struct recur_engine *engine,
                                     const struct recur_minibatch *batch,
                                     const recur_stack_output *output, recur_error *error);
enum recur_status recur_cuda_backward(struct recur_engine *engine,
                                      const recur_stack_output_gradient *output,
                                      const recur_stack_input_gradient *input, recur_error *error);
size_t recur_cuda_rows(const recur_model *model);
enum recur_status recur_cuda_score(struct recur_engine *engine, const struct recur_minibatch *batch,
                                   float *losses, size_t stride, size_t *hits, recur_error *error);
void recur_cuda_outputs(const struct recur_engine *engine, size_t b, size_t first, size_t last,
                        float *rows);
void recur_cuda_logits(struct recur_engine *engine, size_t t, size_t count, float *logits);
void recur_cuda_step_sessions(struct recur_engine *engine, struct recur_session *const *sessions,
                              const int32_t *ids, size_t count, float *logits);
void recur_cuda_add_rows(struct recur_engine *engine, const struct recur_lookup *lookup);
void recur_cuda_drop(const struct recur_engine *engine, float *x, size_t n, uint64_t key);
enum recur_status recur_cuda_learn(struct recur_engine *engine, const struct recur_minibatch *batch,
                                   const struct recur_learning *how, double *loss, double *norm,
                                   recur_error *error);
void recur_cuda_read_states(const struct recur_engine *engine, size_t l, bool c, float *values);
void recur_cuda_write_states(struct recur_engine *engine, size_t l, bool c, const float *values);

#endif
