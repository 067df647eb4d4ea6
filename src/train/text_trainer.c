/* Runs on a text: one engine learns from minibatches of tokens. */

#include <string.h>

#include "eval/evaluate.h"
#include "train/trainer_object.h"

/* Plans the engine that computes minibatches. */
static enum recur_status plan(recur_trainer *trainer, recur_error *error)
{
    const struct recur_source *source = trainer->source;
    trainer->carries = source->goes_on && trainer->model->network.task->next;
    const struct recur_engine_plan engine = {.use = RECUR_ENGINE_TEXT,
                                             .model = trainer->model,
                                             .network = &trainer->model->network,
                                             .team = trainer->team,
                                             .learner = trainer->learner,
                                             .precision = trainer->config.precision,
                                             .ar = trainer->config.ar,
                                             .batch = trainer->own,
                                             .steps = source->steps,
                                             .carries = trainer->carries,
                                             .seed = trainer->config.seed,
                                             .phase_seconds = trainer->phase_seconds};
    return trainer->backend->create_engine(&engine, &trainer->engine, error);
}

static void unplan(recur_trainer *trainer)
{
    trainer->backend->free_engine(trainer->engine);
    trainer->engine = NULL;
}

/* More than half the vocabulary would take longer to draw than it would save. The gradients of two
 * minibatches stand in the same places for other tokens. */
static enum recur_status check_samples(const recur_trainer *trainer, recur_error *error)
{
    size_t samples = trainer->config.sampled_softmax, all = trainer->model->network.outputs;
    if (samples && trainer->config.accumulate > 1)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "a sampled softmax does not go with gradients that are accumulated: "
                          "minibatches have other candidates each");
    if (samples <= all / 2)
        return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_ARGUMENT,
                      "a softmax over %zu sampled tokens needs a vocabulary of at least twice as "
                      "many; the model's has %zu",
                      samples, all);
}

static enum recur_status fill_in(recur_trainer *trainer, const recur_corpus *corpus,
                                 recur_error *error)
{
    const recur_trainer_config *config = &trainer->config;
    recur_model *model = trainer->model;
    RECUR_TRY(recur_check_predicts(model, error));
    RECUR_TRY(recur_model_check_trains(model, error));
    RECUR_TRY(recur_model_check_vocabulary(model, recur_corpus_vocabulary_size(corpus), error));
    RECUR_TRY(check_samples(trainer, error));
    recur_batches_config batches = recur_batches_config_default();
    batches.batch = config->batch;
    batches.steps = config->steps;
    batches.sampling = config->sampling;
    batches.seed = config->seed;
    RECUR_TRY(recur_source_of_text(corpus, &batches, (double)config->validation, &trainer->source,
                                   error));
    RECUR_TRY(recur_trainer_divide(trainer, error));
    return recur_trainer_prepare(trainer, error);
}

/* Keeps this rank's sequences of an array (T, B). */
static void cut(const recur_trainer *trainer, int32_t *ids)
{
    size_t batch = trainer->source->batch, own = trainer->own;
    for (size_t t = 0; t < trainer->source->steps && own < batch; t++)
        memmove(ids + t * own, ids + t * batch + trainer->first, own * sizeof *ids);
}

static void load(recur_trainer *trainer, struct recur_source_minibatch *minibatch)
{
    const struct recur_task_kind *task = trainer->model->network.task;
    size_t tokens = minibatch->count * trainer->source->steps;
    if (task->mask)
        task->mask(&trainer->config, recur_trainer_number(trainer), tokens, minibatch->x,
                   minibatch->y);
    if (trainer->turn == 0)
        trainer->backend->begin(trainer->learner);
    trainer->backend->add_tokens(trainer->learner, minibatch->x, tokens, 1);
    if (trainer->config.sampled_softmax)
        trainer->backend->draw(trainer->learner, trainer->updates, minibatch->y, tokens);
    /* Every token of a text is a target, so each minibatch of an update has as many. */
    size_t sequences = trainer->local ? trainer->own : minibatch->count;
    if (trainer->collective || trainer->turns > 1)
        minibatch->targets = sequences * trainer->source->steps * trainer->turns;
    cut(trainer, minibatch->x);
    cut(trainer, minibatch->y);
}

/* Learns from the minibatch number `turn` of an update. */
static enum recur_status learn_from(recur_trainer *trainer,
                                    const struct recur_source_minibatch *minibatch,
                                    recur_error *error)
{
    const struct recur_learning how = recur_trainer_learning(trainer);
    const struct recur_minibatch batch = {
        .input = {.batch = trainer->own,
                  .steps = trainer->source->steps,
                  .ids = minibatch->x,
                  .targets = minibatch->y,
                  .drops = true,
                  .minibatch = recur_trainer_number(trainer)},
        .first = trainer->first,
        .targets = minibatch->targets,
        .carries = trainer->carries && (trainer->minibatch > 1 || trainer->turn),
        .goes_on = trainer->turn > 0,
        .pauses = trainer->turn + 1 < trainer->turns,
    };
    return trainer->backend->learn(trainer->engine, &batch, &how, &trainer->loss, &trainer->norm,
                                   error);
}

static enum recur_status learn(recur_trainer *trainer, recur_error *error)
{
    for (; trainer->turn < trainer->turns; trainer->turn++) {
        struct recur_source_minibatch minibatch;
        double start = recur_clock();
        RECUR_TRY(trainer->source->kind->next(trainer->source, &minibatch, error));
        load(trainer, &minibatch);
        recur_trainer_loaded(trainer, start);
        RECUR_TRY(learn_from(trainer, &minibatch, error));
    }
    return RECUR_OK;
}

static enum recur_status validate(recur_trainer *trainer, recur_epoch *epoch, recur_error *error)
{
    const struct recur_held_out *held_out = &trainer->source->held_out;
    recur_evaluation valid;
    if (!held_out->tokens)
        return RECUR_OK;
    RECUR_TRY(recur_evaluate_on(trainer->team, trainer->model, held_out->corpus, held_out->first,
                                held_out->count, trainer->collective, &valid, error));
    epoch->valid_loss = valid.loss;
    return RECUR_OK;
}

static const struct recur_run_kind text_run = {
    .learn = learn, .validate = validate, .plan = plan, .unplan = unplan};

enum recur_status recur_trainer_create(recur_model *model, const recur_corpus *corpus,
                                       const recur_trainer_config *config, recur_trainer **out,
                                       recur_error *error)
{
    recur_trainer *trainer;
    RECUR_TRY(recur_trainer_make(model, &text_run, 0, config, &trainer, error));
    enum recur_status status = fill_in(trainer, corpus, error);
    if (status != RECUR_OK) {
        recur_trainer_free(trainer);
        return status;
    }
    *out = trainer;
    return RECUR_OK;
}
