/* A learner: gradients, the optimiser, the best parameters so far. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/engine.h"
#include "base/memory.h"

/* Makes room for what is gathered of each block. The first sum begins with the first block, so it
 * ends where the gradients are. */
static enum recur_status plan_gathering(struct recur_cpu_learner *learner, recur_error *error)
{
    const struct recur_learner_plan *plan = &learner->base.plan;
    struct recur_cpu_blocks *blocks = &learner->blocks;
    size_t bytes = plan->model->network.params.span * sizeof(real);
    blocks->gathered[0] = learner->gradients;
    for (size_t i = 1; i < plan->blocks; i++)
        RECUR_TRY(recur_block_alloc(bytes, "the blocks' gradients", &blocks->gathered[i], error));
    for (size_t i = 1; i < blocks->left.count; i++)
        blocks->gradients[i] = blocks->gathered[blocks->left.sum[i].first - plan->first_block];
    return RECUR_OK;
}

/* Makes room for the sums over blocks. An engine that has one sum of all its blocks has it where
 * the gradients are. */
static enum recur_status plan_blocks(struct recur_cpu_learner *learner, recur_error *error)
{
    const struct recur_learner_plan *plan = &learner->base.plan;
    struct recur_cpu_blocks *blocks = &learner->blocks;
    size_t bytes = plan->model->network.params.span * sizeof(real);
    blocks->gradients[0] = learner->gradients;
    blocks->room = recur_pairwise_of(&blocks->left, plan->first_block, plan->blocks);
    for (size_t i = 1; i < blocks->room && !plan->gathers; i++)
        RECUR_TRY(recur_block_alloc(bytes, "the blocks' gradients", &blocks->gradients[i], error));
    if (plan->gathers)
        RECUR_TRY(plan_gathering(learner, error));
    if (!plan->sum || plan->apart)
        return RECUR_OK;
    const struct recur_summands summands = {
        .blocks = &blocks->left, .gradients = blocks->gradients, .loss = blocks->loss};
    return recur_optimiser_sum(&learner->optimiser, plan, &summands, error);
}

static enum recur_status fill_in(struct recur_cpu_learner *learner, recur_error *error)
{
    const struct recur_learner_plan *plan = &learner->base.plan;
    recur_model *model = plan->model;
    size_t span = model->network.params.span, bytes = span * sizeof(real);
    learner->clip = (double)plan->config->clip;
    if (plan->config->precision == RECUR_PRECISION_BF16)
        recur_kernels_permit_tiles(&model->kernels);
    RECUR_TRY(recur_block_alloc(bytes, "gradients", &learner->gradients, error));
    if (plan->adds || plan->gathers)
        RECUR_TRY(recur_block_alloc(bytes, "gradients", &learner->fresh, error));
    if (plan->keeps) {
        RECUR_TRY(recur_block_alloc(bytes, "the best parameters", &learner->kept, error));
        memcpy(learner->kept, model->parameters, bytes);
    }
    RECUR_TRY(recur_network_freeze(&model->network, plan->config->freeze, &learner->frozen, error));
    if (plan->averages) {
        RECUR_TRY(recur_block_alloc(bytes, "the parameters' mean", &learner->average, error));
        memcpy(learner->average, model->parameters, bytes); /* frozen ones stay so */
    }
    /* Frozen tables have no gradient. */
    if (plan->samples)
        RECUR_TRY(recur_candidates_init(&learner->candidates, &model->network, plan->samples,
                                        plan->tokens, plan->config->seed, error));
    if (plan->tokens && !learner->frozen.layers)
        RECUR_TRY(recur_sparse_rows_init(&learner->sparse, &model->network, plan->tokens,
                                         learner->candidates.most, error));
    learner->sparse.several = plan->gathers;
    RECUR_TRY(recur_optimiser_init(&learner->optimiser, model->kernels, plan->config,
                                   model->parameters, learner->gradients, span, &learner->sparse,
                                   plan->samples ? &learner->candidates : NULL, &learner->frozen,
                                   error));
    learner->optimiser.average = learner->average;
    learner->optimiser.tied = recur_tied_of(&model->network);
    return plan->blocks || plan->gathers ? plan_blocks(learner, error) : RECUR_OK;
}

enum recur_status recur_cpu_learner_create(const struct recur_learner_plan *plan,
                                           struct recur_learner **out, recur_error *error)
{
    struct recur_cpu_learner *learner;
    RECUR_TRY(recur_alloc(1, sizeof *learner, "a learner", &learner, error));
    learner->base = (struct recur_learner){recur_backend_default(), *plan};
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
    recur_candidates_free(&learner->candidates);
    for (size_t i = 1; i < learner->blocks.room && !base->plan.gathers; i++)
        recur_block_free(learner->blocks.gradients[i]);
    for (size_t i = 1; i < RECUR_MICRO_BATCHES_MAX; i++)
        recur_block_free(learner->blocks.gathered[i]);
    recur_block_free(learner->gradients);
    recur_block_free(learner->fresh);
    recur_block_free(learner->kept);
    recur_block_free(learner->average);
    free(learner);
}

