/* Runs of text: what differs from a run of labelled texts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/bf16.h"
#include "backend/cpu/pace.h"
#include "backend/cpu/pass.h"
#include "base/clock.h"
#include "base/memory.h"
#include "eval/evaluate.h"
#include "train/trainer_object.h"

struct recur_text_run {
    const recur_corpus *corpus;
    recur_batches *batches;
    struct recur_team *solo;    /* one thread, which may be faster */
    struct recur_team *present; /* whichever runs a minibatch */
    struct recur_grid grids[2]; /* of the team and of one thread */
    struct recur_pace pace;
    struct recur_workspace work;
    struct recur_pass pass;
    int32_t *x, *y;         /* (T, B) */
    int32_t *ids, *targets; /* the same, by rows of the pass */
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

/* What a minibatch is computed with. */
static enum recur_status plan_pass(recur_trainer *trainer, size_t rows, recur_error *error)
{
    struct recur_text_run *run = trainer->run;
    const recur_trainer_config *config = &trainer->config;
    recur_model *model = trainer->model;
    struct recur_pass *pass = &run->pass;
    RECUR_TRY(recur_workspace_init(&run->work, &model->network, config->batch, config->steps, true,
                                   recur_team_threads(trainer->team), error));
    if (config->precision == RECUR_PRECISION_BF16)
        RECUR_TRY(recur_bf16_create(&run->work, &model->network, recur_team_threads(trainer->team),
                                    error));
    run->grids[0] = run->work.grid;
    RECUR_TRY(recur_team_create(1, &run->solo, error));
    RECUR_TRY(recur_grid_set(&run->grids[1], 1, 1, 1, error));
    RECUR_TRY(recur_alloc(rows, sizeof *run->x, "a minibatch", &run->x, error));
    RECUR_TRY(recur_alloc(rows, sizeof *run->y, "a minibatch", &run->y, error));
    RECUR_TRY(recur_alloc(rows, sizeof *run->ids, "a minibatch", &run->ids, error));
    RECUR_TRY(recur_alloc(rows, sizeof *run->targets, "a minibatch", &run->targets, error));
    pass->network = &model->network;
    pass->kernels = model->kernels;
    pass->work = &run->work;
    pass->parameters = model->parameters;
    pass->gradients = trainer->gradients;
    pass->touched = &trainer->touched;
    pass->steps = config->steps;
    pass->block = recur_block_of(config->batch);
    pass->ids = run->ids;
    pass->targets = run->targets;
    pass->drops = model->network.dropout > 0;
    pass->phase_seconds = trainer->phase_seconds;
    pass->loss_scale = (real)(1 / (double)rows);
    recur_pass_run_prepare(pass, trainer->team, true);
    return RECUR_OK;
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
    RECUR_TRY(plan_pass(trainer, rows, error));
    return recur_trainer_list_tensors(trainer, error);
}

/* A state is carried from minibatch to minibatch. */
static bool carries(const recur_trainer *trainer)
{
    return trainer->config.sampling == RECUR_SAMPLING_SEQUENTIAL &&
           trainer->model->network.task->next;
}

static size_t start(recur_trainer *trainer, uint64_t epoch)
{
    struct recur_text_run *run = trainer->run;
    run->pass.carried_steps = 0;
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
    run->pass.carried_steps = count > 0 && carries(trainer) ? trainer->config.steps : 0;
}

/* The next minibatch; false at the end of the epoch. */
static bool next(recur_trainer *trainer)
{
    struct recur_text_run *run = trainer->run;
    run->pass.phase_start = recur_clock();
    if (!recur_batches_next(run->batches, run->x, run->y))
        return false;
    const struct recur_task_kind *task = trainer->model->network.task;
    if (task->mask)
        task->mask(&trainer->config, trainer->optimiser.updates,
                   trainer->config.batch * trainer->config.steps, run->x, run->y);
    recur_pass_pack_ids(&run->pass, NULL, run->ids, run->x);
    recur_pass_pack_ids(&run->pass, NULL, run->targets, run->y);
    recur_touched_begin(&trainer->touched);
    for (size_t i = 0; i < trainer->config.batch * trainer->config.steps; i++)
        recur_touched_add(&trainer->touched, run->x[i]);
    return true;
}

/* One minibatch, on every thread of the team: the loss and its gradients, the global norm,
 * clipping, the update, and the weights made ready for the next. */
