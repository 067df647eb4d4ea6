#include "recur/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/names.h"
#include "nn/bf16.h"
#include "train/evaluate.h"
#include "train/trainer_object.h"

RECUR_NAMED_ENUM(precision, "precision", "f32", "bf16")
RECUR_NAMED_ENUM(schedule, "schedule", "constant", "cosine", "plateau")

RECUR_CONFIG(trainer, threads, .batch = 32, .steps = 35, .sampling = RECUR_SAMPLING_SEQUENTIAL,
             .epochs = 10, .optimizer = RECUR_OPTIMIZER_ADAM, .lr = 0.002f, .beta1 = 0.9f,
             .beta2 = 0.999f, .alpha = 0.99f, .epsilon = 1e-8f, .clip = 1,
             .schedule = RECUR_SCHEDULE_CONSTANT, .warmup = 0.05f, .lr_floor = 0.1f, .factor = 0.5f,
             .patience = 2, .blanks = 0.1f, .validation = 0.1f, .seed = 1)

/* One setting and the range it must lie in: [low, high), or [low, high] where `closed`, and above
 * low where `open`. */
struct range {
    const char *name;
    float value;
    double low, high;
    bool open, closed;
};

enum recur_status recur_trainer_check(const recur_trainer_config *config, recur_error *error)
{
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    const double any = INFINITY;
    RECUR_TRY(recur_optimizer_check(config->optimizer, error));
    RECUR_TRY(recur_schedule_check(config->schedule, error));
    RECUR_TRY(recur_precision_check(config->precision, error));
    const struct range ranges[] = {
        {"the learning rate", config->lr, 0, any, true, false},
        {"momentum", config->momentum, 0, 1, false, false},
        {"beta1", config->beta1, 0, 1, false, false},
        {"beta2", config->beta2, 0, 1, false, false},
        {"alpha", config->alpha, 0, 1, false, false},
        {"epsilon", config->epsilon, 0, any, true, false},
        {"weight decay", config->weight_decay, 0, any, false, false},
        {"the clipping threshold", config->clip, 0, any, false, false},
        {"the warm-up share", config->warmup, 0, 1, false, false},
        {"the learning rate's floor", config->lr_floor, 0, 1, false, true},
        {"the plateau's factor", config->factor, 0, 1, true, false},
        {"the share of blanks", config->blanks, 0, 1, false, false},
        {"the validation share", config->validation, 0, 0.9f, false, true},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct range *r = &ranges[i];
        double value = (double)r->value;
        bool above = r->open ? value > r->low : value >= r->low;
        bool below = r->closed ? value <= r->high : value < r->high;
        if (!above || !below)
            return recur_fail(error, bad, "%s must be %s %g and %s %g, got %g", r->name,
                              r->open ? "above" : "at least", r->low,
                              r->closed ? "at most" : "below", r->high, value);
    }
    return RECUR_OK;
}

/* Where the held-out end of the text begins, and the minibatches over what stands before it. */
static enum recur_status divide_text(struct recur_trainer *trainer, recur_error *error)
{
    const recur_trainer_config *config = &trainer->config;
    size_t size = recur_corpus_size(trainer->corpus);
    trainer->valid_tokens = (size_t)((double)size * (double)config->validation);
    trainer->train_tokens = size - trainer->valid_tokens;
    size_t need = recur_size_add(recur_size_mul(config->batch, config->steps), 1);
    if (trainer->train_tokens < need && trainer->valid_tokens > 0)
        return recur_fail(error, RECUR_ERROR_DATA,
                          "the text has %zu token%s, %zu of them to train on, but one minibatch of "
                          "%zu sequence%s x %zu step%s needs %zu%s",
                          size, recur_plural(size), trainer->train_tokens, config->batch,
                          recur_plural(config->batch), config->steps, recur_plural(config->steps),
                          need, need > 2 ? "; choose a smaller batch or fewer steps" : "");
    recur_batches_config batches = recur_batches_config_default();
    batches.batch = config->batch;
    batches.steps = config->steps;
    batches.sampling = config->sampling;
    batches.seed = config->seed;
    batches.count = trainer->train_tokens;
    RECUR_TRY(recur_batches_create(trainer->corpus, &batches, &trainer->batches, error));
    if (config->validation > 0 && trainer->valid_tokens < 2)
        return recur_fail(
            error, RECUR_ERROR_DATA,
            "%g of a text of %zu token%s is too little to hold out: at least 2 tokens "
            "are needed; 0 holds none out",
            (double)config->validation, size, recur_plural(size));
    return RECUR_OK;
}

