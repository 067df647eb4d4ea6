/* Dynamic evaluation: one stream, segment by segment; each is predicted, then learnt from. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "base/config.h"
#include "base/fields.h"
#include "base/memory.h"
#include "eval/evaluate.h"
#include "nn/placement.h"
#include "task/task.h"

struct dynamic {
    recur_model *model;
    const recur_corpus *corpus;
    size_t first, predictions; /* the part of the corpus that is evaluated */
    recur_dynamic_config config;
    const struct recur_backend *backend;
    struct recur_learner *learner;
    struct recur_engine *engine;
    int32_t *ids, *targets; /* (steps) of one segment */
    real *start;            /* the parameters at the beginning; NULL: nothing pulls towards them */
};

static enum recur_status plan(struct dynamic *d, struct recur_team *team, recur_error *error)
{
    recur_trainer_config training = recur_trainer_config_default();
    size_t steps = d->config.steps, span = d->model->network.params.span;
    training.optimizer = d->config.optimizer;
    training.lr = d->config.lr;
    training.clip = d->config.clip;
    const struct recur_learner_plan learner = {
        .model = d->model, .team = team, .config = &training, .tokens = steps};
    d->backend = d->model->place.backend;
    RECUR_TRY(d->backend->create_learner(&learner, &d->learner, error));
    const struct recur_engine_plan engine = {.use = RECUR_ENGINE_TEXT,
                                             .model = d->model,
                                             .network = &d->model->network,
                                             .team = team,
                                             .learner = d->learner,
                                             .batch = 1,
                                             .steps = steps,
                                             .carries = true};
    RECUR_TRY(d->backend->create_engine(&engine, &d->engine, error));
    RECUR_TRY(recur_alloc(steps, sizeof *d->ids, "evaluation", &d->ids, error));
    RECUR_TRY(recur_alloc(steps, sizeof *d->targets, "evaluation", &d->targets, error));
    if (!(d->config.decay > 0))
        return RECUR_OK;
    RECUR_TRY(recur_block_alloc(span * sizeof *d->start, "evaluation", &d->start, error));
    memcpy(d->start, d->model->parameters, span * sizeof *d->start);
    return RECUR_OK;
}

static void release(struct dynamic *d)
{
    if (d->backend) {
        d->backend->free_engine(d->engine);
        d->backend->free_learner(d->learner);
    }
    free(d->ids);
    free(d->targets);
    recur_block_free(d->start);
}

/* Fills in segment number `index`; returns how many predictions it has. */
static size_t fill_in(struct dynamic *d, size_t index)
{
    size_t steps = d->config.steps, from = index * steps, pair = 2;
    size_t count = d->predictions - from < steps ? d->predictions - from : steps;
    for (size_t t = 0; t < steps; t++) {
        int32_t ids[2] = {RECUR_UNKNOWN, -1};
        if (t < count)
            recur_corpus_read(d->corpus, d->first + from + t, pair, ids);
        d->ids[t] = ids[0];
        d->targets[t] = ids[1];
    }
    return count;
}

/* Moves every parameter by a share of the way back to where it began. */
static void pull(struct dynamic *d)
{
    real *p = d->model->parameters, share = (real)d->config.decay;
    for (size_t i = 0; i < d->model->network.params.span; i++)
        p[i] += share * (d->start[i] - p[i]);
    d->backend->prepare(d->engine);
}

static enum recur_status run(struct dynamic *d, double *sum, recur_error *error)
{
    size_t segments = (d->predictions + d->config.steps - 1) / d->config.steps;
    for (size_t i = 0; i < segments; i++) {
        double loss, norm;
        size_t count = fill_in(d, i);
        const struct recur_learning how = {.lr = (double)d->config.lr, .number = i + 1};
        const struct recur_minibatch batch = {
            .input = {.batch = 1, .steps = d->config.steps, .ids = d->ids, .targets = d->targets},
            .carries = i > 0};
        d->backend->begin(d->learner);
        d->backend->add_tokens(d->learner, d->ids, d->config.steps, 1);
        RECUR_TRY(d->backend->learn(d->engine, &batch, &how, &loss, &norm, error));
        if (recur_task_lost(d->model->network.task, loss) || !isfinite(norm))
            return recur_fail(
                error, RECUR_ERROR_DIVERGED,
                "the loss is no longer finite after %zu tokens; try a smaller learning "
                "rate than %g",
                i * d->config.steps, (double)d->config.lr);
        *sum += loss * (double)count;
        if (d->start)
            pull(d);
        recur_model_tell(d->model, i * d->config.steps + count, d->predictions);
    }
    return RECUR_OK;
}

static enum recur_status evaluate(struct dynamic *d, size_t threads, recur_evaluation *evaluation,
                                  recur_error *error)
{
    struct recur_placement before = {0};
    struct recur_team *team;
    double sum = 0;
    RECUR_TRY(recur_team_create(threads, &team, error));
    /* A GPU gains nothing by one stream. */
    recur_model_sync_all(d->model);
    enum recur_status status =
        recur_model_place_awhile(d->model, RECUR_DEVICE_CPU, 0, NULL, &before, error);
    if (status == RECUR_OK)
        status = plan(d, team, error);
    if (status == RECUR_OK)
        status = run(d, &sum, error);
    release(d);
    recur_model_place_back(d->model, &before);
    recur_team_free(team);
    d->model->changes++;
    if (status == RECUR_OK)
        *evaluation = recur_evaluation_of(d->model, d->corpus, d->predictions, sum, (double)NAN);
    return status;
}

enum recur_status recur_evaluate_dynamic(recur_model *model, const recur_corpus *corpus,
                                         size_t first, size_t count,
                                         const recur_dynamic_config *given, size_t threads,
                                         recur_evaluation *evaluation, recur_error *error)
{
    struct dynamic d = {.model = model, .corpus = corpus, .first = first};
    d.config = recur_dynamic_config_default();
    RECUR_TRY(recur_config_take(&d.config, given, "recur_dynamic_config", error));
    RECUR_TRY(recur_fields_check(recur_dynamic_field, &d.config, error));
    if (!d.config.steps)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the model must read at least 1 token before it learns, got 0");
    RECUR_TRY(recur_model_check_trains(model, error));
    RECUR_TRY(recur_check_part(model, corpus, first, &count, error));
    if (!model->network.task->next)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "only a language model learns from the text that it reads");
    d.predictions = count - 1;
    return evaluate(&d, threads, evaluation, error);
}
