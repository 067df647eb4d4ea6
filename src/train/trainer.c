#include "recur/trainer.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/names.h"
#include "nn/origin.h"
#include "train/trainer_object.h"

RECUR_NAMED_ENUM(precision, "precision", "f32", "bf16")
RECUR_NAMED_ENUM(schedule, "schedule", "constant", "cosine", "plateau")

enum recur_status recur_trainer_prepare(recur_trainer *trainer, recur_error *error)
{
    const recur_trainer_config *config = &trainer->config;
    RECUR_TRY(recur_team_create(config->threads, &trainer->team, error));
    trainer->plateau.factor = 1;
    const struct recur_learner_plan learner = {.model = trainer->model,
                                               .team = trainer->team,
                                               .config = config,
                                               .tokens = trainer->source->rows,
                                               .keeps = true};
    return trainer->backend->create_learner(&learner, &trainer->learner, error);
}

enum recur_status recur_trainer_make(recur_model *model, const struct recur_run_kind *kind,
                                     size_t size, const recur_trainer_config *config,
                                     recur_trainer **out, recur_error *error)
{
    struct recur_trainer *trainer;
    RECUR_TRY(recur_alloc(1, sizeof *trainer, "a trainer", &trainer, error));
    trainer->model = model;
    trainer->backend = model->backend;
    trainer->kind = kind;
    trainer->config = recur_trainer_config_default();
    enum recur_status status =
        recur_config_take(&trainer->config, config, "recur_trainer_config", error);
    if (status == RECUR_OK)
        status = recur_trainer_check(&trainer->config, error);
    if (status == RECUR_OK && size)
        status = recur_alloc(1, size, "a trainer", &trainer->run, error);
    if (status != RECUR_OK) {
        recur_trainer_free(trainer);
        return status;
    }
    *out = trainer;
    return RECUR_OK;
}

void recur_trainer_free(recur_trainer *trainer)
{
    if (!trainer)
        return;
    if (trainer->run)
        trainer->kind->free(trainer);
    free(trainer->run);
    recur_source_free(trainer->source);
    trainer->backend->free_engine(trainer->engine);
    trainer->backend->free_learner(trainer->learner);
    recur_team_free(trainer->team);
    free(trainer->tensor);
    free(trainer);
}

static void begin_epoch(struct recur_trainer *trainer)
{
    trainer->minibatches = trainer->source->kind->start(trainer->source, trainer->epochs);
    trainer->minibatch = 0;
    trainer->loss_sum = trainer->norm_sum = trainer->seconds = 0;
}

/* Puts the kept parameters back. */
static void restore(struct recur_trainer *trainer)
{
    trainer->ended = true;
    trainer->backend->restore(trainer->learner);
    if (trainer->engine)
        trainer->backend->prepare(trainer->engine);
}

/* Writes into the model how it got its parameters, those of epoch `kept`. */
static void note_origin(const struct recur_trainer *trainer, uint64_t kept)
{
    recur_model_note_training(trainer->model, &trainer->config, kept, trainer->source->train_tokens,
                              trainer->source->held_out.tokens);
}

/* From here on the run can only be finished, because the optimiser's moments may not be finite
 * either. */
static enum recur_status diverged(struct recur_trainer *trainer, recur_error *error)
{
    restore(trainer);
    note_origin(trainer, trainer->best_epoch);
    trainer->diverged = true;
    bool smaller_clip = trainer->config.clip == 0;
    return recur_fail(error, RECUR_ERROR_DIVERGED,
                      "the %s is no longer finite at minibatch %zu of %zu of epoch %llu; try a "
                      "smaller learning rate than %g%s",
                      recur_task_measure(trainer->model->network.task), trainer->minibatch,
                      trainer->minibatches, (unsigned long long)trainer->epochs + 1, trainer->lr,
                      smaller_clip ? " or gradient clipping" : "");
}

static enum recur_status load(struct recur_trainer *trainer,
                              struct recur_source_minibatch *minibatch, recur_error *error)
{
    double start = recur_clock();
    RECUR_TRY(trainer->source->kind->next(trainer->source, minibatch, error));
    if (!minibatch->count)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "epoch %llu is over: recur_trainer_end_epoch comes before the next step",
                          (unsigned long long)trainer->epochs + 1);
    trainer->kind->load(trainer, minibatch);
    trainer->phase_seconds[RECUR_PHASE_LOAD] += recur_clock() - start;
    return RECUR_OK;
}

enum recur_status recur_trainer_step(recur_trainer *trainer, recur_step *step, recur_error *error)
{
    struct recur_source_minibatch minibatch;
    double start = recur_clock();
    if (trainer->diverged)
        return diverged(trainer, error);
    RECUR_TRY(recur_team_attend(trainer->team, error));
    if (!trainer->minibatches)
        begin_epoch(trainer);
    RECUR_TRY(load(trainer, &minibatch, error));
    double epochs = (double)(trainer->config.epochs ? trainer->config.epochs : 1);
    double share = 1 / ((double)trainer->minibatches * epochs);
    double done = (double)trainer->epochs / epochs + (double)trainer->minibatch * share;
    trainer->lr = recur_schedule_lr(&trainer->config, &trainer->plateau, done, done + share);
    trainer->minibatch++;
    RECUR_TRY(trainer->kind->learn(trainer, &minibatch, error));
    trainer->seconds += recur_clock() - start;
    if (recur_task_lost(trainer->model->network.task, trainer->loss) || !isfinite(trainer->norm))
        return diverged(trainer, error);
    trainer->updates++;
    trainer->loss_sum += trainer->loss;
    trainer->norm_sum += trainer->norm;
    if (step)
        *step = (recur_step){.epoch = trainer->epochs + 1,
                             .minibatch = trainer->minibatch,
                             .minibatches = trainer->minibatches,
                             .loss = trainer->loss,
                             .epoch_loss = trainer->loss_sum / (double)trainer->minibatch,
                             .gradient_norm = trainer->norm,
                             .lr = trainer->lr,
                             .seconds = trainer->seconds,
                             .end_of_epoch = trainer->minibatch == trainer->minibatches};
    return RECUR_OK;
}

