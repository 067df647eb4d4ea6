/* Reading texts: scores predictions, hands out states and logits. */
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/engine.h"
#include "backend/cpu/partition.h"
#include "base/memory.h"

/* Rows of logits that a thread computes at once: enough to be worth a walk over the head's weights,
 * few enough to stay in the thread's cache. */
#define CHUNK_NUMBERS ((size_t)1 << 20)
#define CHUNK_LEAST 16
#define CHUNK_MOST 256

static void forward(void *argument, size_t thread, size_t threads)
{
    struct recur_cpu_engine *engine = argument;
    (void)threads;
    recur_pass_forward(&engine->pass, thread);
}

void recur_cpu_forward_reading(struct recur_cpu_engine *engine, const struct recur_minibatch *batch)
{
    engine->pass.batch.ids = batch->input.ids;
    engine->pass.batch.sequences = batch->input.batch;
    engine->pass.batch.steps = batch->input.steps;
    engine->pass.states.carried_steps = batch->carries ? engine->last_steps : 0;
    recur_cpu_run(engine, forward);
    engine->last_steps = batch->input.steps;
}

enum recur_status recur_cpu_plan_scores(struct recur_cpu_engine *engine, recur_error *error)
{
    const struct recur_engine_plan *plan = &engine->base.plan;
    size_t threads = recur_team_threads(engine->team), rows = engine->work.rows;
    size_t width = recur_panels(plan->network->outputs) * RECUR_LANES;
    size_t chunk = CHUNK_NUMBERS / width;
    chunk = chunk < CHUNK_LEAST ? CHUNK_LEAST : chunk > CHUNK_MOST ? CHUNK_MOST : chunk;
    size_t each = (rows + threads - 1) / threads;
    engine->chunk = chunk < each ? chunk : each;
    RECUR_TRY(recur_alloc(threads, sizeof *engine->scores, "evaluation", &engine->scores, error));
    for (size_t i = 0; i < threads && i < rows; i++)
        RECUR_TRY(recur_block_alloc(
            recur_size_mul(recur_size_mul(engine->chunk, width), sizeof *engine->scores->logits),
            "logits", &engine->scores[i].logits, error));
    return RECUR_OK;
}

void recur_cpu_free_scores(struct recur_cpu_engine *engine)
{
    size_t threads = engine->team ? recur_team_threads(engine->team) : 0;
    for (size_t i = 0; i < threads && engine->scores; i++)
        recur_block_free(engine->scores[i].logits);
    free(engine->scores);
}

/* Whether no other token was more probable. Row x of the logits holds what the loss has left there:
 * probabilities, less 1 at the target. */
static bool hit(const struct recur_cpu_engine *engine, const real *x, size_t stride, size_t target)
{
    real best = 1 + x[target / RECUR_LANES * stride + target % RECUR_LANES];
    for (size_t p = 0; p < recur_panels(engine->pass.network->outputs); p++)
        for (size_t i = 0; i < RECUR_LANES; i++)
            if (x[p * stride + i] > best)
                return false;
    return true;
}

/* Adds up the losses and hits of some rows of the pass. */
static void judge(struct recur_cpu_engine *engine, struct recur_cpu_score *score, size_t row,
                  size_t rows)
{
    const int32_t *targets = engine->pass.batch.targets + row;
    size_t stride = engine->chunk * RECUR_LANES;
    recur_pass_logits(&engine->pass, row, rows, score->logits, stride);
    engine->pass.kernels->softmax_loss(score->logits, stride, engine->pass.network->outputs, rows,
                                       targets, 1, engine->work.loss + row);
    for (size_t i = 0; i < rows; i++)
        if (targets[i] >= 0)
            score->hits += hit(engine, score->logits + i * RECUR_LANES, stride, (size_t)targets[i]);
}

static void judge_all(void *argument, size_t thread, size_t threads)
{
    struct recur_cpu_engine *engine = argument;
    struct recur_cpu_score *score = &engine->scores[thread];
    size_t all = recur_pass_rows(&engine->pass), each = (all + threads - 1) / threads;
    size_t chunk = each < engine->chunk ? each : engine->chunk;
    score->hits = 0;
    for (size_t row = thread * chunk; row < all; row += threads * chunk)
        judge(engine, score, row, all - row < chunk ? all - row : chunk);
    recur_pass_rest(&engine->pass);
}

enum recur_status recur_cpu_score(struct recur_engine *base, const struct recur_minibatch *batch,
                                  float *losses, size_t stride, size_t *hits, recur_error *error)
{
    struct recur_cpu_engine *engine = recur_cpu_engine_of(base);
    const recur_stack_input *input = &batch->input;
    RECUR_TRY(recur_cpu_forward(base, batch, NULL, error));
    engine->pass.batch.targets = input->targets;
    recur_cpu_run(engine, judge_all);
    for (size_t t = 0; t < input->steps; t++)
        memcpy(losses + t * stride, engine->work.loss + t * input->batch,
               input->batch * sizeof *losses);
    *hits = 0;
    for (size_t i = 0; i < recur_team_threads(engine->team); i++)
        *hits += engine->scores[i].hits;
    return RECUR_OK;
}

void recur_cpu_outputs(const struct recur_engine *base, size_t b, size_t first, size_t last,
                       float *rows)
{
    const struct recur_cpu_engine *engine = recur_cpu_engine_of(base);
    const struct recur_network *network = base->plan.network;
    size_t layer = (base->plan.layers ? base->plan.layers : network->layers) - 1;
    for (size_t t = first; t < last; t++)
        for (size_t d = 0; d < network->directions; d++) {
            const struct recur_stream *stream =
                recur_workspace_stream(&engine->work, network, layer, d);
            const real *row = stream->h + recur_pass_after(&engine->pass, d, t, b) * RECUR_LANES;
            for (size_t i = 0; i < network->layer[layer].hidden; i++)
                *rows++ = row[i / RECUR_LANES * stream->h_stride + i % RECUR_LANES];
        }
}

void recur_cpu_logits(struct recur_engine *base, size_t t, size_t count, float *logits)
{
    const struct recur_cpu_engine *engine = recur_cpu_engine_of(base);
    size_t vocabulary = base->plan.network->outputs, row = recur_pass_row(&engine->pass, t, 0);
    for (size_t p = 0; p < recur_panels(vocabulary); p++) {
        recur_pass_logits_panel(&engine->pass, row, count, p, engine->panel, count * RECUR_LANES);
        for (size_t b = 0; b < count; b++)
            memcpy(logits + b * vocabulary + p * RECUR_LANES, engine->panel + b * RECUR_LANES,
                   recur_panel_width(vocabulary, p) * sizeof *logits);
    }
    recur_pass_rest(&engine->pass);
}
