/* Engines: this is the one place where passes are planned. */
#include <stdlib.h>

#include "backend/cpu/bf16.h"
#include "backend/cpu/engine.h"
#include "backend/cpu/int8.h"
#include "base/clock.h"
#include "base/memory.h"
#include "nn/contents.h"

/* Rows of the double buffer, which keeps the state of a session that is advanced alone. */
enum { BUFFERS = 2 };

size_t recur_cpu_rows(const recur_model *model)
{
    const size_t least = (size_t)256 << 10, times = 64;
    size_t file = recur_size_mul(model->network.params.learned, recur_model_number_bytes(model));
    size_t room = recur_size_add(least, recur_size_mul(times, file));
    size_t rows = room / recur_workspace_row_bytes(&model->network);
    return rows ? rows : 1;
}

/* Whether products read bf16. */
static bool is_bf16(const struct recur_engine_plan *plan)
{
    return plan->precision == RECUR_PRECISION_BF16 ||
           (plan->quantized && plan->model->quantization == RECUR_QUANTIZATION_BF16);
}

/* What the softmax of a text's minibatch is over; NULL: the whole vocabulary. */
static const struct recur_candidates *candidates_of(const struct recur_cpu_engine *engine)
{
    bool text = engine->base.plan.use == RECUR_ENGINE_TEXT && engine->learner;
    return text && engine->learner->candidates.samples ? &engine->learner->candidates : NULL;
}

static enum recur_status plan_work(struct recur_cpu_engine *engine, recur_error *error)
{
    const struct recur_engine_plan *plan = &engine->base.plan;
    bool reads = plan->use == RECUR_ENGINE_READING;
    bool keeps_layers = plan->learner || plan->use == RECUR_ENGINE_SESSIONS;
    struct recur_work_plan work = {
        .batch = plan->batch,
        .steps = plan->steps,
        .rows = plan->rows,
        .threads = 1,
        .tile_rows = is_bf16(plan) ? plan->model->kernels->bf16_tile_rows : 0,
        .trains = plan->learner != NULL,
        .shares = !keeps_layers,
        .carries = plan->carries && !keeps_layers,
        .headless = reads,
        .candidates = candidates_of(engine) ? candidates_of(engine)->most : 0};
    if (plan->use == RECUR_ENGINE_SESSIONS) {
        work.rows = recur_size_add(plan->batch, BUFFERS);
        work.threads = plan->threads ? plan->threads : recur_team_processors();
    } else if (plan->team) {
        work.threads = recur_team_threads(plan->team);
    }
    return recur_workspace_plan(&engine->work, plan->network, &work, error);
}

/* Gives sessions a team of as many threads as there is work for. One more thread, or the caller's
 * alone, does small work. */
static enum recur_status plan_threads(struct recur_cpu_engine *engine, recur_error *error)
{
    const struct recur_engine_plan *plan = &engine->base.plan;
    bool sessions = plan->use == RECUR_ENGINE_SESSIONS;
    engine->grids[0] = engine->work.grid;
    engine->team = plan->team;
    if (sessions)
        RECUR_TRY(recur_team_create(recur_grid_threads(&engine->grids[0]), &engine->team, error));
    if ((!sessions && plan->use != RECUR_ENGINE_TEXT) || recur_team_threads(engine->team) < 2)
        return RECUR_OK;
    RECUR_TRY(recur_team_create(1, &engine->solo, error));
    return recur_grid_set(&engine->grids[1], 1, 1, 1, error);
}

/* Plans what products read instead of floats. */
static enum recur_status plan_numbers(struct recur_cpu_engine *engine, recur_error *error)
{
    const struct recur_engine_plan *plan = &engine->base.plan;
    size_t threads = engine->team ? recur_team_threads(engine->team) : 1;
    if (is_bf16(plan))
        return recur_bf16_create(&engine->work, plan->network, threads,
                                 engine->learner ? engine->learner->base.plan.blocks : 0, error);
    if (plan->quantized && plan->model->quantization == RECUR_QUANTIZATION_INT8)
        return recur_int8_create(&engine->work, plan->network, error);
    return RECUR_OK;
}

static enum recur_status plan_sequences(struct recur_cpu_engine *engine, recur_error *error)
{
    const struct recur_engine_plan *plan = &engine->base.plan;
    struct recur_cpu_sequences *sequences = &engine->sequences;
    RECUR_TRY(recur_lengths_init(&sequences->lengths, plan->batch, plan->steps, error));
    RECUR_TRY(recur_alloc(plan->batch, sizeof *sequences->equal, "a minibatch", &sequences->equal,
                          error));
    return recur_alloc(recur_contents_most(plan->network), sizeof *sequences->content,
                       "a minibatch", &sequences->content, error);
}

