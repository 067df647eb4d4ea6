#include "recur/trainer.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/names.h"
#include "nn/origin.h"
#include "nn/placement.h"
#include "ranks/collective.h"
#include "train/average.h"

RECUR_NAMED_ENUM(precision, "precision", "f32", "bf16")
RECUR_NAMED_ENUM(average, "average", "none", "ema", "swa", "asgd")
RECUR_NAMED_ENUM(reduce, "way of adding gradients", "exact", "fast")
RECUR_NAMED_ENUM(schedule, "schedule", "constant", "cosine", "plateau", "wsd", "onecycle")

static enum recur_status plan(struct recur_trainer *trainer, recur_error *error)
{
    struct recur_collective *collective = trainer->collective;
    bool gathers = trainer->config.accumulate > 1 || (collective && trainer->kind->apart);
    bool blocks = collective && !trainer->local;
    size_t tokens = recur_size_mul(trainer->source->rows, trainer->config.accumulate);
    struct recur_parcel_calls parcels;
    bool others = collective && collective->ranks->count > 1;
    if (others)
        parcels = recur_collective_parcels(collective);
    const struct recur_learner_plan learner = {
        .model = trainer->model,
        .team = trainer->team,
        .config = &trainer->config,
        .tokens = recur_size_add(tokens, gathers), /* <unk> may be one more */
        .sum = collective ? recur_collective_sum : NULL,
        .parcels = others ? &parcels : NULL,
        .ranks = collective,
        .first_block = blocks ? recur_collective_first(collective) : 0,
        .blocks = blocks ? recur_collective_count(collective) : 0,
        .apart = trainer->local,
        .gathers = gathers,
        .keeps = true,
        .averages = trainer->config.average != RECUR_AVERAGE_NONE,
        .samples = trainer->config.sampled_softmax};
    trainer->backend = trainer->model->place.backend;
    RECUR_TRY(trainer->backend->create_learner(&learner, &trainer->learner, error));
    return trainer->kind->plan(trainer, error);
}

static void unplan(struct recur_trainer *trainer)
{
    trainer->kind->unplan(trainer);
    trainer->backend->free_learner(trainer->learner);
    trainer->learner = NULL;
}

void recur_trainer_count_epochs(recur_trainer *trainer)
{
    if (!trainer->config.updates)
        return;
    size_t usual = recur_trainer_updates_of(trainer, trainer->source->usual);
    size_t left = trainer->config.updates - (size_t)trainer->updates + trainer->minibatch;
    trainer->config.epochs = (size_t)trainer->epochs + left / usual + (left % usual > 0);
}

/* Plans the run for the CPU if the device is `auto` and was a GPU; else the failure stands. */
static enum recur_status fall_back(struct recur_trainer *trainer, const recur_error *failure,
                                   recur_error *error)
{
    unplan(trainer);
    if (recur_model_fall_back(trainer->model, trainer->config.device, failure))
        return plan(trainer, error);
    return recur_fail(error, failure->status, "%s", failure->message);
}

/* Where ranks choose by themselves what computes, all of them choose the same. */
static enum recur_status choose_together(struct recur_trainer *trainer, recur_error *error)
{
    recur_error differ = {.status = RECUR_ERROR_DEVICE};
    bool automatic = trainer->config.device == RECUR_DEVICE_AUTO;
    if (!trainer->collective || trainer->collective->ranks->count == 1)
        return RECUR_OK;
    RECUR_TRY(recur_trainer_compare_devices(trainer, &differ, error));
    return *differ.message && automatic && trainer->model->place.gpu
               ? fall_back(trainer, &differ, error)
               : RECUR_OK;
}