static void iterate(void *argument, size_t thread, size_t threads)
{
    recur_trainer *trainer = argument;
    struct recur_text_run *run = trainer->run;
    recur_pass_forward(&run->pass, thread);
    recur_pass_backward(&run->pass, thread);
    recur_team_wait(run->present, thread);
    if (run->work.bf16) {
        recur_bf16_pair(&run->pass, thread, threads);
        recur_team_wait(run->present, thread);
    }
    recur_pass_gradients(&run->pass, thread);
    recur_team_wait(run->present, thread);
    recur_pass_mark(&run->pass, thread, RECUR_PHASE_GRADIENT);
    if (thread == 0) {
        double scale = (double)run->pass.loss_scale;
        trainer->loss = recur_pass_loss_sum(&run->pass) * scale;
        atomic_store_explicit(&run->pass.next_task, 0, memory_order_relaxed);
    }
    recur_optimiser_step(&trainer->optimiser, run->present, thread, threads, trainer->lr,
                         (double)trainer->config.clip);
    if (thread == 0)
        trainer->norm = trainer->optimiser.norm;
    if (recur_task_lost(trainer->model->network.task, trainer->loss) ||
        !isfinite(trainer->optimiser.norm))
        return;
    recur_pass_prepare(&run->pass, true);
    recur_pass_mark(&run->pass, thread, RECUR_PHASE_UPDATE);
}

/* On all threads or on one, whichever is faster: the same to the bit. */
static void run_minibatch(recur_trainer *trainer)
{
    struct recur_text_run *run = trainer->run;
    bool alone = recur_team_threads(trainer->team) > 1 && recur_pace_alone(&run->pace);
    double start = recur_clock();
    run->present = alone ? run->solo : trainer->team;
    run->work.grid = run->grids[alone];
    recur_team_run(run->present, iterate, trainer);
    run->work.grid = run->grids[0];
    recur_pace_took(&run->pace, recur_clock() - start);
}

static enum recur_status learn(recur_trainer *trainer, recur_error *error)
{
    struct recur_text_run *run = trainer->run;
    (void)error;
    run->pass.dropout_key =
        recur_mix64(recur_mix64(trainer->config.seed) + trainer->optimiser.updates);
    atomic_store_explicit(&run->pass.next_task, 0, memory_order_relaxed);
    recur_pass_mark(&run->pass, 0, RECUR_PHASE_LOAD);
    run_minibatch(trainer);
    if (carries(trainer))
        run->pass.carried_steps = trainer->config.steps;
    return RECUR_OK;
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

/* On one thread: it is needed once, and a forked child has no others. */
static void prepare(recur_trainer *trainer)
{
    struct recur_text_run *run = trainer->run;
    recur_pass_run_prepare(&run->pass, run->solo, true);
}

/* Layer l's h or c after a minibatch's last step, from where the next one begins. */
static struct recur_state_tensor state_of(const recur_trainer *trainer, size_t l, bool c)
{
    const struct recur_text_run *run = trainer->run;
    const struct recur_network *network = &trainer->model->network;
    const struct recur_stream *stream = recur_workspace_stream(&run->work, network, l, 0);
    struct recur_state_tensor tensor = {.values = c ? stream->c : stream->h,
                                        .stride = stream->h_stride,
                                        .width = network->layer[l].hidden};
    snprintf(tensor.name, sizeof tensor.name, RECUR_TRAINING_PREFIX "%s_l%zu", c ? "c" : "h", l);
    return tensor;
}

static size_t states(recur_trainer *trainer, struct recur_state_tensor *tensor)
{
    const struct recur_network *network = &trainer->model->network;
    size_t count = 0;
    for (size_t l = 0; l < network->layers && carries(trainer); l++) {
        tensor[count++] = state_of(trainer, l, false);
        if (network->cell->has_c)
            tensor[count++] = state_of(trainer, l, true);
    }
    return count;
}

/* Number i of sequence b's state after the last step. */
static real *state_at(const recur_trainer *trainer, const struct recur_state_tensor *tensor,
                      size_t b, size_t i)
{
    const struct recur_text_run *run = trainer->run;
    size_t panel = i / RECUR_LANES, lane = i % RECUR_LANES;
    size_t row = recur_pass_after(&run->pass, 0, trainer->config.steps - 1, b);
    return tensor->values + panel * tensor->stride + row * RECUR_LANES + lane;
}

static void free_run(recur_trainer *trainer)
{
    struct recur_text_run *run = trainer->run;
    recur_team_free(run->solo);
    recur_grid_free(&run->grids[1]);
    recur_batches_free(run->batches);
    recur_workspace_free(&run->work);
    free(run->x);
    free(run->y);
    free(run->ids);
    free(run->targets);
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
    .prepare = prepare,
    .states = states,
    .state_at = state_at,
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