/* Makes room for what a caller brings, where the pass does not read the caller's own memory. */
static enum recur_status plan_minibatch(struct recur_cpu_engine *engine, recur_error *error)
{
    const struct recur_engine_plan *plan = &engine->base.plan;
    size_t rows = engine->work.rows, batch = plan->batch;
    size_t step = recur_size_add(sizeof *engine->now, recur_size_mul(batch, sizeof(int32_t)));
    switch (plan->use) {
    case RECUR_ENGINE_SESSIONS:
        RECUR_TRY(recur_block_alloc(step, "a stepper", &engine->now, error));
        return RECUR_OK;
    case RECUR_ENGINE_READING:
        RECUR_TRY(recur_block_alloc(recur_size_mul(batch, RECUR_LANES * sizeof *engine->panel),
                                    "logits", &engine->panel, error));
        return plan->scores ? recur_cpu_plan_scores(engine, error) : RECUR_OK;
    case RECUR_ENGINE_SEQUENCES: RECUR_TRY(plan_sequences(engine, error)); break;
    case RECUR_ENGINE_TEXT: break;
    }
    RECUR_TRY(recur_alloc(rows, sizeof *engine->ids, "a minibatch", &engine->ids, error));
    return recur_alloc(rows, sizeof *engine->targets, "a minibatch", &engine->targets, error);
}

/* The micro-batches of a text: the blocks, where it is summed by blocks. */
static void set_blocks(struct recur_cpu_engine *engine)
{
    size_t batch = engine->base.plan.batch;
    struct recur_cpu_learner *learner = engine->learner;
    engine->pass.batch.micro_batch = recur_micro_batch_of(batch, engine->work.micro_rows);
    if (!learner)
        return;
    if (learner->base.plan.gathers)
        engine->pass.blocks.gathered = learner->blocks.gathered;
    if (!learner->base.plan.blocks)
        return;
    engine->pass.batch.micro_batch = batch / learner->base.plan.blocks;
    engine->pass.blocks.first = learner->base.plan.first_block;
    engine->pass.blocks.count = learner->base.plan.blocks;
    engine->pass.blocks.gradients = learner->blocks.gradients;
}

/* Where passes leave their gradients. */
static real *gradients_of(const struct recur_cpu_learner *learner)
{
    if (!learner)
        return NULL;
    return learner->base.plan.gathers ? learner->fresh : learner->gradients;
}

static void set_pass(struct recur_cpu_engine *engine)
{
    const struct recur_engine_plan *plan = &engine->base.plan;
    bool whole = plan->network == &plan->model->network;
    engine->pass = (struct recur_pass){
        .network = plan->network,
        .kernels = plan->model->kernels,
        .work = &engine->work,
        .parameters = plan->model->parameters,
        .gradients = gradients_of(engine->learner),
        .sparse = engine->learner && whole ? &engine->learner->sparse : NULL,
        .candidates = candidates_of(engine),
        .batch.steps = plan->steps,
        .layers = plan->layers,
        .frozen = engine->learner && whole ? engine->learner->frozen.layers : 0,
        .batch.ids = engine->ids,
        .ar = (real)plan->ar,
        .headless = plan->use == RECUR_ENGINE_READING,
        .phases.seconds = plan->phase_seconds,
    };
    engine->last_steps = plan->steps;
    if (plan->use == RECUR_ENGINE_TEXT)
        set_blocks(engine);
    if (plan->use != RECUR_ENGINE_SESSIONS)
        return;
    engine->pass.batch.steps = 1;
    engine->pass.batch.ids = engine->now->ids;
    engine->pass.states.given = true;
    engine->pass.states.in_place = true;
}

static enum recur_status fill_in(struct recur_cpu_engine *engine, recur_error *error)
{
    if (engine->base.plan.team)
        RECUR_TRY(recur_team_attend(engine->base.plan.team, error));
    RECUR_TRY(plan_work(engine, error));
    RECUR_TRY(plan_threads(engine, error));
    RECUR_TRY(plan_numbers(engine, error));
    RECUR_TRY(plan_minibatch(engine, error));
    set_pass(engine);
    recur_cpu_prepare(&engine->base);
    return RECUR_OK;
}

enum recur_status recur_cpu_engine_create(const struct recur_engine_plan *plan,
                                          struct recur_engine **out, recur_error *error)
{
    struct recur_cpu_engine *engine;
    RECUR_TRY(recur_block_alloc(sizeof *engine, "an engine", &engine, error));
    engine->base = (struct recur_engine){recur_backend_default(), *plan};
    engine->learner = plan->learner ? recur_cpu_learner_of(plan->learner) : NULL;
    enum recur_status status = fill_in(engine, error);
    if (status != RECUR_OK) {
        recur_cpu_engine_free(&engine->base);
        return status;
    }
    *out = &engine->base;
    return RECUR_OK;
}

