/* Runs of text: what differs from a run of labelled texts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "eval/evaluate.h"
#include "train/trainer_object.h"

struct recur_text_run {
    const recur_corpus *corpus;
    recur_batches *batches;
    int32_t *x, *y; /* (T, B) */
};

/* Where the held-out end of the text begins, and the minibatches over what stands before it. */
static enum recur_status divide_text(recur_trainer *trainer, recur_error *error)
{
    struct recur_text_run *run = trainer->run;
    const recur_trainer_config *config = &trainer->config;
    size_t size = recur_corpus_size(run->corpus);
    trainer->valid_tokens = (size_t)((double)size * (double)config->validation);
    trainer->train_tokens = size - trainer->valid_tokens;
    size_t need = recur_size_add(recur_size_mul(config->batch, config->steps), 1);
    if (trainer->train_tokens < need && trainer->valid_tokens > 0)
        return recur_fail(
            error, RECUR_ERROR_DATA,
            "the text has %zu token%s, %zu of them to train on, but one minibatch of "
            "%zu sequence%s x %zu step%s needs %zu%s",
            size, recur_plural(size), trainer->train_tokens, config->batch,
            recur_plural(config->batch), config->steps, recur_plural(config->steps), need,
            need > 2 && trainer->train_tokens > 1 ? "; choose a smaller batch or fewer steps"
            : size > 1                            ? "; hold less of it out"
                                                  : "");
    recur_batches_config batches = recur_batches_config_default();
    batches.batch = config->batch;
    batches.steps = config->steps;
    batches.sampling = config->sampling;
    batches.seed = config->seed;
    batches.count = trainer->train_tokens;
    RECUR_TRY(recur_batches_create(run->corpus, &batches, &run->batches, error));
    if (config->validation > 0 && trainer->valid_tokens < 2)
        return recur_fail(
            error, RECUR_ERROR_DATA,
            "%g of a text of %zu token%s is too little to hold out: at least 2 tokens "
            "are needed; 0 holds none out",
            (double)config->validation, size, recur_plural(size));
    return RECUR_OK;
}

/* A state is carried from minibatch to minibatch. */
static bool carries(const recur_trainer *trainer)
{
    return trainer->config.sampling == RECUR_SAMPLING_SEQUENTIAL &&
           trainer->model->network.task->next;
}

/* What a minibatch is computed with. */
static enum recur_status plan_engine(recur_trainer *trainer, size_t rows, recur_error *error)
{
    struct recur_text_run *run = trainer->run;
    const recur_trainer_config *config = &trainer->config;
    trainer->carries = carries(trainer);
    const struct recur_engine_plan engine = {.use = RECUR_ENGINE_TEXT,
                                             .model = trainer->model,
                                             .network = &trainer->model->network,
                                             .team = trainer->team,
                                             .learner = trainer->learner,
                                             .precision = config->precision,
                                             .batch = config->batch,
                                             .steps = config->steps,
                                             .carries = trainer->carries,
                                             .seed = config->seed,
                                             .phase_seconds = trainer->phase_seconds};
    RECUR_TRY(recur_alloc(rows, sizeof *run->x, "a minibatch", &run->x, error));
    RECUR_TRY(recur_alloc(rows, sizeof *run->y, "a minibatch", &run->y, error));
    return trainer->backend->create_engine(&engine, &trainer->engine, error);
}

static enum recur_status fill_in(recur_trainer *trainer, recur_error *error)
{
    struct recur_text_run *run = trainer->run;
    const recur_trainer_config *config = &trainer->config;
    recur_model *model = trainer->model;
    size_t rows = recur_size_mul(config->batch, config->steps);
    RECUR_TRY(recur_trainer_check(config, error));
    RECUR_TRY(recur_check_predicts(model, error));
    RECUR_TRY(recur_model_check_trains(model, error));
    if (recur_corpus_vocabulary_size(run->corpus) > model->config.vocabulary)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the text has a vocabulary of %zu, the model one of %zu",
                          recur_corpus_vocabulary_size(run->corpus), model->config.vocabulary);
    RECUR_TRY(divide_text(trainer, error));
    RECUR_TRY(recur_trainer_prepare(trainer, rows, error));
    RECUR_TRY(plan_engine(trainer, rows, error));
    return recur_trainer_list_tensors(trainer, error);
}

