/* Engines: this is the one place where the GPU's buffers are planned. */
#include "backend/cuda/cuda_engine.h"

#include <stdlib.h>

#include "base/memory.h"
#include "nn/contents.h"

/* Numbers of logits that a pass for reading computes at once. */
#define CHUNK_NUMBERS ((size_t)1 << 23)

/* Reserves numbers of 32 bits; 0 where `wanted` is false. */
static recur_cuda_memory take(struct recur_plan *plan, recur_cuda_memory base, bool wanted,
                              size_t count)
{
    return wanted ? base + recur_plan_reserve(plan, count, sizeof(float)) : 0;
}

/* The rows of states: those of the steps, and the initial ones. */
static size_t state_rows(const struct recur_cuda_engine *engine)
{
    return recur_size_add(engine->batch, engine->rows);
}

/* The buffers of a layer and direction, of which `width` columns are states. */
static void place_side(const struct recur_cuda_engine *engine, struct recur_plan *plan,
                       recur_cuda_memory base, size_t width, struct recur_cuda_side *side)
{
    const struct recur_cell_kind *cell = engine->network->cell;
    bool trains = engine->learner != NULL, phases = cell->phases > 1;
    size_t gates = recur_size_mul(width, cell->slots), rows = engine->rows;
    size_t states = recur_size_mul(state_rows(engine), width);
    size_t ends = recur_size_mul(engine->batch, width);
    side->z = take(plan, base, true, recur_size_mul(rows, gates));
    side->h = take(plan, base, true, states);
    side->c = take(plan, base, cell->has_c, states);
    side->q = take(plan, base, phases, recur_size_mul(rows, width));
    side->dh = take(plan, base, trains, states);
    side->dc = take(plan, base, trains && cell->has_c, ends);
    side->dq = take(plan, base, trains && phases, ends);
    side->bias = take(plan, base, true, gates);
    side->ends = take(plan, base, trains && engine->base.plan.use == RECUR_ENGINE_SEQUENCES, ends);
}

/* Layers that keep nothing for a backward pass share the buffers of each direction. */
static void place_sides(struct recur_cuda_engine *engine, struct recur_plan *plan,
                        recur_cuda_memory base)
{
    const struct recur_network *network = engine->network;
    size_t widest = 0;
    for (size_t l = 0; l < engine->layers; l++)
        if (recur_cuda_width(engine, l) > widest)
            widest = recur_cuda_width(engine, l);
    for (size_t d = 0; d < network->directions; d++)
        for (size_t l = 0; l < engine->layers; l++) {
            struct recur_cuda_side *side = recur_cuda_side_of(engine, l, d);
            if (l && !engine->learner)
                *side = *recur_cuda_side_of(engine, 0, d);
            else
                place_side(engine, plan, base,
                           engine->learner ? recur_cuda_width(engine, l) : widest, side);
            size_t ends = recur_size_mul(engine->batch, recur_cuda_width(engine, l));
            enum recur_engine_use use = engine->base.plan.use;
            bool carries = engine->base.plan.carries || use == RECUR_ENGINE_SEQUENCES ||
                           use == RECUR_ENGINE_SESSIONS;
            side->last[0] = take(plan, base, carries, ends);
            side->last[1] = take(plan, base, carries && network->cell->has_c, ends);
        }
}

static void size_input(const struct recur_cuda_engine *engine, size_t l,
                       struct recur_cuda_input *input)
{
    const struct recur_network *network = engine->network;
    if (!l) {
        size_t columns = network->embedding ? network->embedding : network->inputs;
        *input = (struct recur_cuda_input){
            .blocks = 1, .width = recur_panels(columns) * RECUR_LANES, .copies = true};
        return;
    }
    bool before = recur_network_hands_on_before(network, l - 1);
    *input = (struct recur_cuda_input){
        .blocks = recur_network_apart(network, l) ? network->directions
                                                  : recur_network_segments(network, l),
        .width = recur_cuda_width(engine, l - 1),
        .copies = network->directions > 1 || network->dropout > 0 || before,
    };
}