enum recur_status recur_trainer_prepare(recur_trainer *trainer, recur_error *error)
{
    const recur_trainer_config *config = &trainer->config;
    size_t number = trainer->collective ? trainer->collective->functions.here : 0;
    recur_error failure = {0};
    RECUR_TRY(recur_team_create(config->threads, &trainer->team, error));
    trainer->plateau.factor = 1;
    recur_trainer_count_epochs(trainer);
    RECUR_TRY(recur_model_place_awhile(trainer->model, config->device, number, config,
                                       &trainer->before, error));
    enum recur_status status = plan(trainer, &failure);
    if (status == RECUR_ERROR_DEVICE)
        RECUR_TRY(fall_back(trainer, &failure, error));
    else if (status != RECUR_OK)
        return recur_fail(error, status, "%s", failure.message);
    RECUR_TRY(choose_together(trainer, error));
    return recur_trainer_list_tensors(trainer, error);
}

/* Labellers have several networks; that it helps one that fills in was never measured. */
static enum recur_status check_ar(const struct recur_trainer *trainer, recur_error *error)
{
    if (trainer->config.ar > 0 && !trainer->model->network.task->next)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "a model of the task %s has no activation regularisation (ar)",
                          recur_task_name(trainer->model->config.task));
    return RECUR_OK;
}

enum recur_status recur_trainer_make(recur_model *model, const struct recur_run_kind *kind,
                                     size_t size, const recur_trainer_config *config,
                                     recur_trainer **out, recur_error *error)
{
    struct recur_trainer *trainer;
    RECUR_TRY(recur_alloc(1, sizeof *trainer, "a trainer", &trainer, error));
    trainer->model = model;
    trainer->backend = model->place.backend;
    trainer->kind = kind;
    trainer->config = recur_trainer_config_default();
    enum recur_status status =
        recur_config_take(&trainer->config, config, "recur_trainer_config", error);
    if (status == RECUR_OK)
        status = recur_trainer_check(&trainer->config, error);
    if (status == RECUR_OK)
        status = check_ar(trainer, error);
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
    recur_collective_let_go(trainer->collective);
    unplan(trainer);
    if (trainer->run)
        trainer->kind->free(trainer);
    free(trainer->run);
    recur_source_free(trainer->source);
    recur_collective_free(trainer->collective);
    free(trainer->states);
    free(trainer->learnt);
    free(trainer->at);
    recur_model_place_back(trainer->model, &trainer->before);
    recur_team_free(trainer->team);
    free(trainer->tensor);
    free(trainer);
}