static size_t start(recur_trainer *trainer, uint64_t epoch)
{
    struct recur_text_run *run = trainer->run;
    return recur_batches_start(run->batches, epoch);
}

static size_t most(const recur_trainer *trainer)
{
    return (trainer->train_tokens - 1) / (trainer->config.batch * trainer->config.steps);
}

static void skip(recur_trainer *trainer, size_t count)
{
    struct recur_text_run *run = trainer->run;
    recur_batches_skip(run->batches, count);
}

/* The next minibatch; false at the end of the epoch. */
static bool next(recur_trainer *trainer)
{
    struct recur_text_run *run = trainer->run;
    double start = recur_clock();
    if (!recur_batches_next(run->batches, run->x, run->y))
        return false;
    const struct recur_task_kind *task = trainer->model->network.task;
    if (task->mask)
        task->mask(&trainer->config, trainer->updates,
                   trainer->config.batch * trainer->config.steps, run->x, run->y);
    trainer->backend->begin(trainer->learner);
    trainer->backend->add_tokens(trainer->learner, run->x,
                                 trainer->config.batch * trainer->config.steps, 1);
    trainer->phase_seconds[RECUR_PHASE_LOAD] += recur_clock() - start;
    return true;
}

static enum recur_status learn(recur_trainer *trainer, recur_error *error)
{
    const struct recur_text_run *run = trainer->run;
    const struct recur_learning how = {.lr = trainer->lr, .number = trainer->updates + 1};
    const struct recur_minibatch batch = {
        .input = {.batch = trainer->config.batch,
                  .steps = trainer->config.steps,
                  .ids = run->x,
                  .targets = run->y,
                  .drops = true,
                  .minibatch = trainer->updates},
        .carries = trainer->carries && trainer->minibatch > 1,
    };
    return trainer->backend->learn(trainer->engine, &batch, &how, &trainer->loss, &trainer->norm,
                                   error);
}

static size_t tokens(const recur_trainer *trainer)
{
    return trainer->minibatch * trainer->config.batch * trainer->config.steps;
}

static enum recur_status validate(recur_trainer *trainer, recur_epoch *epoch, recur_error *error)
{
    const struct recur_text_run *run = trainer->run;
    recur_evaluation valid;
    if (!trainer->valid_tokens)
        return RECUR_OK;
    RECUR_TRY(recur_evaluate_on(trainer->team, trainer->model, run->corpus, trainer->train_tokens,
                                trainer->valid_tokens, &valid, error));
    epoch->valid_loss = valid.loss;
    return RECUR_OK;
}

struct recur_identity recur_corpus_identity(const recur_corpus *corpus)
{
    return (struct recur_identity){recur_corpus_size(corpus), recur_corpus_fingerprint(corpus)};
}

static struct recur_identity identity(const recur_trainer *trainer)
{
    return recur_corpus_identity(((const struct recur_text_run *)trainer->run)->corpus);
}

static void free_run(recur_trainer *trainer)
{
    struct recur_text_run *run = trainer->run;
    recur_batches_free(run->batches);
    free(run->x);
    free(run->y);
}

const struct recur_run_kind recur_text_run_kind = {
    .data = "text is not the one",
    .has = "it has",
    .others = "",
    .start = start,
    .most = most,
    .skip = skip,
    .next = next,
    .learn = learn,
    .tokens = tokens,
    .validate = validate,
    .identity = identity,
    .free = free_run,
};

enum recur_status recur_trainer_create(recur_model *model, const recur_corpus *corpus,
                                       const recur_trainer_config *config, recur_trainer **out,
                                       recur_error *error)
{
    recur_trainer *trainer;
    RECUR_TRY(recur_trainer_make(model, &recur_text_run_kind, sizeof(struct recur_text_run), config,
                                 &trainer, error));
    ((struct recur_text_run *)trainer->run)->corpus = corpus;
    enum recur_status status = fill_in(trainer, error);
    if (status != RECUR_OK) {
        recur_trainer_free(trainer);
        return status;
    }
    *out = trainer;
    return RECUR_OK;
}
