/* Runs on a text: one engine learns from minibatches of tokens. */

#include "eval/evaluate.h"
#include "train/trainer_object.h"

/* Plans the engine that computes minibatches. */
static enum recur_status plan_engine(recur_trainer *trainer, recur_error *error)
{
    const struct recur_source *source = trainer->source;
    trainer->carries = source->goes_on && trainer->model->network.task->next;
    const struct recur_engine_plan engine = {.use = RECUR_ENGINE_TEXT,
                                             .model = trainer->model,
                                             .network = &trainer->model->network,
                                             .team = trainer->team,
                                             .learner = trainer->learner,
                                             .precision = trainer->config.precision,
                                             .batch = source->batch,
                                             .steps = source->steps,
                                             .carries = trainer->carries,
                                             .seed = trainer->config.seed,
                                             .phase_seconds = trainer->phase_seconds};
    return trainer->backend->create_engine(&engine, &trainer->engine, error);
}

static enum recur_status fill_in(recur_trainer *trainer, const recur_corpus *corpus,
                                 recur_error *error)
{
    const recur_trainer_config *config = &trainer->config;
    recur_model *model = trainer->model;
    RECUR_TRY(recur_check_predicts(model, error));
    RECUR_TRY(recur_model_check_trains(model, error));
    RECUR_TRY(recur_model_check_vocabulary(model, recur_corpus_vocabulary_size(corpus), error));
    recur_batches_config batches = recur_batches_config_default();
    batches.batch = config->batch;
    batches.steps = config->steps;
    batches.sampling = config->sampling;
    batches.seed = config->seed;
    RECUR_TRY(recur_source_of_text(corpus, &batches, (double)config->validation, &trainer->source,
                                   error));
    RECUR_TRY(recur_trainer_prepare(trainer, error));
    RECUR_TRY(plan_engine(trainer, error));
    return recur_trainer_list_tensors(trainer, error);
}

static void load(recur_trainer *trainer, struct recur_source_minibatch *minibatch)
{
    const struct recur_task_kind *task = trainer->model->network.task;
    size_t tokens = minibatch->count * trainer->source->steps;
    if (task->mask)
        task->mask(&trainer->config, trainer->updates, tokens, minibatch->x, minibatch->y);
    trainer->backend->begin(trainer->learner);
    trainer->backend->add_tokens(trainer->learner, minibatch->x, tokens, 1);
}

static enum recur_status learn(recur_trainer *trainer,
                               const struct recur_source_minibatch *minibatch, recur_error *error)
{
    const struct recur_learning how = {.lr = trainer->lr, .number = trainer->updates + 1};
    const struct recur_minibatch batch = {
        .input = {.batch = minibatch->count,
                  .steps = trainer->source->steps,
                  .ids = minibatch->x,
                  .targets = minibatch->y,
                  .drops = true,
                  .minibatch = trainer->updates},
        .carries = trainer->carries && trainer->minibatch > 1,
    };
    return trainer->backend->learn(trainer->engine, &batch, &how, &trainer->loss, &trainer->norm,
                                   error);
}

static enum recur_status validate(recur_trainer *trainer, recur_epoch *epoch, recur_error *error)
{
    const struct recur_held_out *held_out = &trainer->source->held_out;
    recur_evaluation valid;
    if (!held_out->tokens)
        return RECUR_OK;
    RECUR_TRY(recur_evaluate_on(trainer->team, trainer->model, held_out->corpus, held_out->first,
                                held_out->count, &valid, error));
    epoch->valid_loss = valid.loss;
    return RECUR_OK;
}

static const struct recur_run_kind text_run = {.load = load, .learn = learn, .validate = validate};

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