static void place_inputs(struct recur_cuda_engine *engine, struct recur_plan *plan,
                         recur_cuda_memory base)
{
    bool trains = engine->learner != NULL;
    for (size_t l = 0; l <= engine->layers; l++) {
        struct recur_cuda_input *input = &engine->input[l];
        size_input(engine, l, input);
        size_t numbers = recur_size_mul(engine->rows, input->blocks * input->width);
        bool copies = input->copies && input->width;
        input->x = take(plan, base, copies, numbers);
        input->dx = take(plan, base, copies && trains, numbers);
        if (!input->copies)
            input->x = recur_cuda_at(engine->side[l - 1].h, engine->batch * input->width);
    }
}

/* Gives every buffer its place behind `base`; returns the bytes of all. */
static size_t place(struct recur_cuda_engine *engine, recur_cuda_memory base)
{
    const struct recur_engine_plan *wanted = &engine->base.plan;
    struct recur_plan plan = {0};
    size_t columns = recur_size_mul(recur_panels(engine->network->outputs), RECUR_LANES);
    bool heads = columns && engine->layers == engine->network->layers;
    engine->chunk = engine->rows;
    if (wanted->use == RECUR_ENGINE_READING && heads && CHUNK_NUMBERS / columns < engine->rows)
        engine->chunk = CHUNK_NUMBERS / columns + engine->batch;
    if (engine->chunk > engine->rows)
        engine->chunk = engine->rows;
    place_sides(engine, &plan, base);
    place_inputs(engine, &plan, base);
    engine->logits = take(&plan, base, heads, recur_size_mul(engine->chunk, columns));
    engine->losses = take(&plan, base, heads, engine->rows);
    engine->hits = take(&plan, base, wanted->scores, engine->rows);
    engine->index.memory = take(&plan, base, true, engine->index.at[RECUR_CUDA_ROW_ARRAYS]);
    if (!engine->learner)
        engine->parameters = take(&plan, base, true, wanted->model->network.params.span);
    return plan.bytes;
}

static enum recur_status plan_rows(struct recur_cuda_engine *engine, recur_error *error)
{
    struct recur_cuda_rows *index = &engine->index;
    size_t rows = engine->rows, batch = engine->batch, steps = engine->base.plan.steps;
    size_t listed = engine->parts > 1 ? rows : 0;
    const size_t count[RECUR_CUDA_ROW_ARRAYS] = {
        [RECUR_CUDA_IDS] = rows,
        [RECUR_CUDA_TARGETS] = rows,
        [RECUR_CUDA_BEFORE] = 2 * rows,
        [RECUR_CUDA_AFTER] = rows,
        [RECUR_CUDA_LIKE] = rows,
        [RECUR_CUDA_LAST] = 2 * batch,
        [RECUR_CUDA_OFFSET] = steps,
        [RECUR_CUDA_ALIVE] = steps,
        [RECUR_CUDA_TOKEN] = rows,
        [RECUR_CUDA_FIRST] = rows + engine->parts,
        [RECUR_CUDA_MEMBER] = rows,
        [RECUR_CUDA_PART] = listed,
        [RECUR_CUDA_PART_BEFORE] = 2 * listed,
    };
    for (size_t i = 0; i < RECUR_CUDA_ROW_ARRAYS; i++)
        index->at[i + 1] = recur_size_add(index->at[i], count[i]);
    RECUR_TRY(
        recur_alloc(engine->parts, sizeof *engine->part, "a minibatch", &engine->part, error));
    RECUR_TRY(recur_lengths_init(&engine->lengths, batch, steps, error));
    RECUR_TRY(recur_alloc(recur_size_mul(rows, 2), sizeof *index->order, "a minibatch",
                          &index->order, error));
    RECUR_TRY(recur_alloc(batch, sizeof *engine->equal, "a minibatch", &engine->equal, error));
    for (size_t b = 0; b < batch; b++)
        engine->equal[b] = steps;
    RECUR_TRY(recur_cuda_host(engine->queue,
                              recur_size_mul(index->at[RECUR_CUDA_ROW_ARRAYS], sizeof(int32_t)),
                              "a minibatch", &index->host, error));
    return recur_alloc(recur_contents_most(engine->network), sizeof *engine->content, "a minibatch",
                       &engine->content, error);
}

