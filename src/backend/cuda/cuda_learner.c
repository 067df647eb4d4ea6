/* A learner: gradients, the optimiser, the best parameters so far. */
#include "backend/cuda/cuda_learner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nn/optimizers.h"

static void upload(struct recur_cuda_learner *learner)
{
    learner->changes = learner->base.plan.model->changes;
    recur_cuda_upload(&learner->queue, learner->parameters, learner->base.plan.model->parameters,
                      learner->span * sizeof(float));
}

void recur_cuda_learner_refresh(struct recur_cuda_learner *learner)
{
    if (learner->changes != learner->base.plan.model->changes)
        upload(learner);
}

void recur_cuda_learner_lead(struct recur_cuda_learner *learner)
{
    for (size_t i = 0; i < learner->base.plan.model->network.params.count; i++)
        learner->stale[i] = true;
}

static void fetch(struct recur_cuda_learner *learner, size_t first, size_t count)
{
    struct recur_cuda_queue *queue = &learner->queue;
    recur_model *model = learner->base.plan.model;
    for (size_t i = first; i < first + count; i++) {
        const struct recur_param *param = &model->network.params.entry[i];
        if (learner->stale[i])
            recur_cuda_download(queue, model->parameters + param->offset,
                                recur_cuda_at(learner->parameters, param->offset),
                                param->span * sizeof(float));
    }
    if (recur_cuda_finish(queue, NULL) == RECUR_OK)
        memset(learner->stale + first, 0, count * sizeof *learner->stale);
}

void recur_cuda_learner_sync(const struct recur_learner *base, size_t first, size_t count)
{
    struct recur_cuda_learner *learner = recur_cuda_learner_of(base);
    pthread_mutex_lock(&learner->mutex);
    if (memchr(learner->stale + first, true, count * sizeof *learner->stale) &&
        recur_cuda_enter(learner->queue.cuda, NULL) == RECUR_OK) {
        fetch(learner, first, count);
        recur_cuda_leave(learner->queue.cuda);
    }
    pthread_mutex_unlock(&learner->mutex);
}

static enum recur_status fill_in(struct recur_cuda_learner *learner, recur_error *error)
{
    const struct recur_learner_plan *plan = &learner->base.plan;
    struct recur_cuda_queue *queue = &learner->queue;
    const struct recur_optimizer_kind *kind = recur_optimizer_kind_of(plan->config->optimizer);
    size_t span = learner->span;
    bool first = kind->first || plan->config->momentum > 0;
    const struct {
        bool wanted;
        const char *what;
        recur_cuda_memory *memory;
    } arrays[] = {
        {true, "parameters", &learner->parameters},
        {true, "gradients", &learner->gradients},
        {plan->adds || plan->gathers, "gradients", &learner->fresh},
        {first, "the optimiser", &learner->first},
        {kind->second, "the optimiser", &learner->second},
        {plan->keeps, "the best parameters", &learner->best},
    };
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (arrays[i].wanted)
            RECUR_TRY(recur_cuda_numbers(queue, span, arrays[i].what, arrays[i].memory, error));
    RECUR_TRY(recur_cuda_numbers(queue, 2 * learner->chunks, "the gradient's norm", &learner->parts,
                                 error));
    size_t reports = plan->blocks ? plan->blocks : 1;
    RECUR_TRY(recur_cuda_numbers(queue, reports * sizeof(struct gpu_report) / sizeof(float),
                                 "a report", &learner->report, error));
    RECUR_TRY(recur_cuda_host(queue, reports * sizeof *learner->found, "a report", &learner->found,
                              error));
    RECUR_TRY(recur_cuda_host(queue, span * sizeof(float), "parameters", &learner->flat, error));
    RECUR_TRY(recur_cuda_blocks_create(learner, error));
    RECUR_TRY(recur_alloc(plan->model->network.params.count, sizeof *learner->stale, "a learner",
                          &learner->stale, error));
    upload(learner);
    if (learner->best)
        recur_cuda_copy(queue, learner->best, learner->parameters, span * sizeof(float));
    return recur_cuda_finish(queue, error);
}

enum recur_status recur_cuda_learner_create(const struct recur_learner_plan *plan,
                                            struct recur_learner **out, recur_error *error)
{
    struct recur_cuda_learner *learner;
    RECUR_TRY(recur_alloc(1, sizeof *learner, "a learner", &learner, error));
    learner->base = (struct recur_learner){plan->model->place.backend, *plan};
    learner->settings = *plan->config;
    learner->mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    learner->span = plan->model->network.params.span;
    learner->chunks = (learner->span + GPU_CHUNK - 1) / GPU_CHUNK;
    learner->queue.cuda = recur_cuda_of(recur_gpu_share(plan->model->place.gpu));
    enum recur_status status = recur_cuda_enter(learner->queue.cuda, error);
    if (status == RECUR_OK) {
        status = recur_cuda_queue_init(&learner->queue, learner->queue.cuda, error);
        if (status == RECUR_OK)
            status = fill_in(learner, error);
        recur_cuda_leave(learner->queue.cuda);
    }
    learner->base.plan.config = NULL;
    if (status != RECUR_OK) {
        recur_cuda_learner_free(&learner->base);
        return status;
    }
    plan->model->leader = &learner->base;
    *out = &learner->base;
    return RECUR_OK;
}