/* Keeps the parameters if the epoch is the best so far. */
static void keep(struct recur_trainer *trainer, double loss)
{
    if (trainer->best_epoch && !(loss < trainer->best_loss))
        return;
    trainer->backend->keep(trainer->learner);
    trainer->best_loss = loss;
    trainer->best_epoch = trainer->epochs;
}

enum recur_status recur_trainer_end_epoch(recur_trainer *trainer, recur_epoch *epoch,
                                          recur_error *error)
{
    if (!trainer->minibatch)
        return recur_fail(error, RECUR_ERROR_ARGUMENT, "an epoch without a step cannot end");
    /* If the last step diverged, the loss may not show it before the next minibatch. */
    if (trainer->diverged || !trainer->backend->finite(trainer->learner))
        return diverged(trainer, error);
    RECUR_TRY(recur_team_attend(trainer->team, error));
    double minibatches = (double)trainer->minibatch;
    recur_epoch result = {.epoch = trainer->epochs + 1,
                          .loss = trainer->loss_sum / minibatches,
                          .valid_loss = NAN,
                          .gradient_norm = trainer->norm_sum / minibatches,
                          .lr = trainer->lr,
                          .tokens_per_second =
                              (double)trainer->source->kind->tokens(trainer->source) /
                              trainer->seconds,
                          .seconds = trainer->seconds,
                          .valid_accuracy = NAN,
                          .valid_precision = NAN,
                          .valid_recall = NAN,
                          .valid_f1 = NAN};
    enum recur_status status = trainer->kind->validate(trainer, &result, error);
    if (status == RECUR_ERROR_DIVERGED ||
        (status == RECUR_OK && trainer->source->held_out.tokens &&
         recur_task_lost(trainer->model->network.task, result.valid_loss)))
        return diverged(trainer, error);
    RECUR_TRY(status);
    RECUR_TRY(recur_model_add_epoch(trainer->model, &result, error));
    double judged = trainer->source->held_out.tokens ? result.valid_loss : result.loss;
    recur_plateau_epoch(&trainer->config, &trainer->plateau, judged);
    trainer->epochs++;
    trainer->minibatches = trainer->minibatch = 0;
    keep(trainer, judged);
    if (epoch)
        *epoch = result;
    return RECUR_OK;
}

enum recur_status recur_trainer_epoch(recur_trainer *trainer, recur_epoch *epoch,
                                      recur_error *error)
{
    recur_step step = {0};
    while (!step.end_of_epoch)
        RECUR_TRY(recur_trainer_step(trainer, &step, error));
    return recur_trainer_end_epoch(trainer, epoch, error);
}

enum recur_status recur_trainer_finish(recur_trainer *trainer, recur_error *error)
{
    (void)error;
    uint64_t best = recur_trainer_best_epoch(trainer);
    if (trainer->diverged) /* diverged() has put the kept parameters back */
        return RECUR_OK;
    if (best > 0)
        restore(trainer);
    else if (trainer->minibatch == 0) /* otherwise they belong to an unfinished epoch */
        best = trainer->epochs;
    note_origin(trainer, best);
    return RECUR_OK;
}

recur_model *recur_trainer_model(const recur_trainer *trainer)
{
    return trainer->model;
}

const recur_trainer_config *recur_trainer_get_config(const recur_trainer *trainer)
{
    return &trainer->config;
}

uint64_t recur_trainer_best_epoch(const recur_trainer *trainer)
{
    bool last_is_best = trainer->minibatch > 0 || trainer->best_epoch == trainer->epochs;
    return trainer->source->held_out.tokens || !last_is_best ? trainer->best_epoch : 0;
}

uint64_t recur_trainer_epochs(const recur_trainer *trainer)
{
    return trainer->epochs;
}

size_t recur_trainer_train_tokens(const recur_trainer *trainer)
{
    return trainer->source->train_tokens;
}

size_t recur_trainer_valid_tokens(const recur_trainer *trainer)
{
    return trainer->source->held_out.tokens;
}

const double *recur_trainer_phases(const recur_trainer *trainer)
{
    return trainer->phase_seconds;
}

const char *recur_phase_name(enum recur_phase phase)
{
    static const char *const names[RECUR_PHASES] = {"load",     "input",    "forward", "head",
                                                    "backward", "gradient", "update"};
    return recur_name_at(RECUR_NAMES(names), (size_t)phase);
}

size_t recur_trainer_threads(const recur_trainer *trainer)
{
    return recur_team_threads(trainer->team);
}