/* The most numbers that are on their way at once, in either direction. */
static size_t most_numbers(const struct recur_cuda_engine *engine)
{
    const struct recur_network *network = engine->network;
    const struct recur_cuda_input *first = &engine->input[0], *top = &engine->input[engine->layers];
    size_t logits = recur_panels(network->outputs) * RECUR_LANES, states = 0, widest = 0;
    for (size_t l = 0; l < engine->layers; l++) {
        size_t width = recur_cuda_width(engine, l);
        states += width * network->directions;
        widest = width > widest ? width : widest;
    }
    size_t rows = engine->rows, ends = recur_size_mul(engine->batch, 2 * states);
    switch (engine->base.plan.use) {
    case RECUR_ENGINE_TEXT: return recur_size_mul(engine->batch, widest);
    case RECUR_ENGINE_READING: {
        size_t outputs = recur_size_mul(rows, widest * network->directions + 2);
        return recur_size_add(outputs, recur_size_mul(engine->batch, logits));
    }
    case RECUR_ENGINE_SEQUENCES:
    case RECUR_ENGINE_SESSIONS: break;
    }
    size_t columns = first->width + top->blocks * top->width + logits + 1;
    return recur_size_add(recur_size_mul(rows, columns), recur_size_mul(ends, 2));
}

static enum recur_status fill_in(struct recur_cuda_engine *engine, recur_error *error)
{
    const struct recur_engine_plan *plan = &engine->base.plan;
    const struct recur_network *network = plan->network;
    engine->network = network;
    engine->layers = plan->layers ? plan->layers : network->layers;
    engine->batch = plan->batch;
    engine->rows = plan->rows ? plan->rows : recur_size_mul(plan->batch, plan->steps);
    engine->parts_are_blocks =
        plan->use == RECUR_ENGINE_TEXT && engine->learner && plan->learner->plan.blocks;
    engine->parts = engine->parts_are_blocks ? plan->learner->plan.blocks : 1;
    if (!engine->learner)
        RECUR_TRY(recur_cuda_queue_init(&engine->own, engine->own.cuda, error));
    RECUR_TRY(recur_alloc(network->layers * network->directions + 1, sizeof *engine->side,
                          "an engine", &engine->side, error));
    RECUR_TRY(
        recur_alloc(engine->layers + 1, sizeof *engine->input, "an engine", &engine->input, error));
    RECUR_TRY(recur_alloc(2 * engine->layers + 1, sizeof *engine->steps_plan, "an engine",
                          &engine->steps_plan, error));
    /* One step of many sequences reads less of the weights in products of their own. */
    bool sessions = plan->use == RECUR_ENGINE_SESSIONS;
    for (size_t l = 0; l < engine->layers && !sessions; l++) {
        engine->steps_plan[2 * l] = recur_cuda_plan_steps(engine, l, false);
        if (engine->learner)
            engine->steps_plan[2 * l + 1] = recur_cuda_plan_steps(engine, l, true);
    }
    if (sessions) {
        RECUR_TRY(
            recur_alloc(plan->batch, sizeof *engine->held, "an engine", &engine->held, error));
        RECUR_TRY(recur_alloc(plan->batch, sizeof *engine->ids, "an engine", &engine->ids, error));
    }
    RECUR_TRY(plan_rows(engine, error));
    if (engine->learner)
        engine->parameters = engine->learner->parameters;
    size_t bytes = place(engine, 0);
    RECUR_TRY(recur_cuda_alloc(engine->queue->cuda, bytes, "a minibatch", &engine->memory, error));
    recur_cuda_clear(engine->queue, engine->memory, bytes / sizeof(float));
    place(engine, engine->memory);
    RECUR_TRY(recur_cuda_host(engine->queue, recur_size_mul(most_numbers(engine), sizeof(float)),
                              "a minibatch", &engine->host, error));
    recur_cuda_take_parameters(engine);
    return recur_cuda_finish(engine->queue, error);
}