enum recur_status recur_trainer_prepare(recur_trainer *trainer, size_t tokens, recur_error *error)
{
    const recur_trainer_config *config = &trainer->config;
    recur_model *model = trainer->model;
    size_t bytes = model->network.params.span * sizeof(real);
    RECUR_TRY(recur_team_create(config->threads ? config->threads : recur_team_processors(),
                                &trainer->team, error));
    RECUR_TRY(recur_block_alloc(bytes, "gradients", &trainer->gradients, error));
    RECUR_TRY(recur_block_alloc(bytes, "the best parameters", &trainer->kept, error));
    memcpy(trainer->kept, model->parameters, bytes);
    trainer->plateau.factor = 1;
    RECUR_TRY(recur_touched_init(&trainer->touched, &model->network, tokens, error));
    return recur_optimiser_init(&trainer->optimiser, model->kernels, config, model->parameters,
                                trainer->gradients, model->network.params.span, &trainer->touched,
                                error);
}

static enum recur_status fill_in(struct recur_trainer *trainer, recur_error *error)
{
    const recur_trainer_config *config = &trainer->config;
    recur_model *model = trainer->model;
    size_t rows = recur_size_mul(config->batch, config->steps);
    RECUR_TRY(recur_trainer_check(config, error));
    RECUR_TRY(recur_check_predicts(model, error));
    RECUR_TRY(recur_model_check_trains(model, error));
    if (recur_corpus_vocabulary_size(trainer->corpus) > model->config.vocabulary)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the text has a vocabulary of %zu, the model one of %zu",
                          recur_corpus_vocabulary_size(trainer->corpus), model->config.vocabulary);
    RECUR_TRY(divide_text(trainer, error));
    RECUR_TRY(recur_trainer_prepare(trainer, rows, error));
    RECUR_TRY(recur_workspace_init(&trainer->work, &model->network, config->batch, config->steps,
                                   true, recur_team_threads(trainer->team), error));
    if (config->precision == RECUR_PRECISION_BF16)
        RECUR_TRY(recur_bf16_create(&trainer->work, &model->network,
                                    recur_team_threads(trainer->team), error));
    trainer->grids[0] = trainer->work.grid;
    RECUR_TRY(recur_team_create(1, &trainer->solo, error));
    RECUR_TRY(recur_grid_set(&trainer->grids[1], 1, 1, 1, error));
    RECUR_TRY(recur_alloc(rows, sizeof *trainer->x, "a minibatch", &trainer->x, error));
    RECUR_TRY(recur_alloc(rows, sizeof *trainer->y, "a minibatch", &trainer->y, error));
    RECUR_TRY(recur_alloc(rows, sizeof *trainer->ids, "a minibatch", &trainer->ids, error));
    RECUR_TRY(recur_alloc(rows, sizeof *trainer->targets, "a minibatch", &trainer->targets, error));
    trainer->pass.network = &model->network;
    trainer->pass.kernels = model->kernels;
    trainer->pass.work = &trainer->work;
    trainer->pass.parameters = model->parameters;
    trainer->pass.gradients = trainer->gradients;
    trainer->pass.touched = &trainer->touched;
    trainer->pass.steps = config->steps;
    trainer->pass.block = recur_block_of(config->batch);
    trainer->pass.ids = trainer->ids;
    trainer->pass.targets = trainer->targets;
    trainer->pass.drops = model->network.dropout > 0;
    trainer->pass.phase_seconds = trainer->phase_seconds;
    trainer->pass.loss_scale = (real)(1 / (double)rows);
    recur_pass_run_prepare(&trainer->pass, trainer->team, true);
    return recur_trainer_list_tensors(trainer, error);
}