void recur_cuda_learner_free(struct recur_learner *base)
{
    struct recur_cuda_learner *learner = recur_cuda_learner_of(base);
    if (!learner)
        return;
    const struct recur_cuda *cuda = learner->queue.cuda;
    recur_model *model = base->plan.model;
    if (model->leader == base) {
        recur_model_sync_all(model);
        model->leader = NULL;
    }
    if (recur_cuda_enter(cuda, NULL) == RECUR_OK) {
        const recur_cuda_memory memory[] = {learner->parameters, learner->gradients, learner->fresh,
                                            learner->first,      learner->second,    learner->best,
                                            learner->parts,      learner->report};
        for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
            recur_cuda_free(cuda, memory[i]);
        recur_cuda_blocks_free(learner);
        recur_cuda_host_free(&learner->queue, learner->found);
        recur_cuda_host_free(&learner->queue, learner->flat);
        recur_cuda_leave(cuda);
    }
    recur_gpu_release(cuda->gpu);
    pthread_mutex_destroy(&learner->mutex);
    free(learner->stale);
    free(learner);
}

/* 0 where the learner lacks that array. */
static recur_cuda_memory array_of(const struct recur_cuda_learner *learner, enum recur_array array)
{
    switch (array) {
    case RECUR_ARRAY_GRADIENT: return learner->gradients;
    case RECUR_ARRAY_FIRST: return learner->first;
    case RECUR_ARRAY_SECOND: return learner->second;
    case RECUR_ARRAY_BEST: return learner->best;
    case RECUR_ARRAY_AVERAGE: break;
    }
    return 0;
}

bool recur_cuda_learner_has(const struct recur_learner *base, enum recur_array array)
{
    return array_of(recur_cuda_learner_of(base), array) != 0;
}

void recur_cuda_learner_read(const struct recur_learner *base, enum recur_array array, size_t index,
                             float *values)
{
    struct recur_cuda_learner *learner = recur_cuda_learner_of(base);
    const struct recur_param *param = &base->plan.model->network.params.entry[index];
    struct recur_cuda_queue *queue = &learner->queue;
    memset(values, 0, param->rows * param->columns * sizeof *values);
    if (array == RECUR_ARRAY_GRADIENT && base->plan.adds && !learner->has_gradients)
        return;
    if (recur_cuda_enter(queue->cuda, NULL) != RECUR_OK)
        return;
    recur_cuda_download(queue, learner->flat + param->offset,
                        recur_cuda_at(array_of(learner, array), param->offset),
                        param->span * sizeof(float));
    if (recur_cuda_finish(queue, NULL) == RECUR_OK)
        recur_param_unpack(param, learner->flat, values);
    recur_cuda_leave(queue->cuda);
}

/* Writes the zeros that clearing has only promised. A pass that sets all gradients does not need
 * them. */
static void settle_gradients(struct recur_cuda_learner *learner)
{
    bool adds = learner->base.plan.adds;
    if (adds && !learner->has_gradients)
        recur_cuda_clear(&learner->queue, learner->gradients, learner->span);
    learner->has_gradients = adds;
}

void recur_cuda_learner_write(struct recur_learner *base, enum recur_array array, size_t index,
                              const float *values)
{
    struct recur_cuda_learner *learner = recur_cuda_learner_of(base);
    const struct recur_param *param = &base->plan.model->network.params.entry[index];
    struct recur_cuda_queue *queue = &learner->queue;
    bool gradient = array == RECUR_ARRAY_GRADIENT;
    if (recur_cuda_enter(queue->cuda, NULL) != RECUR_OK)
        return;
    if (gradient)
        settle_gradients(learner);
    recur_cuda_memory to = gradient ? recur_cuda_learner_own(learner) : array_of(learner, array);
    memset(learner->flat + param->offset, 0, param->span * sizeof(float));
    recur_param_pack(param, learner->flat, values);
    recur_cuda_upload(queue, recur_cuda_at(to, param->offset), learner->flat + param->offset,
                      param->span * sizeof(float));
    recur_cuda_finish(queue, NULL);
    recur_cuda_leave(queue->cuda);
}

/* The rows of tables that a minibatch reads are found where their gradients are summed. */
void recur_cuda_learner_begin(struct recur_learner *base)
{
    struct recur_cuda_blocks *blocks = &recur_cuda_learner_of(base)->blocks;
    memset(blocks->has, 0, sizeof blocks->has);
}

void recur_cuda_learner_add_tokens(struct recur_learner *base, const int32_t *ids, size_t count,
                                   size_t stride)
{
    (void)base;
    (void)ids;
    (void)count;
    (void)stride;
}

void recur_cuda_learner_clear(struct recur_learner *base)
{
    recur_cuda_learner_of(base)->has_gradients = false;
}

