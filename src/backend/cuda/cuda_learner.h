/* The GPU's learners: parameters, gradients, moments and the best parameters, flat as on the host.
 */
#ifndef RECUR_BACKEND_CUDA_CUDA_LEARNER_H
#define RECUR_BACKEND_CUDA_CUDA_LEARNER_H

#include "backend/cuda/queue.h"
#include "backend/lengths.h"
#include "nn/model_object.h"

/* The sums of an update that are summed block by block. Block numbers are the rank's own. */
struct recur_cuda_blocks {
    size_t count; /* of the rank; 0: the gradients of a pass are those of the update */
    struct recur_pairwise left; /* the sums over blocks; complete when all are pushed */
    size_t room;                /* sums that there are at most in between */
    recur_cuda_memory sum[RECUR_BLOCK_SUMS_MAX]; /* the gradients of each; the first one's are the
                                                    learner's */
    float *host[RECUR_BLOCK_SUMS_MAX];           /* of those that are left, on their way to ranks */
    double loss[RECUR_BLOCK_SUMS_MAX];           /* of each sum */
    /* Where several minibatches, or passes, are gathered: the sums of each block so far. Those of
     * the first one are the learner's gradients. */
    recur_cuda_memory gathered[RECUR_MICRO_BATCHES_MAX];
    double gathered_loss[RECUR_MICRO_BATCHES_MAX]; /* also where nothing is gathered */
    bool has[RECUR_MICRO_BATCHES_MAX];             /* whether a block has any */
};

struct recur_cuda_learner {
    struct recur_learner base;
    struct recur_cuda_queue queue;
    recur_trainer_config settings;
    size_t span, chunks;                            /* numbers; their chunks in sums */
    recur_cuda_memory parameters, gradients, fresh; /* fresh: of one pass that will be added to
                                                       those before; 0: passes do not add */
    recur_cuda_memory first, second, best;          /* 0: there are none */
    struct recur_cuda_blocks blocks;
    recur_cuda_memory parts, report; /* of sums; (blocks) struct gpu_report: each has a loss */
    struct gpu_report *found;        /* the host's copies */
    float *flat;           /* of the host: numbers on their way, as many as the parameters */
    bool has_gradients;    /* where passes add: the gradients are not all zero */
    uint64_t changes;      /* of the model's tensors that the GPU has */
    pthread_mutex_t mutex; /* of the next one, and of the queue while nobody trains */
    bool *stale;           /* (tensors): the model's is older than the GPU's */
};

static inline struct recur_cuda_learner *recur_cuda_learner_of(const struct recur_learner *learner)
{
    return (struct recur_cuda_learner *)(uintptr_t)learner;
}

/* Copies the model's parameters to the GPU if the caller has set tensors since. */
void recur_cuda_learner_refresh(struct recur_cuda_learner *learner);

/* The gradients that a pass overwrites where nothing is to be added to them. */
static inline recur_cuda_memory recur_cuda_learner_own(const struct recur_cuda_learner *learner)
{
    return learner->base.plan.gathers ? learner->fresh : learner->gradients;
}

/* The GPU's parameters are about to change. */
void recur_cuda_learner_lead(struct recur_cuda_learner *learner);

/* Adds gradients to others. */
void recur_cuda_learner_add(struct recur_cuda_learner *learner, recur_cuda_memory to,
                            recur_cuda_memory from);

/* Puts an update into the queue: the sum over blocks and ranks, the norm, clipping, the optimiser's
 * step. The report is complete after recur_cuda_finish. Errors: those of the sum over ranks, after
 * which there is no update. */
enum recur_status recur_cuda_learner_queue_update(struct recur_cuda_learner *learner,
                                                  const struct recur_learning *how,
                                                  recur_error *error);

/* Makes room for sums over blocks, where the learner's plan has them. Errors: DEVICE. */
enum recur_status recur_cuda_blocks_create(struct recur_cuda_learner *learner, recur_error *error);
void recur_cuda_blocks_free(struct recur_cuda_learner *learner);

/* Where the gradients of a block of a text's minibatch go, block after block; and what is to be
 * done once they are in the queue. */
recur_cuda_memory recur_cuda_block_begin(struct recur_cuda_learner *learner, size_t block);
void recur_cuda_block_end(struct recur_cuda_learner *learner, size_t block);

/* Waits for the losses of a text's blocks, and adds them to those of the update. Errors: DEVICE. */
enum recur_status recur_cuda_blocks_take_losses(struct recur_cuda_learner *learner,
                                                recur_error *error);

/* The learner's gradients, and the first loss, become the sums over all blocks of all ranks.
 * Errors: DEVICE; those of the sum over ranks. */
enum recur_status recur_cuda_blocks_sum(struct recur_cuda_learner *learner, recur_error *error);

/* The contract's functions, as backend/backend.h says. */
enum recur_status recur_cuda_learner_create(const struct recur_learner_plan *plan,
                                            struct recur_learner **learner, recur_error *error);
void recur_cuda_learner_free(struct recur_learner *learner);
bool recur_cuda_learner_has(const struct recur_learner *learner, enum recur_array array);
void recur_cuda_learner_read(const struct recur_learner *learner, enum recur_array array,
                             size_t index, float *values);
void recur_cuda_learner_write(struct recur_learner *learner, enum recur_array array, size_t index,
                              const float *values);
void recur_cuda_learner_begin(struct recur_learner *learner);
void recur_cuda_learner_add_tokens(struct recur_learner *learner, const int32_t *ids, size_t count,
                                   size_t stride);
void recur_cuda_learner_clear(struct recur_learner *learner);
void recur_cuda_learner_gather(struct recur_learner *learner, size_t block, double loss);
double recur_cuda_learner_gathered_loss(const struct recur_learner *learner);
enum recur_status recur_cuda_learner_mean(struct recur_learner *learner, size_t ranks,
                                          recur_error *error);
enum recur_status recur_cuda_learner_update(struct recur_learner *learner,
                                            const struct recur_learning *how, double *norm,
                                            recur_error *error);
void recur_cuda_learner_keep(struct recur_learner *learner);
void recur_cuda_learner_restore(struct recur_learner *learner);
void recur_cuda_learner_sync(const struct recur_learner *learner, size_t first, size_t count);
bool recur_cuda_learner_finite(const struct recur_learner *learner);

#endif