enum recur_status recur_trainer_create(recur_model *model, const recur_corpus *corpus,
                                       const recur_trainer_config *config, recur_trainer **out,
                                       recur_error *error)
{
    struct recur_trainer *trainer;
    RECUR_TRY(recur_alloc(1, sizeof *trainer, "a trainer", &trainer, error));
    trainer->model = model;
    trainer->corpus = corpus;
    trainer->config = recur_trainer_config_default();
    enum recur_status status =
        recur_config_take(&trainer->config, config, "recur_trainer_config", error);
    if (status == RECUR_OK)
        status = fill_in(trainer, error);
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
    recur_label_run_free(trainer);
    recur_team_free(trainer->team);
    recur_team_free(trainer->solo);
    recur_grid_free(&trainer->grids[1]);
    recur_batches_free(trainer->batches);
    recur_workspace_free(&trainer->work);
    recur_optimiser_free(&trainer->optimiser);
    recur_touched_free(&trainer->touched);
    recur_block_free(trainer->gradients);
    recur_block_free(trainer->kept);
    free(trainer->x);
    free(trainer->y);
    free(trainer->ids);
    free(trainer->targets);
    free(trainer->tensor);
    free(trainer);
}

/* Whether a loss in nats is one that nothing good comes after. Of tokens it is as good as infinite
 * where its perplexity, the number that people look at, is. */
static bool is_lost(const struct recur_trainer *trainer, double loss)
{
    return !isfinite(trainer->labels ? loss : exp(loss));
}

/* One minibatch, on every thread of the team: the loss and its gradients, the global norm,
 * clipping, the update, and the weights made ready for the next. */
static void iterate(void *argument, size_t thread, size_t threads)
{
    struct recur_trainer *trainer = argument;
    recur_pass_forward(&trainer->pass, thread);
    recur_pass_backward(&trainer->pass, thread);
    recur_team_wait(trainer->present, thread);
    if (trainer->work.bf16) {
        recur_bf16_pair(&trainer->pass, thread, threads);
        recur_team_wait(trainer->present, thread);
    }
    recur_pass_gradients(&trainer->pass, thread);
    recur_team_wait(trainer->present, thread);
    recur_pass_mark(&trainer->pass, thread, RECUR_PHASE_GRADIENT);
    if (thread == 0) {
        double scale = (double)trainer->pass.loss_scale;
        trainer->loss = recur_pass_loss_sum(&trainer->pass) * scale;
        atomic_store_explicit(&trainer->pass.next_task, 0, memory_order_relaxed);
    }
    recur_optimiser_step(&trainer->optimiser, trainer->present, thread, threads, trainer->lr,
                         (double)trainer->config.clip);
    if (thread == 0)
        trainer->norm = trainer->optimiser.norm;
    if (is_lost(trainer, trainer->loss) || !isfinite(trainer->optimiser.norm))
        return;
    recur_pass_prepare(&trainer->pass, true);
    recur_pass_mark(&trainer->pass, thread, RECUR_PHASE_UPDATE);
}

size_t recur_trainer_draw_epoch(recur_trainer *trainer, uint64_t epoch)
{
    return trainer->labels ? recur_label_run_start(trainer, epoch)
                           : recur_batches_start(trainer->batches, epoch);
}

static void begin_epoch(struct recur_trainer *trainer)
{
    trainer->minibatches = recur_trainer_draw_epoch(trainer, trainer->epochs);
    trainer->minibatch = 0;
    trainer->loss_sum = trainer->norm_sum = trainer->seconds = 0;
    trainer->pass.carried_steps = 0;
}

