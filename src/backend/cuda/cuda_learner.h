/* The GPU's learners: parameters, gradients, moments and the best parameters, flat as on the host.
 */
#ifndef RECUR_BACKEND_CUDA_CUDA_LEARNER_H
#define RECUR_BACKEND_CUDA_CUDA_LEARNER_H

#include "backend/cuda/queue.h"
#include "nn/model_object.h"

struct recur_cuda_learner {
    struct recur_learner base;
    struct recur_cuda_queue queue;
    recur_trainer_config settings;
    size_t span, chunks;                            /* numbers; their chunks in sums */
    recur_cuda_memory parameters, gradients, fresh; /* fresh: of one pass that will be added to the
                                                       gradients; 0: passes do not add */
    recur_cuda_memory first, second, best;          /* 0: there are none */
    recur_cuda_memory parts, report;                /* of sums; struct gpu_report */
    struct gpu_report *found;                       /* the host's copy */
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

/* Puts an update into the queue: the sum over ranks, the norm, clipping, the optimiser's step. The
 * report is complete after recur_cuda_finish. */
void recur_cuda_learner_queue_update(struct recur_cuda_learner *learner,
                                     const struct recur_learning *how);

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
enum recur_status recur_cuda_learner_update(struct recur_learner *learner,
                                            const struct recur_learning *how, double *norm,
                                            recur_error *error);
void recur_cuda_learner_keep(struct recur_learner *learner);
void recur_cuda_learner_restore(struct recur_learner *learner);
void recur_cuda_learner_sync(const struct recur_learner *learner, size_t first, size_t count);
bool recur_cuda_learner_finite(const struct recur_learner *learner);

#endif
