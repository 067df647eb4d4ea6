/* The CPU's engines and learners (backend/backend.h), and what their files share. */
#ifndef RECUR_BACKEND_CPU_ENGINE_H
#define RECUR_BACKEND_CPU_ENGINE_H

#include "backend/backend.h"
#include "backend/cpu/pass.h"
#include "backend/cpu/tuner.h"
#include "backend/cpu/update.h"
#include "nn/model_object.h"

/* The sums over the blocks of a minibatch. */
struct recur_cpu_blocks {
    struct recur_pairwise left;            /* what is left of them at the end, on a stack */
    size_t room;                           /* how many sums there are in between, at most */
    real *gradients[RECUR_BLOCK_SUMS_MAX]; /* the learner's own gradients come first */
    double loss[RECUR_BLOCK_SUMS_MAX];
    /* What has been gathered of each block for this update; without blocks of all rows. NULL where
     * the learner does not gather. */
    real *gathered[RECUR_MICRO_BATCHES_MAX];
    double gathered_loss[RECUR_MICRO_BATCHES_MAX];
    bool has[RECUR_MICRO_BATCHES_MAX]; /* something was gathered (gather.c) */
};

struct recur_cpu_learner {
    struct recur_learner base;
    struct recur_cpu_blocks blocks;
    struct recur_sparse_rows sparse;
    struct recur_candidates candidates; /* of the present minibatch; 0 samples: there are none */
    struct recur_optimiser optimiser;
    struct recur_frozen frozen;
    double clip;
    real *gradients, *fresh; /* the sum, and the gradients of one pass that will be added to it, or
                                gathered; fresh NULL: they are neither */
    real *kept;              /* NULL: no parameters are kept */
    real *average;           /* NULL: there is none */
    bool has_gradients;      /* where passes add: the gradients are not all zero */
};

/* Minibatches of sequences of any lengths. */
struct recur_cpu_sequences {
    struct recur_lengths lengths;
    size_t *equal;                 /* (B): T each */
    struct recur_content *content; /* as nn/contents.h says */
    recur_stack_input input;       /* of the present call, as the others are */
    recur_stack_output output;
    recur_stack_output_gradient given;
    recur_stack_input_gradient wanted;
};

/* What one thread keeps of the head while predictions are scored. */
struct recur_cpu_score {
    real *logits; /* panels of V, (chunk, 32) */
    size_t hits;
};

/* What changes from step to step of sessions lies together, on one cache line that travels to the
 * team each time. */
struct recur_cpu_step {
    size_t buffer; /* of a session that is advanced alone: the row its state goes to
                      (recur_pass) */
    int32_t ids[]; /* (B) */
};

/* The team reads the first fields at every step of sessions. A cache line that the caller has
 * written must travel to the team, so the caller writes them only when they change. */
struct recur_cpu_engine {
    struct recur_engine base;
    struct recur_cpu_learner *learner; /* NULL: none */
    struct recur_team *team;           /* NULL: the caller's thread alone */
    struct recur_team *solo;    /* a team of one thread: it may be faster, or the only one in a
                                   child process that may start no threads; NULL where `team` is no
                                   more than that */
    struct recur_grid grids[2]; /* of the team and of one thread */
    bool alone;                 /* the workspace has the second grid */
    struct recur_workspace work;
    struct recur_pass pass;

    /* For sessions. */
    struct recur_cpu_step *now;
    struct recur_session *held; /* the session whose state is in the workspace already, if its
                                   holder says so too */
    struct recur_session *const *sessions;
    float *logits; /* (rows, V) */

    /* For tokens. */
    int32_t *ids, *targets; /* by rows */
    size_t last_steps;      /* of the pass from which states are carried */
    struct recur_learning learning;
    struct recur_cpu_sequences sequences;
    struct recur_cpu_score *scores; /* (threads) */
    size_t chunk;                   /* rows of logits that a thread computes at once */
    real *panel;                    /* (B, 32): one panel of logits */

    _Alignas(64) struct recur_tuner tuner; /* of minibatches, or of steps; only the caller reads
                                              and writes it */
};

static inline struct recur_cpu_engine *recur_cpu_engine_of(const struct recur_engine *engine)
{
    return (struct recur_cpu_engine *)(uintptr_t)engine;
}

static inline struct recur_cpu_learner *recur_cpu_learner_of(const struct recur_learner *learner)
{
    return (struct recur_cpu_learner *)(uintptr_t)learner;
}

/* Whether the last sum over ranks succeeded, if there was one. */
enum recur_status recur_cpu_summed(const struct recur_cpu_learner *learner, recur_error *error);

/* Adds what was gathered of the blocks, as far as they are neighbours in the tree. */
void recur_cpu_join_gathered(struct recur_cpu_learner *learner);

/* Runs `function` on the team, or on the caller's thread where there is no team. */
void recur_cpu_run(struct recur_cpu_engine *engine, recur_team_fn *function);

/* Runs `function` on all threads or on one, whichever is faster; the results are the same to the
 * bit. `tuned` false: on all threads; on one in a child process that may start none. */
void recur_cpu_run_tuned(struct recur_cpu_engine *engine, recur_team_fn *function, bool tuned);

/* The team that runs what recur_cpu_run_tuned has started. */
static inline struct recur_team *recur_cpu_present(const struct recur_cpu_engine *engine)
{
    return engine->alone ? engine->solo : engine->team;
}

/* Of a minibatch, before its rows are laid out: whether it drops, and with which mask. */
void recur_cpu_set_dropout(struct recur_cpu_engine *engine, const struct recur_minibatch *batch);