/* What is to be filled in is the inputs themselves, some of which are blank for the others. */
static void draw_blanks(struct recur_trainer *trainer)
{
    size_t rows = trainer->config.batch * trainer->config.steps;
    const uint64_t purpose = 0x626c616e6b73; /* keeps clear of the seed's other streams */
    struct recur_rng rng;
    recur_rng_seed(&rng, trainer->config.seed, purpose + trainer->optimiser.updates);
    memcpy(trainer->y, trainer->x, rows * sizeof *trainer->y);
    for (size_t i = 0; i < rows; i++)
        if (recur_rng_uniform(&rng) < (double)trainer->config.blanks)
            trainer->x[i] = RECUR_UNKNOWN;
}

/* The next minibatch; false at the end of the epoch. */
static bool next_minibatch(struct recur_trainer *trainer)
{
    if (trainer->labels)
        return recur_label_run_next(trainer);
    if (!recur_batches_next(trainer->batches, trainer->x, trainer->y))
        return false;
    if (trainer->model->config.task != RECUR_TASK_LM)
        draw_blanks(trainer);
    recur_pass_pack_ids(&trainer->pass, NULL, trainer->ids, trainer->x);
    recur_pass_pack_ids(&trainer->pass, NULL, trainer->targets, trainer->y);
    recur_touched_begin(&trainer->touched);
    for (size_t i = 0; i < trainer->config.batch * trainer->config.steps; i++)
        recur_touched_add(&trainer->touched, trainer->x[i]);
    return true;
}

/* Puts the kept parameters back. */
static void restore(struct recur_trainer *trainer)
{
    trainer->ended = true;
    memcpy(trainer->model->parameters, trainer->kept,
           trainer->model->network.params.span * sizeof(real));
    if (!trainer->labels)
        recur_pass_run_prepare(&trainer->pass, trainer->solo, true);
}

/* From here on the run can only be finished: the optimiser's moments may be no numbers either. */
static enum recur_status diverged(struct recur_trainer *trainer, recur_error *error)
{
    restore(trainer);
    trainer->diverged = true;
    bool smaller_clip = trainer->config.clip == 0;
    return recur_fail(error, RECUR_ERROR_DIVERGED,
                      "the %s is no longer finite at minibatch %zu of %zu of epoch %llu; try a "
                      "smaller learning rate than %g%s",
                      trainer->labels ? "loss" : "perplexity", trainer->minibatch,
                      trainer->minibatches, (unsigned long long)trainer->epochs + 1, trainer->lr,
                      smaller_clip ? " or gradient clipping" : "");
}

/* On all threads or on one, whichever is faster: the same to the bit. */
static void run_minibatch(struct recur_trainer *trainer)
{
    bool alone = recur_team_threads(trainer->team) > 1 && recur_pace_alone(&trainer->pace);
    double start = recur_clock();
    trainer->present = alone ? trainer->solo : trainer->team;
    trainer->work.grid = trainer->grids[alone];
    recur_team_run(trainer->present, iterate, trainer);
    trainer->work.grid = trainer->grids[0];
    recur_pace_took(&trainer->pace, recur_clock() - start);
}

enum recur_status recur_trainer_step(recur_trainer *trainer, recur_step *step, recur_error *error)
{
    double start = trainer->pass.phase_start = recur_clock();
    if (trainer->diverged)
        return diverged(trainer, error);
    RECUR_TRY(recur_team_attend(trainer->team, error));
    if (!trainer->minibatches)
        begin_epoch(trainer);
    if (!next_minibatch(trainer))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "epoch %llu is over: recur_trainer_end_epoch comes before the next step",
                          (unsigned long long)trainer->epochs + 1);
    double epochs = (double)(trainer->config.epochs ? trainer->config.epochs : 1);
    double share = 1 / ((double)trainer->minibatches * epochs);
    double done = (double)trainer->epochs / epochs + (double)trainer->minibatch * share;
    trainer->lr = recur_schedule_lr(&trainer->config, &trainer->plateau, done, done + share);
    trainer->minibatch++;
    trainer->pass.dropout_key =
        recur_mix64(recur_mix64(trainer->config.seed) + trainer->optimiser.updates);
    atomic_store_explicit(&trainer->pass.next_task, 0, memory_order_relaxed);
    recur_pass_mark(&trainer->pass, 0, RECUR_PHASE_LOAD);
    if (trainer->labels)
        RECUR_TRY(recur_label_run_learn(trainer, error));
    else
        run_minibatch(trainer);
    if (trainer->config.sampling == RECUR_SAMPLING_SEQUENTIAL &&
        trainer->model->config.task == RECUR_TASK_LM)
        trainer->pass.carried_steps = trainer->config.steps;
    trainer->seconds += recur_clock() - start;
    if (is_lost(trainer, trainer->loss) || !isfinite(trainer->norm))
        return diverged(trainer, error);
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