/* Puts one of the grids into the workspace. The workspace releases the first of both. */
static void set_grid(struct recur_cpu_engine *engine, bool alone)
{
    engine->alone = alone;
    engine->work.grid = engine->grids[alone];
}

void recur_cpu_engine_free(struct recur_engine *base)
{
    struct recur_cpu_engine *engine = base ? recur_cpu_engine_of(base) : NULL;
    if (!engine)
        return;
    if (engine->alone)
        set_grid(engine, false);
    recur_cpu_free_scores(engine); /* it asks the team how many there are */
    if (engine->team != base->plan.team)
        recur_team_free(engine->team);
    recur_team_free(engine->solo);
    recur_grid_free(&engine->grids[1]);
    recur_workspace_free(&engine->work);
    recur_lengths_free(&engine->sequences.lengths);
    free(engine->sequences.equal);
    free(engine->sequences.content);
    recur_block_free(engine->now);
    recur_block_free(engine->panel);
    free(engine->ids);
    free(engine->targets);
    recur_block_free(engine);
}

void recur_cpu_run(struct recur_cpu_engine *engine, recur_team_fn *function)
{
    if (engine->team)
        recur_team_run(engine->team, function, engine);
    else
        function(engine, 0, 1);
}

void recur_cpu_run_tuned(struct recur_cpu_engine *engine, recur_team_fn *function, bool tuned)
{
    tuned = tuned && engine->solo;
    bool alone = tuned && recur_tuner_alone(&engine->tuner);
    if (!alone && recur_team_attend(engine->team, NULL) != RECUR_OK)
        alone = true; /* in a child process that may start no threads */
    double start = tuned ? recur_clock() : 0;
    if (alone != engine->alone)
        set_grid(engine, alone);
    recur_team_run(alone ? engine->solo : engine->team, function, engine);
    if (tuned)
        recur_tuner_record(&engine->tuner, recur_clock() - start);
}

static void prepare(void *argument, size_t thread, size_t threads)
{
    struct recur_cpu_engine *engine = argument;
    (void)thread;
    (void)threads;
    recur_pass_prepare(&engine->pass, engine->learner != NULL);
}

void recur_cpu_prepare(struct recur_engine *base)
{
    struct recur_cpu_engine *engine = recur_cpu_engine_of(base);
    engine->held = NULL;
    recur_model_sync_all(base->plan.model);
    if (base->plan.use == RECUR_ENGINE_SEQUENCES)
        return;
    atomic_store_explicit(&engine->pass.next_task, 0, memory_order_relaxed);
    if (engine->solo && recur_team_attend(engine->team, NULL) != RECUR_OK)
        recur_team_run(engine->solo, prepare, engine);
    else
        recur_cpu_run(engine, prepare);
}

enum recur_status recur_cpu_forward(struct recur_engine *base, const struct recur_minibatch *batch,
                                    const recur_stack_output *output, recur_error *error)
{
    struct recur_cpu_engine *engine = recur_cpu_engine_of(base);
    if (engine->team)
        RECUR_TRY(recur_team_attend(engine->team, error));
    if (base->plan.use == RECUR_ENGINE_SEQUENCES)
        recur_cpu_forward_sequences(engine, batch, output);
    else
        recur_cpu_forward_reading(engine, batch);
    return RECUR_OK;
}

void recur_cpu_set_dropout(struct recur_cpu_engine *engine, const struct recur_minibatch *batch)
{
    const struct recur_engine_plan *plan = &engine->base.plan;
    const recur_stack_input *input = &batch->input;
    engine->pass.dropout.on = input->drops && plan->network->dropout > 0;
    engine->pass.dropout.inputs = input->drops && plan->network->input_dropout > 0;
    engine->pass.dropout.row = batch->first * input->steps;
    engine->pass.dropout.weights = input->drops && plan->network->weight_drop > 0;
    engine->pass.dropout.key = recur_mix64(recur_mix64(plan->seed) + input->minibatch);
}

void recur_cpu_set_targets(struct recur_cpu_engine *engine, const int32_t *targets,
                           const size_t *order, size_t all)
{
    struct recur_pass *pass = &engine->pass;
    size_t count = all, rows = recur_pass_rows(pass);
    pass->batch.targets = targets ? engine->targets : NULL;
    if (!targets)
        return;
    recur_pass_pack_ids(pass, order, engine->targets, targets);
    for (size_t row = 0; row < rows && !all; row++)
        count += engine->targets[row] >= 0;
    for (size_t row = 0; row < rows && pass->candidates; row++)
        engine->targets[row] = recur_candidates_column(pass->candidates, engine->targets[row]);
    pass->loss_scale = (real)(1 / (double)(count ? count : 1));
}