/* NULL where the learner lacks that array. */
static real *array_of(const struct recur_cpu_learner *learner, enum recur_array array)
{
    switch (array) {
    case RECUR_ARRAY_GRADIENT: return learner->gradients;
    case RECUR_ARRAY_FIRST: return learner->optimiser.first;
    case RECUR_ARRAY_SECOND: return learner->optimiser.second;
    case RECUR_ARRAY_AVERAGE: return learner->average;
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
    if (array == RECUR_ARRAY_GRADIENT && base->plan.adds && !learner->has_gradients)
        memset(values, 0, param->rows * param->columns * sizeof *values);
    else
        recur_param_unpack(param, array_of(learner, array), values);
}

/* Writes the zeros that clearing has only promised. A pass that sets all gradients does not need
 * them. */
static void settle_gradients(struct recur_cpu_learner *learner)
{
    if (learner->base.plan.adds && !learner->has_gradients)
        memset(learner->gradients, 0, span_of(learner) * sizeof *learner->gradients);
    learner->has_gradients = learner->base.plan.adds;
}

void recur_cpu_learner_write(struct recur_learner *base, enum recur_array array, size_t index,
                             const float *values)
{
    struct recur_cpu_learner *learner = recur_cpu_learner_of(base);
    real *numbers = array_of(learner, array);
    if (array == RECUR_ARRAY_GRADIENT)
        settle_gradients(learner);
    if (array == RECUR_ARRAY_GRADIENT && base->plan.gathers)
        numbers = learner->fresh;
    recur_param_pack(&base->plan.model->network.params.entry[index], numbers, values);
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

void recur_cpu_learner_draw(struct recur_learner *base, uint64_t minibatch, const int32_t *targets,
                            size_t count)
{
    struct recur_cpu_learner *learner = recur_cpu_learner_of(base);
    struct recur_candidates *candidates = &learner->candidates;
    recur_candidates_draw(candidates, minibatch, targets, count);
    for (size_t i = 0; i < candidates->count && learner->optimiser.tied.head; i++)
        recur_sparse_rows_add(&learner->sparse, candidates->id[i]);
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
    if (base->plan.gathers)
        recur_cpu_join_gathered(learner);
    *norm = recur_optimiser_run(&learner->optimiser, base->plan.team, how, learner->clip);
    return recur_cpu_summed(learner, error);
}

enum recur_status recur_cpu_learner_mean(struct recur_learner *base, size_t ranks,
                                         recur_error *error)
{
    struct recur_cpu_learner *learner = recur_cpu_learner_of(base);
    const struct recur_learner_plan *plan = &base->plan;
    real *const arrays[] = {plan->model->parameters, learner->optimiser.first,
                            learner->optimiser.second, learner->average};
    const struct recur_optimiser *of = &learner->optimiser; /* its chunks have no frozen numbers */
    const struct recur_pairwise own = {.sum = {{plan->first_block, 1}}, .count = 1};
    double loss = 0;
    for (size_t a = 0; a < sizeof arrays / sizeof *arrays; a++) {
        const struct recur_summands summands = {.blocks = &own,
                                                .gradients = &arrays[a],
                                                .loss = &loss,
                                                .chunk = of->chunk,
                                                .chunks = of->chunks};
        if (!arrays[a])
            continue;
        for (size_t c = 0; c < of->chunks; c++)
            for (size_t i = 0; i < of->chunk[c].count; i++)
                arrays[a][of->chunk[c].first + i] /= (real)ranks;
        RECUR_TRY(plan->sum(plan->ranks, &summands, error));
    }
    return RECUR_OK;
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

void recur_cpu_learner_exchange(struct recur_learner *base)
{
    const struct recur_cpu_learner *learner = recur_cpu_learner_of(base);
    real *parameters = base->plan.model->parameters;
    for (size_t i = 0; i < span_of(learner); i++) {
        real parameter = parameters[i];
        parameters[i] = learner->average[i];
        learner->average[i] = parameter;
    }
}

bool recur_cpu_learner_finite(const struct recur_learner *base)
{
    const recur_model *model = base->plan.model;
    for (size_t i = 0; i < model->network.params.span; i++)
        if (!isfinite(model->parameters[i]))
            return false;
    return true;
}
