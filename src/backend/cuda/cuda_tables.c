/* Gradients of look-up tables, and dropout, outside of a network: what the parts of a model pass
 * to each other. That is the host's. */
#include <string.h>

#include "backend/cuda/cuda_engine.h"
#include "nn/lookup.h"

void recur_cuda_add_rows(struct recur_engine *base, const struct recur_lookup *lookup)
{
    struct recur_cuda_learner *learner = recur_cuda_engine_of(base)->learner;
    struct recur_cuda_queue *queue = &learner->queue;
    const struct recur_param *param =
        recur_network_param(&base->plan.model->network, lookup->tensor);
    float *flat = learner->flat;
    memset(flat + param->offset, 0, param->span * sizeof *flat);
    recur_add_rows(param, lookup, flat);
    if (recur_cuda_enter(queue->cuda, NULL) != RECUR_OK)
        return;
    recur_cuda_upload(queue, recur_cuda_at(recur_cuda_learner_own(learner), param->offset),
                      flat + param->offset, param->span * sizeof *flat);
    recur_cuda_finish(queue, NULL);
    recur_cuda_leave(queue->cuda);
}

void recur_cuda_drop(const struct recur_engine *base, float *x, size_t n, uint64_t key)
{
    recur_backend_default()->drop(base, x, n, key);
}