/* A step too far need not show in the loss before the next minibatch. */
static bool parameters_are_finite(const struct recur_model *model)
{
    for (size_t i = 0; i < model->network.params.span; i++)
        if (!isfinite(model->parameters[i]))
            return false;
    return true;
}

/* Keeps the parameters where the epoch is the best so far. */
static void keep(struct recur_trainer *trainer, double loss)
{
    if (trainer->best_epoch && !(loss < trainer->best_loss))
        return;
    memcpy(trainer->kept, trainer->model->parameters,
           trainer->model->network.params.span * sizeof(real));
    trainer->best_loss = loss;
    trainer->best_epoch = trainer->epochs;
}

/* What is held out says how good the model is. */
static enum recur_status validate(struct recur_trainer *trainer, recur_epoch *epoch,
                                  recur_error *error)
{
    recur_evaluation valid;
    if (trainer->labels)
        return recur_label_run_validate(trainer, epoch, error);
    if (!trainer->valid_tokens)
        return RECUR_OK;
    RECUR_TRY(recur_evaluate_on(trainer->team, trainer->model, trainer->corpus,
                                trainer->train_tokens, trainer->valid_tokens, &valid, error));
    epoch->valid_loss = valid.loss;
    return RECUR_OK;
}

enum recur_status recur_trainer_end_epoch(recur_trainer *trainer, recur_epoch *epoch,
                                          recur_error *error)
{
    if (!trainer->minibatch)
        return recur_fail(error, RECUR_ERROR_ARGUMENT, "an epoch without a step cannot end");
    if (trainer->diverged || !parameters_are_finite(trainer->model))
        return diverged(trainer, error);
    RECUR_TRY(recur_team_attend(trainer->team, error));
    double minibatches = (double)trainer->minibatch;
    double tokens = trainer->labels
                        ? (double)recur_label_run_tokens(trainer)
                        : minibatches * (double)(trainer->config.batch * trainer->config.steps);
    recur_epoch result = {.epoch = trainer->epochs + 1,
                          .loss = trainer->loss_sum / minibatches,
                          .valid_loss = NAN,
                          .gradient_norm = trainer->norm_sum / minibatches,
                          .lr = trainer->lr,
                          .tokens_per_second = tokens / trainer->seconds,
                          .seconds = trainer->seconds,
                          .valid_accuracy = NAN,
                          .valid_precision = NAN,
                          .valid_recall = NAN,
                          .valid_f1 = NAN};
    enum recur_status status = validate(trainer, &result, error);
    if (status == RECUR_ERROR_DIVERGED ||
        (status == RECUR_OK && trainer->valid_tokens && is_lost(trainer, result.valid_loss)))
        return diverged(trainer, error);
    RECUR_TRY(status);
    RECUR_TRY(recur_model_add_epoch(trainer->model, &result, error));
    double judged = trainer->valid_tokens ? result.valid_loss : result.loss;
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
    if (recur_trainer_best_epoch(trainer) > 0)
        restore(trainer);
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
    return trainer->valid_tokens || !last_is_best ? trainer->best_epoch : 0;
}

uint64_t recur_trainer_epochs(const recur_trainer *trainer)
{
    return trainer->epochs;
}

size_t recur_trainer_train_tokens(const recur_trainer *trainer)
{
    return trainer->train_tokens;
}

size_t recur_trainer_valid_tokens(const recur_trainer *trainer)
{
    return trainer->valid_tokens;
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