static void run_optimiser(struct recur_cuda_learner *learner, const struct recur_learning *how)
{
    static const enum recur_cuda_kernel kernel[] = {
        [RECUR_OPTIMIZER_SGD] = RECUR_CUDA_update_sgd,
        [RECUR_OPTIMIZER_ADAM] = RECUR_CUDA_update_adam,
        [RECUR_OPTIMIZER_ADAMW] = RECUR_CUDA_update_adam,
        [RECUR_OPTIMIZER_RMSPROP] = RECUR_CUDA_update_rmsprop,
    };
    const recur_trainer_config *settings = &learner->settings;
    double number = (double)how->number;
    float correct1 = (float)(1 - pow((double)settings->beta1, number));
    float correct2 = (float)(1 - pow((double)settings->beta2, number));
    struct gpu_update update = {
        .p = learner->parameters,
        .g = learner->gradients,
        .m = learner->first,
        .v = learner->second,
        .report = learner->report,
        .count = learner->span,
        .lr = (float)how->lr,
        .momentum = settings->momentum,
        .beta1 = settings->beta1,
        .beta2 = settings->beta2,
        .alpha = settings->alpha,
        .epsilon = settings->epsilon,
        .weight_decay = settings->weight_decay,
        .step = (float)how->lr / correct1,
        .root = 1 / (float)sqrt((double)correct2),
        .decoupled = recur_optimizer_kind_of(settings->optimizer)->decoupled,
    };
    recur_cuda_run_each(&learner->queue, kernel[settings->optimizer], learner->span, &update);
}

void recur_cuda_learner_add(struct recur_cuda_learner *learner, recur_cuda_memory to,
                            recur_cuda_memory from)
{
    struct gpu_add add = {.a = to, .b = from, .count = learner->span};
    recur_cuda_run_each(&learner->queue, RECUR_CUDA_add, learner->span, &add);
}

enum recur_status recur_cuda_learner_queue_update(struct recur_cuda_learner *learner,
                                                  const struct recur_learning *how,
                                                  recur_error *error)
{
    struct recur_cuda_queue *queue = &learner->queue;
    settle_gradients(learner);
    if (learner->blocks.count)
        RECUR_TRY(recur_cuda_blocks_sum(learner, error));
    struct gpu_sum sum = {.from = learner->gradients,
                          .parts = learner->parts,
                          .report = learner->report,
                          .count = learner->span,
                          .chunks = (u32)learner->chunks,
                          .clip = learner->settings.clip};
    recur_cuda_run(queue, RECUR_CUDA_sum_squares, learner->chunks, GPU_THREADS, &sum);
    recur_cuda_run(queue, RECUR_CUDA_sum_norm, 1, GPU_THREADS, &sum);
    recur_cuda_learner_lead(learner);
    run_optimiser(learner, how);
    recur_cuda_download(queue, learner->found, learner->report, sizeof *learner->found);
    return RECUR_OK;
}

enum recur_status recur_cuda_learner_update(struct recur_learner *base,
                                            const struct recur_learning *how, double *norm,
                                            recur_error *error)
{
    struct recur_cuda_learner *learner = recur_cuda_learner_of(base);
    RECUR_TRY(recur_cuda_enter(learner->queue.cuda, error));
    recur_cuda_learner_refresh(learner);
    enum recur_status status = recur_cuda_learner_queue_update(learner, how, error);
    if (status == RECUR_OK)
        status = recur_cuda_finish(&learner->queue, error);
    recur_cuda_leave(learner->queue.cuda);
    *norm = learner->found->norm;
    return status;
}

void recur_cuda_learner_keep(struct recur_learner *base)
{
    struct recur_cuda_learner *learner = recur_cuda_learner_of(base);
    if (recur_cuda_enter(learner->queue.cuda, NULL) != RECUR_OK)
        return;
    recur_cuda_copy(&learner->queue, learner->best, learner->parameters,
                    learner->span * sizeof(float));
    recur_cuda_leave(learner->queue.cuda);
}

void recur_cuda_learner_restore(struct recur_learner *base)
{
    struct recur_cuda_learner *learner = recur_cuda_learner_of(base);
    if (recur_cuda_enter(learner->queue.cuda, NULL) != RECUR_OK)
        return;
    recur_cuda_copy(&learner->queue, learner->parameters, learner->best,
                    learner->span * sizeof(float));
    recur_cuda_learner_lead(learner);
    recur_cuda_leave(learner->queue.cuda);
}

bool recur_cuda_learner_finite(const struct recur_learner *base)
{
    struct recur_cuda_learner *learner = recur_cuda_learner_of(base);
    struct recur_cuda_queue *queue = &learner->queue;
    struct gpu_sum check = {
        .from = learner->parameters, .report = learner->report, .count = learner->span};
    if (recur_cuda_enter(queue->cuda, NULL) != RECUR_OK)
        return true; /* the next function with an error says what failed */
    recur_cuda_clear(queue, learner->report, sizeof *learner->found / sizeof(float));
    recur_cuda_run_each(queue, RECUR_CUDA_check_finite, learner->span, &check);
    recur_cuda_download(queue, learner->found, learner->report, sizeof *learner->found);
    bool broken = recur_cuda_finish(queue, NULL) == RECUR_OK && learner->found->broken;
    recur_cuda_leave(queue->cuda);
    return !broken;
}