static void begin_epoch(struct recur_trainer *trainer)
{
    trainer->drawn = trainer->source->kind->start(trainer->source, trainer->epochs);
    trainer->minibatches = recur_trainer_updates_of(trainer, trainer->drawn);
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
    RECUR_TRY(recur_model_check_device(trainer->model, error));
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

/* The place of the next minibatch in the run. */
static struct recur_place find_place(const struct recur_trainer *trainer)
{
    const recur_trainer_config *config = &trainer->config;
    double epochs = (double)(config->epochs ? config->epochs : 1);
    double share = 1 / ((double)trainer->minibatches * epochs);
    double done = (double)trainer->epochs / epochs + (double)trainer->minibatch * share;
    struct recur_place place = {
        .done = done, .next = done + share, .at = done / share, .total = 1 / share};
    if (!config->updates)
        return place;
    place.at = (double)trainer->updates;
    place.total = (double)config->updates;
    place.done = place.at / place.total;
    place.next = (place.at + 1) / place.total;
    return place;
}

/* Has the run had all minibatches of its setting `updates`? */
static bool is_used_up(const struct recur_trainer *trainer)
{
    return trainer->config.updates && trainer->updates >= trainer->config.updates;
}

/* How many minibatches the update under way learns from. */
static size_t count_turns(const struct recur_trainer *trainer)
{
    size_t each = trainer->config.accumulate, done = (trainer->minibatch - 1) * each;
    size_t left = trainer->drawn - done;
    return left < each ? left : each;
}

/* Whether the parameters are to be those of all ranks now. */
static bool is_in_step(const struct recur_trainer *trainer)
{
    return !trainer->local || trainer->minibatch % trainer->config.sync_every == 0 ||
           trainer->minibatch == trainer->minibatches || is_used_up(trainer);
}

static bool is_lost(const struct recur_trainer *trainer, double loss, double norm)
{
    return recur_task_lost(trainer->model->network.task, loss) || !isfinite(norm);
}

/* One update. A rank that learns by itself goes on where it is lost, as others wait for it. */
static enum recur_status update(struct recur_trainer *trainer, recur_error *error)
{
    const struct recur_place place = find_place(trainer);
    trainer->lr = recur_schedule_lr(&trainer->config, &trainer->plateau, &place);
    trainer->average = recur_average_weight(trainer, place.done);
    trainer->minibatch++;
    trainer->turns = count_turns(trainer);
    trainer->turn = 0;
    enum recur_status status = trainer->kind->learn(trainer, error);
    if (status != RECUR_OK) {
        trainer->minibatch--;
        return status;
    }
    if (!trainer->local && is_lost(trainer, trainer->loss, trainer->norm))
        return RECUR_OK;
    trainer->updates++;
    trainer->averaged += trainer->average > 0;
    return RECUR_OK;
}

/* The updates of a step; *loss and *norm are means over them. */
static enum recur_status learn(struct recur_trainer *trainer, double *loss, double *norm,
                               recur_error *error)
{
    size_t learnt = 0;
    *loss = *norm = 0;
    do {
        RECUR_TRY(update(trainer, error));
        *loss += trainer->loss;
        *norm += trainer->norm;
        learnt += !trainer->idle;
    } while (!is_in_step(trainer));
    return trainer->local ? recur_trainer_take_mean(trainer, learnt, loss, norm, error) : RECUR_OK;
}

/* Checks whether a step may be made, and begins an epoch where one is due. */
static enum recur_status begin_step(struct recur_trainer *trainer, recur_error *error)
{
    if (is_used_up(trainer))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the run is over after %llu minibatches: recur_trainer_end_epoch and "
                          "recur_trainer_finish come next",
                          (unsigned long long)trainer->updates);
    RECUR_TRY(recur_team_attend(trainer->team, error));
    RECUR_TRY(recur_trainer_agree(trainer, error));
    if (!trainer->minibatches)
        begin_epoch(trainer);
    if (trainer->minibatch == trainer->minibatches)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "epoch %llu is over: recur_trainer_end_epoch comes before the next step",
                          (unsigned long long)trainer->epochs + 1);
    return RECUR_OK;
}

enum recur_status recur_trainer_step(recur_trainer *trainer, recur_step *step, recur_error *error)
{
    double start = recur_clock(), loss, norm;
    if (trainer->diverged)
        return diverged(trainer, error);
    RECUR_TRY(begin_step(trainer, error));
    size_t before = trainer->minibatch;
    RECUR_TRY(learn(trainer, &loss, &norm, error));
    trainer->seconds += recur_clock() - start;
    double updates = (double)(trainer->minibatch - before);
    if (is_lost(trainer, loss, norm))
        return diverged(trainer, error);
    trainer->loss_sum += loss * updates;
    trainer->norm_sum += norm * updates;
    if (step)
        *step = (recur_step){.epoch = trainer->epochs + 1,
                             .minibatch = trainer->minibatch,
                             .minibatches = trainer->minibatches,
                             .loss = loss,
                             .epoch_loss = trainer->loss_sum / (double)trainer->minibatch,
                             .gradient_norm = norm,
                             .lr = trainer->lr,
                             .seconds = trainer->seconds,
                             .end_of_epoch =
                                 trainer->minibatch == trainer->minibatches || is_used_up(trainer)};
    return RECUR_OK;
}

/* Puts the mean of the parameters in their place, where there is one, or the parameters back. */
static void exchange(struct recur_trainer *trainer)
{
    if (trainer->averaged)
        trainer->backend->exchange(trainer->learner);
}