/* Sets the targets of a pass whose ids or targets lie by rows, and the weight of each of their
 * losses. `all`: how many targets the minibatch has on all ranks; 0: these. */
void recur_cpu_set_targets(struct recur_cpu_engine *engine, const int32_t *targets,
                           const size_t *order, size_t all);

/* Which of a stream's states, or of their gradients, to copy: one row for each sequence. */
enum recur_cpu_states {
    RECUR_CPU_H0,
    RECUR_CPU_C0,
    RECUR_CPU_H_N,
    RECUR_CPU_C_N,
    RECUR_CPU_ENDS,
    RECUR_CPU_DC,
    RECUR_CPU_DH0
};

/* Each of these copies in one direction: from the caller's array `from`, where NULL stands for
 * zeros, or into the caller's array `to`, if `to` is not NULL. A thread copies the rows that it
 * works on, or its part of the sequences. */

/* (T, B, columns of the input): its values or its gradients. */
void recur_cpu_exchange_layer_input(const struct recur_cpu_engine *engine,
                                    const struct recur_layer_input *layer_input, bool gradient,
                                    const float *from, float *to, size_t thread);

/* (T, B, V) */
void recur_cpu_exchange_logits(const struct recur_cpu_engine *engine, const float *from, float *to,
                               size_t thread);

/* (L*D, B, H) */
void recur_cpu_exchange_states(const struct recur_cpu_engine *engine, enum recur_cpu_states which,
                               const float *from, float *to, size_t thread, size_t threads);

/* The contract's functions, as backend/backend.h says. */
enum recur_status recur_cpu_learner_create(const struct recur_learner_plan *plan,
                                           struct recur_learner **learner, recur_error *error);
void recur_cpu_learner_free(struct recur_learner *learner);
bool recur_cpu_learner_has(const struct recur_learner *learner, enum recur_array array);
void recur_cpu_learner_read(const struct recur_learner *learner, enum recur_array array,
                            size_t index, float *values);
void recur_cpu_learner_write(struct recur_learner *learner, enum recur_array array, size_t index,
                             const float *values);
void recur_cpu_learner_begin(struct recur_learner *learner);
void recur_cpu_learner_add_tokens(struct recur_learner *learner, const int32_t *ids, size_t count,
                                  size_t stride);
void recur_cpu_learner_draw(struct recur_learner *learner, uint64_t minibatch,
                            const int32_t *targets, size_t count);
void recur_cpu_learner_clear(struct recur_learner *learner);
enum recur_status recur_cpu_learner_update(struct recur_learner *learner,
                                           const struct recur_learning *how, double *norm,
                                           recur_error *error);
enum recur_status recur_cpu_learner_mean(struct recur_learner *learner, size_t ranks,
                                         recur_error *error);
void recur_cpu_learner_gather(struct recur_learner *learner, size_t block, double loss);
double recur_cpu_learner_gathered_loss(const struct recur_learner *learner);
void recur_cpu_learner_keep(struct recur_learner *learner);
void recur_cpu_learner_restore(struct recur_learner *learner);
void recur_cpu_learner_exchange(struct recur_learner *learner);
bool recur_cpu_learner_finite(const struct recur_learner *learner);

enum recur_status recur_cpu_engine_create(const struct recur_engine_plan *plan,
                                          struct recur_engine **engine, recur_error *error);
void recur_cpu_engine_free(struct recur_engine *engine);
size_t recur_cpu_rows(const recur_model *model);
void recur_cpu_prepare(struct recur_engine *engine);
enum recur_status recur_cpu_forward(struct recur_engine *engine,
                                    const struct recur_minibatch *batch,
                                    const recur_stack_output *output, recur_error *error);
enum recur_status recur_cpu_backward(struct recur_engine *engine,
                                     const recur_stack_output_gradient *output,
                                     const recur_stack_input_gradient *input, recur_error *error);
enum recur_status recur_cpu_learn(struct recur_engine *engine, const struct recur_minibatch *batch,
                                  const struct recur_learning *how, double *loss, double *norm,
                                  recur_error *error);
void recur_cpu_read_states(const struct recur_engine *engine, size_t l, bool c, float *values);
void recur_cpu_write_states(struct recur_engine *engine, size_t l, bool c, const float *values);
enum recur_status recur_cpu_score(struct recur_engine *engine, const struct recur_minibatch *batch,
                                  float *losses, size_t stride, size_t *hits, recur_error *error);
void recur_cpu_outputs(const struct recur_engine *engine, size_t b, size_t first, size_t last,
                       float *rows);
void recur_cpu_logits(struct recur_engine *engine, size_t t, size_t count, float *logits);
size_t recur_cpu_session_bytes(const struct recur_network *network);
void recur_cpu_step_sessions(struct recur_engine *engine, struct recur_session *const *sessions,
                             const int32_t *ids, size_t count, float *logits);
void recur_cpu_add_rows(struct recur_engine *engine, const struct recur_lookup *lookup);
void recur_cpu_drop(const struct recur_engine *engine, float *x, size_t n, uint64_t key);

/* Parts of them that depend on the use of the engine. */
void recur_cpu_forward_sequences(struct recur_cpu_engine *engine,
                                 const struct recur_minibatch *batch,
                                 const recur_stack_output *output);
void recur_cpu_forward_reading(struct recur_cpu_engine *engine,
                               const struct recur_minibatch *batch);
enum recur_status recur_cpu_plan_scores(struct recur_cpu_engine *engine, recur_error *error);
void recur_cpu_free_scores(struct recur_cpu_engine *engine);

#endif
