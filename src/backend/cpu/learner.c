/* A learner: gradients, the optimiser, the best parameters so far. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/engine.h"
#include "base/memory.h"

static enum recur_status fill_in(struct recur_cpu_learner *learner, recur_error *error)
{
    const struct recur_learner_plan *plan = &learner->base.plan;
    recur_model *model = plan->model;
    size_t span = model->network.params.span, bytes = span * sizeof(real);
    learner->clip = (double)plan->config->clip;
    if (plan->config->precision == RECUR_PRECISION_BF16)
        recur_kernels_permit_tiles(&model->kernels);
    RECUR_TRY(recur_block_alloc(bytes, "gradients", &learner->gradients, error));
    if (plan->adds)
        RECUR_TRY(recur_block_alloc(bytes, "gradients", &learner->fresh, error));
    if (plan->keeps) {
        RECUR_TRY(recur_block_alloc(bytes, "the best parameters", &learner->kept, error));
        memcpy(learner->kept, model->parameters, bytes);
    }
    if (plan->tokens && !plan->sum) /* other ranks read other rows */
        RECUR_TRY(recur_sparse_rows_init(&learner->sparse, &model->network, plan->tokens, error));
    RECUR_TRY(recur_optimiser_init(&learner->optimiser, model->kernels, plan->config,
                                   model->parameters, learner->gradients, span, &learner->sparse,
                                   error));
    learner->optimiser.sum = plan->sum;
    learner->optimiser.ranks = plan->ranks;
    return RECUR_OK;
}

enum recur_status recur_cpu_learner_create(const struct recur_learner_plan *plan,
                                           struct recur_learner **out, recur_error *error)
{
    struct recur_cpu_learner *learner;
    RECUR_TRY(recur_alloc(1, sizeof *learner, "a learner", &learner, error));
    learner->base = (struct recur_learner){*plan};
    enum recur_status status = fill_in(learner, error);
    learner->base.plan.config = NULL;
    if (status != RECUR_OK) {
        recur_cpu_learner_free(&learner->base);
        return status;
    }
    *out = &learner->base;
    return RECUR_OK;
}

void recur_cpu_learner_free(struct recur_learner *base)
{
    struct recur_cpu_learner *learner = recur_cpu_learner_of(base);
    if (!learner)
        return;
    recur_optimiser_free(&learner->optimiser);
    recur_sparse_rows_free(&learner->sparse);
    recur_block_free(learner->gradients);
    recur_block_free(learner->fresh);
    recur_block_free(learner->kept);
    free(learner);
}

/* NULL where the learner lacks that array. */
static real *array_of(const struct recur_cpu_learner *learner, enum recur_array array)
{
    switch (array) {
    case RECUR_ARRAY_GRADIENT: return learner->gradients;
    case RECUR_ARRAY_FIRST: return learner->optimiser.first;
    case RECUR_ARRAY_SECOND: return learner->optimiser.second;
    case RECUR_ARRAY_BEST: break;
    }
    return learner->kept;
}

static size_t span_of(const struct recur_cpu_learner *learner)
{
    return learner->base.plan.model->network.params.span;
}

bool recur_cpu_learner_has(const struct recur_learner *base, enum recur_array array)
{
    return array_of(recur_cpu_learner_of(base), array) != NULL;
}

void recur_cpu_learner_read(const struct recur_learner *base, enum recur_array array, size_t index,
                            float *values)
{
    const struct recur_cpu_learner *learner = recur_cpu_learner_of(base);
    const struct recur_param *param = &base->plan.model->network.params.entry[index];
    if (array == RECUR_ARRAY_GRADIENT && learner->fresh && !learner->has_gradients)
        memset(values, 0, param->rows * param->columns * sizeof *values);
    else
        recur_param_unpack(param, array_of(learner, array), values);
}

/* Writes the zeros that clearing has only promised. A pass that sets all gradients does not need
 * them. */
static void settle_gradients(struct recur_cpu_learner *learner)
{
    if (learner->fresh && !learner->has_gradients)
        memset(learner->gradients, 0, span_of(learner) * sizeof *learner->gradients);
    learner->has_gradients = learner->fresh != NULL;
}

void recur_cpu_learner_write(struct recur_learner *base, enum recur_array array, size_t index,
                             const float *values)
{
    struct recur_cpu_learner *learner = recur_cpu_learner_of(base);
    if (array == RECUR_ARRAY_GRADIENT)
        settle_gradients(learner);
    recur_param_pack(&base->plan.model->network.params.entry[index], array_of(learner, array),
                     values);
}

void recur_cpu_learner_begin(struct recur_learner *base)
{
    recur_sparse_rows_begin(&recur_cpu_learner_of(base)->sparse);
}

void recur_cpu_learner_add_tokens(struct recur_learner *base, const int32_t *ids, size_t count,
                                  size_t stride)
{
    struct recur_sparse_rows *sparse = &recur_cpu_learner_of(base)->sparse;
    for (size_t i = 0; i < count; i++)
        recur_sparse_rows_add(sparse, ids[i * stride]);
}

void recur_cpu_learner_clear(struct recur_learner *base)
{
    recur_cpu_learner_of(base)->has_gradients = false;
}

enum recur_status recur_cpu_summed(const struct recur_cpu_learner *learner, recur_error *error)
{
    if (learner->optimiser.summed != RECUR_OK && error)
        *error = learner->optimiser.error;
    return learner->optimiser.summed;
}

enum recur_status recur_cpu_learner_update(struct recur_learner *base,
                                           const struct recur_learning *how, double *norm,
                                           recur_error *error)
{
    struct recur_cpu_learner *learner = recur_cpu_learner_of(base);
    RECUR_TRY(recur_team_attend(base->plan.team, error));
    settle_gradients(learner);
    learner->optimiser.updates = how->number - 1;
    *norm = recur_optimiser_run(&learner->optimiser, base->plan.team, how->lr, learner->clip);
    return recur_cpu_summed(learner, error);
}

void recur_cpu_learner_keep(struct recur_learner *base)
{
    const struct recur_cpu_learner *learner = recur_cpu_learner_of(base);
    memcpy(learner->kept, base->plan.model->parameters, span_of(learner) * sizeof(real));
}

void recur_cpu_learner_restore(struct recur_learner *base)
{
    const struct recur_cpu_learner *learner = recur_cpu_learner_of(base);
    memcpy(base->plan.model->parameters, learner->kept, span_of(learner) * sizeof(real));
}

bool recur_cpu_learner_finite(const struct recur_learner *base)
{
    const recur_model *model = base->plan.model;
    for (size_t i = 0; i < model->network.params.span; i++)
        if (!isfinite(model->parameters[i]))
            return false;
    return true;
}