enum recur_status recur_cuda_engine_create(const struct recur_engine_plan *plan,
                                           struct recur_engine **out, recur_error *error)
{
    struct recur_cuda_engine *engine;
    if (plan->use == RECUR_ENGINE_SESSIONS && !recur_cuda_steps_sessions(plan))
        return recur_backend_default()->create_engine(plan, out, error);
    RECUR_TRY(recur_alloc(1, sizeof *engine, "an engine", &engine, error));
    engine->base = (struct recur_engine){plan->model->place.backend, *plan};
    engine->learner = plan->learner ? recur_cuda_learner_of(plan->learner) : NULL;
    engine->queue = engine->learner ? &engine->learner->queue : &engine->own;
    engine->own.cuda = recur_cuda_of(recur_gpu_share(plan->model->place.gpu));
    enum recur_status status = recur_cuda_enter(engine->own.cuda, error);
    if (status == RECUR_OK) {
        status = fill_in(engine, error);
        recur_cuda_leave(engine->own.cuda);
    }
    if (status != RECUR_OK) {
        recur_cuda_engine_free(&engine->base);
        return status;
    }
    *out = &engine->base;
    return RECUR_OK;
}

void recur_cuda_engine_free(struct recur_engine *base)
{
    struct recur_cuda_engine *engine = base ? recur_cuda_engine_of(base) : NULL;
    if (!engine)
        return;
    if (recur_cuda_enter(engine->own.cuda, NULL) == RECUR_OK) {
        recur_cuda_free(engine->own.cuda, engine->memory);
        recur_cuda_host_free(&engine->own, engine->index.host);
        recur_cuda_host_free(&engine->own, engine->host);
        recur_cuda_leave(engine->own.cuda);
    }
    recur_lengths_free(&engine->lengths);
    free(engine->index.order);
    free(engine->equal);
    free(engine->part);
    free(engine->content);
    free(engine->side);
    free(engine->steps_plan);
    free(engine->input);
    free(engine->held);
    free(engine->ids);
    recur_gpu_release(engine->own.cuda->gpu);
    free(engine);
}

void recur_cuda_take_parameters(struct recur_cuda_engine *engine)
{
    const recur_model *model = engine->base.plan.model;
    size_t bytes = model->network.params.span * sizeof(float);
    struct recur_cuda_learner *leader = model->leader ? recur_cuda_learner_of(model->leader) : NULL;
    if (engine->learner)
        recur_cuda_learner_refresh(engine->learner);
    else if (leader && leader->queue.cuda == engine->queue->cuda &&
             leader->changes == model->changes)
        recur_cuda_copy(engine->queue, engine->parameters, leader->parameters, bytes);
    else {
        recur_model_sync_all(model);
        recur_cuda_upload(engine->queue, engine->parameters, model->parameters, bytes);
    }
}

void recur_cuda_prepare(struct recur_engine *base)
{
    struct recur_cuda_engine *engine = recur_cuda_engine_of(base);
    if (base->plan.use == RECUR_ENGINE_SEQUENCES ||
        recur_cuda_enter(engine->own.cuda, NULL) != RECUR_OK)
        return;
    recur_cuda_take_parameters(engine);
    recur_cuda_finish(engine->queue, NULL);
    recur_cuda_leave(engine->own.cuda);
}

enum recur_status recur_cuda_forward(struct recur_engine *base, const struct recur_minibatch *batch,
                                     const recur_stack_output *output, recur_error *error)
{
    struct recur_cuda_engine *engine = recur_cuda_engine_of(base);
    RECUR_TRY(recur_cuda_enter(engine->own.cuda, error));
    engine->steps = batch->input.steps;
    enum recur_status status = base->plan.use == RECUR_ENGINE_SEQUENCES
                                   ? recur_cuda_forward_sequences(engine, batch, output, error)
                                   : recur_cuda_forward_reading(engine, batch, error);
    recur_cuda_leave(engine->own.cuda);
    return status;
}
