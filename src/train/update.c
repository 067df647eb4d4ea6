#include "train/update.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

enum recur_status recur_optimiser_init(struct recur_optimiser *optimiser,
                                       const struct recur_kernels *kernels,
                                       const recur_trainer_config *config, real *parameters,
                                       real *gradients, size_t span, recur_error *error)
{
    *optimiser = (struct recur_optimiser){
        .kernels = kernels,
        .kind = config->optimizer,
        .settings = {.momentum = config->momentum,
                     .beta1 = config->beta1,
                     .beta2 = config->beta2,
                     .alpha = config->alpha,
                     .epsilon = config->epsilon,
                     .weight_decay = config->weight_decay,
                     .decoupled = config->optimizer == RECUR_OPTIMIZER_ADAMW},
        .span = span,
        .parameters = parameters,
        .gradients = gradients,
    };
    bool adam =
        config->optimizer == RECUR_OPTIMIZER_ADAM || config->optimizer == RECUR_OPTIMIZER_ADAMW;
    if (adam || config->momentum > 0)
        RECUR_TRY(
            recur_block_alloc(span * sizeof(real), "the optimiser", &optimiser->first, error));
    if (adam || config->optimizer == RECUR_OPTIMIZER_RMSPROP)
        RECUR_TRY(
            recur_block_alloc(span * sizeof(real), "the optimiser", &optimiser->second, error));
    return recur_alloc(span / RECUR_SUM_CHUNK + 1, sizeof(double), "the gradient's norm",
                       &optimiser->chunk_sum, error);
}

void recur_optimiser_free(struct recur_optimiser *optimiser)
{
    recur_block_free(optimiser->first);
    recur_block_free(optimiser->second);
    free(optimiser->chunk_sum);
    *optimiser = (struct recur_optimiser){0};
}

static size_t chunks(const struct recur_optimiser *optimiser)
{
    return (optimiser->span + RECUR_SUM_CHUNK - 1) / RECUR_SUM_CHUNK;
}

void recur_optimiser_sum(struct recur_optimiser *optimiser, size_t thread, size_t threads)
{
    size_t end = chunks(optimiser) * (thread + 1) / threads;
    for (size_t i = chunks(optimiser) * thread / threads; i < end; i++) {
        size_t first = i * RECUR_SUM_CHUNK, left = optimiser->span - first;
        optimiser->chunk_sum[i] = optimiser->kernels->sum_squares(
            optimiser->gradients + first, left < RECUR_SUM_CHUNK ? left : RECUR_SUM_CHUNK);
    }
}

double recur_optimiser_norm(const struct recur_optimiser *optimiser)
{
    double sum = 0;
    for (size_t i = 0; i < chunks(optimiser); i++)
        sum += optimiser->chunk_sum[i];
    return sqrt(sum);
}

double recur_clip_scale(double norm, double clip)
{
    return clip > 0 && norm > clip ? clip / norm : 1;
}

void recur_optimiser_begin(struct recur_optimiser *optimiser, double lr, double scale)
{
    struct recur_update *settings = &optimiser->settings;
    double updates = (double)++optimiser->updates;
    settings->lr = (real)lr;
    settings->scale = (real)scale;
    settings->correct1 = (real)(1 - pow((double)settings->beta1, updates));
    settings->correct2 = (real)(1 - pow((double)settings->beta2, updates));
}

void recur_optimiser_apply(struct recur_optimiser *optimiser, size_t thread, size_t threads)
{
    const struct recur_kernels *kernels = optimiser->kernels;
    size_t first = chunks(optimiser) * thread / threads * RECUR_SUM_CHUNK;
    size_t last = chunks(optimiser) * (thread + 1) / threads * RECUR_SUM_CHUNK;
    last = last < optimiser->span ? last : optimiser->span;
    if (first >= last)
        return;
    real *p = optimiser->parameters + first, *g = optimiser->gradients + first;
    real *m = optimiser->first ? optimiser->first + first : NULL;
    real *v = optimiser->second ? optimiser->second + first : NULL;
    switch (optimiser->kind) {
    case RECUR_OPTIMIZER_SGD: kernels->sgd(p, g, m, last - first, &optimiser->settings); break;
    case RECUR_OPTIMIZER_ADAM:
    case RECUR_OPTIMIZER_ADAMW:
        kernels->adam(p, g, m, v, last - first, &optimiser->settings);
        break;
    case RECUR_OPTIMIZER_RMSPROP:
        kernels->rmsprop(p, g, m, v, last - first, &optimiser->settings);
        break;
    }
}