/* Keeps the parameters if the epoch is the best so far. */
static void keep(struct recur_trainer *trainer, double loss)
{
    if (trainer->best_epoch && !(loss < trainer->best_loss))
        return;
    exchange(trainer);
    trainer->backend->keep(trainer->learner);
    exchange(trainer);
    trainer->best_loss = loss;
    trainer->best_epoch = trainer->epochs;
}

/* Validates, and adds the epoch to the model's history; where a rank fails all do. All of them are
 * lost alike, as they have the same losses. */
static enum recur_status judge(struct recur_trainer *trainer, recur_epoch *epoch,
                               recur_error *error)
{
    recur_model *model = trainer->model;
    size_t before = model->history_count;
    recur_error own = {.status = RECUR_OK};
    exchange(trainer);
    enum recur_status status = trainer->kind->validate(trainer, epoch, &own);
    exchange(trainer);
    if (status == RECUR_ERROR_DIVERGED || (status == RECUR_OK && trainer->source->held_out.tokens &&
                                           recur_task_lost(model->network.task, epoch->valid_loss)))
        return RECUR_ERROR_DIVERGED;
    if (status == RECUR_OK)
        status = recur_model_add_epoch(model, epoch, &own);
    status = recur_collective_fail_together(trainer->collective, status, &own, error);
    if (status != RECUR_OK)
        model->history_count = before;
    return status;
}

enum recur_status recur_trainer_end_epoch(recur_trainer *trainer, recur_epoch *epoch,
                                          recur_error *error)
{
    if (!trainer->minibatch)
        return recur_fail(error, RECUR_ERROR_ARGUMENT, "an epoch without a step cannot end");
    /* If the last step diverged, the loss may not show it before the next minibatch. */
    bool finite = !trainer->diverged && trainer->backend->finite(trainer->learner);
    RECUR_TRY(recur_model_check_device(trainer->model, error));
    if (!finite)
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
    enum recur_status status = judge(trainer, &result, error);
    if (status == RECUR_ERROR_DIVERGED)
        return diverged(trainer, error);
    RECUR_TRY(status);
    double judged = recur_trainer_judged(trainer, &result);
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

/* Ends with the last parameters, those of epoch *best unless that is unfinished. */
static void finish_last(struct recur_trainer *trainer, uint64_t *best)
{
    if (trainer->minibatch == 0)
        *best = trainer->epochs;
    if (trainer->ended)
        return;
    exchange(trainer);
    trainer->ended = trainer->averaged > 0;
}

enum recur_status recur_trainer_finish(recur_trainer *trainer, recur_error *error)
{
    uint64_t best = recur_trainer_best_epoch(trainer);
    if (trainer->diverged) /* diverged() has put the kept parameters back */
        return RECUR_OK;
    if (best > 0)
        restore(trainer);
    else
        finish_last(trainer, &best);
    note_origin(trainer, best);
    return recur_model_check_device(trainer->model, error);
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

enum recur_status recur_trainer_set_length(recur_trainer *trainer, size_t updates, size_t stable,
                                           size_t decay, recur_error *error)
{
    recur_trainer_config config = trainer->config;
    config.updates = updates;
    config.stable = (float)stable;
    config.decay = (float)decay;
    RECUR_TRY(recur_trainer_check(&config, error));
    if (updates <= trainer->updates)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the run has had %llu minibatches, it cannot end after %zu",
                          (unsigned long long)trainer->updates, updates);
    trainer->config = config;
    recur_trainer_count_epochs(trainer);
    return RECUR_OK;
}

bool recur_trainer_over(const recur_trainer *trainer)
{
    return trainer->config.updates ? is_used_up(trainer) && !trainer->minibatch
                                   : trainer->epochs >= trainer->config.epochs;
}

uint64_t recur_trainer_updates(const recur_trainer *trainer)
{
    return trainer->updates;
}

uint64_t recur_trainer_averaged(const recur_trainer *trainer)
{
    return trainer->averaged;
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
